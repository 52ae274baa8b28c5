# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rollback as lines of text, the same in a terminal and in a log."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC

from ..model.rollback import Measure, ProgressLine, Recovery, RollbackProgress
from ..units import format_duration

HEADING = "🚀 Executing Rollback"
_BAR = 30
_MARKS = {True: "✓", False: "❌", None: "❔"}


def progress_bar(share: float, text: str) -> str:
    """``[█████████████████████░░░░░░░░░] 70% - text``, thirty wide."""
    filled = int(share * _BAR + 1e-9)
    return f"  [{'█' * filled}{'░' * (_BAR - filled)}] {int(share * 100 + 1e-9)}% - {text}"


def progress_lines(lines: Iterable[ProgressLine]) -> list[str]:
    """``14:26:25 - Scaled up v2.3.0: 0 → 1 pod (healthy)``, times in UTC."""
    return [f"  {line.at.astimezone(UTC):%H:%M:%S} - {line.title}" for line in lines]


def standing(progress: RollbackProgress, share: float) -> list[str]:
    """The bar, and the time that is left where it can be told."""
    text = [progress_bar(share, f"Rolling back pods ({progress.done}/{progress.desired})")]
    if progress.remaining is not None:
        text.append(f"  Estimated time remaining: {format_duration(progress.remaining)}")
    return text


def look_line(measures: Iterable[Measure]) -> str:
    """One look at the recovery on one line: what is not well yet, and how many measures are."""
    everything = tuple(measures)
    shown = [f"{_MARKS[measure.passed]} {measure.title}: {measure.detail}" for measure in everything if not measure.passed]
    well = len(everything) - len(shown)
    if well:
        shown.append(f"{_MARKS[True]} {f'{well} more' if shown else 'everything'} back to normal")
    return " · ".join(shown)


def recovery_line(recovery: Recovery) -> str:
    """How it ended."""
    return f"  {_MARKS[recovery.recovered]} {f'Recovered: {recovery.reason}' if recovery.recovered else recovery.reason}"
