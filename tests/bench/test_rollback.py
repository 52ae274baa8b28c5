# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of the rollback's benchmark."""

from __future__ import annotations

from bench.rollback import table


def test_the_ratio_is_without_ansibles_own_start() -> None:
    shown = table({5: {"ours": [3.0, 9.0, 3.2], "nothing": [1.0, 1.2, 1.1], "kubectl": [2.0, 2.0, 5.0]}})
    row = shown.splitlines()[1].split()
    assert row == ["5", "pods", "3.20", "s", "1.10", "s", "2.00", "s", "1.05"]
    assert "at most 1.1" in shown
