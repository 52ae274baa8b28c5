# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the incident costs the users and the business. Every amount says how it was computed; None is unknown."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Amount:
    """``basis`` is how it was computed ("increase of failed requests over 300 s"), or why it is unknown."""

    value: float | None
    basis: str


@dataclass(frozen=True, slots=True)
class Impact:
    sessions: Amount
    failed_requests: Amount
    revenue: Amount
    currency: str
    window: float
    """seconds over which requests were counted"""
    objective: Amount
    """1 when the error-rate objective is breached, 0 when it is kept"""
