# SPDX-License-Identifier: GPL-3.0-or-later
"""The real servers as fixtures, each started once for all tests of a process that ask for it, on loopback, and ended afterwards.

A plugin of pytest rather than a conftest.py, so that the tests of several folders share one of each. What cannot be had is skipped with
its reason, and the summary at the end says which parts ran and which were missing.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pytest

from tests.real.parts.binaries import PartUnavailable
from tests.real.parts.control_plane import ControlPlane, control_plane

T = TypeVar("T")


@dataclass
class Parts:
    """What became of the parts that tests asked for: seconds until it was there, or why it is not, by title."""

    started: dict[str, float] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)


_PARTS = pytest.StashKey[Parts]()


def use(config: pytest.Config) -> None:
    """Makes the fixtures known; for the pytest_configure of a conftest.py."""
    if not config.pluginmanager.has_plugin(__name__):
        config.stash[_PARTS] = Parts()
        config.pluginmanager.register(sys.modules[__name__], __name__)


@contextlib.contextmanager
def real_part(request: pytest.FixtureRequest, title: str, part: contextlib.AbstractContextManager[T]) -> Iterator[T]:
    """`part` while the tests that need it run. Getting its programs may take minutes, so its messages go past pytest's capture."""
    parts, begun = request.config.stash[_PARTS], time.monotonic()
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with contextlib.ExitStack() as running:
        try:
            with capture.global_and_fixture_disabled():
                server = running.enter_context(part)
        except PartUnavailable as error:
            parts.missing[title] = str(error)
            pytest.skip(_why(title, str(error)))
        parts.started[title] = time.monotonic() - begun
        yield server


@pytest.fixture(scope="session")
def plane(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A control plane with three Ready nodes."""
    with real_part(request, "control plane", control_plane(tmp_path_factory.mktemp("control-plane"))) as running:
        yield running


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A process of many passes on what became of its parts."""
    passed_on: dict[str, object] | None = getattr(session.config, "workeroutput", None)
    if passed_on is not None:
        parts = session.config.stash[_PARTS]
        passed_on["real parts"] = (parts.started, parts.missing)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    started, missing = node.workeroutput.get("real parts", ({}, {})) if hasattr(node, "workeroutput") else ({}, {})
    parts = node.config.stash[_PARTS]
    parts.started.update(started)
    parts.missing.update(missing)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    parts = config.stash[_PARTS]
    if not parts.started and not parts.missing:
        return
    terminalreporter.section("real parts")
    for title, seconds in parts.started.items():
        terminalreporter.line(f"ran      {title} (there after {seconds:.0f} s)")
    reasons = [str(report.longrepr[2]) for report in terminalreporter.stats.get("skipped", ()) if isinstance(report.longrepr, tuple)]
    for title, reason in parts.missing.items():
        tests = sum(_why(title, reason) in text for text in reasons)
        terminalreporter.line(f"missing  {title}, so {tests} tests were skipped: {reason}")


def _why(title: str, reason: str) -> str:
    return f"no real {title}: {reason}"
