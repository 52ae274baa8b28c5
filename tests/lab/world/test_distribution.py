# SPDX-License-Identifier: GPL-3.0-or-later
"""Histograms give the percentile that a scenario asks for, by the server's own interpolation."""

from __future__ import annotations

import pytest

from lab.prometheus.engine import Engine
from lab.prometheus.storage import MemoryStorage
from lab.world.distribution import DEFAULT_BUCKETS, cumulative, mean


def quantile(shares: list[float], q: float) -> float:
    storage = MemoryStorage()
    for bound, share in [*zip(DEFAULT_BUCKETS, shares, strict=True), (float("inf"), 1.0)]:
        storage.append({"__name__": "d_bucket", "le": "+Inf" if bound == float("inf") else f"{bound:g}"}, 0, share)
    return Engine(storage).instant(f"histogram_quantile({q}, d_bucket)", 0).series[0].points[0][1]


@pytest.mark.parametrize(
    ("p50", "p95"),
    [(0.085, 0.15), (4.1, 8.5), (0.03, 0.08), (0.2, 1.2), (0.04, 0.1448), (0.025, 0.05), (1.15, 2.3), (0.002, 0.01), (9, 9.99)],
)
def test_the_p95_is_exact(p50: float, p95: float) -> None:
    shares = cumulative(p50, p95, DEFAULT_BUCKETS)
    assert shares == sorted(shares)
    assert shares[0] >= 0
    assert shares[-1] <= 1
    assert quantile(shares, 0.95) == pytest.approx(p95)


def test_the_p50_is_near() -> None:
    assert quantile(cumulative(4.1, 8.5, DEFAULT_BUCKETS), 0.5) == pytest.approx(4.1, rel=0.1)


@pytest.mark.parametrize(("p50", "p95"), [(0.2, 0.1), (0, 0.1), (5, 11)])
def test_percentiles_that_no_histogram_can_show_are_refused(p50: float, p95: float) -> None:
    with pytest.raises(ValueError, match="P"):
        cumulative(p50, p95, DEFAULT_BUCKETS)


def test_the_mean_lies_between_the_percentiles() -> None:
    assert 4.1 < mean(4.1, 8.5) < 8.5
