# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole playbooks about rollbacks that do not help."""

from __future__ import annotations

import json
import re
import shlex
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from plugins.module_utils.model.service import WorkloadKind
from tests.contract.ansible_runs import playbook
from tests.contract.clusters import Cluster
from tests.contract.serving import HOST
from tests.contract.test_recovery import Cache
from tests.contract.test_rollback import DEPLOYMENT, versions_running
from tests.contract.traffic import Gateway, failing_share, quiet_past, scraped

SERVICE = "payment-api"
# Versions of a test are seconds old, and neither a registry nor a schema is part of it.
NOT_KNOWN = ["image", "schema_compatible", "stability"]
HASTE = ("-e", "rollback_recovery_timeout=25s", "-e", "rollback_recovery_interval=2s", "-e", "rollback_recovery_passes=2")
GOOD = {"failing": 0.001}


@dataclass
class Outage:
    """The service whose requests go as `by_version` says of the version that the workload asks for."""

    cluster: Cluster
    gateway: Gateway
    directory: Path
    inventory: Path
    prometheus: str
    kind: WorkloadKind = DEPLOYMENT
    by_version: dict[str, dict[str, float]] = field(default_factory=dict)
    over: threading.Event = field(default_factory=threading.Event)
    follower: threading.Thread | None = None

    def play(self, name: str, *arguments: str) -> tuple[int, str]:
        return playbook(name, self.directory, "--inventory", str(self.inventory), *arguments, *HASTE)

    def roll_back(self, target: str) -> tuple[int, str]:
        given = {"service": SERVICE, "severity": "P0", "target": target, "rollback_overrides": NOT_KNOWN}
        return self.play("rollback", "-e", json.dumps(given))

    def record(self) -> dict[str, Any]:
        (path,) = (self.directory / "incidents").glob("*.json")
        found: dict[str, Any] = json.loads(path.read_text())
        return found

    def measured(self, failing: float, seconds: int) -> None:
        """Waits until this share at least failed over the last `seconds`: when Prometheus first scrapes is not what is tested."""

        def enough() -> bool:
            return failing_share(self.prometheus, self.cluster.namespace, seconds) >= failing

        self.cluster.until(f"{failing:.0%} failing over {seconds} s", enough, 90.0)

    def generation(self) -> int:
        return int(self.cluster.workload(self.kind)["metadata"]["generation"])

    def follow(self) -> None:
        known = None
        while not self.over.wait(0.2):
            tag = self.cluster.tag(self.kind)
            if tag != known:
                known = tag
                self.gateway.flows(self.cluster.namespace, **self.by_version.get(tag, GOOD))


@pytest.fixture
def outage(cluster: Cluster, side: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Outage]:
    cluster.set_log(["INFO payment accepted"] * 50, [])
    gateway, cache = Gateway(SERVICE), Cache()
    gateway.flows(cluster.namespace, **GOOD)
    with scraped(side, gateway, request, tmp_path / "prometheus", quiet_past(SERVICE, cluster.namespace, time.time())) as prometheus:
        dependencies = [{"name": "cache", "type": "tcp", "address": f"{HOST}:{cache.port}", "title": "Session cache"}]
        settings = {"kubeconfig": str(cluster.kubeconfigs["admin"]), "prometheus_url": prometheus}
        services = {SERVICE: {"namespace": cluster.namespace, "dependencies": dependencies}}
        inventory = tmp_path / "services.yml"
        inventory.write_text(yaml.safe_dump({"plugin": "devops.incident_response.services", "settings": settings, "services": services}))
        found = Outage(cluster, gateway, tmp_path / "run", inventory, prometheus)
        found.directory.mkdir()
        yield found
        found.over.set()
        if found.follower is not None:
            found.follower.join(20)
    cache.end()


def begin(outage: Outage, *versions: str, by_version: dict[str, dict[str, float]]) -> None:
    """Each version is rolled out; the last is there, as far as it comes."""
    outage.by_version = by_version
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 2, "maxSurge": 0}}
    cluster, kind = outage.cluster, outage.kind
    cluster.create(kind, versions[0], replicas=3, **({"strategy": strategy} if kind is DEPLOYMENT else {}))
    outage.follower = threading.Thread(target=outage.follow, daemon=True)
    outage.follower.start()
    for version in versions[1:]:
        cluster.until("the pods", lambda: len(cluster.pods()) == 3)
        # Which ControllerRevision came first is told by when they were created, and that in whole seconds.
        time.sleep(0.0 if kind is DEPLOYMENT else 1.0 - time.time() % 1.0)
        cluster.roll_out(kind, version)
        if "crash" not in version:
            cluster.complete(kind)


def the_command(output: str, why: str) -> list[str]:
    """The arguments of the command that takes the rollback back, exactly as it is told."""
    (line,) = [line for line in output.splitlines() if "Undo the rollback, since its target" in line]
    words = shlex.split(line.partition(f"Undo the rollback, since its target {why}: ")[2])
    assert words[:2] == ["ansible-playbook", "devops.incident_response.rollback"], line
    return words[2:]


