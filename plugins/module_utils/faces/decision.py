# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The score and the recommendation, from the options of their modules. The modules and their actions share these."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ..decision.confidence import Observations, score
from ..decision.observations import observe
from ..decision.policy import CAUTIOUS_POLICY
from ..decision.recommendation import recommend
from ..decision.scoring import scoring_from
from ..decision.situation import Attempt, Options, situation
from ..errors import IncidentResponseError, InvalidOptionError
from ..model.codec import DocumentError, from_result, to_result
from ..model.diagnostics import Diagnostics
from ..model.rollout import Revision
from ..record.policy import policy_from, severity_from
from ..rollback.target import resolve
from ..units import parse_duration
from .tree_file import decision_tree_from

CONFIDENCE: dict[str, Any] = {
    "deployment_age": {"type": "str"},
    "error_rate": {"type": "float"},
    "error_rate_baseline": {"type": "float"},
    "latency_p95": {"type": "str"},
    "latency_p95_baseline": {"type": "str"},
    "stable_for": {"type": "str"},
    "diagnostics": {"type": "dict"},
    "scoring": {"type": "dict"},
}
OBSERVATIONS = tuple(name for name in CONFIDENCE if name not in ("diagnostics", "scoring"))
CONFIDENCE_RULES: dict[str, Any] = {
    "mutually_exclusive": [["diagnostics", name] for name in OBSERVATIONS],
    "required_one_of": [["diagnostics", *OBSERVATIONS]],
}

RECOMMENDATION: dict[str, Any] = {
    "diagnostics": {"type": "dict", "required": True},
    "policy": {"type": "dict"},
    "severity": {"type": "str"},
    "rollback_allowed": {"type": "bool", "default": True},
    "use_logs_only": {"type": "bool", "default": False},
    "scoring": {"type": "dict"},
    "target": {"type": "str"},
    "decision_tree": {"type": "raw"},
    "attempts": {"type": "list", "elements": "dict"},
}


def confidence_result(params: Mapping[str, Any]) -> dict[str, Any]:
    """What ``rollback_confidence`` returns."""
    scoring = scoring_from(params.get("scoring"))
    if params.get("diagnostics") is not None:
        diagnostics = _diagnostics(params)
        given = observe(situation(diagnostics, diagnostics.collected_at, Options(scoring=scoring)))
    else:
        given = _observations(params)
    return {"changed": False, "confidence": to_result(score(given, scoring)), "scoring": to_result(scoring)}


def recommendation_result(params: Mapping[str, Any]) -> dict[str, Any]:
    """What ``recommendation`` returns. It speaks of the moment at which the diagnostics were collected."""
    diagnostics = _diagnostics(params)
    severity = severity_from(params["severity"]).value if params.get("severity") else None
    options = Options(
        severity=severity,
        rollback_allowed=params.get("rollback_allowed") is not False,
        use_logs_only=bool(params.get("use_logs_only")),
        scoring=scoring_from(params.get("scoring")),
        target=_target(params.get("target"), diagnostics),
        tree=decision_tree_from(params.get("decision_tree")),
        attempts=tuple(_attempt(one, index) for index, one in enumerate(params.get("attempts") or ())),
    )
    policy = policy_from({"page": [], **params["policy"]}) if params.get("policy") else CAUTIOUS_POLICY
    found = recommend(diagnostics, policy, diagnostics.collected_at, options)
    return {"changed": False, "recommendation": to_result(found), "scoring": to_result(options.scoring)}


def _diagnostics(params: Mapping[str, Any]) -> Diagnostics:
    try:
        return from_result(Diagnostics, params["diagnostics"])
    except DocumentError as error:
        raise IncidentResponseError(
            f"Option 'diagnostics' is not what diagnostics_info returns as 'diagnostics': {error.message}"
        ) from error


def _attempt(given: Mapping[str, Any], index: int) -> Attempt:
    try:
        return from_result(Attempt, given)
    except DocumentError as error:
        accepted = f"what incident returns as 'rollback_attempts' ({error.message.rstrip('.')})"
        raise InvalidOptionError(f"attempts[{index}]", given, accepted) from error


def _target(target: object, diagnostics: Diagnostics) -> Revision | None:
    """The revision that was asked for; None to choose. Without a rollout history the choice is the guards' to refuse."""
    rollouts = diagnostics.rollouts.data
    return resolve(str(target), rollouts) if target and rollouts is not None else None


def _observations(params: Mapping[str, Any]) -> Observations:
    return Observations(
        deployment_age=_seconds(params, "deployment_age"),
        error_rate=_share(params, "error_rate"),
        error_rate_baseline=_share(params, "error_rate_baseline"),
        latency=_seconds(params, "latency_p95"),
        latency_baseline=_seconds(params, "latency_p95_baseline"),
        stable_for=_seconds(params, "stable_for"),
        reasons={
            "deployment_age": "deployment_age is not given",
            "error_rate": "error_rate is not given",
            "error_rate_baseline": "error_rate_baseline is not given",
            "latency": "latency_p95 is not given",
            "latency_baseline": "latency_p95_baseline is not given, or zero",
            "stable_for": "stable_for is not given",
        },
    )


def _seconds(params: Mapping[str, Any], name: str) -> float | None:
    """Seconds in a number (also as text, as templates give it) or in a duration."""
    given = params.get(name)
    if given is None or given == "":
        return None
    try:
        seconds = float(given)
    except ValueError:
        return parse_duration(str(given), name)
    if not math.isfinite(seconds) or seconds < 0:
        raise InvalidOptionError(name, given, "seconds (0 or more), or a duration such as 15m")
    return seconds


def _share(params: Mapping[str, Any], name: str) -> float | None:
    given = params.get(name)
    if given is None:
        return None
    if not 0 <= given <= 1:
        raise InvalidOptionError(name, given, "a share from 0 to 1, such as 0.45 for 45 %")
    return float(given)
