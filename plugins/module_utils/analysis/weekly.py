# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is so every week at this time, and on no other day: a batch on Mondays, a report on the first working day."""

from __future__ import annotations

from ..model.metrics import Signal
from .references import FEWEST_DAYS, SAME_HOUR, WEEK_BEFORE

_AS_MUCH = 1.25
"""Up to this multiple of the value of a week ago it is as it was then."""
_ODD = 2.0
"""Multiple of the same hour of the other days from which the value of a week ago was out of the ordinary."""


def as_a_week_ago(signal: Signal) -> float | None:
    """The value of a week ago at this time, where it was as high as now and is not on other days; None otherwise, and where low is bad."""
    known = {one.name: one for one in signal.baselines}
    week, other = known.get(WEEK_BEFORE), known.get(SAME_HOUR)
    if signal.value is None or signal.higher_is_better or week is None or week.value is None:
        return None
    if other is None or other.value is None or other.days < FEWEST_DAYS:
        return None
    return week.value if signal.value <= _AS_MUCH * week.value and week.value >= _ODD * other.value else None
