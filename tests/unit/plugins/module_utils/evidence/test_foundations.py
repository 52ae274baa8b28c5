# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.foundations import (
    autoscaler_from,
    target_is_missing,
    volume_claims,
)
from ansible_collections.devops.incident_response.plugins.module_utils.model.codec import format_time

DEFAULT = {"metadata": {"name": "fast", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}}
OTHER = {"metadata": {"name": "slow"}}


@pytest.mark.parametrize(
    ("spec", "phase", "classes", "told"),
    [
        ({}, "Pending", [], "it names no storage class, and none is the default"),
        ({}, "Pending", [OTHER], "it names no storage class, and none is the default"),
        ({}, "Pending", [OTHER, DEFAULT], None),
        ({}, "Bound", [], None),
        ({}, "Pending", None, None),
        ({"storageClassName": ""}, "Pending", [DEFAULT], "it asks for no storage class (storageClassName is empty)"),
        ({"storageClassName": "", "volumeName": "by-hand"}, "Pending", [DEFAULT], None),
        ({"storageClassName": "slow"}, "Pending", [OTHER], None),
    ],
)
def test_a_claim_that_nothing_makes_a_volume_for(spec: Any, phase: str, classes: Any, told: str | None) -> None:
    claim = {"metadata": {"name": "data"}, "spec": spec, "status": {"phase": phase}}
    (found,) = volume_claims(["data"], [claim], classes, {})
    assert (found.message or "")[: len(told or "")] == (told or "")
    assert (found.message is None) is (told is None)


@pytest.mark.parametrize(
    ("message", "missing"),
    [
        ('deployments.apps "payment-apii" not found', True),
        ('no matches for kind "Deployments" in group "apps"', True),
        ("the server is currently unable to handle the request", False),
    ],
)
def test_an_autoscaler_whose_target_is_not_there(message: str, missing: bool) -> None:
    said = {"type": "AbleToScale", "status": "False", "reason": "FailedGetScale", "message": message}
    assert target_is_missing({"status": {"conditions": [said]}}) is missing


def test_what_is_said_of_a_claim_goes_first() -> None:
    (found,) = volume_claims(["data"], [{"metadata": {"name": "data"}, "spec": {}}], [], {"data": "FailedBinding: none is there"})
    assert found.message == "FailedBinding: none is there"


@pytest.mark.parametrize(
    ("meta", "spec", "may"),
    [
        ({"name": "app"}, {}, False),
        ({"name": "app"}, {"minReplicas": 1}, False),
        ({"name": "app"}, {"minReplicas": 0}, True),
        ({"name": "keda-hpa-app"}, {}, True),
        ({"name": "app", "labels": {"scaledobject.keda.sh/name": "app"}}, {}, True),
        ({"name": "app", "ownerReferences": [{"kind": "ScaledObject", "name": "app"}]}, {}, True),
        ({"name": "app", "ownerReferences": [{"kind": "Application", "name": "app"}]}, {}, False),
    ],
)
def test_an_autoscaler_that_takes_the_last_pod_away(meta: Any, spec: Any, may: bool) -> None:
    assert autoscaler_from({"metadata": meta, "spec": spec}).scales_to_zero is may


@pytest.mark.parametrize(
    ("behavior", "stops"), [({"scaleUp": {"selectPolicy": "Disabled"}}, True), ({"scaleDown": {"selectPolicy": "Disabled"}}, False)]
)
def test_an_autoscaler_that_may_not_add_pods(behavior: Any, stops: bool) -> None:
    assert autoscaler_from({"metadata": {"name": "app"}, "spec": {"behavior": behavior}}).may_not_grow is stops


@pytest.mark.parametrize(
    ("types", "since"),
    [(["FileSystemResizePending"], "2026-11-25T17:00:00Z"), (["FileSystemResizePending", "NodeResizeError"], None), (["Resizing"], None)],
)
def test_since_when_a_file_system_waits(types: list[str], since: str | None) -> None:
    said = [{"type": one, "status": "True", "lastTransitionTime": "2026-11-25T17:00:00Z"} for one in types]
    claim = {"metadata": {"name": "data"}, "spec": {}, "status": {"phase": "Bound", "conditions": said}}
    (found,) = volume_claims(["data"], [claim], [], {})
    assert (found.resizing_since and format_time(found.resizing_since)) == since
