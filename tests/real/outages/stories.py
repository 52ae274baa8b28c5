# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens to services before somebody is called. All times are seconds before that moment."""

from __future__ import annotations

import random
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
NODES = ("node-a", "node-b", "node-c")
BEGINNING = 30 * DAY
_START, _BETWEEN = 16.0, 22.0


@dataclass(frozen=True, slots=True)
class Release:
    """`pods` is how many of it were made, where the rollout came no further; `waiting` is why they are not ready, where they never were.

    `template` is what it changes in the pods beside the image.
    """

    version: str
    ago: float
    pods: int | None = None
    waiting: str | None = None
    template: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trouble:
    """From `ago` until `until`: the share of requests that fail, how many times as long they take, and how many times as many come.

    Of `version` alone where that is given.
    """

    ago: float
    fails: float = 0.0
    slower: float = 1.0
    more: float = 1.0
    version: str | None = None
    until: float = 0.0


@dataclass(frozen=True, slots=True)
class Said:
    """What pods write into their logs so often a minute, from `ago` on: one entry of one line or more. `{n}` is a number each time."""

    ago: float
    often: float
    text: str
    version: str | None = None


@dataclass(frozen=True, slots=True)
class Killed:
    """When pods of a service were ended by their memory limit, each time with this many seconds between one pod and the next."""

    ago: Sequence[float]
    apart: float = 20.0


@dataclass(slots=True)
class Pod:
    name: str
    release: Release
    node: str
    born: float
    ready: float | None
    """Seconds before now, as `born`; None where it never was."""
    gone: float = 0.0
    ends: tuple[float, ...] = ()

    def serves(self, ago: float) -> bool:
        """Whether it answers at that moment. A container that was ended is back within a quarter of a minute."""
        return self.ready is not None and self.gone < ago <= self.ready and not any(0 <= end - ago < 15 for end in self.ends)


@dataclass(frozen=True, slots=True)
class Service:
    name: str
    releases: Sequence[Release]
    troubles: Sequence[Trouble] = ()
    said: Sequence[Said] = ()
    replicas: int = 3
    rate: float = 30.0
    """Requests a second."""
    fails: float = 0.002
    """Share of them that always fail."""
    median: float = 0.05
    """Seconds that one takes."""
    names: str = "plain"
    """Of its metrics: plain or opentelemetry."""
    killed: Killed | None = None
    memory: float = 200e6
    grows: float = 0.0
    """Bytes an hour, of every pod since it was born."""
    born: float | None = None
    """How old its pods are where that is not the age of the last release."""
    entry: dict[str, Any] = field(default_factory=dict)
    """Of the catalogue."""

    @property
    def random(self) -> random.Random:
        return random.Random(zlib.crc32(self.name.encode()))

    @property
    def current(self) -> Release:
        return self.releases[-1]

    def hash_of(self, release: Release) -> str:
        return f"{zlib.crc32(f'{self.name} {self.releases.index(release)}'.encode()):08x}".translate(str.maketrans("013aeiou", "bcdfghjk"))

    def pods(self) -> list[Pod]:
        """All that there were in the last day, oldest first."""
        found: list[Pod] = []
        there: list[Pod] = []
        for release in self.releases:
            made = release.pods or self.replicas
            fresh = [self._pod(release, index, len(found)) for index in range(made)]
            stays = there if release.waiting else there[made:]
            for old, new in zip(there, fresh, strict=False):
                old.gone = 0.0 if release.waiting else (new.ready or 0.0) - 2
            there = [*stays, *fresh]
            found += fresh
        if self.killed is not None:
            for index, pod in enumerate(there):
                pod.ends = tuple(ago - self.killed.apart * index for ago in self.killed.ago)
        return found

    def _pod(self, release: Release, index: int, number: int) -> Pod:
        born = release.ago - 2 - _BETWEEN * index if self.born is None or release.ago < DAY else self.born - 40 * index
        name = f"{self.name}-{self.hash_of(release)}-{'bcdfghjklmnpqrstvwxz'[number % 20]}x{number}k{index}"
        return Pod(name, release, NODES[(number + index) % len(NODES)], born, None if release.waiting else born - _START)


@dataclass(frozen=True, slots=True)
class Incident:
    """The first of `services` is the one that is asked about."""

    services: Sequence[Service]
    measured: bool = True
    """Whether Prometheus has anything."""
    events: Sequence[tuple[str, str, str, str, float]] = ()
    """Kind, name, reason, message and when; a name that is a number is that of the service's pod."""
    rewritten: Sequence[tuple[str, str, float]] = ()
    """Kind and name of what pods read their settings from, and when it was last written."""
    ahead: float = 0.0
    """Seconds by which the cluster's clock is before Prometheus'."""
