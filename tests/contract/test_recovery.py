# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a service has recovered, measure by measure: one of them is bad and all others are good, and then it is good too."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lab.serving import KeptPort
from plugins.module_utils.faces.recovery import RECOVERY, recovery_result
from tests.contract.clusters import Cluster
from tests.contract.serving import HOST
from tests.contract.test_rollback import DEPLOYMENT
from tests.contract.traffic import Gateway, failing_share, rate_of, scraped

SERVICE = "payment-api"
PASSES = 3
ERROR = "ERROR Database connection timeout after 5000 ms"
SAMPLES_OF_A_DAY_AGO = [(-86400.0 - 3600.0 + 15.0 * number, 10.0 * 15.0 * number) for number in range(260)]
GOOD_LOOK = {
    "readiness": True,
    "restarts": True,
    "error_patterns": True,
    "error_rate": True,
    "latency_p95": True,
    "dependency.database": True,
    "dependency.cache": True,
}


class Cache:
    """Something that accepts connections, or does not."""

    def __init__(self) -> None:
        self._kept = KeptPort()
        self.port = self._kept.number
        self._listening: socket.socket | None = None
        self.answer()

    def answer(self) -> None:
        self._listening = socket.create_server((HOST, self.port), reuse_port=False)
        threading.Thread(target=self._accept, args=(self._listening,), daemon=True).start()

    def refuse(self) -> None:
        if self._listening is not None:
            self._listening.shutdown(socket.SHUT_RDWR)
            self._listening.close()
            self._listening = None

    def end(self) -> None:
        self.refuse()
        self._kept.close()

    def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                listening.accept()[0].close()
            except OSError:
                return


@dataclass
class Production:
    """The service on the cluster, its requests and what it needs; a look goes on from the look before."""

    cluster: Cluster
    gateway: Gateway
    cache: Cache
    prometheus: str
    given: dict[str, Any] = field(default_factory=dict)
    following: dict[str, Any] | None = None

    def look(self, **more: Any) -> dict[str, Any]:
        dependencies = [
            {"name": "database", "type": "tcp", "address": f"{HOST}:1", "usage_query": "db_used", "capacity_query": "db_max"},
            {"name": "cache", "type": "tcp", "address": f"{HOST}:{self.cache.port}"},
        ]
        options = {
            "service": SERVICE,
            "namespace": self.cluster.namespace,
            "kubeconfig": str(self.cluster.kubeconfigs["admin"]),
            "prometheus_url": self.prometheus,
            "catalogue": {"workload_kind": "Deployment", "dependencies": dependencies},
            "passes": PASSES,
            "interval": "1s",
            "timeout": "90s",
            "at_most": 0,
            **self.given,
        }
        defaults = {name: option.get("default") for name, option in RECOVERY.items()}
        result = recovery_result({**defaults, **options, "following": self.following, **more})
        self.following = result["following"]
        return result

    def restarts(self, number: int) -> None:
        pod = self.cluster.pods()[0]["metadata"]["name"]
        path = f"/api/v1/namespaces/{self.cluster.namespace}/pods/{pod}"
        status = self.cluster.client().get(path)["status"]["containerStatuses"]
        body = {"status": {"containerStatuses": [{**status[0], "restartCount": number}]}}
        self.cluster.client().patch(f"{path}/status", body, "application/merge-patch+json")


def moment(ago: float = 0.0) -> str:
    return f"{datetime.now(UTC) - timedelta(seconds=ago):%Y-%m-%dT%H:%M:%SZ}"


def measures(result: Mapping[str, Any]) -> dict[str, bool | None]:
    return {measure["name"]: measure["passed"] for measure in result["recovery"]["measures"]}


def detail(result: Mapping[str, Any], name: str) -> str:
    return next(str(measure["detail"]) for measure in result["recovery"]["measures"] if measure["name"] == name)


