# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How sure it is that one sample of measurements differs from another."""

from __future__ import annotations

from ..lean import dataclass


@dataclass(frozen=True, slots=True)
class SampleComparison:
    """What ``analysis.samples.compare_samples`` found."""

    verdict: str
    """better, same, worse or unknown"""
    sentence: str
    """Why, for a person: how many values, their medians, how sure."""
    p_value: float | None = None
    """Probability of a difference at least so clear if nothing had changed (two-sided, 0..1). None where a side has no values."""
    sureness: float | None = None
    """How sure ``verdict`` is (0..1); None where it is unknown."""
    superiority: float | None = None
    """Probability that a value of now is above one of before, ties counted half: 0.5 is no difference (Vargha and Delaney's A)."""
    shift: float | None = None
    """The typical difference between now and before, in the values' unit (Hodges and Lehmann's estimate)."""
    values_now: int = 0
    values_before: int = 0
