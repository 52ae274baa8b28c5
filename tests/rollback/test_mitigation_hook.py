# SPDX-License-Identifier: GPL-3.0-or-later
"""A maintenance hook that goes on when whoever called it is killed, and that leaves something running."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from plugins.module_utils.model.service import MaintenanceHook
from plugins.module_utils.rollback.mitigate import Wish, mitigate
from tests.rollback.conftest import LocalCluster
from tests.rollback.test_mitigation import MAINTENANCE, SERVICE
from tests.rollback.test_mitigation_odd import running

ROOT = Path(__file__).resolve().parents[2]
_RUN = """
import json, sys
from plugins.module_utils.faces.mitigation import MITIGATION, mitigation_result
mitigation_result({name: option.get("default") for name, option in MITIGATION.items()} | json.loads(sys.argv[1]), False)
"""
# It says something before it has done its work, as most do, and waits for the test in between.
_ENABLE = """
import pathlib, sys, time
here = pathlib.Path(sys.argv[1])
(here / "begun").touch()
while not (here / "go on").exists():
    time.sleep(0.05)
print("turning it on", flush=True)
(here / "on").touch()
"""


def until(what: str, look: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not look():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def test_a_hook_ends_its_work_although_its_caller_is_killed(local: LocalCluster, tmp_path: Path) -> None:
    command = [sys.executable, "-c"]
    check = [*command, "import pathlib, sys; sys.exit(not pathlib.Path(sys.argv[1], 'on').exists())", str(tmp_path)]
    hook = {"enable": [*command, _ENABLE, str(tmp_path)], "disable": ["false"], "check": check}
    wish = {"service": "payment-api", "action": "maintenance", "catalogue": {"maintenance": hook}}
    run = subprocess.Popen([sys.executable, "-c", _RUN, json.dumps(wish)], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})
    until("the hook", (tmp_path / "begun").exists)
    run.send_signal(signal.SIGKILL)
    assert run.wait(60) == -signal.SIGKILL
    (tmp_path / "go on").touch()
    until("it is on", (tmp_path / "on").exists)
    service = replace(SERVICE, maintenance=MaintenanceHook(tuple(hook["enable"]), ("false",), tuple(check)))
    again = mitigate(local.client, service, Wish(MAINTENANCE), local.clock)
    assert (again.changed, again.standing, bool(again.mitigation.undo)) == (False, True, True)


def test_what_a_hook_leaves_running_keeps_nobody_waiting(local: LocalCluster, tmp_path: Path) -> None:
    started = tmp_path / "pid"
    program = "import subprocess, sys, pathlib; pathlib.Path(sys.argv[1]).write_text(str(subprocess.Popen(['sleep', '300']).pid))"
    command = (sys.executable, "-c", program, str(started))
    service = replace(SERVICE, maintenance=MaintenanceHook(command, command))
    assert mitigate(local.client, service, Wish(MAINTENANCE, timeout=20.0), local.clock).changed
    left = int(started.read_text())
    assert running(left)
    os.kill(left, signal.SIGKILL)
