# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from datetime import datetime, timedelta, timezone

from ansible_collections.devops.incident_response.plugins.module_utils.model.rollback import (
    Measure,
    ProgressLine,
    Recovery,
    RollbackProgress,
)
from ansible_collections.devops.incident_response.plugins.module_utils.rollback.console import (
    look_line,
    progress_bar,
    progress_lines,
    recovery_line,
    standing,
)


def test_the_bar_is_thirty_wide_and_never_shows_more_than_is_done() -> None:
    assert progress_bar(0.7, "Rolling back pods (3/5)") == "  [█████████████████████░░░░░░░░░] 70% - Rolling back pods (3/5)"
    assert progress_bar(0.999, "x").count("█") == 29
    assert "99%" in progress_bar(0.999, "x")
    assert progress_bar(1.0, "x").startswith("  [" + "█" * 30 + "] 100%")


def test_lines_carry_the_time_in_utc() -> None:
    at = datetime(2025, 10, 21, 16, 26, 25, tzinfo=timezone(timedelta(hours=2)))
    assert progress_lines([ProgressLine(at, "Scaled up v2.3.0: 0 → 1 pod (healthy)")]) == [
        "  14:26:25 - Scaled up v2.3.0: 0 → 1 pod (healthy)"
    ]


def test_the_time_that_is_left_is_shown_only_when_it_is_known() -> None:
    progress = RollbackProgress("progressing", 3, 5, (), (), remaining=90.0)
    assert standing(progress, 0.7)[1] == "  Estimated time remaining: 1m 30s"
    assert len(standing(RollbackProgress("progressing", 0, 5, (), ()), 0.0)) == 1


def test_a_look_is_one_line_that_shows_what_is_not_well() -> None:
    measures = [
        Measure("readiness", "payment-api v2.3.0", True, "5/5 pods healthy"),
        Measure("error_rate", "Error rate", False, "12% (baseline: 0.1%)"),
        Measure("latency_p95", "Latency P95", None, "unknown whether recovered (no requests)"),
    ]
    assert look_line(measures) == (
        "❌ Error rate: 12% (baseline: 0.1%) · ❔ Latency P95: unknown whether recovered (no requests) · ✓ 1 more back to normal"
    )
    assert look_line(measures[:1] * 2) == "✓ everything back to normal"
    assert look_line(measures[1:2]) == "❌ Error rate: 12% (baseline: 0.1%)"


def test_how_it_ended() -> None:
    def line(recovered: bool | None) -> str:
        return recovery_line(Recovery(recovered, 3, 3, 3, 10.0, (), "The reason."))

    assert [line(True), line(False), line(None)] == ["  ✓ Recovered: The reason.", "  ❌ The reason.", "  ❔ The reason."]
