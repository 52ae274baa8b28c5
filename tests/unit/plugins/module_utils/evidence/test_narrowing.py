# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.devops.incident_response.plugins.module_utils.clients.prometheus import SeriesResult
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.metric_names import metric_names
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.narrowing import narrowed
from ansible_collections.devops.incident_response.plugins.module_utils.model.service import Service

SERVICE = Service("payment-api")


def series(**labels: str) -> SeriesResult:
    return SeriesResult(labels, ((0.0, 1.0),))


def test_one_namespace_and_one_replica_stay_as_they_are() -> None:
    names = metric_names(SERVICE)
    assert narrowed(names, [series(pod="a")], [series(namespace="production")], SERVICE) == (names, ())


def test_both_are_told_apart_at_once() -> None:
    names, replicated = metric_names(SERVICE), [series(pod="a", replica="0"), series(pod="a", replica="1")]
    own, notes = narrowed(names, replicated, [series(namespace="production"), series(namespace="staging")], SERVICE)
    assert own.matchers == f'{names.matchers},replica="0",namespace="production"'
    assert ["replicas" in note for note in notes] == [True, False]
    assert "in staging as well" in notes[1]


def test_where_the_services_own_namespace_has_none_nothing_is_left_out() -> None:
    names = metric_names(SERVICE)
    assert narrowed(names, [], [series(namespace="blue"), series(namespace="green")], SERVICE) == (names, ())
