# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From raw metrics to judged signals."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime
from statistics import median

from ..model.metrics import CLIENT_ERROR_RATE, Metrics, Neighbour, Shape, Signal
from ..model.metrics_raw import RawMetrics, RawNeighbour, RawSignal
from ..units import format_value
from .baseline import Baseline, baseline, usual_of_day
from .episodes import episodes
from .onset import Course, onset
from .recovering import recovering
from .references import FEWEST_DAYS, SAME_HOUR, Measured, references
from .refusals import Refusals, beyond_usual, refusals, told_apart
from .samples import SAME, limited
from .series import finite, slope_per_hour
from .uncounted import INCOMPLETE, WORTH_SAYING, doubted, why_less

USER_FELT = ("error_rate", "latency_p95", "latency_p50", CLIENT_ERROR_RATE)
"""Signals that users feel: the incident began when the first of them left its baseline."""

_FIVE_MINUTES = 300.0
_MINUTE = 60.0
_MATERIAL_RATIO = 2.0
"""Multiple of the baseline from which a signal tells when the incident began, where any has reached it."""
_SMALLEST = {"share": 0.001, "seconds": 0.001}
"""The least change that means anything, by unit: a tenth of a percent, a millisecond."""
_UNUSUAL_RATIO = 3.0
"""Multiple of its usual error rate from which another service fails."""
_BOTH_WAYS = frozenset({"request_rate"})


def signals(raw: RawMetrics, deployed_at: datetime | None, now: datetime) -> Metrics:
    """Every signal with its value, baseline, onset and trend; what is not known is None, with its reason."""
    # The values' own clock is Prometheus'.
    theirs = raw.server_time if raw.server_time is not None else now.timestamp()
    judged = tuple(_signal(one, deployed_at.timestamp() if deployed_at else None, theirs, raw.window) for one in raw.signals)
    refused = _refused(raw, judged)
    felt = refused is not None and _of_its_own_doing(refused, raw) and not _fails_more(judged, refused.share - refused.before)
    if not felt:
        judged = tuple(one for one in judged if one.name != CLIENT_ERROR_RATE)
    return Metrics(
        signals=judged,
        onset=_incident_onset(judged),
        scrape_interval=raw.scrape_interval,
        notes=(*raw.notes, *raw.remarks, *((refused.describe(),) if refused is not None else ())),
        neighbours=tuple(one for other in raw.neighbours if (one := _neighbour(other)) is not None),
        preset=raw.preset,
        pods=beyond_usual(raw.refusing, refused.before) if felt and refused is not None and not raw.pods else raw.pods,
    )


def _refused(raw: RawMetrics, judged: tuple[Signal, ...]) -> Refusals | None:
    """What became of the requests when more of them began to be refused; None where they are not notably more, or it is not known when."""
    began = next((one.onset for one in judged if one.name == CLIENT_ERROR_RATE), None)
    shares, rates = (next((one.recent for one in raw.signals if one.name == name), ()) for name in (CLIENT_ERROR_RATE, "request_rate"))
    return refusals(shares, rates, began.timestamp(), raw.window) if began is not None else None


def _of_its_own_doing(refused: Refusals, raw: RawMetrics) -> bool:
    return refused.instead or told_apart(raw.refusing, refused.before)


def _fails_more(judged: tuple[Signal, ...], rise: float) -> bool:
    """Whether the share of failed requests rose by more than that of refused ones did: then that is what is wrong."""
    return any(one.name == "error_rate" and (one.value or 0.0) - (one.baseline or 0.0) >= rise for one in judged)


def _neighbour(raw: RawNeighbour) -> Neighbour | None:
    """The other service, if it usually does not fail so often."""
    usual = raw.day_before if raw.day_before is not None else 0.0
    if raw.error_rate < _UNUSUAL_RATIO * usual:
        return None
    began = onset(raw.recent, usual, 1, _SMALLEST["share"]).onset
    return Neighbour(raw.job, raw.error_rate, datetime.fromtimestamp(began, UTC) if began is not None else None)


def ratio_of(value: float | None, base: float | None) -> float | None:
    """``value`` as a multiple of ``base``; None when either is unknown, or the base is zero."""
    return value / base if value is not None and base is not None and base > 0 else None


def worsening(signal: Signal) -> float | None:
    """How many times worse than its baseline the signal is, whichever way is worse for it; infinite from or to nothing. None: unknown."""
    value, base = signal.value, signal.baseline
    if value is None or base is None or (signal.at_least and not _above(value, base, signal.baseline_at_least)):
        return None
    worse, better = (base, value) if signal.higher_is_better else (value, base)
    if better > 0:
        return worse / better
    return math.inf if worse > 0 else 1.0


