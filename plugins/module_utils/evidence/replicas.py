# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several replicas of Prometheus that scrape the same, where nothing in front of them makes their series one: sums would be multiples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..clients.prometheus import SeriesResult, quote
from ..lean import dataclass
from .metric_names import MetricNames

_LABELS = ("prometheus_replica", "receive_replica", "__replica__", "replica")
"""What Prometheus Operator, Thanos' receiver, Mimir and Thanos' own examples call a replica."""


@dataclass(frozen=True, slots=True)
class Replica:
    """One of ``count``, the one with the fewest gaps."""

    label: str
    value: str
    count: int

    @property
    def note(self) -> str:
        return (
            f"{self.count} replicas of Prometheus answer without deduplication; only the series with {self.label}={quote(self.value)} "
            "are counted"
        )


def one_replica(up: Sequence[SeriesResult]) -> Replica | None:
    """The replica to go by, where the targets' ``up`` is there several times and differs in the replica alone; else None."""
    for label in _LABELS:
        targets = [frozenset((name, text) for name, text in one.labels.items() if name != label) for one in up if label in one.labels]
        if len(targets) == len(set(targets)):
            continue
        samples: dict[str, int] = {}
        for one in up:
            if label in one.labels:
                samples[one.labels[label]] = samples.get(one.labels[label], 0) + len(one.samples)
        return Replica(label, max(sorted(samples), key=samples.__getitem__), len(samples))
    return None


def of_replica(names: MetricNames, replica: Replica) -> MetricNames:
    """``names`` that match the series of one replica alone."""
    matcher = f",{replica.label}={quote(replica.value)}"
    return replace(names, matchers=names.matchers + matcher, others=names.others + matcher, targets=names.targets + matcher)
