# SPDX-License-Identifier: GPL-3.0-or-later
"""Deployments shortly before trouble that is not theirs, and beside each one that is guilty."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.devops.incident_response.plugins.module_utils.decision.recommendation import recommend
from ansible_collections.devops.incident_response.plugins.module_utils.model.changes import Commit
from ansible_collections.devops.incident_response.plugins.module_utils.model.diagnostics import Diagnostics
from ansible_collections.devops.incident_response.plugins.module_utils.model.logs import LogPattern
from ansible_collections.devops.incident_response.plugins.module_utils.model.metrics import Neighbour
from ansible_collections.devops.incident_response.plugins.module_utils.model.recommendation import Action, Recommendation
from ansible_collections.devops.incident_response.plugins.module_utils.model.surroundings import Condition, Node, Surroundings
from ansible_collections.devops.incident_response.plugins.module_utils.model.workload import Pod
from ansible_collections.devops.incident_response.tests.unit.plugins.module_utils.factories import (
    AUTOMATIC,
    DAY,
    HOUR,
    MINUTE,
    NOW,
    ago,
    changes,
    deployed,
    diagnostics,
    errors,
    latency,
    logs,
    memory,
    metrics,
    pattern,
    traffic,
    workload,
)


def recommended(given: Diagnostics) -> Recommendation:
    return recommend(given, AUTOMATIC, NOW)


def causes(found: Recommendation) -> list[str]:
    return [one.cause for one in found.hypotheses]


def failing(age: float, onset: float, *lines: str, neighbours: tuple[Neighbour, ...] = (), **sources: object) -> Diagnostics:
    """A third of the requests fails since ``onset``, after a rollout ``age`` ago that took half a minute; both are ages in seconds."""
    felt = metrics(errors(0.33, 0.001, onset), latency(0.15, 0.15), traffic(100, 100), memory(0.5, 0.5))
    running = [
        Pod(f"app-{number}", "v2.3.1", True, "Running", ago(age - 10.0 * number), revision_hash="hash4", node=f"node-{number}")
        for number in range(3)
    ]
    given = {
        "rollouts": deployed(age),
        "metrics": replace(felt, neighbours=neighbours),
        "workload": workload(*running),
        "logs": logs(*(pattern("ERROR", line, 900, onset, new=True) for line in lines)),
    }
    return diagnostics(**{**given, **sources})


class TestANameServerThatDoesNotAnswer:
    """Two minutes after a rollout: no version's settings make a name server silent."""

    def test_is_not_the_rollouts_doing(self) -> None:
        found = recommended(failing(8 * MINUTE, 6 * MINUTE, "getaddrinfo EAI_AGAIN push.example"))
        assert (found.action, found.automatic, causes(found)[0]) == (Action.INVESTIGATE, False, "name_resolution")

    def test_a_name_that_does_not_exist_may_be(self) -> None:
        assert recommended(failing(8 * MINUTE, 6 * MINUTE, "getaddrinfo ENOTFOUND pus.example")).action is Action.ROLLBACK


class TestAnotherServiceThatFailsAsWell:
    """Both fail since eight minutes ago, twelve minutes after the rollout; no traces tell who calls whom."""

    def found(self, line: str, onset: float = 8 * MINUTE) -> Recommendation:
        pricing = Neighbour("pricing", 0.4, ago(onset))
        return recommended(failing(20 * MINUTE, 8 * MINUTE, line, neighbours=(pricing,)))

    def test_and_that_the_errors_name_is_where_it_begins(self) -> None:
        found = self.found("TypeError: pricing gave undefined")
        assert (found.action, causes(found)[0]) == (Action.INVESTIGATE, "dependency")
        assert found.hypotheses[0].title == "pricing fails"
        assert "errors_begin_elsewhere" in {guard.name for guard in found.guards}

    def test_and_that_they_do_not_name_may_be_a_caller(self) -> None:
        assert self.found("TypeError: basket is undefined").action is Action.ROLLBACK

    def test_only_later_is_a_consequence(self) -> None:
        assert self.found("TypeError: pricing gave undefined", onset=4 * MINUTE).action is Action.ROLLBACK


