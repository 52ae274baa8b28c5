# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.errors import IncidentResponseError
from ansible_collections.devops.incident_response.plugins.module_utils.model.service import WorkloadKind
from ansible_collections.devops.incident_response.plugins.module_utils.rollback.template import (
    CHANGE_CAUSE,
    digest,
    kept_template,
    normalised,
    patch_for,
)

PATH = "/metadata/annotations/kubernetes.io~1change-cause"


def workload(**annotations: str) -> dict[str, Any]:
    return {"metadata": {"uid": "u-1", "resourceVersion": "42", "annotations": annotations}, "spec": {"template": {"spec": {"x": 2}}}}


def replica_set(**annotations: str) -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": "a", "pod-template-hash": "6d4f"}, "creationTimestamp": None}, "spec": {"x": 1}}
    return {"metadata": {"name": "a-6d4f", "annotations": annotations}, "spec": {"template": template}}


def controller_revision(**annotations: str) -> dict[str, Any]:
    data = {"spec": {"template": {"$patch": "replace", "metadata": {"labels": {"app": "a"}}, "spec": {"x": 1}}}}
    return {"metadata": {"name": "a-77", "annotations": annotations}, "data": data}


def test_the_patch_of_a_deployment_applies_to_one_object_in_one_state_and_changes_one_thing() -> None:
    content_type, patch = patch_for(WorkloadKind.DEPLOYMENT, workload(other="stays"), replica_set())
    assert content_type == "application/json-patch+json"
    assert patch == [
        {"op": "test", "path": "/metadata/uid", "value": "u-1"},
        {"op": "test", "path": "/metadata/resourceVersion", "value": "42"},
        {"op": "replace", "path": "/spec/template", "value": {"metadata": {"labels": {"app": "a"}}, "spec": {"x": 1}}},
    ]


@pytest.mark.parametrize(
    ("now", "then", "expected"),
    [
        ({CHANGE_CAUSE: "new"}, {CHANGE_CAUSE: "old"}, [{"op": "add", "path": PATH, "value": "old"}]),
        ({"other": "x"}, {CHANGE_CAUSE: "old"}, [{"op": "add", "path": PATH, "value": "old"}]),
        ({}, {CHANGE_CAUSE: "old"}, [{"op": "add", "path": "/metadata/annotations", "value": {CHANGE_CAUSE: "old"}}]),
        ({CHANGE_CAUSE: "new"}, {}, [{"op": "remove", "path": PATH}]),
        ({}, {}, []),
    ],
)
def test_the_change_cause_is_the_targets_own(now: dict[str, str], then: dict[str, str], expected: list[dict[str, Any]]) -> None:
    _unused, patch = patch_for(WorkloadKind.DEPLOYMENT, workload(**now), replica_set(**then))
    assert patch[3:] == expected


@pytest.mark.parametrize("kind", [WorkloadKind.STATEFUL_SET, WorkloadKind.DAEMON_SET])
def test_other_kinds_get_their_revision_as_it_was_kept(kind: WorkloadKind) -> None:
    revision = controller_revision(**{CHANGE_CAUSE: "old"})
    content_type, patch = patch_for(kind, workload(**{CHANGE_CAUSE: "new"}), revision)
    assert content_type == "application/strategic-merge-patch+json"
    assert patch == {
        **revision["data"],
        "metadata": {"uid": "u-1", "resourceVersion": "42", "annotations": {CHANGE_CAUSE: "old"}},
    }
    assert patch_for(kind, workload(**{CHANGE_CAUSE: "new"}), controller_revision())[1]["metadata"]["annotations"] == {CHANGE_CAUSE: None}
    assert "annotations" not in patch_for(kind, workload(), controller_revision())[1]["metadata"]


def test_a_kept_template_is_as_the_workload_would_have_it() -> None:
    expected = {"metadata": {"labels": {"app": "a"}}, "spec": {"x": 1}}
    assert kept_template(WorkloadKind.DEPLOYMENT, replica_set()) == expected
    assert kept_template(WorkloadKind.DAEMON_SET, controller_revision()) == expected


def test_a_revision_without_a_template_is_said_to_have_none() -> None:
    with pytest.raises(IncidentResponseError, match="a-77 holds no pod template"):
        kept_template(WorkloadKind.STATEFUL_SET, {"metadata": {"name": "a-77"}, "data": {"spec": {}}})


def test_what_says_nothing_about_pods_makes_no_difference_and_what_does_does() -> None:
    plain = {"metadata": {"labels": {"app": "a"}}, "spec": {"volumes": [{"name": "v", "emptyDir": {}}]}}
    same = {
        "$patch": "replace",
        "metadata": {"creationTimestamp": None, "labels": {"app": "a", "pod-template-hash": "1"}},
        "spec": {"volumes": [{"emptyDir": {}, "name": "v"}], "nodeName": None},
    }
    assert normalised(same) == plain
    assert digest(same) == digest(plain)
    assert digest({**plain, "spec": {"volumes": [{"name": "v"}]}}) != digest(plain)
