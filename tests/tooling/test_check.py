# SPDX-License-Identifier: GPL-3.0-or-later
"""`make test` leaves no test out, runs on after a failure, and ends with what failed."""

from __future__ import annotations

from pathlib import Path

import check
import pytest

TESTS = Path(__file__).resolve().parents[1]

# The unit tests go through ansible-test; the tests of real parts are no part of `make test`.
RUN_OTHERWISE = {"unit", "real"}


def test_every_directory_of_tests_is_run() -> None:
    there = {path.name for path in TESTS.iterdir() if any(path.rglob("test_*.py"))}
    run = {Path(command[-1]).name for it in check.checks() for command in it.commands if "pytest" in command}
    assert there - RUN_OTHERWISE <= run


def test_a_check_passes_when_all_its_commands_do(tmp_path: Path) -> None:
    passing, failing, last = ("true",), ("false",), ("touch", str(tmp_path / "ran"))
    assert check.run(check.Check("a", "a", (passing, passing))).passed
    assert not check.run(check.Check("b", "b", (failing, last))).passed
    assert (tmp_path / "ran").exists()


@pytest.mark.parametrize(("passed", "closing"), [(True, "2 passed, 0 failed"), (False, "1 passed, 1 failed")])
def test_the_summary_ends_with_the_count(passed: bool, closing: str) -> None:
    results = [check.Result(check.Check("lint", "ruff", ()), True, 1.2), check.Result(check.Check("unit", "units", ()), passed, 65.0)]
    lines = check.summary(results).splitlines()
    assert lines[-1] == closing
    assert ("FAILED unit" in check.summary(results)) is not passed
