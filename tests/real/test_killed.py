# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs that are killed (SIGKILL) before, during and after any of their requests to a real control plane, and run again.

Whatever the moment: the record can be read, the cluster is as before or as told, the next run ends as recovered, and the workload was
changed exactly once. A hundred kills in all, in namespaces side by side.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from plugins.module_utils.evidence.objects import annotations_of
from plugins.module_utils.model.incident import Policy, Severity
from plugins.module_utils.model.rollback import RollbackState
from plugins.module_utils.model.service import Service, WorkloadKind
from plugins.module_utils.record import store
from plugins.module_utils.record.incident import Declaration, declare, timeline
from plugins.module_utils.rollback.autoscalers import HELD
from plugins.module_utils.rollback.claim import ANNOTATION
from plugins.module_utils.rollback.gitops import SUSPENDED
from tests.contract.clusters import Cluster
from tests.contract.real_cluster import real_cluster
from tests.contract.test_rollback import now
from tests.contract.test_rollback_trouble import newest_revision
from tests.real.parts.control_plane import ControlPlane

ROOT = Path(__file__).resolve().parents[2]
KILLS = int(os.environ.get("ROLLBACK_KILLS", "24"))
"""Of each of the five kinds of runs; that of the autoscaler has no more than twelve moments."""
DEPLOYMENT = WorkloadKind.DEPLOYMENT
HOLD = {"action": "pause_autoscaling"}
AUTOMATED = {"prune": True, "selfHeal": True}
CRDS = Path(__file__).parent / "parts" / "crds"


class Program:
    """Forks a run for each line (see tests/rollback/killed_run.py)."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.rollback.killed_run"],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, wish: Mapping[str, Any]) -> int:
        """Exit code; -9 of one that was killed."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(wish) + "\n")
        self._process.stdin.flush()
        self._process.stdout.readline()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(60)


@dataclass
class Runs:
    """Runs of one kind, in a namespace of their own."""

    cluster: Cluster
    kind: WorkloadKind
    record: Path
    program: Program

    def run(self, **more: Any) -> int:
        options = {
            "kubeconfig": str(self.cluster.kubeconfigs["admin"]),
            "namespace": self.cluster.namespace,
            "catalogue": {"workload_kind": self.kind.value},
        }
        return self.program.run({"record": str(self.record), "options": options, **more})

    def declared(self) -> None:
        """Nothing is known of any rollback."""
        policy = Policy(page=(), rollback="automatic", update_interval=None, mttr_target=None)
        given = Declaration(Service("payment-api", workload_kind=self.kind), Severity.P0, policy)
        store.write(declare(given, self.record.stem, now() - timedelta(minutes=5), None), self.record)

    def broken(self) -> int:
        """v2.3.1 is rolled out; its revision."""
        self.declared()
        time.sleep(0.0 if self.kind is DEPLOYMENT else 1.0 - time.time() % 1.0)
        self.cluster.roll_out(self.kind, "v2.3.1")
        self.cluster.complete(self.kind)
        return newest_revision(self.cluster, self.kind)

    def moments(self, **more: Any) -> int:
        """How many a run that is not killed has."""
        told = self.record.with_suffix(".moments")
        assert self.run(moments=str(told), **more) == 0
        return int(told.read_text(encoding="utf-8"))

    def consistent(self) -> None:
        """The record can be read, and what happened is told in order and once."""
        events = timeline(store.read(self.record))
        assert [event.at for event in events] == sorted(event.at for event in events)
        assert len({(event.at, event.title) for event in events}) == len(events)


def spread(moments: int) -> list[int]:
    """Evenly, but for the last: how many looks a rollout takes differs from run to run."""
    last = max(moments - 4, 1)
    return sorted({round(number * last / max(KILLS - 1, 1)) for number in range(KILLS)})


def rolled_back(runs: Runs) -> int:
    """Kills made."""
    cluster, kind = runs.cluster, runs.kind
    cluster.history("v2.3.0", kind=kind, replicas=1)
    runs.broken()
    killed = 0
    for moment in spread(runs.moments(passes=2)):
        before = runs.broken()
        killed += runs.run(kill_at=moment, passes=2) == -signal.SIGKILL
        runs.consistent()
        left = cluster.workload(kind)
        asked_for = left["spec"]["template"]["spec"]["containers"][0]["image"].rpartition(":")[2]
        assert asked_for in ("v2.3.0", "v2.3.1")
        assert asked_for == "v2.3.0" or ANNOTATION not in annotations_of(left), "nobody is named without the change"
        assert runs.run(passes=2) == 0, f"the run after a kill at moment {moment}"
        ended_well(runs, before, moment)
    return killed


def ended_well(runs: Runs, before: int, moment: int) -> None:
    cluster, kind = runs.cluster, runs.kind
    after = cluster.workload(kind)
    assert cluster.tag(kind) == "v2.3.0"
    assert newest_revision(cluster, kind) == before + 1, f"it was changed once, at a kill at moment {moment}"
    assert ANNOTATION not in annotations_of(after)
    assert after["spec"].get("replicas", 1) == 1
    rollback = store.read(runs.record).rollback
    assert rollback is not None
    assert rollback.state is RollbackState.RECOVERED
    runs.consistent()


