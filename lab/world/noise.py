# SPDX-License-Identifier: GPL-3.0-or-later
"""Signals as they are measured: no two minutes are alike, and rare failures come one by one."""

from __future__ import annotations

import math
import random

from lab.world.curve import Curve

_DAY = 86400.0
_SPANS = ((_DAY + 4500.0, _DAY - 900.0, 60.0), (5 * 3600.0, -1800.0, 30.0))
"""What is looked at most: seconds before the start of the lab from which, and to which, signals are noisy, and the distance of the knots.

Elsewhere they follow their lines.
"""
_MEMORY = 0.6
"""How much of a deviation is left one knot later."""
_STEADINESS = {"memory": 0.1, "sessions": 0.3, "connections": 0.5, "query_rate": 0.7, "miss_rate": 0.5}
"""The part of the noise that a signal has; the others have all of it."""
_EXACT = frozenset({"up", "max_connections"})
_MANY = 50.0
"""Expected failures from which their number is drawn from a normal distribution."""


def noisy(signal: str, curve: Curve, share: float, start: float, seed: int) -> Curve:
    """``curve`` with a log-normal deviation of ``share`` that drifts from knot to knot; always alike for a signal and a seed."""
    part = share * _STEADINESS.get(signal.rpartition(".")[2], 1.0)
    if part <= 0 or signal.rpartition(".")[2] in _EXACT:
        return curve
    source = random.Random(f"{seed}/{signal}")
    deviation, factors = 0.0, []
    for at, _step in _knots(start):
        deviation = _MEMORY * deviation + math.sqrt(1 - _MEMORY**2) * source.gauss(0, 1)
        factors.append((at, math.exp(part * deviation)))
    factors += [(edge, 1.0) for edge in _edges(start)]
    return _multiplied(curve, Curve(sorted(factors)))


def counted(signal: str, failures: Curve, requests: Curve, start: float, seed: int) -> Curve:
    """The share of ``failures`` as it comes out when each of the ``requests`` (per second) fails or not by chance (Poisson)."""
    source = random.Random(f"{seed}/{signal}/counted")
    steps, edges = dict(_knots(start)), _edges(start)
    first, last = min(steps), max(steps)
    knots: list[tuple[float, float]] = []
    for at in sorted({*steps, *edges, *failures.times}):
        before, after = failures.before(at), failures.at(at)
        # What a draw says holds for its own step, and not for all the days before the first one.
        if at in edges or not first <= at <= last:
            knots += [(at, before), (at, after)]
            continue
        expected = requests.at(at) * steps.get(at, 30.0)
        drawn = _drawn(source, before * expected) / expected if expected > 0 else 0.0
        knots.append((at, min(drawn, 1.0)))
        if after != before:
            knots.append((at, min(_drawn(source, after * expected) / expected, 1.0) if expected > 0 else 0.0))
    return Curve(knots)


def _edges(start: float) -> frozenset[float]:
    """Where the noise begins and ends."""
    return frozenset(start - edge for span in _SPANS for edge in span[:2])


def _knots(start: float) -> list[tuple[float, float]]:
    """Moments, and the seconds that each stands for."""
    found = []
    for begin, end, step in _SPANS:
        count = int((begin - end) / step)
        found += [(start - begin + index * step, step) for index in range(1, count)]
    return found


def _drawn(source: random.Random, expected: float) -> float:
    if expected > _MANY:
        return max(0.0, round(source.gauss(expected, math.sqrt(expected))))
    limit, count, product = math.exp(-expected), 0, source.random()
    while product > limit:
        count += 1
        product *= source.random()
    return float(count)


def _multiplied(curve: Curve, factor: Curve) -> Curve:
    """The product at the knots of both, with straight lines between."""
    knots: list[tuple[float, float]] = []
    for at in sorted({*curve.times, *factor.times}):
        before, after = curve.before(at) * factor.at(at), curve.at(at) * factor.at(at)
        knots.append((at, before))
        if after != before:
            knots.append((at, after))
    return Curve(knots)