class TestANodeThatWent:
    """Every pod that is there is ready: those of the node are being replaced."""

    def found(self, since: float) -> Recommendation:
        silent = Condition("Ready", "Unknown", "NodeStatusUnknown", since=ago(since))
        node = Node("node-1", ready=False, schedulable=True, pods=1, problems=(silent,))
        given = failing(6 * MINUTE, 5 * MINUTE)
        state = replace(given.workload.data, surroundings=Surroundings(nodes=(node,)))  # type: ignore[type-var]
        return recommended(replace(given, workload=replace(given.workload, data=state)))

    def test_as_it_began_is_the_cause(self) -> None:
        found = self.found(since=4 * MINUTE)
        assert (found.action, causes(found)[0]) == (Action.INVESTIGATE, "node")
        assert "node-1" in found.hypotheses[0].evidence_for[0]

    def test_long_before_is_not(self) -> None:
        assert self.found(since=DAY).action is Action.ROLLBACK


class TestANodeThatRanShort:
    def found(self, age: float, since: float) -> Recommendation:
        short = Condition("DiskPressure", "True", "KubeletHasDiskPressure", since=ago(since))
        node = Node("node-1", ready=True, schedulable=True, pods=1, problems=(short,))
        given = failing(age, 8 * MINUTE)
        state = replace(given.workload.data, surroundings=Surroundings(nodes=(node,)))  # type: ignore[type-var]
        return recommended(replace(given, workload=replace(given.workload, data=state)))

    def test_long_after_the_rollout_is_a_cause(self) -> None:
        found = self.found(age=70 * MINUTE, since=8 * MINUTE)
        assert causes(found)[0] == "node"
        assert found.hypotheses[0].evidence_for[0] == "Node node-1 (DiskPressure), which runs pods of it, ran short as it began"

    def test_with_the_rollout_may_be_its_doing(self) -> None:
        assert "node" not in causes(self.found(age=8.5 * MINUTE, since=8 * MINUTE))

    def test_hours_before_is_none(self) -> None:
        assert "node" not in causes(self.found(age=70 * MINUTE, since=DAY))


class TestErrorsOfTheProgramsOwn:
    """No deployment is recent, and nobody else is known to be in trouble."""

    def found(self, *files: str, line: str = "TypeError: closed_at is undefined") -> Recommendation:
        given = failing(9 * HOUR, 8 * MINUTE)
        seen = LogPattern("ERROR", line, 900, line, ago(8 * MINUTE), NOW, ("v2.3.1",), None, files)
        commit = Commit("a" * 40, ago(DAY), "kim", "Closing dates", ("src/export.js",))
        told = replace(given.changes.data, commits=(commit,))  # type: ignore[type-var]
        return recommended(replace(given, logs=replace(given.logs, data=logs(seen)), changes=replace(given.changes, data=told)))

    def test_name_no_dependency(self) -> None:
        assert causes(self.found())[0] == "unknown"
        assert causes(self.found(line="connect ECONNREFUSED 10.0.0.9:5432"))[0] == "dependency"

    def test_in_a_file_that_the_version_changed_are_its_own(self) -> None:
        found = self.found("src/export.js")
        assert (found.action, found.automatic, causes(found)[0]) == (Action.INVESTIGATE, False, "deployment")
        assert causes(self.found("src/other.js"))[0] == "unknown"

    def test_of_used_up_files_are_a_leak(self) -> None:
        line = "accept4: too many open files"
        found = self.found(line=line)
        assert (found.action, causes(found)[0]) == (Action.RESTART, "resource_leak")
        at_once = recommended(failing(9 * MINUTE, 8 * MINUTE, line))
        assert (at_once.action, causes(at_once)[0]) == (Action.ROLLBACK, "deployment")


