# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a classic histogram sees: ``histogram_quantile`` gives the bound of its highest finite bucket for whatever lies beyond.

(https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile) Such a value is a lower limit, and no measurement.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..clients.prometheus import SeriesResult
from .metric_names import MetricNames

_WHEN = "when"
_YESTERDAY = "yesterday"


def bucket_bounds(names: MetricNames) -> str:
    """How many buckets of the requests' duration have each bound, now and a day ago: a new version may bring other bounds."""
    buckets = f"{names.duration}_bucket{{{names.matchers}}}"
    return f'count by (le) ({buckets}) or label_replace(count by (le) ({buckets} offset 1d), "{_WHEN}", "{_YESTERDAY}", "", "")'


def highest_bounds(answer: Sequence[SeriesResult], names: MetricNames) -> tuple[float, ...]:
    """The highest finite bounds, in seconds, that there are now and were a day ago; none for a native histogram."""
    found: dict[str, float] = {}
    for series in answer:
        bound = _number(series.labels.get("le", ""))
        when = series.labels.get(_WHEN, "")
        if bound is not None:
            found[when] = max(bound, found.get(when, bound))
    return tuple(sorted({bound * names.seconds for bound in found.values()}))


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
