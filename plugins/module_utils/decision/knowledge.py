# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a recommendation was seen, what was concluded from it, and what nobody knows."""

from __future__ import annotations

from collections.abc import Iterator

from ..analysis.wording import signal_baseline, signal_value, version_of
from ..model.evidence import EvidenceStatus
from ..model.finding import Level
from ..model.metrics import CLIENT_ERROR_RATE
from ..model.recommendation import Hypothesis
from ..units import format_duration, format_moment
from .situation import Situation


def known(facts: Situation) -> tuple[str, ...]:
    """What the sources saw, each a sentence."""
    return tuple(_known(facts))


def inferred(leader: Hypothesis | None, facts: Situation) -> tuple[str, ...]:
    """What follows from it with some probability, and may be wrong."""
    return tuple(_inferred(leader, facts))


def unknown(facts: Situation) -> tuple[str, ...]:
    """What the decision had to do without, with the reason."""
    return tuple(_unknown(facts))


def _known(facts: Situation) -> Iterator[str]:
    felt = facts.symptoms
    if felt.high_errors is not None:
        yield f"Error rate: {felt.error_detail}"
    refused = facts.signal(CLIENT_ERROR_RATE)
    if felt.refusing and refused is not None:
        yield f"{refused.title}: {signal_value(refused)} (baseline {signal_baseline(refused)}), of requests that used to be answered"
    if felt.high_latency is not None:
        yield f"Latency P95: {felt.latency_detail}"
    if felt.crashes is not None:
        yield f"Pods: {felt.crash_detail}"
    if facts.suspect is not None and facts.age is not None:
        yield f"{version_of(facts.suspect)} was deployed {format_duration(facts.age)} ago"
    if facts.onset.at is not None and facts.onset.inferred is None:
        yield f"It began at {format_moment(facts.onset.at)} (± {format_duration(facts.onset.tolerance)})"
    for dependency in facts.unhealthy_dependencies:
        yield f"{dependency.title}: {dependency.detail}"
    probed = facts.diagnostics.dependencies.data
    for dependency in probed.health if probed else ():
        excused = dependency not in facts.unhealthy_dependencies and facts.answers_as_ever(dependency)
        if excused and dependency.level in (Level.WARNING, Level.CRITICAL):
            yield f"{dependency.title}: {dependency.detail}, as a probe found; traces show that it answers the service as ever"


def _inferred(leader: Hypothesis | None, facts: Situation) -> Iterator[str]:
    if leader is not None and leader.cause != "unknown":
        yield f"Cause: {leader.title} ({leader.confidence}%)"
    if facts.onset.at is not None and facts.onset.inferred is not None:
        yield f"It began at {format_moment(facts.onset.at)}, by {facts.onset.inferred}"
    if facts.earlier_suspect and facts.suspect is not None:
        yield f"It came with {version_of(facts.suspect)} and not with the version that runs now, by the time at which it began"


def _unknown(facts: Situation) -> Iterator[str]:
    seen = facts.diagnostics
    for evidence in (seen.workload, seen.rollouts, seen.metrics, seen.logs, seen.traces, seen.dependencies, seen.changes):
        if evidence.status is not EvidenceStatus.OK:
            yield f"{evidence.source.value}: {evidence.reason or evidence.status.value}"
    if facts.onset.at is None and facts.symptoms.any:
        yield "when it began"