class TestErrorsOfTheProgramsOwnMinutesAfterTheRollout:
    """In ``quotes/provider.py``, which a version that is well may have run into as well."""

    def found(self, *changed: str, libraries: tuple[str, ...] = ()) -> Recommendation:
        given = failing(13 * MINUTE, 5 * MINUTE)
        line = "KeyError: 'rates'"
        seen = LogPattern("ERROR", line, 900, line, ago(5 * MINUTE), NOW, ("v2.3.1",), None, ("/app/quotes/provider.py",))
        commit = Commit("a" * 40, ago(DAY), "kim", "Correct texts", changed)
        told = replace(given.changes.data, commits=(commit,), libraries=libraries)  # type: ignore[type-var]
        return recommended(replace(given, logs=replace(given.logs, data=logs(seen)), changes=replace(given.changes, data=told)))

    def test_where_it_changed_nothing_are_looked_into_first(self) -> None:
        assert self.found("quotes/texts.py").action is Action.INVESTIGATE

    def test_that_may_be_its_doing_are_rolled_back(self) -> None:
        assert self.found("quotes/provider.py").action is Action.ROLLBACK
        assert self.found("README.md").action is Action.ROLLBACK, "the sources may be somewhere else"
        assert self.found("quotes/texts.py", libraries=("requirements.txt",)).action is Action.ROLLBACK


class TestADependencyThatSaysSoItself:
    """Within the first half minute of a rollout, when whatever fails may fail because of the new version."""

    def test_is_no_versions_doing(self) -> None:
        found = recommended(failing(3 * MINUTE, 2.5 * MINUTE, "FATAL: the database system is in recovery mode", dependencies=None))
        assert (found.action, causes(found)[0]) == (Action.INVESTIGATE, "dependency")
        assert causes(found).count("dependency") == 1

    def test_that_refuses_may_be(self) -> None:
        found = recommended(failing(3 * MINUTE, 2.5 * MINUTE, "dial tcp 10.0.0.9:5432: connection refused", dependencies=None))
        assert found.action is Action.ROLLBACK


def test_who_waits_for_what_the_errors_name_minutes_after_the_rollout_waits_for_that() -> None:
    def found(line: str) -> Recommendation:
        return recommended(failing(19 * MINUTE, 8 * MINUTE, line, dependencies=None))

    named = found("redis.exceptions.TimeoutError: Timeout reading from socket")
    assert (named.action, causes(named)[0]) == (Action.INVESTIGATE, "dependency")
    assert causes(found("TimeoutException: given up"))[0] == "deployment"


class TestErrorsThatSayNothingOfTheirOrigin:
    """They began after the rollout was complete."""

    def found(self, settled: float, subject: str = "Correct German texts") -> Recommendation:
        age = 4 * MINUTE + settled
        return recommended(failing(age, 4 * MINUTE, "parcel <*> rejected by the sorter", changes=changes(subject)))

    def test_soon_after_it_speak_for_it(self) -> None:
        assert self.found(settled=4.5 * MINUTE).action is Action.ROLLBACK

    def test_long_after_it_are_looked_into_first(self) -> None:
        assert self.found(settled=9 * MINUTE).action is Action.INVESTIGATE

    def test_long_after_it_where_a_commit_speaks_of_the_same(self) -> None:
        found = self.found(settled=9 * MINUTE, subject="New sorter for the night shift")
        assert (found.action, found.automatic) == (Action.ROLLBACK, False)

    def test_a_commit_may_use_another_form_of_the_word(self) -> None:
        assert self.found(settled=9 * MINUTE, subject="Sorters of the night shift").action is Action.ROLLBACK
        assert self.found(settled=9 * MINUTE, subject="Sort by night").action is Action.INVESTIGATE, "a short word begins many others"


