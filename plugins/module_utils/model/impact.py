# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the incident costs the users and the business. Every amount says how it was computed; None is unknown."""

from __future__ import annotations

from ..lean import dataclass


@dataclass(frozen=True, slots=True)
class Amount:
    """``basis`` is how it was computed ("increase of failed requests over 300 s"), or why it is unknown."""

    value: float | None
    basis: str


_NOT_ASKED = Amount(None, "not asked for")


@dataclass(frozen=True, slots=True)
class BurnRate:
    """How fast the error budget burns: 1 uses it up exactly at the end of its period. Windows are seconds."""

    window: float
    short_window: float
    """A second, shorter one, which tells that it still burns."""
    rate: float | None
    short_rate: float | None
    threshold: float
    """From here on, in both windows, somebody is to be paged."""
    alerting: bool | None
    """None where a rate is unknown."""


@dataclass(frozen=True, slots=True)
class Impact:
    sessions: Amount
    failed_requests: Amount
    revenue: Amount
    currency: str
    window: float
    """seconds over which requests were counted"""
    objective: Amount
    """1 when an objective (error rate, latency) is breached, 0 when all that are given are kept"""
    users: Amount = _NOT_ASKED
    """people who are affected"""
    budget: Amount = _NOT_ASKED
    """share of the error budget of 30 days that was burnt in the last six hours"""
    burn_rates: tuple[BurnRate, ...] = ()
    notes: tuple[str, ...] = ()
    """What may be missing, in the servers' words."""
