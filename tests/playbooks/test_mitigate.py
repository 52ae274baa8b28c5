# SPDX-License-Identifier: GPL-3.0-or-later
"""A remedy without a rollback, kept with the incident and taken back by what its record has."""

from __future__ import annotations

from tests.playbooks.conftest import Lab, Play


def fewest(lab: Lab) -> int:
    """The pods that its autoscaler keeps at least."""
    return int(lab.state()["cluster"]["HorizontalPodAutoscaler"]["production/payment-api"]["spec"]["minReplicas"])


def test_scaled_and_taken_back(play: Play, payment_lab: Lab) -> None:
    declared = play("p1", "-e", "service=payment-api", "-e", "rollback=false", lab=payment_lab)
    assert declared.code == 0, declared.output
    wanted = ("-e", "service=payment-api", "-e", "remedy=scale")
    tried = play("mitigate", *wanted, "-e", "replicas=7", "--check", lab=payment_lab)
    assert (tried.code, fewest(payment_lab)) == (0, 5), tried.output
    done = play("mitigate", *wanted, "-e", "replicas=7", lab=payment_lab)
    assert (done.code, fewest(payment_lab)) == (0, 7), done.output
    assert "choose from 7 to 10 pods instead of 5 to 10. Let it choose from 5 to 10 pods again" in done.output
    (kept,) = done.record()["mitigations"]
    assert (kept["before"], kept["after"]) == ({"minReplicas": 5, "maxReplicas": 10}, {"minReplicas": 7, "maxReplicas": 10})
    back = play("mitigate", *wanted, "-e", "state=undone", lab=payment_lab)
    assert (back.code, fewest(payment_lab)) == (0, 5), back.output
    titles = [event["title"] for event in back.record()["actions"] if event["kind"] == "mitigation"]
    assert [title.partition("choose ")[2] for title in titles] == [
        "from 7 to 10 pods instead of 5 to 10",
        "from 5 to 10 pods instead of 7 to 10",
    ]