def suspended(runs: Runs) -> int:
    """Of an Argo CD application that heals itself: suspended by a rollback, which says so however often it is killed."""
    cluster = runs.cluster
    cluster.history("v2.3.0", replicas=1)
    path = f"/apis/argoproj.io/v1alpha1/namespaces/{cluster.namespace}/applications"
    name = f"payments-{cluster.namespace}"
    source = {"repoURL": "https://example.com/shop.git", "path": "."}
    spec = {"project": "default", "destination": {"name": "in-cluster"}, "source": source, "syncPolicy": {"automated": AUTOMATED}}
    application = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": name}, "spec": spec}
    cluster.client().post(path, application)
    tracking = f"{cluster.namespace}_{name}:apps/Deployment:{cluster.namespace}/payment-api"
    cluster.patch(DEPLOYMENT, {"metadata": {"annotations": {"argocd.argoproj.io/tracking-id": tracking}}})

    def resumed() -> None:
        body = {"metadata": {"annotations": {SUSPENDED: None}}, "spec": {"syncPolicy": {"automated": AUTOMATED}}}
        cluster.client().patch(f"{path}/{name}", body, "application/merge-patch+json")

    def is_whole() -> bool:
        """Either as it was, or suspended with what it was."""
        found = cluster.client().get(f"{path}/{name}")
        kept, automated = annotations_of(found).get(SUSPENDED), found["spec"]["syncPolicy"].get("automated")
        return (kept, automated) == (None, AUTOMATED) or (automated is None and json.loads(str(kept)) == AUTOMATED)

    runs.broken()
    killed = 0
    for moment in spread(runs.moments()):
        resumed()
        before = runs.broken()
        killed += runs.run(kill_at=moment) == -signal.SIGKILL
        assert is_whole()
        assert runs.run() == 0, f"the run after a kill at moment {moment}"
        ended_well(runs, before, moment)
        assert is_whole()
        (told,) = store.read(runs.record).mitigations
        assert (told.before, bool(told.undo)) == ({"syncPolicy.automated": AUTOMATED}, True), f"it is said, after a kill at moment {moment}"
    return killed


def held(runs: Runs) -> int:
    """An autoscaler that is held still and let go: as it was at the end, and what was done is in the record."""
    cluster = runs.cluster
    cluster.history("v2.3.0", replicas=1)
    path = f"/apis/autoscaling/v2/namespaces/{cluster.namespace}/horizontalpodautoscalers"
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "payment-api"}
    spec = {"scaleTargetRef": target, "minReplicas": 1, "maxReplicas": 3}
    scaler = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "payment-api"}, "spec": spec}
    before = cluster.client().post(path, scaler)["spec"]
    runs.declared()
    killed = 0
    for moment in spread(runs.moments(mitigate=HOLD)):
        runs.declared()
        killed += runs.run(mitigate=HOLD, kill_at=moment) == -signal.SIGKILL
        left = cluster.client().get(f"{path}/payment-api")
        assert (HELD in annotations_of(left)) is (left["spec"] != before), "it is held still, and that can be undone, or it is not"
        assert runs.run(mitigate=HOLD) == 0
        after = cluster.client().get(f"{path}/payment-api")
        assert (after["spec"], HELD in annotations_of(after)) == (before, False)
        states = [one.undone for one in store.read(runs.record).mitigations]
        assert states[-2:] == [False, True], f"after a kill at moment {moment}"
        runs.consistent()
    return killed


Sorts = Mapping[str, tuple[WorkloadKind, Callable[[Runs], int]]]
"""What is killed: on which kind of workload, and the runs, of which the number of kills is given back."""
SORTS: Sorts = {
    "deployment": (DEPLOYMENT, rolled_back),
    "stateful set": (WorkloadKind.STATEFUL_SET, rolled_back),
    "daemon set": (WorkloadKind.DAEMON_SET, rolled_back),
    "owner suspended": (DEPLOYMENT, suspended),
    "autoscaler held": (DEPLOYMENT, held),
}


def killed_side_by_side(plane: ControlPlane, tmp_path: Path, sorts: Sorts) -> dict[str, int]:
    """How many runs of each sort were killed; each sort has a namespace and a record of its own."""
    cluster = real_cluster(plane)

    def ran(sort: str) -> int:
        kind, course = sorts[sort]
        mine = replace(cluster, namespace="")
        mine.new_namespace()
        record = tmp_path / sort.replace(" ", "-") / "2025-10-21-payment-api-outage.json"
        record.parent.mkdir()
        program = Program()
        try:
            return course(Runs(mine, kind, record, program))
        finally:
            program.close()

    with ThreadPoolExecutor(len(sorts)) as pool:
        return dict(zip(sorts, pool.map(ran, sorts), strict=True))


def test_killed_a_hundred_times(plane: ControlPlane, tmp_path: Path) -> None:
    plane.kubectl("apply", "--server-side", f"-f={CRDS / 'application.yaml'}")
    plane.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
    killed = killed_side_by_side(plane, tmp_path, SORTS)
    wanted = KILLS * (len(SORTS) - 1) + min(KILLS, 9)
    assert sum(killed.values()) >= 0.75 * wanted, f"{killed}: too many ended before the moment came"
