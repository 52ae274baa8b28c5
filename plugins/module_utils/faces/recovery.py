# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of a look at the recovery, checked and typed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from ..errors import InvalidOptionError
from ..model.codec import DocumentError, from_result, parse_time, to_result
from ..model.metrics import CLIENT_ERROR_RATE
from ..record.redaction import redact
from ..rollback.recovery import SIGNALS, Limits, Patience, Verification
from ..rollback.recovery_logs import errors_of_the_incident
from ..rollback.verification import Sources, begin_verification, verify
from ..units import parse_duration
from .arguments import CLUSTER, PROMETHEUS, SERVICE
from .connections import cluster_from, prometheus_from, service_from
from .rollback import CLOCK, workload_from

RECOVERY: dict[str, Any] = {
    **CLUSTER,
    **PROMETHEUS,
    **SERVICE,
    "baseline": {"type": "dict"},
    "diagnostics": {"type": "dict"},
    "dependency_dsns": {"type": "dict", "no_log": True},
    "since": {"type": "str"},
    "began": {"type": "str"},
    "passes": {"type": "int", "default": 3, "no_log": False},
    "interval": {"type": "str", "default": "5s"},
    "timeout": {"type": "str", "default": "5m"},
    "factor": {"type": "float", "default": 1.5},
    "error_rate_tolerance": {"type": "float", "default": 0.005},
    "latency_tolerance": {"type": "float", "default": 0.05},
    "at_most": {"type": "float"},
    "following": {"type": "dict"},
}


def recovery_result(params: Mapping[str, Any]) -> dict[str, Any]:
    """What the module recovery_info returns."""
    patience, limits, verification = patience_from(params), limits_from(params), verification_from(params, CLOCK.now())
    if verification.kind is None:
        client, service = workload_from(params, reached=bool(params["since"]))
        verification = replace(verification, kind=service.workload_kind)
    else:
        client, service = cluster_from(params), replace(service_from(params), workload_kind=verification.kind)
    sources = Sources(client, prometheus_from(params), service)
    at_most = math.inf if params["at_most"] is None else params["at_most"]
    verified = verify(sources, verification, patience, limits, at_most, CLOCK)
    result = {
        "recovery": verified.recovery,
        "final": verified.final,
        "looks": verified.looks,
        "following": verified.verification,
    }
    return {"changed": False, **redact(to_result(result))}


def patience_from(params: Mapping[str, Any]) -> Patience:
    if params["passes"] < 1:
        raise InvalidOptionError("passes", params["passes"], "a whole number from 1")
    return Patience(params["passes"], parse_duration(params["interval"], "interval"), parse_duration(params["timeout"], "timeout"))


def limits_from(params: Mapping[str, Any]) -> Limits:
    if params["factor"] < 1:
        raise InvalidOptionError("factor", params["factor"], "a number from 1")
    for option in ("error_rate_tolerance", "latency_tolerance"):
        if params[option] < 0:
            raise InvalidOptionError(option, params[option], "a number from 0")
    given = {"error_rate": params["error_rate_tolerance"], "latency_p95": params["latency_tolerance"]}
    return Limits(params["factor"], {**Limits().tolerances, **given})


def verification_from(params: Mapping[str, Any], now: datetime) -> Verification:
    """Where an earlier run stopped, else a beginning."""
    if params["following"]:
        try:
            return from_result(Verification, params["following"])
        except DocumentError as error:
            raise InvalidOptionError("following", error.message, "what an earlier run returned as 'following'") from error
    since, began = (_moment(params, option) for option in ("since", "began"))
    diagnostics = params["diagnostics"] or {}
    baseline = {**_diagnosed(diagnostics, "baseline"), **_given(params["baseline"] or {})}
    names, answered = _names(diagnostics), _answered(diagnostics)
    values, gone = _diagnosed(diagnostics, "value"), errors_of_the_incident(diagnostics)
    return begin_verification(since, baseline, now, values, gone, names, answered, began)


def _moment(params: Mapping[str, Any], option: str) -> datetime | None:
    try:
        return parse_time(params[option]) if params[option] else None
    except ValueError:
        raise InvalidOptionError(option, params[option], "a time such as 2025-10-21T14:27:25Z") from None


def _given(baseline: Mapping[str, Any]) -> dict[str, float]:
    known = {}
    for name, value in baseline.items():
        if name not in SIGNALS:
            raise InvalidOptionError("baseline", name, f"the signals {' and '.join(SIGNALS)}")
        if value is None:
            continue
        try:
            known[name] = float(value)
        except (TypeError, ValueError):
            raise InvalidOptionError(f"baseline.{name}", value, "a number: a share, or seconds") from None
        if not math.isfinite(known[name]) or known[name] < 0:
            raise InvalidOptionError(f"baseline.{name}", value, "a number from 0")
    return known


def _names(diagnostics: Mapping[str, Any]) -> dict[str, str]:
    """The names under which the diagnosis has found the metrics."""
    preset = _data(diagnostics, "metrics").get("preset")
    return {"preset": preset} if isinstance(preset, str) else {}


def _answered(diagnostics: Mapping[str, Any]) -> tuple[str, ...]:
    """The dependencies that answered at the diagnosis."""
    found = _data(diagnostics, "dependencies").get("health")
    health = [one for one in found if isinstance(one, Mapping)] if isinstance(found, (list, tuple)) else []
    return tuple(str(one.get("name")) for one in health if one.get("latency") is not None or one.get("level") in ("ok", "warning"))


def _data(diagnostics: Mapping[str, Any], source: str) -> Mapping[str, Any]:
    evidence = diagnostics.get(source)
    data = evidence.get("data") if isinstance(evidence, Mapping) else None
    return data if isinstance(data, Mapping) else {}


def _diagnosed(diagnostics: Mapping[str, Any], field: str) -> dict[str, float]:
    """The baselines, or the values, that the diagnosis found; none where its metrics are missing."""
    signals = _data(diagnostics, "metrics").get("signals")
    return {
        signal["name"]: float(signal[field])
        for signal in signals or ()
        if signal.get("name") in (*SIGNALS, CLIENT_ERROR_RATE) and isinstance(signal.get(field), (int, float))
    }
