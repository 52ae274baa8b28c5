# SPDX-License-Identifier: GPL-3.0-or-later
"""States that few have seen: pods that are resized in place, a Deployment that Flagger keeps at zero, certificates that live for a day."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.contract.workload_objects import WEB, Build
from tests.contract.workload_states import LABELS, MERGE, Namespace, ago, named, running


def resized(space: Namespace, kind: str, **told: str) -> None:
    """Pods that run well, and of which the kubelet says what becomes of their resize."""
    condition = {"type": kind, "status": "True", "lastTransitionTime": ago(minutes=9), **told}
    space.hold(2, lambda pod: {**(status := running(pod)), "conditions": [*status["conditions"], condition]})
    space.ready(2)


def at_rest_by_flagger(space: Namespace) -> None:
    """The pods that people call are those of a copy, which Flagger makes; the workload itself only runs while a new version is tried."""
    primary = {"app": "payment-api-primary"}
    space.deploy(replicas=0, container=WEB)
    space.deploy(name="payment-api-primary", labels=primary, replicas=2, container=WEB)
    owner = {"apiVersion": "flagger.app/v1beta1", "kind": "Canary", "name": "payment-api", "uid": "7e2b8f0c", "controller": True}
    for name, selector in (("payment-api", primary), ("payment-api-primary", primary), ("payment-api-canary", LABELS)):
        body = named("Service", name, {"selector": selector, "ports": [{"name": "http", "port": 80, "targetPort": "web"}]})
        body["metadata"]["ownerReferences"] = [owner]
        space.post("api/v1", "services", body)
    space.ready(2, "payment-api-primary")
    assert space.cluster.found(f"/api/v1/{space.space}/services/payment-api-canary"), "its owner's kind is not served, so that it stays"


def renewed_each_day(space: Namespace) -> None:
    with TemporaryDirectory() as directory:
        space.certificate("mesh-tls", Path(directory), timedelta(hours=-14), timedelta(hours=10))
    marks = {"metadata": {"annotations": {"cert-manager.io/certificate-name": "mesh"}}}
    space.cluster.client().patch(f"/api/v1/{space.space}/secrets/mesh-tls", marks, MERGE)
    space.deploy(pod={"volumes": [{"name": "tls", "secret": {"secretName": "mesh-tls"}}]})
    space.ready(3)


def colours(space: Namespace) -> None:
    """Requests go to the blue pods; of the green ones there are none until the next version comes."""
    space.deploy(labels={**LABELS, "colour": "blue"})
    space.deploy(name="payment-api-green", labels={**LABELS, "colour": "green"}, replicas=0)
    space.service({**LABELS, "colour": "blue"})
    space.service({**LABELS, "colour": "green"}, name="payment-api-green")
    space.ready(3)


INFEASIBLE = {"reason": "Infeasible", "message": "Node didn't have enough capacity: cpu, requested: 9000, capacity: 4000"}
DEFERRED = {"reason": "Deferred", "message": "Node didn't have enough resource: cpu, requested: 900, used: 3900, capacity: 4000"}

WRONG: dict[str, tuple[Build, str]] = {
    "a resize that no node can do": (
        lambda space: resized(space, "PodResizePending", **INFEASIBLE),
        r"workload\.resize: The resize of 2 pods can't be done on their nodes: Infeasible: Node didn't have enough capacity: cpu",
    ),
}
"""How each is made, and what a warning has to say."""

WELL: dict[str, Build] = {
    "a resize that is put off": lambda space: resized(space, "PodResizePending", **DEFERRED),
    "a resize at this moment": lambda space: resized(space, "PodResizeInProgress"),
    "what Flagger keeps at zero": at_rest_by_flagger,
    "a certificate that is renewed each day": renewed_each_day,
    "the other colour, which rests": colours,
}
"""No warning may come of these."""
