# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The score's observations, drawn from the evidence."""

from __future__ import annotations

from .confidence import Observations
from .situation import Situation


def observe(facts: Situation) -> Observations:
    """What the rollback score needs, with the reason for each piece that is missing."""
    errors, latency = facts.signal("error_rate"), facts.signal("latency_p95")
    without = facts.diagnostics.metrics.reason or "no such signal"
    reasons = {
        "deployment_age": facts.diagnostics.rollouts.reason or "when the current revision was rolled out is not known",
        "error_rate": f"error rate unknown: {(errors.reason if errors else None) or without}",
        "error_rate_baseline": f"error rate has no baseline: {(errors.reason if errors else None) or without}",
        "latency": f"latency unknown: {(latency.reason if latency else None) or without}",
        "latency_baseline": f"latency has no baseline: {(latency.reason if latency else None) or without}",
        "stable_for": _why_no_stability(facts),
    }
    return Observations(
        deployment_age=facts.age,
        error_rate=errors.value if errors else None,
        error_rate_baseline=errors.baseline if errors else None,
        latency=latency.value if latency else None,
        latency_baseline=latency.baseline if latency and not (latency.at_least and latency.ratio is None) else None,
        stable_for=facts.target.stable_for if facts.target else None,
        reasons=reasons,
    )


def _why_no_stability(facts: Situation) -> str:
    if facts.rollouts is None:
        return facts.diagnostics.rollouts.reason or "the rollout history is not known"
    if facts.target is None:
        return "there is no earlier revision to return to"
    return f"since when, or until when, {facts.target.version or facts.target.number} was active is not known"
