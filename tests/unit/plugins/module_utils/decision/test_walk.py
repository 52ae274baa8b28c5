# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.decision import tree, tree_facts
from ansible_collections.devops.incident_response.plugins.module_utils.decision.recommendation import recommend
from ansible_collections.devops.incident_response.plugins.module_utils.decision.situation import Options, situation
from ansible_collections.devops.incident_response.plugins.module_utils.decision.tree_default import DOCUMENT
from ansible_collections.devops.incident_response.plugins.module_utils.decision.tree_reading import tree_from
from ansible_collections.devops.incident_response.plugins.module_utils.decision.walk import Walk, walk
from ansible_collections.devops.incident_response.plugins.module_utils.model.diagnostics import Diagnostics
from ansible_collections.devops.incident_response.plugins.module_utils.model.metrics import Shape
from ansible_collections.devops.incident_response.plugins.module_utils.model.recommendation import Action
from ansible_collections.devops.incident_response.tests.unit.plugins.module_utils.factories import (
    APPROVAL,
    DAY,
    HOUR,
    MINUTE,
    NOW,
    bad_deployment,
    degraded_cache,
    deployed,
    diagnostics,
    errors,
    latency,
    memory,
    metrics,
    signal,
    traffic,
)


def walked(given: Diagnostics, *nodes: Any) -> Walk:
    options = Options(tree=tree_from({"version": 1, "tree": list(nodes)})) if nodes else Options()
    return walk(situation(given, NOW, options))


def leak() -> Diagnostics:
    """Latency and memory have grown for two hours; nothing was deployed for days."""
    rising = {"shape": Shape.GRADUAL}
    signals = (
        errors(0.001, 0.001),
        latency(1.5, 0.2, 2 * HOUR, **rising),
        memory(0.92, 0.5, 3 * HOUR, trend_per_hour=0.14, **rising),
        traffic(100, 100),
    )
    return diagnostics(rollouts=deployed(5 * DAY), metrics=metrics(*signals))


def test_every_fact_of_the_vocabulary_is_known_and_no_other() -> None:
    assert set(tree_facts.FACTS) == set(tree.FACTS)


@pytest.mark.parametrize("fact", tree.FACTS)
@pytest.mark.parametrize("given", [bad_deployment(), degraded_cache(), leak(), diagnostics()])
def test_every_fact_has_a_value_of_its_kind_or_a_reason(fact: str, given: Diagnostics) -> None:
    found = tree_facts.known(fact, situation(given, NOW, Options()))
    assert isinstance(found.value, bool) is (tree.FACTS[fact] == tree.YES_NO) or found.value is None
    assert found.value is not None or found.detail


def test_a_bad_deployment_is_walked_as_the_specification_says() -> None:
    steps = [(one.depth, one.question, one.answer) for one in walked(bad_deployment()).steps]
    assert steps[:4] == [
        (0, "High error rate (> 5%)?", "yes"),
        (1, "Recent deployment (last 4h)?", "yes"),
        (2, "Did it begin after the deployment?", "yes"),
        (2, "Do error patterns match new code paths?", "yes"),
    ]
    assert (0, "Pod crashes (CrashLoopBackOff)?", "yes") in steps


def test_a_step_shows_what_was_checked_its_value_its_threshold_and_its_branch() -> None:
    first, second = walked(bad_deployment()).steps[:2]
    assert (first.check, first.value, first.comparison, first.threshold, first.branch) == ("error_rate", 0.45, "above", 0.05, "then")
    assert second.check == "deployment_age"
    assert second.concluded == ("deployment (85%): rollback",)


def test_without_a_recent_deployment_it_asks_for_dependencies() -> None:
    found = walked(degraded_cache())
    assert [(one.depth, one.question, one.answer) for one in found.steps[:3]] == [
        (0, "High error rate (> 5%)?", "yes"),
        (1, "Recent deployment (last 4h)?", "no"),
        (1, "External dependency issue?", "yes"),
    ]
    assert found.start("dependency", 1) == 60


