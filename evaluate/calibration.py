# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a confidence means what it says: of the answers given 80, eight in ten should be right."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

BINS = ((80, 100), (60, 79), (40, 59), (0, 39))
"""Lowest and highest confidence of each bin, in percent."""


@dataclass(frozen=True, slots=True)
class Bin:
    """``stated`` is the average of the confidences in it, None where there are none."""

    low: int
    high: int
    count: int
    right: int
    stated: float | None

    @property
    def observed(self) -> float | None:
        """Percent of the answers that were right."""
        return 100 * self.right / self.count if self.count else None

    @property
    def gap(self) -> float | None:
        """Percentage points by which the answers were better (above zero) or worse than stated."""
        return None if self.observed is None or self.stated is None else self.observed - self.stated


def bins(answers: Iterable[tuple[int, bool]]) -> tuple[Bin, ...]:
    """``answers`` are confidences in percent, and whether the answer was right."""
    known = list(answers)
    return tuple(_bin(low, high, [answer for answer in known if low <= answer[0] <= high]) for low, high in BINS)


def expected_error(found: Sequence[Bin]) -> float:
    """The bins' gaps, averaged by the number of answers: the expected calibration error (Naeini et al. 2015), in percentage points."""
    total = sum(one.count for one in found)
    return sum(abs(one.gap or 0.0) * one.count for one in found) / total if total else 0.0


def _bin(low: int, high: int, inside: list[tuple[int, bool]]) -> Bin:
    stated = sum(confidence for confidence, _ in inside) / len(inside) if inside else None
    return Bin(low, high, len(inside), sum(right for _, right in inside), stated)
