# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The points of the rollback score, as data. Users can replace any part of the table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import InvalidOptionError
from ..lean import dataclass
from ..units import parse_duration


@dataclass(frozen=True, slots=True)
class Band:
    """``points`` for an observation strictly below (ages) or strictly above (everything else) ``limit``."""

    limit: float
    points: int


@dataclass(frozen=True, slots=True)
class FactorScale:
    """How one factor is scored: the first band that fits counts, none gives nothing. Limits are seconds or multiples of the baseline."""

    name: str
    title: str
    max: int
    below: bool
    bands: tuple[Band, ...]

    def points(self, observed: float) -> int:
        """The points for ``observed``. A limit itself is not below and not above: it belongs to the next band."""
        fits = (band for band in self.bands if (observed < band.limit if self.below else observed > band.limit))
        return next((band.points for band in fits), 0)


@dataclass(frozen=True, slots=True)
class ScoreLevel:
    at_least: int
    level: str
    verdict: str


@dataclass(frozen=True, slots=True)
class Scoring:
    """``total`` is what the factors' ``max`` must add up to; levels are highest first and the last one begins at 0."""

    factors: tuple[FactorScale, ...]
    levels: tuple[ScoreLevel, ...]
    total: int = 100

    def level(self, score: int) -> ScoreLevel:
        return next(level for level in self.levels if score >= level.at_least)


_HOUR = 3600.0

DEFAULT_SCORING = Scoring(
    factors=(
        FactorScale("deployment_age", "Deployment age", 40, True, (Band(_HOUR / 4, 40), Band(_HOUR, 30), Band(4 * _HOUR, 15))),
        FactorScale("error_rate", "Error rate increase", 30, False, (Band(10, 30), Band(5, 20), Band(2, 10))),
        FactorScale("latency", "Latency increase", 15, False, (Band(5, 15), Band(3, 10), Band(2, 5))),
        FactorScale("stable_target", "Known stable version", 15, False, (Band(72 * _HOUR, 15), Band(24 * _HOUR, 10), Band(6 * _HOUR, 5))),
    ),
    levels=(
        ScoreLevel(80, "high", "IMMEDIATE ROLLBACK (High Confidence)"),
        ScoreLevel(60, "medium", "ROLLBACK RECOMMENDED (Medium Confidence)"),
        ScoreLevel(40, "low", "MONITOR AND PREPARE ROLLBACK (Low Confidence)"),
        ScoreLevel(0, "none", "INVESTIGATE FURTHER (Deployment likely not the cause)"),
    ),
)

_LEVEL_NAMES = tuple(level.level for level in DEFAULT_SCORING.levels)
_DURATIONS = frozenset({"deployment_age", "stable_target"})


def scoring_from(given: Mapping[str, Any] | None) -> Scoring:
    """The default table with the parts of ``given`` in place of its own, checked as a whole.

    ``given`` may have, each optional: ``factors``, a mapping of factor name to ``{max, bands}`` where a band is ``{below, points}`` for
    ``deployment_age`` and ``{above, points}`` for the others (limits in seconds or as ``15m``, or multiples); ``levels``, a mapping of
    ``high``, ``medium`` and ``low`` to the score from which they begin; ``total``. InvalidOptionError names the entry that is wrong.
    """
    if not given:
        return DEFAULT_SCORING
    _only(given, ("factors", "levels", "total"), "scoring")
    changed = _mapping(given.get("factors", {}), "scoring.factors")
    _only(changed, tuple(factor.name for factor in DEFAULT_SCORING.factors), "scoring.factors")
    factors = tuple(
        _factor(factor, _mapping(changed[factor.name], f"scoring.factors.{factor.name}")) if factor.name in changed else factor
        for factor in DEFAULT_SCORING.factors
    )
    levels = _levels(_mapping(given.get("levels", {}), "scoring.levels"))
    scoring = Scoring(factors, levels, _whole(given.get("total", DEFAULT_SCORING.total), "scoring.total"))
    _check(scoring)
    return scoring


