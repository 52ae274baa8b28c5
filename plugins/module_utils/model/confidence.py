# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How well the evidence fits "the deployment did it and a rollback will mend it"."""

from __future__ import annotations

from ..lean import dataclass


@dataclass(frozen=True, slots=True)
class Factor:
    """``points`` is None when the evidence for it is missing; then ``reason`` says what is missing."""

    name: str
    """deployment_age, error_rate, latency or stable_target"""
    title: str
    points: int | None
    max: int
    observed: float | None
    """seconds for ages, multiples of the baseline for rates"""
    reason: str


@dataclass(frozen=True, slots=True)
class Confidence:
    """``score`` is 0..100; ``possible`` is the score if every missing piece of evidence spoke for a rollback."""

    score: int
    possible: int
    factors: tuple[Factor, ...]
    level: str
    """high, medium, low or none"""
    verdict: str
    """What the level recommends: IMMEDIATE ROLLBACK (High Confidence) …"""
    missing: tuple[str, ...] = ()
