# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings from the metrics."""

from __future__ import annotations

from collections.abc import Iterator

from ..model.diagnostics import Diagnostics
from ..model.evidence import Source
from ..model.finding import Finding
from ..model.metrics import Shape, Signal
from ..units import format_value
from .levels import objective_of, signal_level
from .wording import multiple, signal_baseline, signal_value

_RISE_IN_MULTIPLES = 2.0
_NO_CHANGE = 1.1


def metric_findings(diagnostics: Diagnostics) -> Iterator[Finding]:
    """One finding for each signal, ``metrics.<name>``."""
    metrics = diagnostics.metrics.data
    for signal in metrics.signals if metrics else ():
        yield Finding(
            id=f"metrics.{signal.name}",
            source=Source.METRICS,
            level=signal_level(signal, diagnostics.service.objectives),
            title=signal.title,
            detail=_detail(signal, objective_of(signal, diagnostics.service.objectives)),
            observed=signal.value,
            baseline=signal.baseline,
            ratio=signal.ratio,
            unit=signal.unit,
            since=signal.onset,
        )


def _detail(signal: Signal, objective: float | None) -> str:
    if signal.value is None:
        return f"unknown ({signal.reason or 'no data'})"
    now = signal_value(signal)
    breach = objective is not None and signal.value > objective
    promise = f", above the objective of {format_value(objective, signal.unit)}" if objective is not None and breach else ""
    if signal.baseline is None:
        return f"{now} (baseline unknown: {signal.reason or 'no history'}){promise}"
    return f"{now} (baseline: {signal_baseline(signal)}) - {movement(signal)}{promise}"


def movement(signal: Signal) -> str:
    """How the value stands to the baseline, in words: ``450x increase``, ``gradual increase``, ``60% decrease``, ``normal``."""
    if signal.value is None or signal.baseline is None:
        return "no comparison"
    if signal.ratio is None:
        return "no comparison" if signal.at_least else "up from zero" if signal.value > 0 else "normal"
    if signal.ratio >= _RISE_IN_MULTIPLES:
        return f"{multiple(signal, signal.ratio)} increase"
    if signal.ratio >= _NO_CHANGE:
        return "gradual increase" if signal.shape is Shape.GRADUAL else "moderate increase"
    return "normal" if signal.ratio > 1 / _NO_CHANGE else f"{1 - signal.ratio:.0%} decrease"