def _factor(default: FactorScale, given: Mapping[str, Any]) -> FactorScale:
    where = f"scoring.factors.{default.name}"
    _only(given, ("max", "bands"), where)
    most = _whole(given.get("max", default.max), f"{where}.max")
    bands = default.bands
    if "bands" in given:
        if not isinstance(given["bands"], Sequence) or isinstance(given["bands"], str):
            raise InvalidOptionError(f"{where}.bands", given["bands"], "a list of bands")
        bands = tuple(_band(default, band, f"{where}.bands[{index}]") for index, band in enumerate(given["bands"]))
    return FactorScale(default.name, default.title, most, default.below, bands)


def _band(factor: FactorScale, given: Any, where: str) -> Band:
    side = "below" if factor.below else "above"
    band = _mapping(given, where)
    _only(band, (side, "points"), where)
    for key in (side, "points"):
        if key not in band:
            raise InvalidOptionError(where, given, f"a band with '{side}' and 'points'")
    return Band(_limit(band[side], f"{where}.{side}", factor.name in _DURATIONS), _whole(band["points"], f"{where}.points"))


def _limit(given: Any, where: str, duration: bool) -> float:
    if isinstance(given, bool) or not isinstance(given, (int, float, str)):
        raise InvalidOptionError(where, given, "a number")
    if duration and isinstance(given, str) and not given.replace(".", "", 1).isdigit():
        return parse_duration(given, where)
    try:
        limit = float(given)
    except ValueError:
        limit = -1.0
    if not 0 < limit < float("inf"):
        raise InvalidOptionError(where, given, "a number above zero" + (" of seconds, or a duration such as 15m" if duration else ""))
    return limit


def _levels(given: Mapping[str, Any]) -> tuple[ScoreLevel, ...]:
    _only(given, _LEVEL_NAMES[:-1], "scoring.levels")
    return tuple(
        ScoreLevel(_whole(given.get(level.level, level.at_least), f"scoring.levels.{level.level}"), level.level, level.verdict)
        for level in DEFAULT_SCORING.levels
    )


def _check(scoring: Scoring) -> None:
    for factor in scoring.factors:
        where = f"scoring.factors.{factor.name}"
        for index, band in enumerate(factor.bands):
            if band.points > factor.max:
                raise InvalidOptionError(f"{where}.bands[{index}].points", band.points, f"at most the factor's max, {factor.max}")
        for index, (better, worse) in enumerate(zip(factor.bands, factor.bands[1:], strict=False), 1):
            if (worse.limit <= better.limit) if factor.below else (worse.limit >= better.limit):
                order = "rising" if factor.below else "falling"
                raise InvalidOptionError(f"{where}.bands[{index}]", worse.limit, f"bands with {order} limits, the strongest first")
            if worse.points > better.points:
                raise InvalidOptionError(f"{where}.bands[{index}].points", worse.points, f"no more than the band before, {better.points}")
    most = sum(factor.max for factor in scoring.factors)
    if most != scoring.total:
        raise InvalidOptionError(
            "scoring", f"max of {most} in all", f"factors whose max add up to the total, {scoring.total} (set scoring.total to change it)"
        )
    for higher, lower in zip(scoring.levels, scoring.levels[1:], strict=False):
        if lower.at_least >= higher.at_least:
            raise InvalidOptionError(f"scoring.levels.{lower.level}", lower.at_least, f"less than {higher.level}, {higher.at_least}")


def _only(given: Mapping[str, Any], known: Sequence[str], where: str) -> None:
    for name in given:
        if name not in known:
            raise InvalidOptionError(f"{where}.{name}", given[name], f"one of the entries {', '.join(known)}")


def _mapping(given: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(given, Mapping):
        raise InvalidOptionError(where, given, "a mapping")
    return given


def _whole(given: Any, where: str) -> int:
    if isinstance(given, str) and given.isdigit():
        given = int(given)
    if isinstance(given, bool) or not isinstance(given, int) or not 0 <= given <= 1000:
        raise InvalidOptionError(where, given, "a whole number from 0 to 1000")
    return given
