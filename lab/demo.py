# SPDX-License-Identifier: GPL-3.0-or-later
"""The demonstration: production breaks, and the playbook for a P0 handles it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shlex
import shutil
import signal
import sys
import time
from pathlib import Path

from lab.running import running
from lab.scenario.model import Scenario

_PLAYBOOK = "devops.incident_response.p0"
_CALLBACK = "devops.incident_response.console"
_RECORDS = Path("incidents")


async def demo(scenario: Scenario, workdir: Path | None) -> int:
    """Run the playbook against the scenario, with its output as it comes; the exit code. Nothing is left running."""
    if shutil.which("ansible-playbook") is None:
        print("lab: ansible-playbook is not on the PATH; `make demo` sets up an environment that has it.", file=sys.stderr)
        return 2
    started = time.monotonic()
    before = _files()
    _say(f"Starting a simulated production: {scenario.title}.")
    async with running(scenario, workdir, apart=True) as lab:
        for shortcoming in lab.shortcomings:
            _say(f"{shortcoming}.")
        warming_up = asyncio.create_task(lab.warm_up())
        _say(f"It runs, and {scenario.service} is failing. Now somebody is on call:")
        command = ["ansible-playbook", _PLAYBOOK, "-e", f"service={scenario.service}"]
        print(f"\n$ {shlex.join(command)}\n", flush=True)
        code = await _run([*command, "-e", json.dumps({"incidents_dir": str(_RECORDS.resolve())})], {**os.environ, **lab.environment})
        await warming_up
    took = time.monotonic() - started
    _say(f"The simulated production is stopped again, after {took:.0f} seconds; nothing is left running.")
    return _conclude(scenario, code, [path for path, changed in _files().items() if before.get(path) != changed])


async def _run(command: list[str], environment: dict[str, str]) -> int:
    """The command's exit code. Its processes end with this one, whatever ends it."""
    calm = {"PYTHONUNBUFFERED": "1", "ANSIBLE_STDOUT_CALLBACK": _CALLBACK}
    process = await asyncio.create_subprocess_exec(
        *command, env={**environment, **calm}, stdin=asyncio.subprocess.DEVNULL, start_new_session=True
    )
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        return await process.wait()
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        await process.wait()


def _conclude(scenario: Scenario, code: int, written: list[Path]) -> int:
    """Say where the results lie and what to try next."""
    if code:
        print(f"\nThe playbook ended with exit code {code}.", file=sys.stderr)
        return code
    titles = {".md": "Post-mortem", ".html": "Report", ".json": "Record"}
    print("\nWritten:")
    for path in sorted(written, key=lambda path: list(titles).index(path.suffix)):
        print(f"  {titles[path.suffix] + ':':<13} {path}")
    documents = [path for path in written if path.suffix == ".md"]
    tries = [
        (f"less {shlex.quote(str(documents[0]))}", "read the post-mortem") if documents else ("make help", "list what else there is"),
        ("make lab", f"keep this production running, broken, and handle {scenario.service} yourself"),
        ("make lab SCENARIO=auth-service", "another incident: here a rollback would be wrong"),
    ]
    print("\nWorth trying next:")
    for command, reason in tries:
        print(f"  {command:<55} # {reason}")
    return 0


def _files() -> dict[Path, int]:
    """Reports and records that lie there, and when they were changed (ns)."""
    return {path: path.stat().st_mtime_ns for path in _RECORDS.glob("*") if path.suffix in {".md", ".html", ".json"}}


def _say(text: str) -> None:
    print(f"▸ {text}", flush=True)