def _signal(raw: RawSignal, deployed_at: float | None, now: float, lookback: float) -> Signal:
    direction = 0 if raw.name in _BOTH_WAYS else -1 if raw.higher_is_better else 1
    day_before = _known(raw.day_before)
    smallest = _SMALLEST.get(raw.unit, 0.0)
    usual_day = usual_of_day(day_before, raw.same_hour, now, direction, smallest)
    course = onset(raw.recent, usual_day.value, direction, smallest)
    base = baseline(usual_day.value, raw.recent, course, deployed_at, direction, raw.same_hour)
    value, window = _present_value(raw, course, now)
    came = _episodes(raw, value, base.value, direction)
    began = course.onset if course.onset is not None or not came else came[-1]
    reasons = [raw.reason] if raw.reason else []
    if value is None and not reasons:
        reasons.append("no samples in the last five minutes")
    reasons += [
        reason
        for reason in (usual_day.reason, base.reason, course.reason, _why_no_ratio(raw, value, base.value))
        if reason and value is not None
    ]
    measured = Measured(raw.recent, raw.same_hour, value, day_before, lookback, now, direction, smallest, raw.unit, raw.limits)
    compared, baselines = references(measured, began, deployed_at) if value is not None else (None, ())
    usual = next((one for one in baselines if one.name == SAME_HOUR), None)
    if course.onset is not None and usual is not None and usual.days >= FEWEST_DAYS and compared is not None and compared.verdict == SAME:
        reasons = [reason for reason in reasons if reason != base.reason]
        reasons.append(f"as usual at this time of the day, by {usual.days} days before")
        course, came, began = Course(Shape.STEADY), (), None
        base = Baseline(usual.value)
    if value is None and not _material(course, smallest):
        course, came, began = Course(Shape.UNKNOWN), (), None  # the last values before there were none are noise
    lost, why = (1.0, INCOMPLETE) if raw.incomplete else (raw.uncounted, why_less(raw.uncounted))
    if value is not None and lost >= WORTH_SAYING and (raw.incomplete or raw.name in _BOTH_WAYS):
        reasons.append(why)
    if value is not None and raw.name in _BOTH_WAYS and lost >= WORTH_SAYING:
        compared = doubted(compared, value, base.value, lost, why) if compared is not None else None
        baselines = tuple(
            replace(one, comparison=doubted(one.comparison, value, one.value, lost, why)) if one.comparison else one for one in baselines
        )
    beyond, base_beyond = limited(value, raw.limits), limited(base.value, raw.limits)
    reasons += _lower_limits(raw, value, beyond, base.value, base_beyond)
    return Signal(
        name=raw.name,
        title=raw.title,
        unit=raw.unit,
        value=value,
        baseline=base.value,
        ratio=None if beyond and not _above(value, base.value, base_beyond) else ratio_of(value, base.value),
        onset=datetime.fromtimestamp(began, UTC) if began is not None else None,
        onset_gap=course.gap if began == course.onset else None,
        shape=Shape.SUDDEN if course.onset is None and came else course.shape,
        reason="; ".join(reasons) or None,
        window=window,
        higher_is_better=raw.higher_is_better,
        trend_per_hour=slope_per_hour(raw.recent),
        critical_ratio=raw.critical_ratio,
        recovering=began is not None and base.value is not None and recovering(raw.recent, base.value, began, direction or 1),
        earlier_onsets=tuple(datetime.fromtimestamp(at, UTC) for at in came[:-1] if began is not None and at < began),
        comparison=compared,
        baselines=baselines,
        at_least=beyond,
        baseline_at_least=base_beyond,
    )


def _lower_limits(raw: RawSignal, value: float | None, beyond: bool, base: float | None, base_beyond: bool) -> list[str]:
    """What is only known to be at least what it says, in words."""
    told = [
        f"{what} at least {format_value(amount, raw.unit)}: beyond the highest bucket of the histogram, so how far is not known"
        for what, amount, limited_to in (("it is", value, beyond), ("the baseline is", base, base_beyond))
        if limited_to and amount is not None
    ]
    return (
        [*told, "which of the two is higher can't be told"]
        if beyond and base is not None and not _above(value, base, base_beyond)
        else told
    )


def _above(value: float | None, base: float | None, base_beyond: bool) -> bool:
    """Whether a value that is a lower limit is above the baseline for sure."""
    return value is not None and base is not None and value > base and not base_beyond


def _material(course: Course, smallest: float) -> bool:
    """Whether the level moved so far that it tells of an incident, although it is not known how it is now."""
    if course.level_before is None or course.level_now is None:
        return False
    low, high = sorted((course.level_before, course.level_now))
    return high >= _MATERIAL_RATIO * low and high - low > smallest


def _why_no_ratio(raw: RawSignal, value: float | None, base: float | None) -> str | None:
    """Something is no multiple of nothing."""
    if base != 0 or not value:
        return None
    return f"{'no errors' if raw.name == 'error_rate' else 'zero'} before, so there is no multiple of it"


def _episodes(raw: RawSignal, value: float | None, base: float | None, direction: int) -> tuple[float, ...]:
    """When it was as bad as now; only where that is so bad that noise does not explain it."""
    if value is None or base is None or not direction:
        return ()
    worse, better = (base, value) if direction < 0 else (value, base)
    material = worse >= _MATERIAL_RATIO * better and abs(value - base) > _SMALLEST.get(raw.unit, 0.0)
    return episodes(raw.recent, base, direction) if material else ()


def _known(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _present_value(raw: RawSignal, course: Course, now: float) -> tuple[float | None, float | None]:
    """The value over five minutes, or over the time since a younger onset, which five minutes would dilute; and the seconds it is over."""
    last_5m, last_1m = _known(raw.last_5m), _known(raw.last_1m)
    if course.onset is not None and now - course.onset < _FIVE_MINUTES and last_1m is not None:
        # Each point looks back one minute, so these have seen nothing from before the onset.
        since = [value for at, value in finite(raw.recent) if at >= course.onset + _MINUTE]
        return median([*since, last_1m]), max(_MINUTE, now - course.onset)
    if last_5m is not None:
        return last_5m, _FIVE_MINUTES
    return last_1m, _MINUTE if last_1m is not None else None


def _incident_onset(judged: tuple[Signal, ...]) -> datetime | None:
    felt = [(worsening(one) or 0.0, one.onset) for one in judged if one.name in USER_FELT and one.onset is not None]
    material = [began for worse, began in felt if worse >= _MATERIAL_RATIO]
    return min(material or [began for _unused, began in felt], default=None)
