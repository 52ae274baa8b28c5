# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.clients.prometheus import QueryRejectedError, SeriesResult
from ansible_collections.devops.incident_response.plugins.module_utils.errors import SourceUnavailableError
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.comparison import LONGEST_WINDOW, comparison, windows
from ansible_collections.devops.incident_response.plugins.module_utils.model.comparison_raw import RawComparedSignal, RawComparison
from ansible_collections.devops.incident_response.plugins.module_utils.model.service import MetricsSettings, Service, SignalQuery

HOUR = 3600.0
DEPLOYED = 1_000_000.0
UNTIL = DEPLOYED + 4 * HOUR
SERVICE = Service("app", metrics=MetricsSettings(queries=(SignalQuery("queue", "queue_length", higher_is_better=True),)))


class Prometheus:
    """Answers with ``value(query, at)``; None is an empty answer."""

    timeout = 5.0

    def __init__(self, value: Callable[[str, float], float | None]) -> None:
        self.value = value
        self.instants: list[tuple[str, float]] = []
        self.ranges: list[tuple[str, float, float, float]] = []

    def instant(self, query: str, at: float | None = None) -> tuple[SeriesResult, ...]:
        assert at is not None
        self.instants.append((query, at))
        return tuple(self._series(query, [at]))

    def range(self, query: str, start: float, end: float, step: float) -> tuple[SeriesResult, ...]:
        self.ranges.append((query, start, end, step))
        return tuple(self._series(query, [start + step * index for index in range(int((end - start) / step) + 1)]))

    def _series(self, query: str, times: list[float]) -> Iterator[SeriesResult]:
        samples = tuple((at, value) for at in times if (value := self.value(query, at)) is not None)
        if samples:
            yield SeriesResult({}, samples)


def ask(value: Callable[[str, float], float | None], previous: float | None = None) -> tuple[RawComparison, Prometheus]:
    prometheus = Prometheus(value)
    return comparison(prometheus, SERVICE, DEPLOYED, UNTIL, previous, 4 * HOUR), prometheus  # type: ignore[arg-type]


def signal(raw: RawComparison, name: str) -> RawComparedSignal:
    return next(one for one in raw.signals if one.name == name)


@pytest.mark.parametrize(
    ("until", "previous", "timeframe", "length"),
    [
        (UNTIL, None, 4 * HOUR, LONGEST_WINDOW),
        (DEPLOYED + 600, None, 4 * HOUR, 600),
        (UNTIL, DEPLOYED - 300, 4 * HOUR, 300),
        (UNTIL, None, 900, 900),
        (DEPLOYED + 5, None, 4 * HOUR, 60),
    ],
)
def test_windows_are_equally_long(until: float, previous: float | None, timeframe: float, length: float) -> None:
    before, after = windows(DEPLOYED, until, previous, timeframe)
    assert before == (DEPLOYED - length, DEPLOYED)
    assert after == (until - length, until)


def test_rates_are_over_the_windows_and_gauges_at_their_ends() -> None:
    raw, prometheus = ask(
        lambda query, at: 0.5 + (at - DEPLOYED) / 1e6 if "memory" in query or "queue" in query else 2.0 if at > DEPLOYED else 1.0
    )
    assert (signal(raw, "error_rate").before, signal(raw, "error_rate").after) == (1.0, 2.0)
    assert {at for query, at in prometheus.instants if "1800s" in query} == {DEPLOYED, UNTIL}
    assert signal(raw, "memory").after == pytest.approx(0.5 + (UNTIL - DEPLOYED) / 1e6, abs=1e-4)
    assert signal(raw, "queue").higher_is_better


def test_the_course_begins_with_the_window_before_and_is_bounded() -> None:
    raw, _unused = ask(lambda query, at: 1.0)
    points = signal(raw, "error_rate").points
    assert points[0][0] == DEPLOYED - LONGEST_WINDOW
    assert 100 < len(points) <= 402


def test_what_did_not_exist_before_is_unknown_with_its_reason() -> None:
    raw, _unused = ask(lambda query, at: 1.0 if at > DEPLOYED else None)
    assert signal(raw, "error_rate").before is None
    assert "before the deployment" in (signal(raw, "error_rate").reason or "")


def test_no_number_is_unknown() -> None:
    raw, _unused = ask(lambda query, at: math.nan)
    assert (signal(raw, "error_rate").before, signal(raw, "error_rate").after) == (None, None)
    assert "neither" in (signal(raw, "error_rate").reason or "")


def test_a_rejected_query_is_the_reason_of_its_signal_only() -> None:
    def value(query: str, at: float) -> float:
        if query == "queue_length":
            raise QueryRejectedError("bad query")
        return 1.0

    raw, _unused = ask(value)
    assert signal(raw, "queue").reason == "bad query"
    assert signal(raw, "error_rate").after == 1.0


def test_prometheus_out_of_reach_is_the_reason_of_all() -> None:
    def value(query: str, at: float) -> float:
        raise SourceUnavailableError("connection refused")

    raw, _unused = ask(value)
    assert (raw.signals, raw.reason) == ((), "connection refused")


def test_other_names_are_tried_where_there_are_no_requests_under_these() -> None:
    def value(query: str, at: float) -> float | None:
        if "label_replace(count(" in query:
            return 1.0
        return 3.0 if "grpc_server" in query else None

    class WithPreset(Prometheus):
        def _series(self, query: str, times: list[float]) -> Iterator[SeriesResult]:
            for one in super()._series(query, times):
                yield SeriesResult({"preset": "grpc"}, one.samples)

    raw = comparison(WithPreset(value), SERVICE, DEPLOYED, UNTIL, None, 4 * HOUR)  # type: ignore[arg-type]
    assert signal(raw, "request_rate").after == 3.0
    assert "grpc_server_handled_total" in raw.alerts["error_rate"]
