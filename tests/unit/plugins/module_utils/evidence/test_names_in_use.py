# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Mapping

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.clients.prometheus import SeriesResult
from ansible_collections.devops.incident_response.plugins.module_utils.concurrency import Deadline
from ansible_collections.devops.incident_response.plugins.module_utils.errors import SourceUnavailableError
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.metric_names import metric_names
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.names_in_use import found_under, names_in_use, status_in_use
from ansible_collections.devops.incident_response.plugins.module_utils.model.service import MetricsSettings, Service

SERVICE = Service("a")


class Prometheus:
    """Answers every query with series of these labels, and keeps the queries."""

    def __init__(self, *labels: Mapping[str, str]) -> None:
        self.labels = labels
        self.queries: list[str] = []

    def instant(self, query: str, at: float | None = None) -> tuple[SeriesResult, ...]:
        self.queries.append(query)
        return tuple(SeriesResult(labels, ((1.0, 1.0),)) for labels in self.labels)


class Down(Prometheus):
    def instant(self, query: str, at: float | None = None) -> tuple[SeriesResult, ...]:
        raise SourceUnavailableError("down")


def test_a_count_of_the_service_comes_before_that_of_a_proxy() -> None:
    prometheus = Prometheus({"preset": "istio"}, {"preset": "micrometer"}, {"preset": "unheard-of"}, {})
    found = names_in_use(prometheus, SERVICE, metric_names(SERVICE), Deadline(1), " offset 1d")  # type: ignore[arg-type]
    assert found is not None
    assert found.preset.value == "micrometer"
    (query,) = prometheus.queries
    assert query.count(" offset 1d") == 12, "one for each preset, and two where a native histogram may count"
    assert "http_requests_total" not in query


@pytest.mark.parametrize("job", [None, "told"])
def test_series_that_are_told_by_another_label_than_the_job(job: str | None) -> None:
    given = Service("a", metrics=MetricsSettings(job=job))
    labels = ("exported_job", "app", "unheard-of")
    prometheus = Prometheus(*({"requests": "http_requests_total", "label": label} for label in labels))
    found = names_in_use(prometheus, given, metric_names(given), Deadline(1))  # type: ignore[arg-type]
    assert (found and found.matchers, len(prometheus.queries)) == ((None, 1) if job else ('app="a"', 2))
    if found:
        assert "metrics.labels to {app: a}" in found_under(given, metric_names(given), found)


def test_nothing_under_any_name() -> None:
    assert names_in_use(Prometheus(), SERVICE, metric_names(SERVICE), Deadline(1)) is None  # type: ignore[arg-type]


def test_the_label_that_is_there() -> None:
    prometheus = Prometheus({"label": "status_code"}, {"label": "code"})
    found = status_in_use(prometheus, SERVICE, metric_names(SERVICE), Deadline(1))  # type: ignore[arg-type]
    assert found is not None
    assert found.failure == 'code=~"5.."'
    assert len(prometheus.queries) == 1


def test_what_the_catalogue_says_is_not_guessed() -> None:
    given = Service("a", metrics=MetricsSettings(status_label="outcome"))
    assert status_in_use(Prometheus({"label": "code"}), given, metric_names(given), Deadline(1)) is None  # type: ignore[arg-type]


@pytest.mark.parametrize("search", [names_in_use, status_in_use])
def test_no_answer_is_no_answer(search: object) -> None:
    with pytest.raises(SourceUnavailableError, match="down"):
        search(Down(), SERVICE, metric_names(SERVICE), Deadline(1))  # type: ignore[operator]
