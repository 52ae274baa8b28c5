# SPDX-License-Identifier: GPL-3.0-or-later
"""How the time to a recommendation, the memory and the requests to the cluster grow with the number of pods.

With all sources. The simulated Prometheus computes the series of hundreds of pods in Python, in a process of its own: part of what a run
with many pods takes longer is its.
"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bench.subjects import SERVICE, recommendation

SIZES = (5, 50, 500)
MOST_TIME = 2.0
"""How many times longer the largest may take than the smallest."""
_SCRAPE = "15s"
_BY_POD = "pods/log"


@dataclass(frozen=True, slots=True)
class Look:
    """One run: seconds to the recommendation, bytes of its largest process, and what it asked the API server for."""

    seconds: float
    memory: int
    requests: Mapping[str, int]

    @property
    def logs(self) -> int:
        return sum(count for about, count in self.requests.items() if about.endswith(_BY_POD))

    @property
    def others(self) -> int:
        return sum(self.requests.values()) - self.logs


def scaled(scenario: Path, pods: int, directory: Path) -> Path:
    """The scenario with so many pods of the service; its share of failing ones stays."""
    document = yaml.safe_load(scenario.read_text(encoding="utf-8"))
    workload = document["workloads"][SERVICE]
    workload["replicas"] = pods
    workload["autoscaler"] |= {"min": pods, "max": 2 * pods}
    # All at once: a rollout that still goes on keeps a simulated API server of this size busy, which is not what is measured.
    workload["strategy"] = {"max_surge": "0", "max_unavailable": "100%"}
    document["scrape_interval"] = _SCRAPE
    path = directory / f"{document['name']}-{pods}.yml"
    path.write_text(yaml.safe_dump(document, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return path


def look(variables: Mapping[str, str], scratch: Path) -> Look:
    """Runs p0.yml until its end; FailedError where it gives no recommendation."""
    before = _asked(variables)
    run = recommendation(variables, scratch)
    asked = {about: count - before.get(about, 0) for about, count in _asked(variables).items()}
    return Look(run.seconds, run.memory, {about: count for about, count in asked.items() if count})


def _asked(variables: Mapping[str, str]) -> dict[str, int]:
    with urllib.request.urlopen(f"{variables['LAB_STATE_URL']}/requests", timeout=10) as answer:
        counts: dict[str, int] = json.load(answer).get("cluster", {})
    return counts


def table(looks: Mapping[tuple[int, int], Sequence[Look]]) -> str:
    """Rows by number of pods and delay, from the run in the middle of each; then the ratio of the largest to the smallest."""
    middle = {key: sorted(runs, key=lambda run: run.seconds)[len(runs) // 2] for key, runs in looks.items()}
    lines = [f"{'pods':>6}{'delay':>9}{'recommendation':>17}{'peak memory':>14}{'API requests':>15}{'of logs':>10}"]
    for (pods, delay), run in sorted(middle.items()):
        lines.append(f"{pods:>6}{delay:>6} ms{run.seconds:>15.2f} s{run.memory / 2**20:>10.0f} MiB{run.others:>15}{run.logs:>10}")
    sizes = sorted({pods for pods, _delay in middle})
    for delay in sorted({delay for _pods, delay in middle}):
        ratio = middle[sizes[-1], delay].seconds / middle[sizes[0], delay].seconds
        lines.append(f"{sizes[-1]} pods / {sizes[0]} pods at {delay} ms: {ratio:.2f}    aim: at most {MOST_TIME:g}")
    return "\n".join(lines)


def as_json(looks: Mapping[tuple[int, int], Sequence[Look]]) -> list[dict[str, Any]]:
    return [
        {"pods": pods, "delay_ms": delay, "seconds": run.seconds, "memory": run.memory, "requests": dict(run.requests)}
        for (pods, delay), runs in looks.items()
        for run in runs
    ]
