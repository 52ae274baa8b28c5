# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.analysis.pod_split import PodSplit, pod_split, workload_of
from ansible_collections.devops.incident_response.plugins.module_utils.model.metrics import PodShare
from ansible_collections.devops.incident_response.plugins.module_utils.model.workload import Pod
from ansible_collections.devops.incident_response.tests.unit.plugins.module_utils.factories import pods, workload


def named(number: int, count: int) -> tuple[Pod, ...]:
    return tuple(replace(pod, name=f"app-7c9f8d5b6{number}-x2x4{index}") for index, pod in enumerate(pods(count, number=number)))


NEW, OLD = named(4, 3), named(3, 3)
CANARY = "app-canary-5d5c8b7f9-abcde"


def split(shares: dict[str, float], *there: Pod) -> PodSplit | None:
    return pod_split([PodShare(name, share) for name, share in shares.items()], workload(*there))


def shared(there: tuple[Pod, ...], *values: float) -> dict[str, float]:
    return {pod.name: value for pod, value in zip(there, values, strict=True)}


def test_one_revision_fails_and_the_one_beside_it_does_not() -> None:
    found = split({**shared(NEW, 0.4, 0.5, 0.45), **shared(OLD, 0.001, 0.0, 0.002)}, *NEW, *OLD)
    assert found is not None
    assert found.only_revision == "hash4"
    assert not found.some_of_a_revision


def test_both_fail() -> None:
    found = split({**shared(NEW, 0.4, 0.5, 0.45), **shared(OLD, 0.4, 0.3, 0.5)}, *NEW, *OLD)
    assert found is not None
    assert found.both_revisions
    assert found.only_revision is None


def test_one_of_a_revision_fails() -> None:
    found = split(shared(NEW, 0.9, 0.0, 0.01), *NEW)
    assert found is not None
    assert found.some_of_a_revision
    assert found.only_revision is None


def test_most_of_a_revision_fails() -> None:
    found = split(shared(NEW, 0.9, 0.8, 0.0), *NEW)
    assert found is not None
    assert not found.some_of_a_revision


def test_pods_of_another_workload_fail_alone() -> None:
    found = split({CANARY: 0.6, **shared(NEW, 0.0, 0.0, 0.01)}, *NEW)
    assert found is not None
    assert found.other_workload == "app-canary"
    both = split({CANARY: 0.6, **shared(NEW, 0.5, 0.5, 0.5)}, *NEW)
    assert both is not None
    assert both.other_workload is None


@pytest.mark.parametrize(
    "shares",
    [
        {},
        shared(NEW, 0.02, 0.0, 0.0),  # hardly any fail
        shared(NEW, 0.4, 0.06, 0.0),  # neither well nor as bad
        {"app-7c9f8d5b63-gone1": 0.5, **shared(NEW, 0.0, 0.0, 0.0)},  # a pod of its own that is gone
    ],
)
def test_what_tells_nothing(shares: dict[str, float]) -> None:
    assert split(shares, *NEW) is None


def test_pods_on_their_way_out_and_a_workload_that_is_not_known() -> None:
    leaving = tuple(replace(pod, terminating=True) for pod in OLD)
    found = split({**shared(NEW, 0.4, 0.5, 0.45), **shared(OLD, 0.001, 0.0, 0.002)}, *NEW, *leaving)
    assert found is not None
    assert found.only_revision is None, "what goes away gets no requests any more"
    assert pod_split([PodShare("app-1", 0.5)], None) is None


@pytest.mark.parametrize(
    ("pod", "workload"),
    [("web-7c9f8d5b6-x2x4q", "web"), ("db-0", "db"), ("agent-x2x4q", "agent"), ("shop-canary-5d5c8b7f9-abcde", "shop-canary"), ("a", "a")],
)
def test_whose_pod_it_is(pod: str, workload: str) -> None:
    assert workload_of(pod) == workload
