# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.network import Backing
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.strangers import Hosts, strangers
from ansible_collections.devops.incident_response.plugins.module_utils.model.surroundings import Stranger

LABELS = {"app": "app", "tier": "backend"}
WEB = {"name": "web", "containerPort": 8080}


def template(labels: Mapping[str, str], image: str, *ports: dict[str, Any], **container: Any) -> dict[str, Any]:
    return {
        "metadata": {"labels": dict(labels)},
        "spec": {"containers": [{"name": "c", "image": image, "ports": list(ports), **container}]},
    }


def pod(
    name: str, kind: str, maker: str, labels: Mapping[str, str], image: str, *ports: dict[str, Any], **container: Any
) -> dict[str, Any]:
    found = template(labels, image, *ports, **container)
    found["metadata"] |= {"name": name, "ownerReferences": [{"kind": kind, "name": maker, "controller": True}]}
    return found


def service(name: str, selector: Mapping[str, str], target: str | int = 8080, port: str = "http") -> dict[str, Any]:
    return {"metadata": {"name": name}, "spec": {"selector": dict(selector), "ports": [{"name": port, "port": 80, "targetPort": target}]}}


def endpoint(name: str, ready: bool = True) -> dict[str, Any]:
    return {"targetRef": {"kind": "Pod", "name": name}, "conditions": {"ready": ready}}


def told(asked: dict[str, Any], *others: dict[str, Any], ready: bool = True, **services: Mapping[str, str]) -> tuple[Stranger, ...]:
    names = ["app-1", *(one["metadata"]["name"] for one in others)]
    labels = {"kubernetes.io/service-name": asked["metadata"]["name"]}
    slices = [{"metadata": {"labels": labels}, "endpoints": [endpoint(name, ready or name == "app-1") for name in names]}]
    own = pod("app-1", "ReplicaSet", "app-5d", LABELS | {"pod-template-hash": "5d"}, "shop/app:v1", WEB)
    backing = Backing(template(LABELS, "shop/app:v1", WEB), frozenset({"app"}), {"app": "app"})
    every = (asked, *(service(name, selector) for name, selector in services.items()))
    hosts = Hosts(("Deployment", "app"), frozenset({"app-1"}), backing, every)
    return strangers(asked, slices, hosts, lambda _labels: (own, *others))


WORKER = pod("worker-1", "ReplicaSet", "worker-7c", {"app": "worker", "tier": "backend", "pod-template-hash": "7c"}, "shop/app:v1")
LEDGER = pod("ledger-0", "StatefulSet", "ledger", {"app": "ledger", "tier": "backend"}, "reg:5000/shop/ledger@sha256:0", WEB)
CANARY = pod("canary-0", "StatefulSet", "canary", {"app": "canary", "tier": "backend"}, "mirror/app:v2", WEB)
PROBED = pod("p-0", "Job", "p", LABELS, "shop/p:v1", readinessProbe={"tcpSocket": {"port": 8080}})
NEW = pod("app-2", "ReplicaSet", "app-6f", LABELS | {"pod-template-hash": "6f"}, "shop/app:v2")
WIDE, OWN = service("app", {"tier": "backend"}), {"ledger": {"app": "ledger"}, "canary": {"app": "canary"}}


@pytest.mark.parametrize(
    ("asked", "other", "found"),
    [
        (WIDE, WORKER, Stranger("Deployment worker", 1, "they have no port 8080")),
        (WIDE, LEDGER, Stranger("StatefulSet ledger", 1, "they are app=ledger, which has its own Service ledger")),
        (WIDE, CANARY, Stranger("StatefulSet canary", 1)),
        (WIDE, PROBED, Stranger("Job p", 1)),
        (service("app", {"tier": "app"}), LEDGER, Stranger("StatefulSet ledger", 1)),
        (service("everything", {"tier": "backend"}), WORKER, Stranger("Deployment worker", 1)),
        (service("app", {"tier": "backend"}, port="http-metrics"), WORKER, Stranger("Deployment worker", 1)),
        (service("app", {"tier": "backend"}, "web"), WORKER, None),
        (WIDE, NEW, None),
    ],
)
def test_who_else_a_service_leads_to(asked: dict[str, Any], other: dict[str, Any], found: Stranger | None) -> None:
    assert told(asked, other, **OWN) == ((found,) if found else ())


def test_another_application_without_a_service_of_its_own() -> None:
    assert told(WIDE, LEDGER) == (Stranger("StatefulSet ledger", 1),)
    assert told(WIDE, LEDGER, both={"tier": "backend"}) == (Stranger("StatefulSet ledger", 1),)


def test_what_is_not_ready_gets_no_requests() -> None:
    assert told(WIDE, WORKER, ready=False) == ()
