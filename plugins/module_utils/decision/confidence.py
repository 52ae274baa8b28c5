# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How well the evidence fits "the deployment did it and a rollback will mend it": a score of 0 to 100."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import field

from ..lean import dataclass
from ..model.confidence import Confidence, Factor
from ..units import describe_duration, format_duration, format_ratio, format_value
from .scoring import DEFAULT_SCORING, FactorScale, Scoring


@dataclass(frozen=True, slots=True)
class Observations:
    """What the score is made of. None is missing evidence; ``reasons`` then says why, by field name.

    ``deployment_age`` and ``stable_for`` are seconds, rates are shares (0.45), latencies are seconds.
    """

    deployment_age: float | None = None
    error_rate: float | None = None
    error_rate_baseline: float | None = None
    latency: float | None = None
    latency_baseline: float | None = None
    stable_for: float | None = None
    reasons: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Observed:
    """``value`` is what is scored: seconds, or a multiple of the baseline (infinite where there was nothing before)."""

    value: float | None
    reason: str


def score(observations: Observations, scoring: Scoring = DEFAULT_SCORING) -> Confidence:
    """The score with its factors.

    A missing factor has no points and is named in ``missing``; ``possible`` is the score if every missing one had its most points.
    Where there were no errors before and there are now, their multiple is infinite, and above every band.
    """
    observed = {
        "deployment_age": _age(observations),
        "error_rate": _error_multiple(observations),
        "latency": _latency_multiple(observations),
        "stable_target": _stability(observations),
    }
    factors = tuple(_factor(scale, observed[scale.name]) for scale in scoring.factors)
    total = sum(factor.points or 0 for factor in factors)
    missing = tuple(factor.name for factor in factors if factor.points is None)
    level = scoring.level(total)
    return Confidence(
        score=total,
        possible=total + sum(factor.max for factor in factors if factor.points is None),
        factors=factors,
        level=level.level,
        verdict=level.verdict,
        missing=missing,
    )


def _factor(scale: FactorScale, observed: _Observed) -> Factor:
    if observed.value is None:
        return Factor(scale.name, scale.title, None, scale.max, None, observed.reason)
    # An infinite multiple is not a JSON number: it stays in the reason.
    shown = observed.value if math.isfinite(observed.value) else None
    return Factor(scale.name, scale.title, scale.points(observed.value), scale.max, shown, observed.reason)


def _age(given: Observations) -> _Observed:
    age = _known(given.deployment_age)
    if age is None:
        return _Observed(None, given.reasons.get("deployment_age", "the age of the deployment is not known"))
    return _Observed(max(age, 0.0), f"deployed {format_duration(age)} ago")


def _stability(given: Observations) -> _Observed:
    stable_for = _known(given.stable_for)
    if stable_for is None:
        return _Observed(None, given.reasons.get("stable_for", "how long the target version was stable is not known"))
    return _Observed(stable_for, f"target was stable for {describe_duration(stable_for)}")


def _error_multiple(given: Observations) -> _Observed:
    now, before = _known(given.error_rate), _known(given.error_rate_baseline)
    if now is None:
        return _Observed(None, given.reasons.get("error_rate", "the error rate is not known"))
    if before is None:
        return _Observed(None, given.reasons.get("error_rate_baseline", "the error rate has no baseline"))
    return _multiple(now, before, "share", "there were no errors before")


def _latency_multiple(given: Observations) -> _Observed:
    now, before = _known(given.latency), _known(given.latency_baseline)
    if now is None:
        return _Observed(None, given.reasons.get("latency", "the latency is not known"))
    if before is None or before <= 0:
        return _Observed(None, given.reasons.get("latency_baseline", "the latency has no baseline"))
    return _multiple(now, before, "seconds", "")


def _multiple(now: float, before: float, unit: str, from_nothing: str) -> _Observed:
    shown = f"{format_value(now, unit)} against {format_value(before, unit)}"
    if before > 0:
        # Rounded so that ten times is ten times: 0.07 / 0.007 and its like are off by a last digit.
        return _Observed(round(now / before, 9), f"{shown}: {format_ratio(now / before)}")
    return _Observed(math.inf, f"{shown}: {from_nothing}") if now > 0 else _Observed(1.0, f"{shown}: no errors then and now")


def _known(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
