# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From how sure the rules are to how often they are right.

The points behind the hypotheses rank what comes into question; that they come to 60 does not make six in ten of the answers right. How
often answers of so many points were right is measured on scenarios with a known truth, and fitted by a logistic curve over the log odds,
after Platt, Probabilistic Outputs for Support Vector Machines (1999), whose targets keep few examples from saying "always". The curve goes
through 95, the surest that the rules say, and so has one coefficient.
"""

from __future__ import annotations

import math

from ..lean import dataclass


@dataclass(frozen=True, slots=True)
class Calibration:
    """log odds of being right = log odds of 95 % + ``slope`` × (log odds of what the rules say - log odds of 95 %). 1 changes nothing."""

    slope: float

    def percent(self, stated: int) -> int:
        """Percent of the answers that are right, of those of which the rules are ``stated`` percent sure."""
        if self.slope == 1.0:
            return stated
        return round(100 * chance(SUREST + self.slope * (log_odds(stated) - SUREST)))


def log_odds(percent: float) -> float:
    """The natural logarithm of the odds; 0 and 100 are taken as half a percent from certainty."""
    share = min(max(percent / 100, 0.005), 0.995)
    return math.log(share / (1 - share))


def chance(odds: float) -> float:
    """The probability that has these log odds."""
    return 1 / (1 + math.exp(-odds))


SUREST = log_odds(95)
AS_STATED = Calibration(1.0)

MEASURED = Calibration(0.55)
"""Fitted by ``python -m evaluate --fit`` to scenarios that no rule had been made by: docs/evaluate.md says how it does on others."""
