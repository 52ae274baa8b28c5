# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said where one clock is not the others'."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from ..model.evidence import Source
from ..model.finding import Finding, Level
from ..units import format_duration


def clock_findings(corrected: timedelta, ours: timedelta, of: str) -> Iterator[Finding]:
    """``corrected`` is how much the cluster's clock is before the clock of ``of``, ``ours`` how much both are before this machine's; below
    zero what is behind.
    """
    if corrected:
        title = f"The cluster's clock is {_apart(corrected)} that of {of}"
        yield Finding(
            "rollouts.clock", Source.ROLLOUTS, Level.WARNING, title, "its times are corrected by that; let its nodes keep time by NTP"
        )
    elif ours:
        title = f"The clock of this machine is {_apart(-ours)} those of the cluster and {of}"
        yield Finding(
            "rollouts.clock", Source.ROLLOUTS, Level.WARNING, title, "set it: ages are wrong by that, and the newest may be missing"
        )


def _finding(title: str, detail: str) -> Finding:
    return Finding("rollouts.clock", Source.ROLLOUTS, Level.WARNING, title, detail)


def _apart(ahead: timedelta) -> str:
    return f"{format_duration(abs(ahead).total_seconds())} {'ahead of' if ahead > timedelta() else 'behind'}"
