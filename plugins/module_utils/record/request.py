# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of a run, checked before anything is touched.

Values come from ``-e``, from a survey, or from an alert: nearly always text, and never to be trusted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import IncidentResponseError, InvalidOptionError
from ..lean import dataclass
from ..model.incident import Severity
from ..model.mitigation import MitigationAction
from ..names import check_name, check_reference, check_version
from ..units import parse_duration
from .policy import severity_from

OPTIONS = (
    *("severity", "service", "namespace", "symptoms", "timeframe", "analyze_deployment"),
    *("rollback", "target", "post_mortem", "dry_run", "use_logs_only", "incident_id"),
    *("remedy", "replicas"),
)
DEFAULT_TIMEFRAME = "4h"
REMEDIES = tuple(action.value for action in MitigationAction)

_LONGEST_TIMEFRAME = 30 * 86400.0
_MOST_SYMPTOMS = 20
_LONGEST_SYMPTOM = 500
_TRUE = frozenset({"true", "yes", "on", "y", "t", "1"})
_FALSE = frozenset({"false", "no", "off", "n", "f", "0"})


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for. ``namespace`` is None where the catalogue or the default decides; ``timeframe`` is as it was written.

    ``rollback`` and ``post_mortem`` are None where the severity's policy decides.
    """

    service: str
    severity: Severity | None
    namespace: str | None
    symptoms: tuple[str, ...]
    timeframe: str
    analyze_deployment: str | None
    rollback: bool | None
    target: str | None
    post_mortem: bool | None
    dry_run: bool
    use_logs_only: bool
    incident_id: str | None
    remedy: str | None = None
    replicas: int | None = None


def request_from(given: Mapping[str, Any], requires: tuple[str, ...] = ()) -> Request:
    """The request that the raw option values ``given`` make. An empty value counts as not given, as surveys send it.

    ``requires`` are the options, besides ``service``, that this run can't do without. Raises InvalidOptionError for a wrong value and
    IncidentResponseError for a missing one, each naming the option.
    """
    values = {name: given[name] for name in OPTIONS if given.get(name) not in (None, "", [])}
    for name, value in values.items():
        _refuse_template(name, value)
    for name in ("service", *requires):
        if name not in values:
            raise IncidentResponseError(f"Option '{name}' is required: {_HOW_TO_GIVE[name]}.", option=name)
    severity = severity_from(values["severity"]) if "severity" in values else None
    rollback = _boolean(values, "rollback")
    if rollback and "target" not in values:
        raise IncidentResponseError(f"Option 'target' is required with rollback=true: {_HOW_TO_GIVE['target']}.", option="target")
    return Request(
        service=check_name(values["service"], "service"),
        severity=severity,
        namespace=check_name(values["namespace"], "namespace") if "namespace" in values else None,
        symptoms=_symptoms(values.get("symptoms", ())),
        timeframe=_timeframe(values.get("timeframe", DEFAULT_TIMEFRAME)),
        analyze_deployment=_version(values, "analyze_deployment"),
        rollback=rollback,
        target=check_reference(values["target"], "target") if "target" in values else None,
        post_mortem=_boolean(values, "post_mortem"),
        dry_run=_boolean(values, "dry_run") or False,
        use_logs_only=_boolean(values, "use_logs_only") or False,
        incident_id=_version(values, "incident_id"),
        remedy=_remedy(values.get("remedy")),
        replicas=_replicas(values.get("replicas")),
    )


_HOW_TO_GIVE = {
    "service": "name the affected service, for example -e service=payment-api",
    "severity": "say how bad it is, for example -e severity=critical (or high, medium, low, P0 to P3)",
    "target": "name the version to go back to, for example -e target=v2.3.0 (or previous, latest-stable, a revision number)",
    "analyze_deployment": "name the version to look at, for example -e analyze_deployment=v3.1.5",
    "remedy": "name what to do, for example -e remedy=restart (or scale, pause_autoscaling, suspend_gitops, maintenance)",
}


def _refuse_template(name: str, value: Any) -> None:
    """Symptoms are text, whatever is in them. A name that is a template is a mistake, or somebody trying."""
    if name != "symptoms" and isinstance(value, str) and ("{{" in value or "{%" in value):
        raise InvalidOptionError(name, value, "the value itself; templates are not evaluated here")


def _boolean(values: Mapping[str, Any], name: str) -> bool | None:
    value = values.get(name)
    if value is None or isinstance(value, bool):
        return value
    text = str(value).strip().lower()
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    raise InvalidOptionError(name, value, "true or false")


def _timeframe(value: Any) -> str:
    if parse_duration(value, "timeframe") > _LONGEST_TIMEFRAME:
        raise InvalidOptionError("timeframe", value, "at most 30d")
    return str(value).strip()


def _version(values: Mapping[str, Any], name: str) -> str | None:
    return check_version(values[name], name) if name in values else None


def _remedy(value: Any) -> str | None:
    if value is None:
        return None
    if value in REMEDIES:
        return str(value)
    raise InvalidOptionError("remedy", value, " or ".join((", ".join(REMEDIES[:-1]), REMEDIES[-1])))


def _replicas(value: Any) -> int | None:
    if value is None:
        return None
    if not isinstance(value, bool) and str(value).strip().isdecimal():
        return int(str(value))
    raise InvalidOptionError("replicas", value, "the number of pods that there should be, 0 or more")


def _symptoms(value: Any) -> tuple[str, ...]:
    """Texts; one text is split at its commas. Too much of it is cut: an alert's long description must not stop a response."""
    entries = value.split(",") if isinstance(value, str) else value
    if not isinstance(entries, (list, tuple)):
        raise InvalidOptionError("symptoms", value, 'a text such as "500 errors, high latency", or a list of texts')
    texts = [" ".join(str(entry).split()) for entry in entries[:_MOST_SYMPTOMS]]
    return tuple(text if len(text) <= _LONGEST_SYMPTOM else f"{text[: _LONGEST_SYMPTOM - 1]}…" for text in texts if text)
