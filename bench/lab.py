# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated production that is measured against, as a process of its own."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

_READY_WITHIN_S = 240
_GONE_WITHIN_S = 15
_POLL_S = 0.05


@contextlib.contextmanager
def simulated_production(scenario: str, delay_ms: int, directory: Path) -> Iterator[dict[str, str]]:
    """Keep `scenario` running with `delay_ms` added to every request; gives the variables that point a client at it."""
    variables_file = directory / f"lab-{delay_ms}.env"
    command = [sys.executable, "-m", "lab", "up", "--scenario", scenario, "--delay-ms", str(delay_ms), "--env-file", str(variables_file)]
    with (directory / f"lab-{delay_ms}.log").open("w+") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        try:
            _wait_until_ready(process, variables_file, Path(log.name))
            yield dict(line.split("=", 1) for line in variables_file.read_text(encoding="utf-8").splitlines() if "=" in line)
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(_GONE_WITHIN_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_until_ready(process: subprocess.Popen[bytes], variables_file: Path, log: Path) -> None:
    deadline = time.monotonic() + _READY_WITHIN_S
    while not variables_file.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            sys.exit(f"The simulated production did not start:\n{log.read_text(encoding='utf-8')}")
        time.sleep(_POLL_S)
