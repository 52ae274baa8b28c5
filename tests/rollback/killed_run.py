# SPDX-License-Identifier: GPL-3.0-or-later
"""Rolls back as the role does, each state recorded before its step, in a process that can be killed.

A program: it reads one run a line (JSON), forks for it, and answers with the pid and then with how it ended. Everything is loaded before
the first fork, so that a run takes as long as its work.
"""

from __future__ import annotations

import itertools
import json
import os
import signal
import sys
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from plugins.module_utils.clients.cluster import ClusterClient
from plugins.module_utils.clients.libraries import load
from plugins.module_utils.faces.connections import cluster_from, service_from
from plugins.module_utils.faces.mitigation import MITIGATION, mitigation_result
from plugins.module_utils.faces.recovery import RECOVERY, recovery_result
from plugins.module_utils.faces.rollback import PROGRESS, ROLLBACK, progress_result, rollback_result
from plugins.module_utils.model.check import Verdict
from plugins.module_utils.model.codec import from_result, to_result
from plugins.module_utils.model.incident import Incident
from plugins.module_utils.model.mitigation import Mitigation
from plugins.module_utils.model.rollback import Rollback, RollbackState
from plugins.module_utils.record import store
from plugins.module_utils.record.attempts import attempts
from plugins.module_utils.record.incident import Step, take
from plugins.module_utils.record.mitigations import in_force
from plugins.module_utils.rollback.check_attempts import check_attempts
from plugins.module_utils.rollback.gitops import suspended_by_us
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

    def take(self, rollback: Rollback | None = None, mitigation: Mitigation | None = None) -> Incident:
        with store.locked(self._path.parent):
            incident = take(store.read(self._path), Step(rollback=rollback, mitigation=mitigation), _now(), "test")
            self._killed_here()
            store.write(incident, self._path)
            self._killed_here()
        return incident

    def _killed_here(self) -> None:
        if self._moment == self._kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        self._moment += 1


class _Mortal:
    """Kills its own process at one of its requests, each of which has three moments: before it, while it is under way, and after it.

    With `changes` only those count that change something.
    """

    def __init__(self, kill_at: int | None, changes: bool) -> None:
        self.moments = itertools.count(0, 3)
        self._changes = changes
        self._kill_at = kill_at
        self._send = ClusterClient._send

    def send(self, client: ClusterClient, *request: Any) -> Any:
        if self._changes and "PATCH" not in request:
            return self._send(client, *request)
        moment = next(self.moments)
        if self._kill_at == moment:
            os.kill(os.getpid(), signal.SIGKILL)
        if self._kill_at == moment + 1:
            threading.Timer(0.003, os.kill, (os.getpid(), signal.SIGKILL)).start()
        answer = self._send(client, *request)
        if self._kill_at == moment + 1:
            time.sleep(1.0)
        if self._kill_at == moment + 2:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer


def roll_back(run: dict[str, Any]) -> None:
    record = _Record(Path(run["record"]), run.get("kill_at_write"))
    incident = record.take(Rollback(RollbackState.PLANNED, None, TARGET))
    params = {name: option.get("default") for name, option in (MITIGATION | RECOVERY | ROLLBACK | PROGRESS).items()}
    params |= {"service": "payment-api", **run["options"]}
    client, service = cluster_from(params), service_from(params)
    change = make_change(client, service, TARGET, _now())
    if change.needed:
        assert check_attempts(change, attempts(incident.rollback)).verdict is Verdict.PASS, "a rollback of this incident was made before"
    known = Rollback(RollbackState.CHECKED, change.plan, TARGET)
    record.take(known)
    record.take(replace(known, state=RollbackState.APPROVED))
    incident = record.take(replace(known, state=RollbackState.APPLYING, started_at=_now()))
    if change.rollouts.owner_reverts or suspended_by_us(client, change.workload):
        suspended = from_result(Mitigation, mitigation_result({**params, "action": "suspend_gitops", "state": "done"}, False)["mitigation"])
        if suspended.undo and not incident.mitigations:
            record.take(mitigation=suspended)
    wanted = {"target": TARGET, "incident": incident.id, "from_revision": change.plan.from_revision, "uid": change.plan.uid}
    done = rollback_result({**params, **wanted}, False)
    record.take(from_result(Rollback, done["rollback"]))
    while done["progress"]["state"] == "progressing":
        done |= progress_result({**params, "following": done["following"], "at_most": 5.0})
    assert done["progress"]["state"] == "complete", done["progress"]
    finished = replace(from_result(Rollback, done["rollback"]), state=RollbackState.VERIFYING, finished_at=_now())
    record.take(finished)
    if run.get("passes"):
        seen = recovery_result({**params, "passes": run["passes"], "interval": "1s"})
        assert seen["recovery"]["recovered"] is not False, seen["recovery"]
    record.take(replace(finished, state=RollbackState.RECOVERED))
    rollback_result({**params, **wanted, "conclude": True}, False)


def mitigate(run: dict[str, Any]) -> None:
    """A remedy that is done, and taken back where it can be, as the playbook mitigate does; `run["mitigate"]` are the module's options."""
    params = {name: option.get("default") for name, option in MITIGATION.items()} | {"service": "payment-api", **run["options"]}
    path, wish = Path(run["record"]), run["mitigate"]
    record = _Record(path, run.get("kill_at_write"))
    for state in ("done",) if wish["action"] == "restart" else ("done", "undone"):
        known = [one for one in in_force(store.read(path).mitigations) if one.action == wish["action"]]
        made = mitigation_result({**params, **wish, "state": state, "saved": to_result(known[-1]) if known else None}, False)
        done = from_result(Mitigation, made["mitigation"])
        said = bool(known) and (known[-1].before, known[-1].after) == (done.before, done.after)
        if made["changed"] or (made["standing"] and not said) or (done.undone and known):
            record.take(mitigation=done)


def _run(run: dict[str, Any]) -> None:
    mortal = _Mortal(run.get("kill_at"), bool(run.get("changes")))
    ClusterClient._send = lambda client, *request: mortal.send(client, *request)  # type: ignore[method-assign]
    (mitigate if run.get("mitigate") else roll_back)(run)
    if run.get("moments"):
        Path(run["moments"]).write_text(str(next(mortal.moments)), encoding="utf-8")


def main() -> None:
    for library in ("urllib3", "yaml", "kubernetes.client.rest"):
        load(library)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _run(json.loads(line))
            os._exit(0)
        print(pid, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
