# SPDX-License-Identifier: GPL-3.0-or-later
"""What the report of a rollback says where it did not help, or was not made."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.model.check import Check, Verdict
from ansible_collections.devops.incident_response.plugins.module_utils.model.recommendation import Hypothesis
from ansible_collections.devops.incident_response.plugins.module_utils.model.rollback import Measure, RollbackState
from ansible_collections.devops.incident_response.plugins.module_utils.record import reports
from ansible_collections.devops.incident_response.tests.unit import samples

NOW = samples.after(400)


def test_a_rollback_that_did_not_help_is_not_complete() -> None:
    failed = replace(samples.rollback(RollbackState.NOT_RECOVERED), reason="the error rate stayed at 45%", recovery=None)
    text = reports.of_incident("rollback_result", replace(samples.recommended(), rollback=failed), NOW)
    assert text.startswith("❌ Rollback Not Successful\n")
    assert "    ❌ the error rate stayed at 45%" in text
    assert "The incident is open: investigating" in text


def test_a_rollback_that_was_not_made_says_what_to_settle() -> None:
    aborted = replace(samples.rollback(RollbackState.ABORTED), reason="schema_compatible does not pass", recovery=None)
    text = reports.of_incident("rollback_result", replace(samples.recommended(), rollback=aborted), NOW)
    assert text.startswith("❌ Rollback Not Executed\n")
    assert "  [ ] Settle the checks that do not pass, or override them by name (rollback_overrides)" in text.splitlines()


def test_what_would_be_refused_is_not_offered_to_be_overridden() -> None:
    paused = Check("rollout", Verdict.FAIL, "A rollback would not roll out", "It is paused: resume it.", overridable=False)
    aborted = replace(samples.rollback(RollbackState.ABORTED), checks=(paused,), reason="It is paused: resume it.", recovery=None)
    text = reports.of_incident("rollback_result", replace(samples.recommended(), rollback=aborted), NOW)
    assert "  [ ] Do first what the check that does not pass says, then roll back again" in text.splitlines()
    assert "override" not in text


def test_a_target_that_does_not_come_up_is_offered_to_be_undone() -> None:
    stuck = replace(samples.rollback(RollbackState.NOT_RECOVERED), recovery=None, details={"target_fails": True})
    text = reports.of_incident("rollback_result", replace(samples.recommended(), rollback=stuck), NOW)
    assert "Undo the rollback, since its target does not come up: ansible-playbook devops.incident_response.rollback" in text
    text = reports.of_incident("rollback_result", replace(samples.recommended(), rollback=replace(stuck, details={})), NOW)
    assert "Undo the rollback" not in text


@pytest.mark.parametrize("well", [True, False])
def test_a_crash_is_no_next_hypothesis_once_every_pod_is_well(well: bool) -> None:
    causes = [("deployment", "Deployment of v2.3.1"), ("crash", "Application error"), ("load", "Too much traffic")]
    hypotheses = tuple(Hypothesis(cause, title, 50, (), (), ()) for cause, title in causes)
    measures = tuple(Measure(name, name, well, "x") for name in ("readiness", "restarts"))
    failed = samples.rollback(RollbackState.NOT_RECOVERED)
    assert failed.recovery is not None
    failed = replace(failed, recovery=replace(failed.recovery, recovered=False, measures=measures))
    recommendation = replace(samples.recommendation(), hypotheses=hypotheses)
    incident = replace(samples.recommended(), rollback=failed, recommendation=recommendation)
    text = reports.of_incident("rollback_result", incident, NOW)
    assert f"Look at the next hypothesis: {'Too much traffic' if well else 'Application error'}" in text


def test_what_was_overridden_on_the_way_there_is_so_on_the_way_back() -> None:
    worse = replace(samples.rollback(RollbackState.NOT_RECOVERED), overrides=("schema_compatible",))
    assert worse.recovery is not None
    worse = replace(worse, recovery=replace(worse.recovery, recovered=False, worse=("Error rate 60%, before the rollback 45%",)))
    (line,) = [
        line
        for line in reports.of_incident("rollback_result", replace(samples.recommended(), rollback=worse), NOW).splitlines()
        if "Undo the rollback" in line
    ]
    assert line.endswith("""-e target=7 -e '{"rollback_overrides": ["first_attempt", "schema_compatible", "stability"]}'""")