@pytest.fixture
def production(cluster: Cluster, side: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Production]:
    cluster.set_log(["INFO payment accepted"] * 20, [])
    cluster.history("v2.3.0", replicas=2)
    gateway, cache = Gateway(SERVICE, gauges={"db_used": 20.0, "db_max": 100.0}), Cache()
    gateway.flows(cluster.namespace)
    now = time.time()
    labels = {"__name__": "http_requests_total", "job": SERVICE, "namespace": cluster.namespace, "status": "200"}
    history = [(labels, [(now + at, value) for at, value in SAMPLES_OF_A_DAY_AGO])]
    with scraped(side, gateway, request, tmp_path / "prometheus", history) as prometheus:
        found = Production(cluster, gateway, cache, prometheus, {"baseline": {"error_rate": 0.001, "latency_p95": 0.1}})
        pattern = {"level": "ERROR", "template": "Database connection timeout after <*> ms", "count": 600, "new_since_deployment": True}
        found.given["diagnostics"] = {"logs": {"data": {"window": 300.0, "patterns": [pattern]}}}
        cluster.until("the first rates", lambda: measures(found.look()) == GOOD_LOOK)
        found.following = None
        found.given["since"] = moment(5.0)
        yield found
    cache.end()


def _errors_logged(production: Production, bad: bool) -> None:
    production.cluster.set_log([ERROR] * 400 if bad else ["INFO payment accepted"], [])


def _database_full(production: Production, bad: bool) -> None:
    production.gateway.gauges["db_used"] = 97.0 if bad else 20.0


def _cache_away(production: Production, bad: bool) -> None:
    production.cache.refuse() if bad else production.cache.answer()


def _unready(production: Production, bad: bool) -> None:
    production.cluster.roll_out(DEPLOYMENT, "v2.3.1-unready" if bad else "v2.3.0")


def _flows(**traffic: float) -> Callable[[Production, bool], None]:
    return lambda production, bad: production.gateway.flows(production.cluster.namespace, **(traffic if bad else {}))


WAYS: dict[str, tuple[Callable[[Production, bool], None], str]] = {
    "error_rate": (_flows(failing=0.4), r"baseline: 0.1%"),
    "latency_p95": (_flows(latency=2.0), r"baseline: 100ms"),
    "readiness": (_unready, r"waits for"),
    "error_patterns": (_errors_logged, r"still 'Database connection timeout"),
    "dependency.database": (_database_full, r"still above 85%"),
    "dependency.cache": (_cache_away, r"refused"),
}


@pytest.mark.parametrize("name", WAYS)
def test_one_measure_keeps_it_from_being_recovered(production: Production, name: str) -> None:
    turn, words = WAYS[name]
    first = production.look()
    assert (measures(first), first["recovery"]["passes"], first["final"]) == (GOOD_LOOK, 1, False)
    turn(production, True)
    bad = {**GOOD_LOOK, name: False}
    production.cluster.until("a bad look", lambda: measures(production.look()) == bad)
    result = production.look()
    assert (measures(result), result["recovery"]["passes"], result["recovery"]["recovered"], result["final"]) == (bad, 0, None, False)
    assert words in detail(result, name)
    late = production.look(timeout="1s")
    assert (late["final"], late["recovery"]["recovered"]) == (True, False)
    assert words in late["recovery"]["reason"], "the last word says which measure it was"

    turn(production, False)
    # Rates are taken from the end of a rollback on, and what was before it soon leaves them.
    production.following, production.given["since"] = None, moment()
    seen: list[tuple[int, bool | None]] = []

    def recovered() -> bool:
        result = production.look()
        seen.append((result["recovery"]["passes"], result["recovery"]["recovered"]))
        return bool(result["final"])

    production.cluster.until("the recovery", recovered, 60.0)
    assert seen[-PASSES:] == [(number, True if number == PASSES else None) for number in range(1, PASSES + 1)], seen


def test_what_was_refused_has_to_be_answered_again(production: Production) -> None:
    """Where that was the incident; else, what clients do wrong is their own."""
    refused = {"name": "client_error_rate", "value": 0.41, "baseline": 0.03}
    production.gateway.flows(production.cluster.namespace, refused=0.4)
    share = f'http_requests_total{{namespace="{production.cluster.namespace}",status="401"}}'
    production.cluster.until("that it is known", lambda: rate_of(production.prometheus, share, 6) == pytest.approx(80.0, rel=0.05))
    assert measures(production.look()) == GOOD_LOOK
    production.following = None
    production.given["diagnostics"] = {**production.given["diagnostics"], "metrics": {"data": {"signals": [refused]}}}
    result = production.look()
    assert measures(result) == {**GOOD_LOOK, "client_error_rate": False}
    assert re.match(r"\d\d% \(baseline: 3%\)", detail(result, "client_error_rate"))
    late = production.look(timeout="1s")
    assert (late["final"], late["recovery"]["recovered"]) == (True, False)
    production.gateway.flows(production.cluster.namespace, refused=0.03)
    production.following, production.given["since"] = None, moment()
    production.cluster.until("the recovery", lambda: production.look()["recovery"]["recovered"], 60.0)


