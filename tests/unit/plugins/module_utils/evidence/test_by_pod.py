# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Mapping

from ansible_collections.devops.incident_response.plugins.module_utils.clients.prometheus import SeriesResult
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.by_pod import by_pod, shares_by_pod
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.metric_names import metric_names
from ansible_collections.devops.incident_response.plugins.module_utils.model.metrics import PodShare
from ansible_collections.devops.incident_response.plugins.module_utils.model.service import MetricsSettings, Service

NAMES = metric_names(Service("shop"))


def series(labels: Mapping[str, str], *values: float) -> SeriesResult:
    return SeriesResult(labels, tuple((1_700_000_000.0, value) for value in values))


def test_the_worst_first_by_whichever_label_names_the_pod() -> None:
    given = [
        series({"pod": "a"}, 0.1),
        series({"k8s_pod_name": "b"}, 0.6),
        series({"kubernetes_pod_name": "d"}, 0.2),
        series({"job": "cart"}, 0.9),  # another service that fails, told by the same answer
        series({"pod": "c"}, float("nan")),
        series({"pod": "e"}),
    ]
    assert by_pod(given) == (PodShare("b", 0.6), PodShare("d", 0.2), PodShare("a", 0.1))


def test_the_query_asks_for_its_own_pods_where_something_fails() -> None:
    query = shares_by_pod(NAMES)
    assert query.count(f"{NAMES.requests}{{{NAMES.matchers}") == query.count(NAMES.requests)
    failed, _or, refused = query.partition(" or label_replace(")
    assert failed.endswith(">= 0.02))")
    assert refused.endswith('>= 0.05)), "answer", "refused", "", "")')
    assert (failed.count('status=~"5.."'), refused.count('status=~"4(')) == (2, 2)


def test_what_is_refused_is_told_from_what_fails() -> None:
    given = [series({"pod": "a"}, 0.1), series({"pod": "a", "answer": "refused"}, 0.6), series({"pod": "b", "answer": "refused"}, 0.0)]
    assert by_pod(given) == (PodShare("a", 0.1),)
    assert by_pod(given, refused=True) == (PodShare("a", 0.6), PodShare("b", 0.0))


def test_where_nothing_tells_refusals_apart_they_are_not_asked_for() -> None:
    assert "refused" not in shares_by_pod(metric_names(Service("shop", metrics=MetricsSettings(error_status="[45].."))))
