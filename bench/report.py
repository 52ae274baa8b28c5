# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures as a table, their ratios, and the machine that they belong to."""

from __future__ import annotations

import os
import platform
import shutil
import statistics
import subprocess
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from bench.subjects import Subject

Figures = Mapping[tuple[str, int], Sequence[float]]
Medians = Mapping[tuple[str, int], float]

# What the collection aims at: (name, delay in ms) -> the most that it may be.
AIMS = {("a / b", 50): 0.45, ("a / d", 50): 0.15, ("a - c", 0): 1.5}
_WIDTH = 54


def medians(figures: Figures) -> dict[tuple[str, int], float]:
    return {key: statistics.median(values) for key, values in figures.items()}


def ratios(by_subject: Medians, delays: Sequence[int]) -> dict[str, dict[str, float]]:
    """`a / b` and `a / d` as multiples, `a - c` in seconds, by delay; without those that lack a figure."""
    found: dict[str, dict[str, float]] = {}
    for delay in delays:
        ours = by_subject["a", delay]
        if ("b", delay) in by_subject:
            found.setdefault("a / b", {})[str(delay)] = round(ours / by_subject["b", delay], 3)
        if ("d", delay) in by_subject:
            found.setdefault("a / d", {})[str(delay)] = round(ours / by_subject["d", delay], 3)
        found.setdefault("a - c", {})[str(delay)] = round(ours - by_subject["c", delay], 3)
    return found


def table(everything: Sequence[Subject], by_subject: Medians, delays: Sequence[int]) -> str:
    """Rows of medians in seconds, one column a delay, and below them the ratios with what is aimed at."""
    lines = [" " * _WIDTH + "".join(f"{f'{delay} ms':>12}" for delay in delays)]
    for subject in everything:
        name = f"({subject.key}) {subject.title}"
        if subject.missing is None:
            lines.append(f"{name:<{_WIDTH}}" + "".join(f"{f'{by_subject[subject.key, delay]:.2f} s':>12}" for delay in delays))
        else:
            lines.append(f"{name:<{_WIDTH}}  not measured: {subject.missing}")
    lines.append("")
    for name, by_delay in ratios(by_subject, delays).items():
        unit = " s" if "-" in name else ""
        aims = [f"{aim}{unit} at {delay} ms" for (aimed, delay), aim in AIMS.items() if aimed == name]
        row = f"{name:<{_WIDTH}}" + "".join(f"{f'{by_delay[str(delay)]:.2f}{unit}':>12}" for delay in delays)
        lines.append(f"{row}    aim: at most {', '.join(aims)}")
    return "\n".join(lines)


def as_json(figures: Figures) -> dict[str, dict[str, list[float]]]:
    """Seconds by subject and delay."""
    found: dict[str, dict[str, list[float]]] = {}
    for (key, delay), values in figures.items():
        found.setdefault(key, {})[str(delay)] = [round(value, 3) for value in values]
    return found


def machine() -> str:
    """One line on what the figures depend on."""
    return (
        f"{_processor()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}, Python {platform.python_version()}, "
        f"ansible-core {version('ansible-core')}, {_kubectl()}"
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _kubectl() -> str:
    if shutil.which("kubectl") is None:
        return "no kubectl"
    result = subprocess.run(["kubectl", "version", "--client"], capture_output=True, text=True, check=False)
    return f"kubectl {result.stdout.partition('Client Version:')[2].split()[0]}" if "Client Version:" in result.stdout else "kubectl"
