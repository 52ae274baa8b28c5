# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has been growing since a deployment: a leak uses things up long before anybody feels it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ..model.metrics import Signal
from .contribution import PROMPT
from .signals import USER_FELT, worsening

_GREW = 1.5
_LEAD = 180.0
"""Seconds by which the growth began before anybody felt anything: what comes together may be a consequence."""
_ROSE = 1.2
"""Multiple from which memory is more than it was, where pods are ended by its limit: what is killed and starts anew is low on average."""
_TOLERANCE = 60.0
_AT_ONCE = 300.0
"""Seconds after a deployment within which more memory is its own doing, whoever felt it."""
_NOT_USED_UP = frozenset({*USER_FELT, "request_rate", "cpu_throttling"})


def growing_since(signals: Sequence[Signal], deployed_at: datetime | None, felt: datetime | None) -> Signal | None:
    """The signal that began to grow with the deployment, well before users felt anything; None when there is none."""
    if deployed_at is None or felt is None:
        return None
    grown = [
        signal
        for signal in signals
        if signal.name not in _NOT_USED_UP
        and signal.onset is not None
        and -_TOLERANCE <= (signal.onset - deployed_at).total_seconds() <= PROMPT
        and (felt - signal.onset).total_seconds() >= _LEAD
        and (worsening(signal) or 0.0) >= _GREW
    ]
    return max(grown, key=lambda signal: worsening(signal) or 0.0, default=None)


def memory_since(signals: Sequence[Signal], deployed_at: datetime | None, felt: datetime | None) -> Signal | None:
    """Memory, where it has been more since the deployment; for when pods are ended by its limit, and begin anew each time.

    What rises minutes after the deployment, and not before people feel it, may be what somebody asks for.
    """
    memory = next((signal for signal in signals if signal.name == "memory"), None)
    if memory is None or memory.onset is None or deployed_at is None or (worsening(memory) or 0.0) < _ROSE:
        return None
    after = (memory.onset - deployed_at).total_seconds()
    ahead = (felt - memory.onset).total_seconds() if felt is not None else 0.0
    return memory if -_TOLERANCE <= after <= PROMPT and (after <= _AT_ONCE or ahead >= _LEAD) else None
