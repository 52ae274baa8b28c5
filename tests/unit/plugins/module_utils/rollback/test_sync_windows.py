# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.clients.cluster import ClusterClient
from ansible_collections.devops.incident_response.plugins.module_utils.clients.cluster_errors import Forbidden
from ansible_collections.devops.incident_response.plugins.module_utils.rollback.sync_windows import held_by_windows, told_of

NOON = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
APPLICATION = {
    "metadata": {"name": "payments", "namespace": "argocd"},
    "spec": {"project": "shop", "destination": {"name": "in-cluster", "namespace": "production"}},
}


class Projects:
    """Answers with these projects, by their namespaces."""

    def __init__(self, **windows: list[dict[str, Any]]) -> None:
        self.windows = windows

    def get(self, _path: str, query: dict[str, str]) -> dict[str, Any]:
        assert query == {"fieldSelector": "metadata.name=shop"}
        return {
            "items": [
                {"metadata": {"name": "shop", "namespace": space}, "spec": {"syncWindows": windows}}
                for space, windows in self.windows.items()
            ]
        }


class NotAllowed(Projects):
    def get(self, path: str, query: dict[str, str]) -> dict[str, Any]:
        raise Forbidden(f"GET {path}: not allowed (403)", 403)


def as_client(projects: Projects) -> ClusterClient:
    return cast("ClusterClient", projects)


def window(kind: str, schedule: str, duration: str = "8h", **more: Any) -> dict[str, Any]:
    return {"kind": kind, "schedule": schedule, "duration": duration, "applications": ["*"], **more}


def until(*windows: dict[str, Any], at: datetime = NOON) -> str | None:
    """``may`` where it may sync."""
    held = held_by_windows(as_client(Projects(argocd=list(windows))), APPLICATION, at)
    return "may" if held is None else f"{held.until:%d %H:%M}" if held.until else None


@pytest.mark.parametrize(
    ("windows", "said"),
    [
        ([], "may"),
        ([window("deny", "0 10 * * *")], "26 18:00"),
        ([window("deny", "0 10 * * *", "2h")], "may"),  # it has just ended
        ([window("deny", "0 14 * * *")], "may"),
        ([window("allow", "0 10 * * *")], "may"),
        ([window("allow", "0 22 * * *")], "26 22:00"),
        ([window("allow", "0 10 * * *"), window("deny", "30 11 * * *", "1h30m")], "26 13:00"),
        ([window("allow", "0 22 * * *"), window("allow", "0 11 * * *")], "may"),
        ([window("deny", "0 10 * * *"), window("allow", "0 23 * * *", "1h")], "26 23:00"),
        ([window("deny", "0 10 * * *"), window("deny", "0 17 * * *")], "27 01:00"),
        ([window("deny", "0 * * * *", "2h")], None),  # one begins before the other ends
        ([window("deny", "0 5 * * *", timeZone="America/New_York")], "26 18:00"),
    ],
)
def test_from_when_on_it_may_sync(windows: list[dict[str, Any]], said: str | None) -> None:
    assert until(*windows) == said


@pytest.mark.parametrize(
    ("about", "held"),
    [
        ({"applications": ["pay*"]}, True),
        ({"applications": ["ledger"]}, False),
        ({"namespaces": ["prod*"]}, True),
        ({"clusters": ["in-cluster"]}, True),
        ({"applications": ["ledger"], "namespaces": ["production"]}, True),
        ({"applications": ["ledger"], "namespaces": ["production"], "andOperator": True}, False),
        ({"applications": ["payments"], "namespaces": ["production"], "andOperator": True}, True),
        ({}, False),
    ],
)
def test_which_windows_are_about_an_application(about: dict[str, Any], held: bool) -> None:
    deny = {key: value for key, value in window("deny", "0 10 * * *").items() if key != "applications"}
    assert (until({**deny, **about}) != "may") is held


def test_by_hand_only_where_every_window_lets_it_through() -> None:
    by_hand, not_so = window("deny", "0 10 * * *", manualSync=True), window("deny", "0 11 * * *")
    for windows, found in (([by_hand], True), ([by_hand, not_so], False)):
        held = held_by_windows(as_client(Projects(argocd=windows)), APPLICATION, NOON)
        assert held is not None
        assert held.by_hand is found


@pytest.mark.parametrize(
    ("projects", "why"),
    [
        (NotAllowed(), "not allowed (403)"),
        (Projects(), "its project shop is not in this cluster"),
        (Projects(one=[], two=[]), "its project shop is there more than once"),
        (Projects(argocd=[window("deny", "@weekly")]), "its sync window 'deny @weekly for 8h' can't be understood"),
        (Projects(argocd=[window("deny", "0 10 * * *", "a day")]), "'a day' is no duration"),
        (Projects(argocd=[window("deny", "0 10 * * *", timeZone="Mars/Olympus")]), "can't be understood"),
    ],
)
def test_what_is_not_known_has_a_reason(projects: Projects, why: str) -> None:
    held, unknown = told_of(as_client(projects), APPLICATION, NOON)
    assert held is None
    assert why in (unknown or "")


def test_projects_are_in_argo_cds_own_namespace() -> None:
    assert told_of(as_client(Projects(elsewhere=[window("deny", "0 10 * * *")])), APPLICATION, NOON)[0] is not None
    held, unknown = told_of(as_client(Projects(elsewhere=[window("deny", "0 10 * * *")], argocd=[])), APPLICATION, NOON)
    assert (held, unknown) == (None, None)
