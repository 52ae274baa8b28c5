# SPDX-License-Identifier: GPL-3.0-or-later
"""Rolls back as the role does, each state recorded before its step, in a process that can be killed.

A program: it reads one run a line (JSON), forks for it, and answers with the pid and then with how it ended. Everything is loaded before
the first fork, so that a run takes as long as its work.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from plugins.module_utils.clients.libraries import load
from plugins.module_utils.faces.connections import cluster_from, service_from
from plugins.module_utils.faces.rollback import PROGRESS, ROLLBACK, progress_result, rollback_result
from plugins.module_utils.model.check import Verdict
from plugins.module_utils.model.codec import from_result
from plugins.module_utils.model.incident import Incident
from plugins.module_utils.model.rollback import Rollback, RollbackState
from plugins.module_utils.record import store
from plugins.module_utils.record.attempts import attempts
from plugins.module_utils.record.incident import Step, take
from plugins.module_utils.rollback.check_attempts import check_attempts
from plugins.module_utils.rollback.plan import make_change

TARGET = "v2.3.0"


def _now() -> datetime:
    return datetime.now(UTC)


class _Record:
    """Kills its own process at write number `kill_at`: before it when that is even, after it when odd."""

    def __init__(self, path: Path, kill_at: int | None) -> None:
        self._path = path
        self._kill_at = kill_at
        self._moment = 0

    def take(self, rollback: Rollback) -> Incident:
        with store.locked(self._path.parent):
            incident = take(store.read(self._path), Step(rollback=rollback), _now(), "test")
            self._killed_here()
            store.write(incident, self._path)
            self._killed_here()
        return incident

    def _killed_here(self) -> None:
        if self._moment == self._kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        self._moment += 1


def roll_back(run: dict[str, Any]) -> None:
    record = _Record(Path(run["record"]), run.get("kill_at_write"))
    incident = record.take(Rollback(RollbackState.PLANNED, None, TARGET))
    params = {name: option.get("default") for name, option in (ROLLBACK | PROGRESS).items()}
    params |= {"service": "payment-api", "catalogue": {"workload_kind": run["kind"]}, "host": run["host"], "api_key": run["token"]}
    change = make_change(cluster_from(params), service_from(params), TARGET, _now())
    if change.needed:
        assert check_attempts(change, attempts(incident.rollback)).verdict is Verdict.PASS, "a rollback of this incident was made before"
    known = Rollback(RollbackState.CHECKED, change.plan, TARGET)
    record.take(known)
    record.take(replace(known, state=RollbackState.APPROVED))
    record.take(replace(known, state=RollbackState.APPLYING, started_at=_now()))
    wanted = {"target": TARGET, "incident": incident.id, "from_revision": change.plan.from_revision, "uid": change.plan.uid}
    done = rollback_result({**params, **wanted}, False)
    record.take(from_result(Rollback, done["rollback"]))
    while done["progress"]["state"] == "progressing":
        done |= progress_result({**params, "following": done["following"], "at_most": 5.0})
    assert done["progress"]["state"] == "complete", done["progress"]
    finished = replace(from_result(Rollback, done["rollback"]), state=RollbackState.VERIFYING, finished_at=_now())
    record.take(finished)
    record.take(replace(finished, state=RollbackState.RECOVERED))
    rollback_result({**params, **wanted, "conclude": True}, False)


def main() -> None:
    for library in ("urllib3", "yaml", "kubernetes.client.rest"):
        load(library)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            roll_back(json.loads(line))
            os._exit(0)
        print(pid, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
