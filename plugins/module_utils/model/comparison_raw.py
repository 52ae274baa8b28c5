# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Metrics around a rollout as they were read, before anything is judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from ..lean import dataclass


@dataclass(frozen=True, slots=True)
class RawComparedSignal:
    """``before`` and ``after`` are over the two windows, in ``unit``; None is unknown, and ``reason`` says why.

    ``points`` are (unix seconds, value) from the first window to the end of the last.
    """

    name: str
    title: str
    unit: str
    before: float | None
    after: float | None
    points: tuple[tuple[float, float], ...]
    higher_is_better: bool = False
    reason: str | None = None
    limits: tuple[float, ...] = ()
    """A value that is one of these is only known to be at least that (``RawSignal.limits``)."""


@dataclass(frozen=True, slots=True)
class RawComparison:
    """Windows are (start, end) in unix seconds and equally long; ``before`` is None where the service did not run before.

    ``alerts`` are PromQL expressions without a limit, by signal.
    """

    before: tuple[float, float] | None
    after: tuple[float, float]
    signals: tuple[RawComparedSignal, ...]
    scrape_interval: float | None = None
    alerts: Mapping[str, str] = field(default_factory=dict)
    reason: str | None = None
    """Why there are no signals at all."""
    lookback: float = 60.0
    """seconds that each of the signals' points looks back"""
