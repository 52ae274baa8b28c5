# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that is killed (SIGKILL) at every request and at every write of its record, and run again.

Whatever the moment, the record can be read, the second run ends as recovered, and the workload was changed exactly once.
"""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web

from lab.cluster.authorization import ADMIN
from lab.cluster.store import Change
from plugins.module_utils.evidence.objects import annotations_of
from plugins.module_utils.model.incident import Policy, Severity
from plugins.module_utils.model.rollback import RollbackState
from plugins.module_utils.model.service import Service, WorkloadKind
from plugins.module_utils.record import store
from plugins.module_utils.record.incident import Declaration, declare
from plugins.module_utils.rollback.claim import ANNOTATION
from tests.rollback.conftest import LocalCluster

ROOT = Path(__file__).resolve().parents[2]
_PASSES = 1.0
"""Seconds that pass in the cluster with each request: a rollout goes on while it is watched."""


class Runs:
    """The program that forks a run for each line, and the moment at which the cluster kills it."""

    def __init__(self, local: LocalCluster, kind: WorkloadKind, record: Path) -> None:
        self.requests = 0
        self.changes = 0
        """Times that the template was changed, since `_broken_again`."""
        self._local, self._kind, self._record = local, kind, record
        self._pid = 0
        self._kill_at: int | None = None
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        self._program = subprocess.Popen(
            [sys.executable, "-m", "tests.rollback.killed_run"],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        local.cluster.store.subscribe(self._seen)
        local.before_request = self._before
        local.after_request = self._after

    def run(self, kill_at: int | None = None, kill_at_write: int | None = None) -> int:
        """Exit code of a run; -9 when it was killed. `kill_at` counts requests twice: even is before, odd is after the work is done."""
        self.requests, self._kill_at = 0, kill_at
        wish = {
            "record": str(self._record),
            "options": {"host": self._local.url, "api_key": ADMIN.token, "catalogue": {"workload_kind": self._kind.value}},
            "kill_at_write": kill_at_write,
        }
        assert self._program.stdin is not None
        assert self._program.stdout is not None
        self._program.stdin.write(json.dumps(wish) + "\n")
        self._program.stdin.flush()
        self._pid = int(self._program.stdout.readline())
        code = int(self._program.stdout.readline())
        self._pid = 0
        return code

    def close(self) -> None:
        assert self._program.stdin is not None
        self._program.stdin.close()
        assert self._program.wait(60) == 0

    def _seen(self, change: Change) -> None:
        if change.kind == self._kind.value and change.previous is not None:
            self.changes += change.object["spec"]["template"] != change.previous["spec"]["template"]

    def _before(self, _request: web.Request) -> None:
        if self._pid:
            self._local.time += _PASSES
            self._local.controllers.tick()
            self._perhaps()

    def _after(self, _request: web.Request) -> None:
        if self._pid:
            self._perhaps()

    def _perhaps(self) -> None:
        if self.requests == self._kill_at:
            with suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)
        self.requests += 1


@pytest.fixture(params=list(WorkloadKind))
def kind(request: pytest.FixtureRequest) -> WorkloadKind:
    found: WorkloadKind = request.param
    return found


@pytest.fixture
def record(kind: WorkloadKind, tmp_path: Path, local: LocalCluster) -> Path:
    path = tmp_path / "2025-10-21-payment-api-outage.json"
    policy = Policy(page=(), rollback="automatic", update_interval=None, mttr_target=None)
    given = Declaration(Service("payment-api", workload_kind=kind), Severity.P0, policy)
    store.write(declare(given, path.stem, local.now() - timedelta(minutes=5), None), path)
    return path


@pytest.fixture
def runs(local: LocalCluster, kind: WorkloadKind, record: Path) -> Iterator[Runs]:
    local.deploy(kind.value, "v2.3.0")
    runs = Runs(local, kind, record)
    yield runs
    runs.close()


def _broken_again(local: LocalCluster, kind: WorkloadKind, record: Path, runs: Runs) -> None:
    """v2.3.1 is rolled out, and nothing is known of any rollback."""
    incident = store.read(record)
    policy = Declaration(incident.service, incident.severity, incident.policy)
    store.write(declare(policy, incident.id, local.now(), None), record)
    local.deploy(kind.value, "v2.3.1")
    runs.changes = 0


def _ended_well(local: LocalCluster, kind: WorkloadKind, record: Path, runs: Runs) -> None:
    after = local.get(f"{kind.value.lower()}s", "payment-api")
    assert after["spec"]["template"]["spec"]["containers"][0]["image"].endswith(":v2.3.0")
    assert runs.changes == 1
    assert ANNOTATION not in annotations_of(after)
    rollback = store.read(record).rollback
    assert rollback is not None
    assert rollback.state is RollbackState.RECOVERED


def _times(whole: int) -> Iterator[int]:
    """Moments of a run, evenly spread; as many as ROLLBACK_KILLS says. The default, with the writes below, is a hundred over all kinds."""
    wanted = int(os.environ.get("ROLLBACK_KILLS", "22"))
    yield from sorted({round(number * (whole - 1) / max(wanted - 1, 1)) for number in range(min(wanted, whole))})


def test_killed_at_any_request_and_run_again(local: LocalCluster, kind: WorkloadKind, record: Path, runs: Runs) -> None:
    _broken_again(local, kind, record, runs)
    assert runs.run() == 0
    _ended_well(local, kind, record, runs)
    moments = runs.requests
    killed, times = 0, list(_times(moments))
    for moment in times:
        _broken_again(local, kind, record, runs)
        code = runs.run(kill_at=moment)
        killed += code == -signal.SIGKILL
        store.read(record)
        assert runs.run() == 0, f"the run after a kill at moment {moment} of {moments}"
        _ended_well(local, kind, record, runs)
    assert killed * 2 >= len(times), "how many looks a rollout takes differs a little from run to run"


def test_killed_at_any_write_of_its_record_and_run_again(local: LocalCluster, kind: WorkloadKind, record: Path, runs: Runs) -> None:
    for moment in itertools.count():
        _broken_again(local, kind, record, runs)
        code = runs.run(kill_at_write=moment)
        store.read(record)
        if code == 0:
            assert moment >= 12
            break
        assert code == -signal.SIGKILL
        assert runs.run() == 0, f"the run after a kill at write {moment}"
        _ended_well(local, kind, record, runs)
