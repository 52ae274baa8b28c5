# SPDX-License-Identifier: GPL-3.0-or-later
"""What the benchmark runs, and when it refuses to call something measured."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from bench import by_hand, kubernetes_core, subjects

LAB = {"KUBECONFIG": "config", "PROMETHEUS_URL": "http://prometheus", "JAEGER_URL": "http://jaeger"}


@pytest.fixture
def playbook(tmp_path: Path) -> Callable[[str], Mapping[str, str]]:
    """`playbook(script)` makes `ansible-playbook` a shell script; returns the variables in which it is found."""

    def make(script: str) -> Mapping[str, str]:
        command = tmp_path / "bin" / "ansible-playbook"
        command.parent.mkdir()
        command.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        command.chmod(0o755)
        return {**LAB, "PATH": f"{command.parent}{os.pathsep}{os.defpath}"}

    return make


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[], dict[str, subjects.Subject]]:
    """The subjects by key, without fetching kubernetes.core."""
    monkeypatch.setattr(subjects, "collections_directory", lambda cache: cache)
    return lambda: {it.key: it for it in subjects.subjects(tmp_path, tmp_path)}


def test_the_time_to_the_recommendation_ends_before_the_playbook_does(
    playbook: Callable[[str], Mapping[str, str]], measured: Callable[[], dict[str, subjects.Subject]], monkeypatch: pytest.MonkeyPatch
) -> None:
    variables = playbook("echo diagnosing; echo '  ➜ IMMEDIATE ROLLBACK'; echo rolling back")
    ticks = iter([10.0, 12.5])
    monkeypatch.setattr(subjects.time, "perf_counter", lambda: next(ticks))
    assert measured()["a"].measure(variables) == 2.5


@pytest.mark.parametrize("script", ["echo no idea", "echo '➜ IMMEDIATE ROLLBACK'; exit 2"])
def test_a_playbook_that_failed_is_no_measurement(
    playbook: Callable[[str], Mapping[str, str]],
    measured: Callable[[], dict[str, subjects.Subject]],
    script: str,
) -> None:
    variables = playbook(script)
    with pytest.raises(subjects.FailedError, match=r"p0\.yml ended with"):
        measured()["a"].measure(variables)


def test_nothing_is_rolled_back_while_measuring(
    playbook: Callable[[str], Mapping[str, str]], measured: Callable[[], dict[str, subjects.Subject]]
) -> None:
    variables = playbook("""case "$*" in *'"rollback": false'*) echo '➜ IMMEDIATE ROLLBACK' ;; esac""")
    assert measured()["a"].measure(variables) > 0


def test_missing_tools_are_named(monkeypatch: pytest.MonkeyPatch, measured: Callable[[], dict[str, subjects.Subject]]) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None if name == "kubectl" else f"bin/{name}")
    assert measured()["b"].missing == "kubectl not installed"
    assert measured()["c"].missing is None


def test_a_bundle_that_cannot_be_fetched_is_a_reason(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fail(cache: Path) -> Path:
        raise kubernetes_core.NotAvailableError("kubernetes.core could not be fetched: no network")

    monkeypatch.setattr(subjects, "collections_directory", fail)
    found = {it.key: it.missing for it in subjects.subjects(tmp_path, tmp_path)}
    assert found["d"] == "kubernetes.core could not be fetched: no network"


def test_by_hand_is_ten_commands_and_six_queries() -> None:
    commands = by_hand.commands("payment-api", "production", "some repository", 0)
    assert sum(command.startswith(("kubectl ", "git ")) for command in commands) == 10
    assert sum(command.startswith("curl ") for command in commands) == 6
    assert len(commands) == 16
    assert any("git -C 'some repository' log" in command for command in commands)
