# SPDX-License-Identifier: GPL-3.0-or-later
"""A time series that is computed when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial

from lab.prometheus.native import NativeHistogram
from lab.world.curve import Curve, Integral
from lab.world.distribution import DEFAULT_BUCKETS, NATIVE_BUCKETS, NATIVE_SCHEMA, bucket_share, cumulative, mean
from lab.world.world import World

_STEPS = 24
"""Knots into which a moving latency is cut; between them the buckets move in straight lines."""


@dataclass(frozen=True, slots=True)
class SeriesDefinition:
    """``sampled`` gives the values at ascending times; there are samples for ``since <= t``, and for ``t < until`` if it ends."""

    labels: Mapping[str, str]
    sampled: Callable[[Sequence[float]], list[float]]
    since: float
    until: float | None = None


class _Lazy:
    """Samples a curve or an integral that is made when it is first asked for: of most series nobody asks."""

    __slots__ = ("_found", "_make")

    def __init__(self, make: Callable[[], Curve | Integral]) -> None:
        self._make = make
        self._found: Curve | Integral | None = None

    def __call__(self, times: Sequence[float]) -> list[float]:
        if self._found is None:
            self._found = self._make()
        return self._found.sampled(times)


def gauge(name: str, labels: Mapping[str, str], curve: Curve, since: float, until: float | None = None) -> SeriesDefinition:
    return SeriesDefinition({"__name__": name, **labels}, curve.sampled, since, until)


def counter(
    name: str, labels: Mapping[str, str], factors: Sequence[Curve], since: float, until: float | None = None, scale: float = 1.0
) -> SeriesDefinition:
    """Grows from 0 at ``since`` by the product of ``factors`` per second, times ``scale``."""

    def made() -> Integral:
        return Integral([*factors, Curve.constant(scale)] if scale != 1 else factors, since)

    return SeriesDefinition({"__name__": name, **labels}, _Lazy(made), since, until)


def steps(
    name: str, labels: Mapping[str, str], changes: Sequence[tuple[float, float]], since: float, until: float | None = None
) -> SeriesDefinition:
    """A gauge that holds each value from its moment on, and the first one before."""

    def made() -> Curve:
        knots: list[tuple[float, float]] = []
        for moment, value in changes:
            at = max(moment, since)
            if knots:
                knots.append((at, knots[-1][1]))
            knots.append((at, value))
        return Curve(knots)

    return SeriesDefinition({"__name__": name, **labels}, _Lazy(made), since, until)


def histogram(
    name: str, labels: Mapping[str, str], world: World, rate: Curve, p95: Curve, p50: Curve | None = None
) -> Iterator[SeriesDefinition]:
    """The ``_bucket``, ``_sum`` and ``_count`` series of durations with these percentiles in seconds.

    The P50 is half of the P95 where not given.
    """
    since = world.beginning
    percentiles = _shape(p95, p50)

    @cache
    def shares(q95: float) -> list[float]:
        return cumulative(percentiles(q95), q95, DEFAULT_BUCKETS)

    @cache
    def bucket_shares(position: int) -> Curve:
        return _moving(p95, lambda q95: shares(q95)[position])

    for position, bound in enumerate(DEFAULT_BUCKETS):
        yield _product(f"{name}_bucket", {**labels, "le": f"{bound:g}"}, rate, partial(bucket_shares, position), since)
    yield counter(f"{name}_bucket", {**labels, "le": "+Inf"}, [rate], since)
    yield counter(f"{name}_count", labels, [rate], since)
    yield _product(f"{name}_sum", labels, rate, lambda: _moving(p95, lambda q95: mean(percentiles(q95), q95)), since)


def native_histogram(name: str, labels: Mapping[str, str], world: World, rate: Curve, p95: Curve) -> SeriesDefinition:
    """The same durations as one series of native histograms."""
    percentiles = _shape(p95, None)
    parts: list[Callable[[float], float]] = [
        lambda q95, index=index: bucket_share(percentiles(q95), q95, index)  # type: ignore[misc]
        for index in NATIVE_BUCKETS
    ]
    parts.append(lambda q95: mean(percentiles(q95), q95))

    @cache
    def integrals() -> list[Integral]:
        return [Integral([rate, _moving(p95, part)], world.beginning) for part in parts]

    def sampled(times: Sequence[float]) -> list[float]:
        columns = [integral.sampled(times) for integral in integrals()]
        return [
            NativeHistogram(NATIVE_SCHEMA, sum(row[:-1]), row[-1], dict(zip(NATIVE_BUCKETS, row, strict=False)))
            for row in zip(*columns, strict=True)
        ]

    return SeriesDefinition({"__name__": name, **labels}, sampled, world.beginning)


def _product(name: str, labels: Mapping[str, str], rate: Curve, factor: Callable[[], Curve], since: float) -> SeriesDefinition:
    return SeriesDefinition({"__name__": name, **labels}, _Lazy(lambda: Integral([rate, factor()], since)), since)


def _shape(p95: Curve, p50: Curve | None) -> Callable[[float], float]:
    """The P50 that goes with a P95: it moves in step with it, from the lowest pair to the highest."""
    if p50 is None:
        return lambda q95: q95 / 2
    pairs = sorted(zip((p95.at(at) for at in p95.times), (p50.at(at) for at in p95.times), strict=True))
    (low95, low50), (high95, high50) = pairs[0], pairs[-1]
    if high95 == low95:
        return lambda _q95: low50
    return lambda q95: low50 + (high50 - low50) * (q95 - low95) / (high95 - low95)


def _moving(p95: Curve, function: Callable[[float], float]) -> Curve:
    low, high = min(p95.values), max(p95.values)
    return p95.mapped(function, [low + (high - low) * step / _STEPS for step in range(1, _STEPS)])