class TestTheStackOfACallThatAnotherFails:
    """The release changed the file that calls; all its calls went well while it was rolled out, and for two minutes more."""

    def found(self, line: str, settled: float = 3 * MINUTE) -> Recommendation:
        told = LogPattern("ERROR", line, 900, line, ago(4 * MINUTE), NOW, ("v2.3.1",), True, ("src/index/bulk.js",))
        touching = replace(changes("Bulk writes"), commits=(Commit("a" * 40, ago(DAY), "alice", "Bulk writes", ("src/index/bulk.js",)),))
        return recommended(failing(4 * MINUTE + settled, 4 * MINUTE, logs=logs(told), changes=touching))

    def test_is_no_evidence_against_the_version(self) -> None:
        found = self.found("cluster_block_exception: index blocked, flood-stage watermark exceeded")
        assert (found.action, found.automatic, causes(found)[0]) == (Action.INVESTIGATE, False, "dependency")

    def test_is_evidence_where_the_error_is_its_own(self) -> None:
        assert self.found("TypeError: Cannot read properties of undefined (reading 'id')").automatic

    def test_is_evidence_where_it_came_with_the_first_requests(self) -> None:
        assert self.found("connection refused", settled=0.0).action is Action.ROLLBACK


def test_memory_that_has_grown_for_days_is_a_leak() -> None:
    def first(before: float, onset: float | None = None) -> str:
        felt = (errors(0.06, 0.001, 20 * MINUTE), latency(0.9, 0.05, 20 * MINUTE), traffic(60, 60))
        return causes(recommended(diagnostics(metrics=metrics(*felt, memory(0.98, before, onset, trend_per_hour=0.005)))))[0]

    assert first(before=0.86) == "resource_leak"
    assert first(before=0.97) == "unknown", "a heap that is always this full"
    assert first(before=0.86, onset=20 * MINUTE) == "unknown", "a big input"


class TestWhatIsInFrontOfSeveralServices:
    """They began to fail at the same moment, and nobody knows who calls whom."""

    def found(self, *names: str, said: tuple[str, ...] = ()) -> Recommendation:
        others = tuple(Neighbour(name, 0.3, ago(5 * MINUTE)) for name in names)
        return recommended(failing(10 * MINUTE, 5 * MINUTE, *said, neighbours=others, dependencies=None, traces=None, changes=None))

    def test_may_fail_where_its_own_logs_tell_of_nothing(self) -> None:
        found = self.found("careers", "magazine")
        assert (found.action, causes(found)[0]) == (Action.INVESTIGATE, "platform")

    def test_with_errors_of_its_own_the_others_may_call_it(self) -> None:
        assert "platform" not in causes(self.found("careers", "magazine", said=("parcel <*> rejected by the sorter",)))

    def test_one_other_may_call_it(self) -> None:
        assert "platform" not in causes(self.found("careers"))


def test_a_surge_that_came_with_a_release_may_be_its_doing() -> None:
    def checks(age: float) -> str:
        felt = metrics(errors(0.12, 0.001, 5 * MINUTE), latency(2.0, 0.15, 5 * MINUTE), traffic(300, 100, 6 * MINUTE))
        found = recommended(diagnostics(rollouts=deployed(age), metrics=felt, dependencies=None, traces=None))
        return " ".join(next(one.check_next for one in found.hypotheses if one.cause == "load"))

    assert "whether v2.3.1 makes clients ask more often" in checks(10 * MINUTE)
    assert "ask more often" not in checks(2 * DAY)


class TestAMinuteOrMoreAfterTheRolloutWasOver:
    """All its pods had answered requests well by then: nobody but a person rolls back for errors that tell nothing of their origin."""

    def found(self, line: str, settled: float = 2 * MINUTE) -> Recommendation:
        return recommended(failing(5 * MINUTE + settled, 5 * MINUTE, line))

    def test_errors_of_no_known_origin_are_a_persons_matter(self) -> None:
        found = self.found("parcel <*> rejected by the sorter")
        assert (found.action, found.automatic) == (Action.ROLLBACK, False)
        assert "a minute or more after the rollout was over" in found.automatic_reason

    def test_its_own_errors_are_not(self) -> None:
        assert self.found("TypeError: Cannot read properties of undefined (reading 'id')").automatic

    def test_neither_are_those_that_came_with_it(self) -> None:
        assert self.found("parcel <*> rejected by the sorter", settled=0.0).automatic
