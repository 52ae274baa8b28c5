# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Counters that began anew, and servers that do not answer, make traffic seem less than it is: no difference to be sure of."""

from __future__ import annotations

from dataclasses import replace

from ..model.sample_comparison import SampleComparison
from .samples import NOTICEABLE, UNKNOWN, WORSE

WORTH_SAYING = 0.02
"""Share that may be missing from which on it is said."""


def why_less(share: float) -> str:
    """What may be missing of a rate, in words."""
    return f"counters began anew in the last five minutes, as those of restarted containers do: up to {share:.0%} may not have been counted"


INCOMPLETE = "a part of the servers did not answer, so some of its series may be missing"


def explained(value: float, before: float | None, share: float) -> bool:
    """Whether ``value`` is not noticeably below ``before`` if as much as may be was not counted."""
    return before is not None and share >= WORTH_SAYING and value < before and value >= (1 - NOTICEABLE) * before * (1 - share)


def doubted(comparison: SampleComparison, value: float, before: float | None, share: float, why: str) -> SampleComparison:
    """``comparison``, which is unknown where it says worse of a rate that may only seem to have fallen: ``share`` may be missing."""
    if comparison.verdict != WORSE or not explained(value, before, share):
        return comparison
    return replace(comparison, verdict=UNKNOWN, sureness=None, sentence=f"unknown: {why}; {comparison.sentence.partition(': ')[2]}")
