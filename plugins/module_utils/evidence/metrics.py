# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The golden signals and a team's own, read from Prometheus: now, on the days before, and how they went lately."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from datetime import UTC, datetime

from ..clients.prometheus import PrometheusClient
from ..concurrency import Deadline, start, wait
from ..errors import SourceUnavailableError
from ..lean import dataclass
from ..model.metrics_raw import RawMetrics, RawSignal
from ..model.service import Service
from ..units import format_duration
from .metric_names import MetricNames, metric_names
from .metrics_reading import read_signals, with_history
from .metrics_wave import CLOCK_TOLERANCE, DAY_BEFORE, INSTANT, LABELLED, UP, Wave, ask, remarks_on, value_of, why_no_past
from .names_in_use import found_under, names_in_use, status_in_use, told_by
from .narrowing import narrowed
from .neighbours import WhereItFails, where_it_fails
from .promql import requests_selector

__all__ = ["metrics", "value_of"]


_OLD = 60.0
"""Seconds from which it matters for the reader that values are not of now."""


@dataclass(frozen=True, slots=True)
class _Look:
    """``remarks`` are what is worth knowing although nothing is missing."""

    wave: Wave
    signals: tuple[RawSignal, ...]
    remarks: tuple[str, ...] = ()


def metrics(client: PrometheusClient, service: Service, timeframe: float, now: float, deadline: Deadline | None = None) -> RawMetrics:
    """The service's signals. ``timeframe`` is how many seconds to look back, ``now`` unix seconds by our clock; Prometheus' own counts.

    A signal that can't be had has its reason. Where there are no requests under the names of the catalogue, those of the presets are tried.
    The number of queries depends on the signals alone, never on pods. Raises SourceUnavailableError when Prometheus gives nothing at all,
    InvalidOptionError for a metric name of the catalogue that is none.
    """
    ends = deadline or Deadline(client.timeout)
    names = metric_names(service)
    others = start(lambda: where_it_fails(client, service, now, names), "prometheus-neighbours")
    look = _with_other_names(client, service, timeframe, now, ends, _look(client, service, names, timeframe, now, ends))
    if look.wave.names is not names:
        others = start(lambda: where_it_fails(client, service, now, look.wave.names), "prometheus-neighbours")
    wave = look.wave
    warnings, infos = remarks_on(wave.answers)
    notes = [f"Prometheus warns: {text}" for text in warnings]
    if wave.interval is None:
        notes.append(f"the scrape interval is unknown: no series for up{{{wave.names.targets}}}")
    if (unknown := why_no_past(wave)) is not None:
        notes.append(unknown)
    remarks = [f"Prometheus remarks: {text}" for text in infos]
    if wave.lag and wave.server_time is not None:
        last = datetime.fromtimestamp(wave.server_time, UTC).strftime("%H:%M:%S UTC")
        told = f"Prometheus has scraped nothing since {last}, for {format_duration(wave.lag)}: the values are those of then"
        (notes if wave.lag >= _OLD else remarks).append(told)
    down, targets = wave.targets_down
    if 0 < down < targets:
        remarks.append(
            f"{down} of {targets} targets of {{{wave.names.targets}}} do not answer scrapes: what they do is not in these metrics"
        )
    if wave.server_time is not None and abs(wave.server_time + wave.lag - now) > CLOCK_TOLERANCE:
        ahead = now - wave.server_time - wave.lag
        remarks.append(f"our clock is {format_duration(abs(ahead))} {'ahead of' if ahead > 0 else 'behind'} Prometheus', whose own is used")
    around = _around(others, ends)
    return RawMetrics(
        signals=look.signals,
        scrape_interval=wave.interval,
        notes=tuple(notes),
        neighbours=around.neighbours,
        remarks=(*look.remarks, *remarks),
        window=wave.window,
        server_time=wave.server_time,
        preset=wave.names.preset.value,
        pods=around.pods,
        refusing=around.refusing,
    )


def _look(client: PrometheusClient, service: Service, names: MetricNames, timeframe: float, now: float, ends: Deadline) -> _Look:
    """What there is under ``names``; asked once more where replicas, or other namespaces, are to be told apart."""
    wave = ask(client, service, names, timeframe, now, ends)
    names, notes = narrowed(names, wave.series(UP), wave.series(LABELLED), service)
    if notes:
        wave = ask(client, service, names, timeframe, now, ends)
    return _Look(wave, read_signals(wave, service), notes)


def _with_other_names(client: PrometheusClient, service: Service, timeframe: float, now: float, ends: Deadline, look: _Look) -> _Look:
    """``look``, or a better one under other names: now where there is nothing under these, or before where there was nothing then.

    One more query where requests, or their history, are missing; one more wave only where other names have them.
    """
    wave = look.wave
    if any(isinstance(wave.answers[kind, "request_rate"], SourceUnavailableError) for kind in (INSTANT, DAY_BEFORE)):
        return look  # whether there are series under these names is not known
    if wave.series(INSTANT, "request_rate") and wave.answers[LABELLED, ""] == ():
        look = _with_other_label(client, service, timeframe, now, ends, look)
        wave = look.wave
    counted = wave.series(INSTANT, "request_rate") or wave.series(LABELLED)
    had_history = bool(wave.series(DAY_BEFORE, "request_rate"))
    if counted and had_history:
        return look
    try:
        found = names_in_use(client, service, wave.names, ends, "" if not counted else " offset 1d")
        if found is None:
            return look
        other = _look(client, service, found, timeframe, now, ends)
    except SourceUnavailableError:
        return look
    if other.wave.series(INSTANT, "request_rate") and other.wave.answers[LABELLED, ""] == ():
        other = _with_other_label(client, service, timeframe, now, ends, other)
    own = requests_selector(service, wave.names)
    theirs = requests_selector(service, found)
    if counted:
        remark = f"a day ago the requests were counted as {theirs}, now as {own}: the baselines are of the former"
        return _Look(wave, _joined(look.signals, other.signals, theirs), (*look.remarks, remark))
    remarks = (*look.remarks, found_under(service, wave.names, found), *other.remarks)
    return _Look(other.wave, _joined(other.signals, look.signals, own), remarks)


def _with_other_label(client: PrometheusClient, service: Service, timeframe: float, now: float, ends: Deadline, look: _Look) -> _Look:
    """``look``, or one in which failures are told by the label that the requests do have. At most one more query and one more wave."""
    try:
        found = status_in_use(client, service, look.wave.names, ends)
        if found is None:
            return look
        other = _look(client, service, found, timeframe, now, ends)
    except SourceUnavailableError:
        return look
    return _Look(other.wave, other.signals, (*look.remarks, told_by(look.wave.names, found), *other.remarks))


def _joined(signals: Sequence[RawSignal], older: Sequence[RawSignal], was_called: str) -> tuple[RawSignal, ...]:
    """``signals`` with the history that they had under the older names."""
    before = {one.name: one for one in older}
    return tuple(with_history(one, before[one.name], was_called) if one.name in before else one for one in signals)


def _around(asked: Future[WhereItFails], deadline: Deadline) -> WhereItFails:
    """Nothing where that can't be had, since what matters here is only that something fails elsewhere."""
    try:
        return wait(asked, deadline, "Prometheus")
    except SourceUnavailableError:
        return WhereItFails()
