# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One source of evidence by itself: the modules that are named after one are parts of ``diagnostics_info``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ..model.codec import to_result
from ..model.evidence import Source
from ..record.redaction import redact
from .arguments import CLUSTER, LOKI, PROMETHEUS, SERVICE, TRACES
from .diagnostics import DIAGNOSTICS, diagnostics_from

_NEEDS = {Source.LOGS: {Source.ROLLOUTS}, Source.CHANGES: {Source.ROLLOUTS}}
"""Sources that must be asked as well, for what is new since the deployment."""

_OWN_OPTIONS: dict[Source, tuple[str, ...]] = {
    Source.WORKLOAD: (*CLUSTER, "timeframe"),
    Source.ROLLOUTS: (*CLUSTER,),
    Source.LOGS: (*CLUSTER, *LOKI, "log_window"),
    Source.METRICS: (*PROMETHEUS, "timeframe"),
    Source.TRACES: (*TRACES, "dependency_dsns"),
    Source.DEPENDENCIES: (*CLUSTER, *PROMETHEUS, "probe_from", "dependency_dsns"),
    Source.CHANGES: (*CLUSTER, "timeframe", "compare_with"),
    Source.IMPACT: (*PROMETHEUS,),
}


def source_spec(source: Source) -> dict[str, Any]:
    """The argument spec of the module that asks ``source``: those options of ``diagnostics_info`` that mean something to it."""
    return {name: DIAGNOSTICS[name] for name in (*SERVICE, *_OWN_OPTIONS[source], "deadline")}


def source_result(params: Mapping[str, Any], source: Source) -> dict[str, Any]:
    """What the module returns: the evidence of ``source`` under its name, and the findings that were drawn from it."""
    wanted = {source} | _NEEDS.get(source, set())
    defaults = {name: spec.get("default") for name, spec in DIAGNOSTICS.items()}
    options = {**defaults, **params, "sources": [one.value for one in wanted], "source_timeout": params["deadline"]}
    seen = diagnostics_from(options, datetime.now(UTC))
    findings = [finding for finding in seen.findings if finding.source is source]
    return {"changed": False, source.value: redact(to_result(getattr(seen, source.value))), "findings": redact(to_result(findings))}
