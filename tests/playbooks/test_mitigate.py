# SPDX-License-Identifier: GPL-3.0-or-later
"""Remedies other than a rollback, as a person would ask for them: done, repeated, taken back, and refused when the question is wrong."""

from __future__ import annotations

import pytest

from tests.playbooks.conftest import Lab, Play

SCALE = ("-e", "service=payment-api", "-e", "remedy=scale")


def fewest(lab: Lab) -> int:
    """The autoscaler chooses how many pods there are, so that its lower bound is what a remedy changes."""
    bound: int = lab.state()["cluster"]["HorizontalPodAutoscaler"]["production/payment-api"]["spec"]["minReplicas"]
    return bound


def test_a_remedy_is_tried_done_repeated_and_taken_back(play: Play, payment_lab: Lab) -> None:
    before = payment_lab.state()
    tried = play("mitigate", *SCALE, "-e", "replicas=7", "--check", lab=payment_lab, console=False)
    assert tried.code == 0, tried.output
    assert payment_lab.state() == before
    assert "Dry run, nothing was changed. This would be done: " in tried.output

    declared = play("p3", "-e", "service=payment-api", lab=payment_lab)
    assert declared.code == 0, declared.output
    done = play("mitigate", *SCALE, "-e", "replicas=7", lab=payment_lab, console=False)
    assert done.code == 0, done.output
    assert fewest(payment_lab) == 7, done.output
    assert "Dry run" not in done.output
    assert "mitigate -e service=payment-api -e namespace=production -e remedy=scale -e state=undone" in done.output
    assert [one["action"] for one in done.record()["mitigations"]] == ["scale"]

    again = play("mitigate", *SCALE, "-e", "replicas=7", lab=payment_lab, console=False)
    assert again.code == 0, again.output
    assert len(again.record()["mitigations"]) == 1

    undone = play("mitigate", *SCALE, "-e", "state=undone", lab=payment_lab, console=False)
    assert undone.code == 0, undone.output
    assert fewest(payment_lab) == 5, undone.output


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "Option 'remedy' is required: name what to do"),
        (["-e", "remedy=reboot"], "Option 'remedy': 'reboot' is not accepted. Use scale, restart,"),
        (["-e", "remedy=scale", "-e", "replicas=lots"], "Option 'replicas': 'lots' is not accepted."),
        (["-e", "remedy=scale"], "replicas"),
    ],
)
def test_a_wrong_question_is_refused_before_anything_is_touched(play: Play, untouched_lab: Lab, options: list[str], message: str) -> None:
    before = untouched_lab.state()
    run = play("mitigate", "-e", "service=payment-api", *options, lab=untouched_lab)
    assert run.code != 0
    assert message in run.output
    assert "Traceback" not in run.output
    assert untouched_lab.state() == before
