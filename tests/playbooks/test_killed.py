# SPDX-License-Identifier: GPL-3.0-or-later
"""A response that is killed while it rolls back, and is started again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.playbooks.conftest import Lab, Play

UNDER_WAY = ("approved", "applying", "verifying")


def reached(state: str, directory: Path) -> bool:
    """Whether the record says that the rollback has come to ``state``, or is past it: whoever looks may sleep while one is written over
    the other. A record is always whole."""
    for path in (directory / "incidents").glob("*.json"):
        rollback = json.loads(path.read_text(encoding="utf-8"))["rollback"]
        return bool(rollback and rollback["state"] in UNDER_WAY[UNDER_WAY.index(state) :])
    return False


def annotations(lab: Lab) -> dict[str, Any]:
    found: dict[str, Any] = lab.state()["cluster"]["Deployment"]["production/payment-api"]["metadata"]["annotations"]
    return found


# The states between them are killed in tests/rollback/test_killed.py, in a fraction of the time.
@pytest.mark.parametrize("state", ["approved", "applying"])
def test_killed_and_run_again(play: Play, payment_lab: Lab, state: str) -> None:
    before = int(annotations(payment_lab)["deployment.kubernetes.io/revision"])
    killed = play("p0", "-e", "service=payment-api", lab=payment_lab, kill_when=lambda directory: reached(state, directory))
    assert killed.code == -9, killed.output
    again = play("rollback", "-e", "service=payment-api", "-e", "target=v2.3.0", "-e", "severity=critical", lab=payment_lab)
    assert again.code == 0, again.output
    assert payment_lab.version("payment-api") == "v2.3.0"
    assert again.record()["rollback"]["state"] == "recovered"
    after = annotations(payment_lab)
    assert int(after["deployment.kubernetes.io/revision"]) == before + 1, "it was rolled back once"
    assert "incident-response.devops/rollback" not in after
