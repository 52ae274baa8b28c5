# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.devops.incident_response.plugins.module_utils.clients.prometheus import SeriesResult
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.metric_names import metric_names
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.replicas import of_replica, one_replica
from ansible_collections.devops.incident_response.plugins.module_utils.model.service import Service


def up(samples: int = 8, **labels: str) -> SeriesResult:
    return SeriesResult({"__name__": "up", "job": "a", **labels}, tuple((float(number), 1.0) for number in range(samples)))


def test_the_replica_with_the_fewest_gaps_is_taken() -> None:
    found = one_replica([up(7, instance="1", prometheus_replica="p-0"), up(instance="1", prometheus_replica="p-1")])
    assert found is not None
    assert (found.label, found.value, found.count) == ("prometheus_replica", "p-1", 2)
    names = of_replica(metric_names(Service("a")), found)
    assert names.matchers == 'job="a",prometheus_replica="p-1"'
    assert "2 replicas of Prometheus" in found.note


def test_targets_that_differ_in_more_are_no_replicas() -> None:
    assert one_replica([]) is None
    assert one_replica([up(instance="1"), up(instance="2")]) is None
    assert one_replica([up(instance="1", replica="0"), up(instance="2", replica="1")]) is None
