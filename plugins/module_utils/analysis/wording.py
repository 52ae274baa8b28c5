# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Words for amounts, signals, versions and people that findings and the timeline share."""

from __future__ import annotations

from ..model.metrics import Signal
from ..model.rollout import Revision
from ..units import format_ratio, format_value


def plural(count: int, noun: str) -> str:
    """``1 pod``, ``3 pods``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def handle(name: str) -> str:
    """A person or a bot as people write them: ``@devops-bot``."""
    return name if name.startswith("@") or " " in name else f"@{name}"


def version_of(revision: Revision) -> str:
    """What people call the revision: its version, else its number."""
    return revision.version or f"revision {revision.number}"


def signal_value(signal: Signal) -> str:
    """Its value, which may be a lower limit: ``8.5s``, ``at least 10s``."""
    return _amount(signal.value, signal.unit, signal.at_least)


def signal_baseline(signal: Signal) -> str:
    """Its baseline, likewise."""
    return _amount(signal.baseline, signal.unit, signal.baseline_at_least)


def multiple(signal: Signal, ratio: float) -> str:
    """``56x``, ``at least 66x``"""
    return f"{'at least ' if signal.at_least else ''}{format_ratio(ratio)}"


def _amount(value: float | None, unit: str, at_least: bool) -> str:
    return "unknown" if value is None else f"{'at least ' if at_least else ''}{format_value(value, unit)}"
