# SPDX-License-Identifier: GPL-3.0-or-later
"""A rollback whose cluster is busy, broken or out of reach in between: made once, followed to its end, and the last word is right."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from plugins.module_utils.clients.cluster import ClusterUnreachable
from plugins.module_utils.faces.recovery import RECOVERY, recovery_result
from plugins.module_utils.faces.rollback import PROGRESS, ROLLBACK, Follower, rollback_result
from plugins.module_utils.model.service import WorkloadKind
from plugins.module_utils.rollback.apply import RollbackFailedError, apply
from plugins.modules.rollback_check import check
from tests.contract.ansible_runs import module
from tests.contract.clusters import Cluster
from tests.contract.test_rollback import DEPLOYMENT, roll_back, versions_running
from tests.contract.test_rollback_modules import OURS
from tests.contract.unreliable import Fault, Way, times, unreliable


def params(cluster: Cluster, way: Way, **more: Any) -> dict[str, Any]:
    defaults = {name: option.get("default") for name, option in (ROLLBACK | PROGRESS).items()}
    return {**defaults, "service": "payment-api", "namespace": cluster.namespace, "host": way.url, "target": "v2.3.0", **more}


def generation(cluster: Cluster, kind: WorkloadKind = DEPLOYMENT) -> int:
    return int(cluster.workload(kind)["metadata"]["generation"])


@pytest.mark.parametrize("kind", list(WorkloadKind))
@pytest.mark.parametrize("fault", [Fault.BUSY, Fault.CROWDED, Fault.BROKEN, Fault.AWAY, Fault.RESET, Fault.LOST])
def test_a_change_that_is_refused_or_whose_answer_is_lost(cluster: Cluster, kind: WorkloadKind, fault: Fault) -> None:
    cluster.history("v2.3.0", "v2.3.1", kind=kind, replicas=1)
    before = generation(cluster, kind)
    with unreliable(cluster, times(2, fault, "PATCH")) as way:
        applied = roll_back(cluster, "v2.3.0", kind, way.client())
    # Of one that is lost, the next look finds it made.
    assert way.faults == [fault] * (1 if fault is Fault.LOST else 2)
    assert (applied.changed, applied.attempts) == (True, len(way.faults) + 1)
    assert generation(cluster, kind) == before + 1
    cluster.complete(kind)
    assert versions_running(cluster) == {"v2.3.0"}


@pytest.mark.parametrize("fault", [Fault.BUSY, Fault.BROKEN, Fault.AWAY])
def test_looks_that_are_refused(cluster: Cluster, fault: Fault) -> None:
    cluster.history("v2.3.0", "v2.3.1", replicas=1)
    with unreliable(cluster, times(2, fault, "GET", "replicasets")) as way:
        assert roll_back(cluster, "v2.3.0", client=way.client()).changed
    assert way.faults == [fault] * 2
    assert cluster.tag() == "v2.3.0"


def test_the_wish_of_a_busy_server_is_followed(cluster: Cluster) -> None:
    cluster.history("v2.3.0", "v2.3.1", replicas=1)
    slept: list[float] = []
    with unreliable(cluster, times(1, Fault.BUSY, "PATCH")) as way:
        apply(way.client(), cluster.service(), "v2.3.0", lambda: datetime.now(UTC), slept.append)
    assert slept == [1.0], "Retry-After: 1"


@pytest.mark.parametrize(("fault", "applied", "words"), [(Fault.BUSY, False, "Nothing was changed"), (Fault.AWAY, None, "can't be told")])
def test_what_never_passes_ends_in_what_is_known(cluster: Cluster, fault: Fault, applied: bool | None, words: str) -> None:
    cluster.history("v2.3.0", "v2.3.1", replicas=1)
    passed = itertools.count(0, 20)
    with unreliable(cluster, times(99, fault, "PATCH")) as way, pytest.raises(RollbackFailedError, match=words) as failed:
        apply(way.client(), cluster.service(), "v2.3.0", lambda: datetime.now(UTC) + timedelta(seconds=next(passed)), lambda _seconds: None)
    assert failed.value.details["applied"] is applied
    assert cluster.tag() == "v2.3.1"


@pytest.mark.parametrize("fault", [Fault.CUT, Fault.TOO_OLD, Fault.AWAY, Fault.RESET])
def test_watches_that_end(cluster: Cluster, fault: Fault) -> None:
    """Every one of the first six: then only looking again tells what happens."""
    cluster.history("v2.3.0", "v2.3.1", replicas=3)
    with unreliable(cluster, times(6, fault, "GET", "watch=true")) as way:
        done = rollback_result(params(cluster, way), False)
        follower, deadline = Follower(60.0), time.monotonic() + 50
        while done["progress"]["state"] == "progressing" and time.monotonic() < deadline:
            done |= follower(params(cluster, way, following=done["following"], at_most=5.0))
    assert (done["progress"]["state"], done["progress"]["done"]) == ("complete", 3)
    assert fault in way.faults


def _asked(cluster: Cluster, way: Way) -> dict[str, Any]:
    nothing = ("approval", "incident", "attempts", "registry_url", "registry_ca_cert", "prometheus_url")
    return {**params(cluster, way, check_timeout=10.0, suspend_owner=False, acceptable_unknown=[]), **dict.fromkeys(nothing)}


@pytest.mark.parametrize("kind", [DEPLOYMENT, WorkloadKind.STATEFUL_SET])
def test_checks_of_a_cluster_that_does_not_answer_one_in_five(cluster: Cluster, kind: WorkloadKind) -> None:
    """Every verdict is as if nothing had happened."""
    cluster.history("v2.3.0", "v2.3.1", kind=kind, replicas=1)
    before, chance = generation(cluster, kind), random.Random(7)

    def fault(method: str, path: str) -> Fault | None:
        if path.endswith(("deployments/payment-api", "statefulsets/payment-api", "daemonsets/payment-api")) and method == "GET":
            return None  # before anything is known of a cluster, no answer at all is a wrong address
        return chance.choice((Fault.AWAY, Fault.BUSY, Fault.CROWDED, Fault.BROKEN, Fault.RESET)) if chance.random() < 0.2 else None

    def verdicts(choose: Callable[[str, str], Fault | None]) -> tuple[dict[str, str], Way]:
        with unreliable(cluster, choose) as way:
            checked = check(_asked(cluster, way), False)
        return {one["name"]: one["verdict"] for one in checked["checks"]}, way

    expected, _quiet = verdicts(lambda _method, _path: None)
    found, way = verdicts(fault)
    assert len(way.faults) > 1
    assert found == expected
    assert generation(cluster, kind) == before


def test_a_wrong_address_is_told_at_once(cluster: Cluster) -> None:
    cluster.history("v2.3.0", "v2.3.1", replicas=1)
    with unreliable(cluster, lambda _method, _path: Fault.RESET) as way:
        began = time.monotonic()
        with pytest.raises(ClusterUnreachable):
            check({**_asked(cluster, way), "catalogue": {"workload_kind": "Deployment"}}, False)
    assert time.monotonic() - began < 5.0


def test_an_api_server_that_restarts_while_the_recovery_is_looked_at(cluster: Cluster) -> None:
    """Of a kind that nobody has named, from its first look on."""
    kind = WorkloadKind.STATEFUL_SET
    cluster.history("v2.3.0", kind=kind, replicas=1)
    options = {name: option.get("default") for name, option in RECOVERY.items()}
    options |= {"service": "payment-api", "namespace": cluster.namespace, "kubeconfig": str(cluster.kubeconfigs["admin"])}
    options |= {"at_most": 0, "interval": "1s", "timeout": "2m", "since": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"}
    seen = recovery_result(options)
    cluster.restart_server()
    answers = []
    for _look in range(60):
        seen = recovery_result({**options, "following": seen["following"]})
        measures = {measure["name"]: measure["passed"] for measure in seen["recovery"]["measures"]}
        answers.append(measures["readiness"])
        if len(answers) > 2 and answers[-2:] == [True, True]:
            break
    assert answers[-1] is True
    assert False not in answers, "a server that is away says nothing about the pods"


def test_one_request_in_three_fails(cluster: Cluster) -> None:
    """The module as a playbook runs it, over a way on which nothing can be relied on."""
    cluster.history("v2.3.0", "v2.3.1", replicas=3)
    before, sent = generation(cluster), itertools.count()

    def fault(method: str, _path: str) -> Fault | None:
        # Before anything is known of a cluster, no answer at all is a wrong address.
        turn, number = divmod(next(sent), 3)
        faults = (Fault.AWAY, Fault.BUSY, Fault.BROKEN, Fault.LOST if method == "PATCH" else Fault.AWAY)
        return faults[turn % len(faults)] if number == 1 else None

    with unreliable(cluster, fault) as way:
        options = {"service": "payment-api", "namespace": cluster.namespace, "host": way.url, "target": "v2.3.0"}
        done = module(f"{OURS}.rollback", options)
    assert (done["failed"], done.get("state"), done["changed"]) == (False, "verifying", True), done.get("msg")
    assert len(way.faults) >= 2
    assert generation(cluster) == before + 1
    assert versions_running(cluster) == {"v2.3.0"}
