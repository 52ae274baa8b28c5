# SPDX-License-Identifier: GPL-3.0-or-later
"""Logs: how fast a large one is grouped, beside awk, sed, sort and uniq; and how well, on the labelled samples of loghub."""

from __future__ import annotations

import csv
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.log_lines import log_lines

LINES = 1_000_000
ERROR_SHARES = (0.1, 0.3, 0.9)
MOST_MEMORY_MB = 300
LEAST_ACCURACY = 0.9

_PIPELINE = "awk '/ERROR/ {{print $0}}' {file} | sed 's/[0-9]\\{{1,\\}}/NUM/g' | sort | uniq -c | sort -rn > /dev/null"


@dataclass(frozen=True, slots=True)
class Figures:
    """Medians over the rounds; the two take turns, so that whatever else the machine does falls on both alike."""

    errors: float
    megabytes: float
    pipeline: float
    """seconds"""
    ours: float
    """seconds of a whole process, with starting Python and reading the file"""
    memory: float
    """Peak of our process, in MB."""

    @property
    def ratio(self) -> float:
        return self.ours / self.pipeline


def speed(rounds: int, lines: int = LINES, shares: Sequence[float] = ERROR_SHARES) -> Iterator[Figures]:
    """Figures for a made-up log of ``lines`` lines, for each share of errors in it."""
    with tempfile.TemporaryDirectory() as directory:
        for share in shares:
            file = Path(directory, "lines.log")
            print(f"Making {lines:,} lines, {share:.0%} of them errors ...", file=sys.stderr, flush=True)
            with file.open("w", encoding="utf-8") as out:
                out.writelines(f"{line}\n" for line in log_lines(lines, share))
            pairs = [
                (
                    _run(["sh", "-c", _PIPELINE.format(file=shlex.quote(str(file)))]),
                    _run([sys.executable, "-m", "bench.log_run", str(file)]),
                )
                for _unused in range(rounds)
            ]
            yield Figures(
                errors=share,
                megabytes=file.stat().st_size / 1e6,
                pipeline=statistics.median(pipeline for (pipeline, _memory), _ours in pairs),
                ours=statistics.median(ours for _pipeline, (ours, _memory) in pairs),
                memory=max(memory for _pipeline, (_ours, memory) in pairs),
            )


def _run(command: list[str]) -> tuple[float, float]:
    """Seconds and peak memory in MB of a command."""
    paths = os.pathsep.join(filter(None, (os.environ.get("PYTHONPATH"), os.environ.get("ANSIBLE_COLLECTIONS_PATH"))))
    began = time.monotonic()
    process = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": paths}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    _pid, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"Not measured, because a command failed: {shlex.join(command)}")
    return seconds, usage.ru_maxrss / 1000


def speed_row(figures: Figures) -> str:
    return (
        f"{figures.errors:>6.0%} errors, {figures.megabytes:.0f} MB   awk | sed | sort | uniq | sort {figures.pipeline:6.2f} s"
        f"   ours {figures.ours:6.2f} s   ratio {figures.ratio:5.2f}   peak {figures.memory:.0f} MB"
    )


def grouping(directory: Path) -> dict[str, float]:
    """Grouping accuracy of each system whose labelled sample (``*_2k.log_structured.csv``) is in ``directory``."""
    # Here, since it can be imported only where Ansible would find the collection.
    sys.path[:0] = os.environ.get("ANSIBLE_COLLECTIONS_PATH", "").split(os.pathsep)
    from ansible_collections.devops.incident_response.plugins.module_utils.analysis.log_patterns import group

    found = {}
    for file in sorted(directory.glob("*_2k.log_structured.csv")):
        with file.open(encoding="utf-8", newline="") as rows:
            pairs = [(row["Content"], row["EventId"]) for row in csv.DictReader(rows)]
        templates = group(message for message, _truth in pairs)
        found[file.name.partition("_2k")[0]] = accuracy([truth for _message, truth in pairs], [templates[message] for message, _ in pairs])
    return found


def accuracy(truth: Sequence[Hashable], predicted: Sequence[Hashable]) -> float:
    """Share of messages whose predicted group holds exactly the messages of their true group (as logparser defines it)."""
    return sum(len(group) for group in _groups(truth) & _groups(predicted)) / len(truth)


def _groups(labels: Sequence[Hashable]) -> set[tuple[int, ...]]:
    members: dict[Hashable, list[int]] = defaultdict(list)
    for number, label in enumerate(labels):
        members[label].append(number)
    return {tuple(of_label) for of_label in members.values()}
