# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much a rate may lack because counters began anew.

Between a counter's last scrape and its reset, or its first one after its birth, up to a scrape interval passes of which no sample tells:
``rate`` adds nothing for it (https://prometheus.io/docs/prometheus/latest/querying/functions/#rate). Pods that crash again and again
make that a good part of a window, and the requests seem to have become fewer than they are.
"""

from __future__ import annotations

from .metric_names import MetricNames

WINDOW = 300.0
"""Seconds that are looked at, as of the present rates."""


def times_begun_anew(names: MetricNames) -> str:
    """How many times a series of the requests began anew within WINDOW, on average: it was reset, or is younger than that."""
    requests, window = f"{names.requests}{{{names.matchers}}}", f"{WINDOW:.0f}s"
    young = f"(count({requests} unless {requests} offset {window}) or vector(0))"
    return f"(sum(resets({requests}[{window}])) + {young}) / count({requests})"


def uncounted(times: float | None, interval: float | None) -> float:
    """The share of the requests in WINDOW that may not have been counted, at most; zero where nothing tells of any.

    ``times`` is the value of ``times_begun_anew``, ``interval`` the seconds between two scrapes.
    """
    return min(1.0, times * interval / WINDOW) if times is not None and interval is not None else 0.0