@pytest.mark.parametrize("kind", [DEPLOYMENT, WorkloadKind.STATEFUL_SET])
def test_a_rollback_that_does_not_help_leads_to_the_next_hypothesis_and_is_the_only_one(outage: Outage, kind: WorkloadKind) -> None:
    """The version was broken, and so is something else."""
    outage.kind = kind
    failing = {"failing": 0.9, "latency": 3.0}
    begin(outage, "v2.2.0", "v2.3.0", "v2.3.1-crash", by_version={"v2.3.1-crash": failing})
    cluster = outage.cluster
    cluster.until("crashes", lambda: "CrashLoopBackOff" in json.dumps(cluster.pods()))
    outage.by_version["v2.3.0"] = failing
    outage.measured(0.4, 60)
    given = ("-e", json.dumps({"service": SERVICE, "rollback_overrides": NOT_KNOWN}))
    code, output = outage.play("p0", *given)
    record = outage.record()
    assert code == 0, output
    assert "AUTOMATED ROLLBACK" in output, f"{record['recommendation']['automatic_reason']}\n{output}"
    assert (record["rollback"]["state"], record["status"], cluster.tag(kind)) == ("not_recovered", "investigating", "v2.3.0"), output
    assert record["rollback"]["approval"] == "auto-approved for P0"
    assert "❌ Not recovered within 25s: Error rate:" in output
    after = output[output.index("Rollback Not Successful") :]
    # Not the crash of pods that are gone.
    assert "Look at the next hypothesis: A dependency that was not probed (Check the health of external APIs)" in after, after
    assert "Undo the rollback" not in after

    made = outage.generation()
    code, output = outage.play("p0", *given)
    record = outage.record()
    assert code == 0, output
    assert (outage.generation(), cluster.tag(kind)) == (made, "v2.3.0"), output
    assert record["recommendation"]["action"] != "rollback"
    assert {guard["name"]: guard["forbids"] for guard in record["recommendation"]["guards"]}["rollback_tried"], output
    assert "A rollback was tried and did not help" in output
    assert "Execute rollback" not in output
    assert record["rollback"]["state"] == "not_recovered"


@pytest.mark.parametrize("kind", [DEPLOYMENT, WorkloadKind.DAEMON_SET])
def test_a_target_that_is_worse_is_offered_to_be_undone_by_a_command_that_does_it(outage: Outage, kind: WorkloadKind) -> None:
    outage.kind = kind
    begin(outage, "v2.2.0", "v2.3.0", by_version={"v2.2.0": {"failing": 0.6}, "v2.3.0": {"failing": 0.12}})
    cluster = outage.cluster
    outage.measured(0.1, 30)
    code, output = outage.roll_back("v2.2.0")
    rollback = outage.record()["rollback"]
    assert (code != 0, rollback["state"], cluster.tag(kind)) == (True, "not_recovered", "v2.2.0"), output
    (worse,) = rollback["recovery"]["worse"]
    assert re.match(r"Error rate [56]\d%, before the rollback 1\d(\.\d)?%", worse), worse
    command = the_command(output, "is worse")
    outage.by_version["v2.3.0"] = GOOD
    code, output = outage.play("rollback", *command)
    rollback = outage.record()["rollback"]
    assert (code, rollback["state"], rollback["plan"]["to_version"], cluster.tag(kind)) == (0, "recovered", "v2.3.0", "v2.3.0"), output
    cluster.complete(kind)
    assert versions_running(cluster) == {"v2.3.0"}


def test_a_target_that_does_not_come_up_is_offered_to_be_undone_too(outage: Outage) -> None:
    begin(outage, "v2.2.0-crash", "v2.3.0", by_version={})
    cluster = outage.cluster
    code, output = outage.roll_back("v2.2.0-crash")
    rollback = outage.record()["rollback"]
    assert (code != 0, rollback["state"], rollback["details"]["target_fails"]) == (True, "not_recovered", True), output
    assert "Not healthy yet: CrashLoopBackOff" in output
    assert "The rollout is stuck: CrashLoopBackOff" in rollback["reason"]
    code, output = outage.play("rollback", *the_command(output, "does not come up"))
    assert (code, outage.record()["rollback"]["state"], cluster.tag()) == (0, "recovered", "v2.3.0"), output
    cluster.complete()
    assert versions_running(cluster) == {"v2.3.0"}


def test_a_paused_rollout_is_not_offered_to_be_overridden(outage: Outage) -> None:
    begin(outage, "v2.2.0", "v2.3.0", by_version={})
    outage.cluster.patch(DEPLOYMENT, {"spec": {"paused": True}})
    given = {"service": SERVICE, "severity": "P0", "target": "v2.2.0", "rollback_overrides": [*NOT_KNOWN, "rollout"]}
    code, output = outage.play("rollback", "-e", json.dumps(given))
    rollback = outage.record()["rollback"]
    assert (code != 0, rollback["state"], outage.cluster.tag()) == (True, "aborted", "v2.3.0"), output
    assert re.search(r"Nothing was changed\. The rollout of .* is paused.*rollout resume deployment/payment-api", rollback["reason"])
    assert "Do first what the check that does not pass says" in output
    assert "rollback_overrides" not in output
