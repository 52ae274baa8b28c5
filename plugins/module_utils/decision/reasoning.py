# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sentences that a recommendation stands on."""

from __future__ import annotations

from collections.abc import Iterator

from ..analysis.monitoring import error_rate_limit
from ..analysis.stability import PROVEN_AFTER
from ..analysis.wording import version_of
from ..model.metrics import CLIENT_ERROR_RATE
from ..model.recommendation import Action, Guard, Hypothesis
from ..units import describe_duration, format_duration, format_value
from .deployment import leak_since_deployment
from .rivals import correlated_signals, is_prompt, origin_elsewhere, slow_peer
from .situation import Situation, saturated, unreachable

_HIGH_RADIUS, _MEDIUM_RADIUS = 0.2, 0.05
"""Shares of failed requests, or of failing pods."""
_HALF_HOUR = 1800.0
"""How exactly one can say for how long something has been growing."""
_RESOURCES = {"bytes": "memory", "connections": "connections"}


def reasoning(action: Action, leader: Hypothesis | None, guards: tuple[Guard, ...], facts: Situation) -> tuple[str, ...]:
    """Why this action: the facts in short, then what forbids a rollback."""
    if action is Action.NONE:
        known = facts.symptoms
        return (f"Error rate: {known.error_detail}", f"Latency P95: {known.latency_detail}", f"Pods: {known.crash_detail}")
    if action is Action.ROLLBACK:
        lines = list(_rollback(leader, facts))
    elif action is Action.MONITOR:
        lines = list(_monitor(facts))
    elif leader is not None and leader.cause == "dependency":
        lines = list(_dependency(facts))
    else:
        lines = list(leader.evidence_for if leader else ())
    told = " ".join(lines)
    lines += [f"{guard.title}: {guard.detail}" for guard in guards if _worth_saying(guard, action, told)]
    return tuple(dict.fromkeys(lines))


def _worth_saying(guard: Guard, action: Action, told: str) -> bool:
    if guard.name == "no_recent_deployment":
        return "No recent deployment" not in told
    return guard.forbids or (action is Action.ROLLBACK and guard.name in ("metrics_unavailable", "earlier_deployment", "migrations"))


def correlation(leader: Hypothesis | None, facts: Situation) -> str:
    """``Strong (2 min before incident, which began 55s after the rollout)``: how the deployment stands to the incident in time."""
    confidence = leader.confidence if leader and leader.cause == "deployment" else 0
    strength = "Strong" if confidence >= 80 and is_prompt(facts) else "Medium" if confidence >= 50 else "Weak"
    if facts.delay is None:
        age = f"deployed {format_duration(facts.age)} ago, " if facts.age is not None else ""
        return f"{strength} ({age}the onset is not known)"
    what = "refusals" if facts.symptoms.about == {CLIENT_ERROR_RATE} else "errors"
    began = f"{what} began {format_duration(abs(facts.delay))} {'after' if facts.delay >= 0 else 'before'} it"
    if facts.age is not None and is_prompt(facts):
        return f"{strength} ({_minutes(facts.age)} before incident, {began})" if facts.age < 900 else f"{strength} ({began})"
    return f"{strength} ({began})"


def _minutes(seconds: float) -> str:
    return f"{int(seconds // 60)} min" if seconds >= 60 else format_duration(seconds)


def _rollback(leader: Hypothesis | None, facts: Situation) -> Iterator[str]:
    yield f"Deployment correlation: {correlation(leader, facts)}"
    yield f"Blast radius: {_blast_radius(facts)}"
    target = facts.target
    if target is not None:
        if target.stable_for is None:
            yield f"Known good state: how long {version_of(target)} was stable is not known"
        else:
            good = "Known good state" if target.stable_for >= PROVEN_AFTER else "State to return to"
            yield f"{good}: {version_of(target)} stable for {describe_duration(target.stable_for)}"
    if leader is not None:
        yield f"Root cause: {leader.title}"


def _blast_radius(facts: Situation) -> str:
    errors, state = facts.signal("error_rate"), facts.workload
    refused = facts.signal(CLIENT_ERROR_RATE) if facts.symptoms.refusing and not facts.symptoms.high_errors else None
    if refused is not None and refused.value is not None:
        share, told = refused.value, f"{format_value(refused.value, 'share')} of requests refused with 4xx"
    elif errors is not None and errors.value is not None:
        share, told = errors.value, f"{format_value(errors.value, 'share')} error rate"
    elif state is not None and state.desired:
        share, told = len(facts.failing) / state.desired, f"{len(facts.failing)}/{state.desired} pods failing, error rate unknown"
    else:
        return "Unknown (neither error rate nor pods are known)"
    return f"{'High' if share >= _HIGH_RADIUS else 'Medium' if share >= _MEDIUM_RADIUS else 'Low'} ({told})"


def _monitor(facts: Situation) -> Iterator[str]:
    errors = facts.signal("error_rate")
    if facts.symptoms.severe:
        yield f"Deployment correlation: {correlation(None, facts)}"
    else:
        yield "Degradation is moderate (not critical)"
        yield "Errors and latency are below the level of an outage"
    if leak_since_deployment(facts):
        memory = facts.signal("memory")
        yield f"Possible {'memory' if memory and memory.onset else 'resource'} leak pattern (gradual increase)"
    limit = error_rate_limit(errors.baseline if errors else None, facts.diagnostics.service)
    if errors is None or errors.value is None or errors.value < limit:
        yield f"Recommendation: Set up automated rollback if error rate > {format_value(limit, 'share')}"


def _dependency(facts: Situation) -> Iterator[str]:
    if not facts.implicated and facts.age is not None:
        yield "No recent deployments"
    elif facts.began_before and facts.delay is not None:
        yield f"It began {format_duration(-facts.delay)} before the last deployment"
    origin = origin_elsewhere(facts)
    if origin is not None:
        yield f"Errors begin in {origin[0]}"
    slow = slow_peer(facts)
    if slow is not None and slow.peer is not None:
        yield f"{slow.peer.name} {slow.told}"
    for worst in facts.unhealthy_dependencies[:1]:
        for signal in correlated_signals(facts, worst)[:1]:
            latency = facts.signal("latency_p95")
            yield f"{signal.title} spike correlates with {'latency' if latency and latency.onset else 'errors'}"
        if saturated(worst) and not unreachable(worst) and worst.used is not None and worst.capacity:
            resource = _RESOURCES.get(worst.unit or "", worst.unit or "usage")
            yield f"{worst.title} {resource} approaching limit ({format_value(worst.used / worst.capacity, 'share')})"
        else:
            yield f"{worst.title}: {worst.detail}"
    if facts.gradual and facts.onset.at is not None:
        since = (facts.now - facts.onset.at).total_seconds()
        yield f"Gradual degradation over {describe_duration(max(since // _HALF_HOUR, 1) * _HALF_HOUR)}"
