# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a service refuses what it used to answer: a share of 4xx that rose is the clients' doing, or the service's.

A scanner, or a client gone wild, adds requests: as many as ever are answered beside them. Where requests that were fine are refused, that
many fewer are answered. So what is looked at is how many a second were answered before the share rose, and are since; and whether pods
differ, which get the same requests.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from ..lean import dataclass
from ..model.metrics import PodShare
from ..units import format_value
from .series import Point, finite

NOTABLE = 0.05
"""Share of all requests by which those that are refused have to become more."""
_MULTIPLE = 2.0
_BEFORE, _CLEAR_OF_IT = 1800.0, 120.0
"""Seconds before it that tell how it was, and seconds at their end that may have seen some of it already."""
_SINCE = 600.0
_FEWEST = 3
_APART = 10.0
_INSTEAD = 0.5
"""Part of the answers that ought to be missing, if all that is refused was answered before, from which it is rather so than not."""


@dataclass(frozen=True, slots=True)
class Refusals:
    """``share`` of all requests is refused, and ``before`` was. ``missing``: see ``instead``; None where too little is known for it."""

    share: float
    before: float
    missing: float | None

    @property
    def instead(self) -> bool:
        """Whether requests are refused that used to be answered, rather than others that came on top of them."""
        return self.missing is not None and self.missing >= _INSTEAD

    def describe(self) -> str:
        """``41% of the requests are refused with 4xx, and 3% were; …``"""
        if self.missing is None:
            why = "whether fewer are answered is not known"
        elif self.instead:
            why = "that many fewer are answered"
        else:
            why = "as many as before are answered: they came on top"
        now, before = (format_value(share, "share") for share in (self.share, self.before))
        return f"{now} of the requests are refused with 4xx, and {before} were; {why}"


def refusals(shares: Sequence[Point], rates: Sequence[Point], began: float, window: float) -> Refusals | None:
    """What became of the requests when more of them began to be refused, at ``began`` (unix seconds); None where they are not notably more.

    ``shares`` are those of refused requests, ``rates`` all requests a second, each at the same moments and over ``window`` seconds.
    """
    all_of_them = dict(finite(rates))
    known = [(at, share, all_of_them.get(at)) for at, share in finite(shares)]
    earlier = [one for one in known if began - _BEFORE <= one[0] <= began - _CLEAR_OF_IT]
    last = known[-1][0] if known else began
    since = [one for one in known if one[0] >= max(began + window, last - _SINCE)]
    if not earlier or not since:
        return None
    before, share = median(one[1] for one in earlier), median(one[1] for one in since)
    if share - before < NOTABLE or share < _MULTIPLE * before:
        return None
    answered = [[(1 - share) * rate for _at, share, rate in part if rate is not None] for part in (earlier, since)]
    if min(map(len, answered)) < _FEWEST or median(answered[0]) <= 0:
        return Refusals(share, before, None)
    ought_to_miss = 1 - (1 - share) / (1 - before)
    return Refusals(share, before, (1 - median(answered[1]) / median(answered[0])) / ought_to_miss)


def told_apart(pods: Sequence[PodShare], usual: float) -> bool:
    """Whether some pods refuse many requests and others none but what is ``usual``: they get the same ones, so it is the pods' doing."""
    beyond = [one.error_rate for one in beyond_usual(pods, usual)]
    return bool(beyond) and max(beyond) >= NOTABLE and min(beyond) <= max(beyond) / _APART


def beyond_usual(pods: Sequence[PodShare], usual: float) -> tuple[PodShare, ...]:
    """The shares of refused requests without that which is ``usual`` in all of them."""
    return tuple(PodShare(one.pod, max(0.0, one.error_rate - usual)) for one in pods)
