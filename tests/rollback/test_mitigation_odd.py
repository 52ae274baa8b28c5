# SPDX-License-Identifier: GPL-3.0-or-later
"""Remedies where something stands beside them: autoscalers at their bounds or of KEDA, other people, hooks that hang."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from plugins.module_utils.model.service import MaintenanceHook
from plugins.module_utils.rollback.autoscalers import HELD
from plugins.module_utils.rollback.intent import MitigationRefusedError
from plugins.module_utils.rollback.maintenance import HookFailedError
from plugins.module_utils.rollback.mitigate import Wish, mitigate
from tests.rollback.conftest import LocalCluster
from tests.rollback.test_mitigation import (
    MAINTENANCE,
    PAUSE,
    SCALE,
    SCALERS,
    SERVICE,
    autoscaler,
    do,
    replicas,
    saved,
    scaler,
)


def test_no_pods_at_all_is_what_an_autoscaler_leaves_alone(local: LocalCluster) -> None:
    local.deploy("Deployment", "v1")
    autoscaler(local)
    done = do(local, SCALE, replicas=0)
    assert (done.mitigation.kind, replicas(local)) == ("Deployment", 0)
    assert (scaler(local)["spec"]["minReplicas"], scaler(local)["spec"]["maxReplicas"]) == (3, 10)
    assert do(local, SCALE, undo=True, saved=saved(done)).changed
    assert replicas(local) == 5


def test_kedas_own_number_is_not_overruled(local: LocalCluster) -> None:
    local.deploy("Deployment", "v1")
    autoscaler(local)
    labels = {"scaledobject.keda.sh/name": "payments"}
    local.client().patch(f"{SCALERS}/payment-api", {"metadata": {"labels": labels}}, "application/merge-patch+json")
    with pytest.raises(MitigationRefusedError, match=r"ScaledObject payments.*pause_autoscaling"):
        do(local, SCALE, replicas=6)
    assert (scaler(local)["spec"]["minReplicas"], replicas(local)) == (3, 5)


def test_who_has_let_the_autoscaler_go_meanwhile_is_not_overruled(local: LocalCluster) -> None:
    local.deploy("Deployment", "v1")
    autoscaler(local)
    do(local, PAUSE)
    theirs = {"scaleUp": {"selectPolicy": "Max", "stabilizationWindowSeconds": 30}, "scaleDown": {"selectPolicy": "Min"}}
    body = {"spec": {"behavior": {way: {**scaler(local)["spec"]["behavior"][way], **rule} for way, rule in theirs.items()}}}
    local.client().patch(f"{SCALERS}/payment-api", body, "application/merge-patch+json")
    before = scaler(local)["spec"]
    done = do(local, PAUSE, undo=True)
    assert "Somebody has let the autoscaler payment-api of payment-api go meanwhile" in done.mitigation.title
    assert scaler(local)["spec"] == before
    assert HELD not in scaler(local)["metadata"].get("annotations", {})
    assert not do(local, PAUSE, undo=True).changed


def test_a_hook_that_hangs_is_ended_with_all_that_it_has_started(local: LocalCluster, tmp_path: Path) -> None:
    started = tmp_path / "pid"
    command = ("/bin/sh", "-c", 'sleep 300 & echo $! > "$0"; wait', str(started))
    service = replace(SERVICE, maintenance=MaintenanceHook(command, command))
    with pytest.raises(HookFailedError, match=r"did not end within 3 s\. Whether it did its work is unknown"):
        mitigate(local.client, service, Wish(MAINTENANCE, timeout=3.0), local.clock)
    pid, deadline = int(started.read_text()), time.monotonic() + 10
    while running(pid):
        assert time.monotonic() < deadline, "what the hook has started goes on"


def running(pid: int) -> bool:
    """A process that ended and that nobody has waited for is none."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