def test_a_leak_is_a_trend_and_not_a_high_value() -> None:
    found = walked(leak())
    assert next((one.question, one.answer) for one in found.steps if one.depth == 2) == ("Memory trend rising?", "yes")
    assert [one.action for one in found.about("resource_leak")] == ["restart"]
    full_but_steady = metrics(errors(0.001, 0.001), latency(1.5, 0.2, 10 * MINUTE), memory(0.92, 0.92), traffic(100, 100))
    assert not walked(diagnostics(rollouts=deployed(5 * DAY), metrics=full_but_steady)).about("resource_leak")


def test_what_is_as_ever_is_not_high_whatever_the_threshold() -> None:
    given = diagnostics(metrics=metrics(errors(0.08, 0.07), latency(0.1, 0.1), traffic(100, 100)))
    assert walked(given).steps[0].answer == "no"


def test_a_node_is_passed_over_where_its_condition_is_not_known() -> None:
    node = {"ask": "x?", "check": "crashes"}
    assert len(walked(bad_deployment(), {**node, "when": "crashes"}).steps) == 1
    assert not walked(bad_deployment(), {**node, "when": "not crashes"}).steps
    blind = diagnostics(rollouts=None)
    assert not walked(blind, {**node, "when": "after_deployment"}).steps
    assert not walked(blind, {**node, "when": "not after_deployment"}).steps


def test_a_teams_own_signal_can_be_asked_about() -> None:
    queue = signal("queue", 900.0, 100.0, 5 * MINUTE, unit="number")
    given = diagnostics(metrics=metrics(errors(0.5, 0.001, 5 * MINUTE), queue))
    nodes = (
        {"ask": "Queue > {threshold}?", "check": "signal.queue", "above": 500},
        {"ask": "Queue grew {threshold}?", "check": "signal.queue.multiple", "above": 10},
        {"ask": "Other?", "check": "signal.other", "above": 1},
    )
    assert [(one.question, one.answer) for one in walked(given, *nodes).steps] == [
        ("Queue > 500?", "yes"),
        ("Queue grew 10x?", "no"),
        ("Other?", "unknown"),
    ]


class TestATeamsOwnTree:
    def test_it_says_what_to_do_about_a_cause(self) -> None:
        document = {
            "version": 1,
            "tree": [
                *DOCUMENT["tree"],
                {
                    "cause": "resource_leak",
                    "action": "scale",
                    "headline": "ADD PODS",
                    "remedies": ["Add two pods"],
                    "when": "memory_rising",
                },
            ],
        }
        usual = recommend(leak(), APPROVAL, NOW, Options())
        assert (usual.action, usual.headline) == (Action.RESTART, "RESTART pods or scale out (resource leak)")
        extended = recommend(leak(), APPROVAL, NOW, Options(tree=tree_from(document)))
        assert "Add two pods" in extended.remedies
        replaced = recommend(leak(), APPROVAL, NOW, Options(tree=tree_from({"version": 1, "tree": document["tree"][-1:]})))
        assert (replaced.action, replaced.headline, replaced.remedies) == (Action.SCALE, "ADD PODS", ("Add two pods",))

    def test_its_limits_are_those_of_the_symptoms(self) -> None:
        given = diagnostics(metrics=metrics(errors(0.03, 0.02, 5 * MINUTE), latency(0.1, 0.1), traffic(100, 100)))
        assert not situation(given, NOW, Options()).symptoms.high_errors
        stricter = tree_from({"version": 1, "tree": [{"ask": "High?", "check": "error_rate", "above": "2%"}]})
        assert situation(given, NOW, Options(tree=stricter)).symptoms.high_errors

    def test_it_can_not_lift_a_guard(self) -> None:
        eager = tree_from({"version": 1, "tree": [{"cause": "deployment", "action": "rollback", "confidence": 95}]})
        before = diagnostics(
            rollouts=deployed(5 * MINUTE),
            metrics=metrics(errors(0.5, 0.001, 30 * MINUTE), latency(3.0, 0.15, 30 * MINUTE), traffic(100, 100)),
        )
        assert recommend(before, APPROVAL, NOW, Options(tree=eager)).action is not Action.ROLLBACK
