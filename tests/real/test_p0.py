# SPDX-License-Identifier: GPL-3.0-or-later
"""A P0 from the first question to the post-mortem, with a real control plane, Prometheus, Jaeger, registry, Redis and git.

The production that they are given is the lab's payment-api: v2.3.1 was deployed two minutes ago and crashes.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from lab import repository
from lab.mailbox import Mailbox
from lab.scenario.loader import load
from tests.contract.ansible_runs import environment
from tests.contract.incidents import Incident, incident_with_rollback
from tests.contract.serving import served
from tests.contract.test_traces import otlp
from tests.real.parts.ages import born
from tests.real.parts.control_plane import ControlPlane
from tests.real.parts.jaeger import jaeger
from tests.real.parts.prometheus import prometheus
from tests.real.parts.redis import redis
from tests.real.parts.registry import push, registry
from tests.real.servers import real_part

NAMESPACE, SERVICE, IMAGE = "production", "payment-api", "payments/payment-api"
GOOD, BAD = "v2.3.0", "v2.3.1"
STARTING = 15.0
"""Seconds from the making of the history to its incident: what it takes to start the servers."""
PATIENCE = 30.0
"""Seconds after the beginning in which the diagnosis must look, before the history recovers by itself."""


@dataclass(frozen=True, slots=True)
class Production:
    plane: ControlPlane
    incident: Incident
    mailbox: Mailbox
    variables: dict[str, str]
    inventory: Path


def deployment(image: str) -> dict[str, Any]:
    labels, version = {"app": SERVICE}, image.rpartition(":")[2]
    pods = {"real.parts/log": f"logs/{version}.log", "real.parts/mode": "crash" if version == BAD else "ready"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": SERVICE,
            "namespace": NAMESPACE,
            "annotations": {"kubernetes.io/change-cause": f"Release {version}"},
        },
        "spec": {
            "replicas": 5,
            "selector": {"matchLabels": labels},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 3}},
            "template": {
                "metadata": {"labels": labels, "annotations": pods},
                "spec": {"containers": [{"name": SERVICE, "image": image}]},
            },
        },
    }


def pods(plane: ControlPlane) -> list[tuple[str, bool]]:
    """Version and readiness of every pod."""
    found = []
    for pod in plane.get("pods", "-n", NAMESPACE, "-l", f"app={SERVICE}")["items"]:
        ready = any(one["type"] == "Ready" and one["status"] == "True" for one in pod["status"].get("conditions", ()))
        found.append((pod["spec"]["containers"][0]["image"].rpartition(":")[2], ready))
    return sorted(found)


def wait_for(plane: ControlPlane, wanted: list[tuple[str, bool]]) -> None:
    deadline = time.monotonic() + 60
    while (seen := pods(plane)) != wanted:
        assert time.monotonic() < deadline, seen
        time.sleep(0.3)


def break_production(plane: ControlPlane, host: str) -> None:
    plane.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    plane.apply(deployment(f"{host}/{IMAGE}:{GOOD}"))
    wait_for(plane, [(GOOD, True)] * 5)
    plane.apply(deployment(f"{host}/{IMAGE}:{BAD}"))
    wait_for(plane, [(GOOD, True)] * 2 + [(BAD, False)] * 3)


def give_ages(plane: ControlPlane, began: float) -> None:
    """Those of the scenario: v2.3.0 ran for 72 hours."""
    ages = {GOOD: 72 * 3600 + 135, BAD: 135}
    for replica_set in plane.get("replicasets", "-n", NAMESPACE)["items"]:
        version = replica_set["spec"]["template"]["spec"]["containers"][0]["image"].rpartition(":")[2]
        at = datetime.fromtimestamp(began - ages[version], UTC)
        born(plane.etcd_url, "replicasets", NAMESPACE, replica_set["metadata"]["name"], at)
    born(plane.etcd_url, "deployments", NAMESPACE, SERVICE, datetime.fromtimestamp(began - 21 * 86400, UTC))


def write_logs(directory: Path) -> None:
    at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() - 20))
    for version, line in ((GOOD, "INFO payment accepted"), (BAD, "ERROR Database connection timeout")):
        text = "".join(f"{at}.{number:09d}Z stdout F {line} after {number} ms\n" for number in range(300))
        (directory / f"{version}.log").write_text(text)


@pytest.fixture
def production(request: pytest.FixtureRequest, plane: ControlPlane, tmp_path: Path) -> Iterator[Production]:
    source = tmp_path / "source"
    scenario, mailbox = load(SERVICE), Mailbox(time.time)
    with (
        real_part(request, "image registry", registry(tmp_path / "registry")) as images,
        real_part(request, "Redis", redis(tmp_path / "redis")) as cache,
        real_part(request, "Jaeger", jaeger(tmp_path / "jaeger")) as tracer,
        served(mailbox.app()) as mail,
    ):
        for version in (GOOD, BAD):
            push(images, IMAGE, version)
        write_logs(plane.directory / "logs")
        break_production(plane, images.removeprefix("http://"))
        began = float(int(time.time() + STARTING))
        happening = incident_with_rollback(SERVICE, GOOD, tmp_path / "lab", began, PATIENCE, 300.0)
        repository.create(source, scenario.repositories[SERVICE], began)
        give_ages(plane, began)
        tracer.send([span for trace in happening.traces() for span in otlp(trace)])
        history = [(series.labels, series.samples) for series in happening.history()]
        with real_part(request, "Prometheus", prometheus(tmp_path / "prometheus", history)) as metrics:
            inventory = tmp_path / "services.yml"
            entry = {
                "title": "Payment API",
                "namespace": NAMESPACE,
                "container": SERVICE,
                "repository": str(source),
                "image_repository": f"{images.removeprefix('http://')}/{IMAGE}",
                "on_call": {
                    "on_call": f"{mail}/pages/on-call",
                    "incident_commander": f"{mail}/pages/incident-commander",
                    "channel": f"{mail}/chat/incidents",
                },
                "channel": "#incidents",
                "schema_check": ["true"],
                "sessions_query": f'sum(active_sessions{{job="{SERVICE}"}})',
                "transaction_value": 14.84,
                "dependencies": [{"name": "redis-cache", "type": "redis", "address": cache, "title": "Redis cache"}],
            }
            settings = {"kubeconfig": str(plane.kubeconfig), "prometheus_url": metrics, "jaeger_url": tracer.url, "registry_url": images}
            document = {"plugin": "devops.incident_response.services", "settings": settings, "services": {SERVICE: entry}}
            inventory.write_text(yaml.safe_dump(document))
            time.sleep(max(began + 1.0 - time.time(), 0.0))
            yield Production(
                plane, happening, mailbox, environment(HOME=str(tmp_path), ANSIBLE_LOCAL_TEMP=str(tmp_path / ".ansible")), inventory
            )
        plane.kubectl("delete", "namespace", NAMESPACE, "--wait=false")


def test_p0_on_real_servers(production: Production, tmp_path: Path) -> None:
    command = [
        str(Path(sys.executable).with_name("ansible-playbook")),
        "devops.incident_response.p0",
        "--inventory",
        str(production.inventory),
    ]
    run = subprocess.run(
        [*command, "-e", f"service={SERVICE}", "-e", f"incidents_dir={tmp_path / 'incidents'}"],
        env=production.variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=420,
    )
    assert run.returncode == 0, run.stdout
    (path,) = (tmp_path / "incidents").glob("*.json")
    record = json.loads(path.read_text())
    recommendation = record["recommendation"]
    assert (recommendation["action"], recommendation["target_version"]) == ("rollback", GOOD), run.stdout
    points = {factor["name"]: factor["points"] for factor in recommendation["score"]["factors"]}
    assert sum(points.values()) == recommendation["score"]["score"] == 95, points
    sources = {
        name: record["diagnostics"][name]["status"]
        for name in ("workload", "rollouts", "logs", "metrics", "traces", "dependencies", "changes", "impact")
    }
    assert sources == dict.fromkeys(sources, "ok"), run.stdout
    assert (record["status"], record["rollback"]["state"]) == ("resolved", "recovered"), run.stdout
    assert {check["name"]: check["verdict"] for check in record["rollback"]["checks"] if check["verdict"] != "pass"} == {
        "api_compatible": "unknown"
    }
    wait_for(production.plane, [(GOOD, True)] * 5)
    assert f"➜ IMMEDIATE ROLLBACK to {GOOD}" in run.stdout
    assert "❌ payment-api: 3/5 pods failing (CrashLoopBackOff)" in run.stdout
    assert "transactions.user_id" in run.stdout
    assert path.with_suffix(".md").exists()
    assert {message["to"] for message in production.mailbox.messages} == {"/pages/on-call", "/pages/incident-commander", "/chat/incidents"}
