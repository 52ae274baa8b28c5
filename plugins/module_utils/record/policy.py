# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A severity's policy, read from what a team writes in its inventory."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from ..errors import IncidentResponseError, InvalidOptionError
from ..model.codec import DocumentError, from_result
from ..model.incident import Policy, Severity
from ..units import parse_duration

_DURATIONS = ("update_interval", "mttr_target")
_ROLLBACK = ("automatic", "approval", "never")
_SEVERITIES = {name: severity for severity in Severity for name in (severity.value.lower(), severity.word.lower())}


def severity_from(value: object) -> Severity:
    """``critical``, ``high``, ``medium``, ``low`` or ``P0`` to ``P3``, in any case. InvalidOptionError for anything else."""
    severity = _SEVERITIES.get(str(value).strip().lower())
    if severity is None:
        raise InvalidOptionError("severity", value, "critical, high, medium, low or P0 to P3")
    return severity


def policy_from(given: Mapping[str, Any]) -> Policy:
    """The policy with the fields ``given``; durations may be seconds or text such as ``10m``. InvalidOptionError names the field."""
    fields = {field.name for field in dataclasses.fields(Policy)}
    for name in given:
        if name not in fields:
            raise InvalidOptionError(f"policy.{name}", given[name], f"one of the fields {', '.join(sorted(fields))}")
    document = {"update_interval": None, "mttr_target": None, **given}
    for name in _DURATIONS:
        if isinstance(document[name], str):
            document[name] = parse_duration(document[name], f"policy.{name}")
    try:
        policy = from_result(Policy, document)
    except DocumentError as error:
        raise IncidentResponseError(f"Option 'policy' is not accepted: {error.message}") from error
    if policy.rollback not in _ROLLBACK:
        raise InvalidOptionError("policy.rollback", policy.rollback, ", ".join(_ROLLBACK))
    if not 0 <= policy.automatic_rollback_score <= 100:
        raise InvalidOptionError("policy.automatic_rollback_score", policy.automatic_rollback_score, "a score from 0 to 100")
    return policy
