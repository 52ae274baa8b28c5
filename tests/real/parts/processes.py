# SPDX-License-Identifier: GPL-3.0-or-later
"""Starting real servers on loopback, waiting for them, and ending exactly those."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

HOST = "127.0.0.1"


# Below what systems hand out to connections, so that none takes the port before its server does.
_PORTS = range(20000, 32000)


_given: set[int] = set()


def free_port() -> int:
    """Never the same one twice: who asked for one before may not listen there yet."""
    while True:
        port = random.choice(_PORTS)
        if port in _given:
            continue
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind((HOST, port))
            _given.add(port)
            return port


def answers(url: str, context: ssl.SSLContext | None = None) -> bool:
    """Whether a server says 200 there."""
    try:
        with urllib.request.urlopen(url, timeout=2, context=context) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


@dataclass
class Processes:
    """The servers of one part. Ends them in the opposite order of their start."""

    directory: Path
    ending: signal.Signals = signal.SIGTERM
    """SIGKILL for servers that take long to end and have nothing to save."""
    started: list[tuple[str, subprocess.Popen[bytes]]] = field(default_factory=list)

    def start(
        self, name: str, command: Sequence[str | Path], environment: Mapping[str, str] | None = None, user: str | None = None
    ) -> subprocess.Popen[bytes]:
        with (self.directory / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [str(word) for word in command],
                cwd=self.directory if user is None else "/",
                env={**os.environ, **(environment or {})},
                user=user,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.started.append((name, process))
        return process

    def wait(self, what: str, ready: Callable[[], bool], seconds: float = 60) -> None:
        """Until `ready`; fails at once, with the end of its log, when one of the servers has died."""
        deadline = time.monotonic() + seconds
        while not ready():
            for name, process in self.started:
                if process.poll() is not None:
                    raise RuntimeError(f"{name} ended with {process.returncode}: {self._tail(name)}")
            if time.monotonic() > deadline:
                raise RuntimeError(f"{what}: not ready after {seconds:.0f} s; {'; '.join(self._tail(name, 3) for name, _ in self.started)}")
            time.sleep(0.1)

    def restart(self, name: str) -> None:
        """Kills a server, and starts it again as it was started."""
        for number, (known, process) in enumerate(self.started):
            if known == name:
                process.kill()
                process.wait()
                with (self.directory / f"{name}.log").open("ab") as log:
                    again = subprocess.Popen(
                        process.args, cwd=self.directory, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
                    )
                self.started[number] = (name, again)

    def end(self, name: str) -> None:
        """Kills a server for good."""
        for number, (known, process) in enumerate(self.started):
            if known == name:
                process.kill()
                process.wait()
                del self.started[number]
                return
        raise KeyError(name)

    def stop(self) -> None:
        for _, process in reversed(self.started):
            if process.poll() is None:
                process.send_signal(self.ending)
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.started.clear()

    def _tail(self, name: str, lines: int = 15) -> str:
        return "\n".join((self.directory / f"{name}.log").read_text(errors="replace").splitlines()[-lines:])


@contextlib.contextmanager
def processes(directory: Path, ending: signal.Signals = signal.SIGTERM) -> Iterator[Processes]:
    directory.mkdir(parents=True, exist_ok=True)
    running = Processes(directory, ending)
    try:
        yield running
    finally:
        running.stop()
