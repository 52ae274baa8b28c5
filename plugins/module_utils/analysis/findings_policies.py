# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings about NetworkPolicies: whom they shut out."""

from __future__ import annotations

from collections.abc import Iterator

from ..model.evidence import Source
from ..model.finding import Finding, Level
from ..model.surroundings import Isolation
from ..model.workload import WorkloadState

_MOST = 3
_VERBS = {"from_nobody": "lets in", "to_nobody": "lets the pods out to"}


def isolation_findings(state: WorkloadState) -> Iterator[Finding]:
    """One for each thing that policies keep from coming or going; a note where it is for nobody who is there."""
    around = state.surroundings
    for isolation in around.isolation:
        named = f"NetworkPolicy {', '.join(isolation.policies[:_MOST])}"
        if isolation.direction in _VERBS:
            yield _unmet(isolation, named)
        elif isolation.direction == "none":
            detail = f"{state.name} is not bound by it: compare its selector with their labels"
            yield _finding(Level.WARNING, f"{named} selects no pods", detail)
        elif isolation.direction == "port":
            title = f"{named} lets nothing in to the port of Service {isolation.service}"
            yield _finding(Level.WARNING, title, "The ports that it allows are others than those that the Service sends to")
        elif isolation.direction == "dns":
            detail = "Of what they may send out, nothing goes to port 53 (UDP) outside of their namespace: names can't be resolved"
            yield _finding(Level.WARNING, f"{named} lets the pods ask no DNS server", detail)
        elif isolation.direction == "outgoing" or any(one.selects for one in around.services):
            title = f"{named} denies all {isolation.direction} traffic of the pods"
            yield _finding(Level.WARNING, title, "No policy that selects them allows any")


def _unmet(isolation: Isolation, named: str) -> Finding:
    title = f"{named} {_VERBS[isolation.direction]} {isolation.peers}, and there are none"
    if not isolation.certain:
        return _finding(Level.OK, title, "Whoever is meant is not there now, or has other labels")
    if isolation.instead is None:
        return _finding(
            Level.WARNING, title, f"Nobody else may call Service {isolation.service}: compare the selector with who is to call it"
        )
    return _finding(Level.WARNING, title, f"{isolation.instead}: compare the selector with the labels of who is meant")


def _finding(level: Level, title: str, detail: str) -> Finding:
    return Finding("workload.network_policy", Source.WORKLOAD, level, title, detail)
