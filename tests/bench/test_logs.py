# SPDX-License-Identifier: GPL-3.0-or-later
"""The log benchmark: its made-up log, its figures, and grouping accuracy."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest

from bench import logs
from bench.log_lines import log_lines


def test_the_log_is_always_the_same_and_has_the_share_of_errors_that_is_asked_for() -> None:
    lines = list(log_lines(4000, 0.3))
    assert len(lines) == 4000
    assert lines[:50] == list(islice(log_lines(50, 0.3), 50))
    beginnings = [line for line in lines if not line[31:].startswith(("\t", "java.", "Caused"))]
    assert sum("ERROR" in line for line in beginnings) / len(beginnings) == pytest.approx(0.3, abs=0.03)
    assert lines == sorted(lines, key=lambda line: line[:19])


def test_a_group_counts_only_when_it_is_exactly_a_true_one() -> None:
    assert logs.accuracy("aabb", "xxyy") == 1.0
    assert logs.accuracy("aabbc", "xxyzz") == 0.4
    assert logs.accuracy("aabb", "xxxx") == 0.0


def test_grouping_reads_labelled_samples(tmp_path: Path) -> None:
    rows = ["LineId,Content,EventId", "1,took 5 ms,E1", "2,took 6 ms,E1", '3,"done, at last",E2']
    (tmp_path / "Made_2k.log_structured.csv").write_text("\n".join(rows), encoding="utf-8")
    assert logs.grouping(tmp_path) == {"Made": 1.0}


def test_both_ways_are_measured() -> None:
    (figures,) = logs.speed(rounds=1, lines=2000, shares=(0.5,))
    assert figures.pipeline > 0
    assert figures.ratio == figures.ours / figures.pipeline
    assert 10 < figures.memory < logs.MOST_MEMORY_MB
    assert "ratio" in logs.speed_row(figures)
