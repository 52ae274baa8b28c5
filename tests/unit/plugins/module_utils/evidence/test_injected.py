# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.injected import not_injected
from ansible_collections.devops.incident_response.plugins.module_utils.model.workload import NotInjected

TEMPLATE = {"spec": {"initContainers": [{"name": "migrate"}], "containers": [{"name": "app"}]}}


def pod(
    name: str, *containers: str, sidecar: str | None = None, revision: str = "a", phase: str = "Running", **meta: Any
) -> dict[str, Any]:
    inits = [{"name": "istio-init"}, *([{"name": sidecar, "restartPolicy": "Always"}] if sidecar else [])]
    spec = {"containers": [{"name": one} for one in ("app", *containers)], "initContainers": inits}
    return {"metadata": {"name": name, "labels": {"pod-template-hash": revision}, **meta}, "spec": spec, "status": {"phase": phase}}


@pytest.mark.parametrize(
    ("pods", "lacking"),
    [
        ([pod("1", "proxy"), pod("2", "proxy"), pod("3")], [NotInjected("proxy", ("3",), 2)]),
        ([pod("1", sidecar="proxy"), pod("2")], [NotInjected("proxy", ("2",), 1)]),
        ([pod("1", "proxy"), pod("2", sidecar="proxy")], []),
        ([pod("1", "proxy"), pod("2", "proxy")], []),
        ([pod("1"), pod("2")], []),
        ([pod("1", "proxy"), pod("2", revision="b")], []),
        ([pod("1", "proxy"), pod("2", phase="Failed")], []),
        ([pod("1", "proxy"), pod("2", deletionTimestamp="2026-11-25T17:00:00Z")], []),
        ([], []),
    ],
)
def test_who_lacks_what_others_were_given(pods: list[Any], lacking: list[NotInjected]) -> None:
    assert list(not_injected(TEMPLATE, pods)) == lacking