def test_a_pod_that_restarts_between_two_looks_starts_the_count_anew(production: Production) -> None:
    assert production.look()["recovery"]["passes"] == 1
    production.restarts(1)
    result = production.look()
    assert (measures(result), result["recovery"]["passes"]) == ({**GOOD_LOOK, "restarts": False}, 0)
    assert "1 since the last look" in detail(result, "restarts")
    assert [production.look()["recovery"]["recovered"] for _ in range(PASSES)] == [None, None, True], "once is no crash loop"


def test_only_its_own_namespace_counts(production: Production) -> None:
    """Staging has a service of the same name, and it fails."""
    production.gateway.flows("staging", failing=0.9, latency=5.0, rate=900.0)
    production.cluster.until("that both are known", lambda: failing_share(production.prometheus, "staging", 4) > 0.85)
    assert measures(production.look()) == GOOD_LOOK
    production.gateway.flows(production.cluster.namespace, failing=0.3)
    production.cluster.until("failures of its own", lambda: measures(production.look()) == {**GOOD_LOOK, "error_rate": False})


def test_a_baseline_that_nobody_gave_is_that_of_the_day_before(production: Production) -> None:
    production.given["baseline"] = None
    result = production.look()
    found = {measure["name"]: measure for measure in result["recovery"]["measures"]}
    assert (found["error_rate"]["baseline"], found["error_rate"]["passed"]) == (0.0, True)
    assert (found["latency_p95"]["baseline"], found["latency_p95"]["passed"]) == (None, None), "and unknown is no pass"
    assert result["recovery"]["passes"] == 0


def test_what_had_grown_by_itself_before_the_rollback_is_not_the_targets(production: Production) -> None:
    """12 % failed at the diagnosis, 60 % when the rollback began, and 60 % do since."""
    signals = [{"name": "error_rate", "value": 0.12, "baseline": 0.001}, {"name": "latency_p95", "value": 0.09, "baseline": 0.1}]
    production.given["diagnostics"] = {"metrics": {"data": {"signals": signals}}}
    production.gateway.flows(production.cluster.namespace, failing=0.6)
    # Longer than the rate at `began`, which is a whole second.
    production.cluster.until(
        "that it is known", lambda: failing_share(production.prometheus, production.cluster.namespace, 6) == pytest.approx(0.6, abs=0.005)
    )
    production.given |= {"began": moment(), "since": moment()}
    assert measures(production.look())["error_rate"] is False
    result = production.look(timeout="1s")
    assert (result["final"], result["recovery"]["recovered"], result["recovery"]["worse"]) == (True, False, [])
    assert result["recovery"]["reason"].startswith("Not recovered within 1s: Error rate: ")


def test_worse_than_what_was_rolled_back_is_noticed(production: Production) -> None:
    """12 % failed before the rollback, 60 % do since; that is told when it can be no echo any more."""
    signals = [{"name": "error_rate", "value": 0.12, "baseline": 0.001}, {"name": "latency_p95", "value": 0.09, "baseline": 0.1}]
    production.given["diagnostics"] = {"metrics": {"data": {"signals": signals}}}
    production.gateway.flows(production.cluster.namespace, failing=0.6)
    production.given["since"] = moment(91.0)

    def worse() -> dict[str, Any] | None:
        result = production.look()
        return result if result["final"] else None

    result = production.cluster.until("the last word", worse)
    assert result["recovery"]["recovered"] is False
    assert re.match(r"Worse than before the rollback: Error rate \d\d%, before the rollback 12%\.$", result["recovery"]["reason"])
    assert result["recovery"]["worse"][0].endswith("before the rollback 12%")
    assert len(result["recovery"]["worse"]) == 1, "the latency is as it was"
