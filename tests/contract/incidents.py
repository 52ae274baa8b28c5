# SPDX-License-Identifier: GPL-3.0-or-later
"""Incidents of the simulated production at one moment, as material that a simulated and a real server can both be given."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.jaeger.store import Query, TraceStore
from lab.prometheus.storage import Series, is_stale
from lab.running import Lab
from lab.scenario.loader import load
from lab.world.storage import WorldStorage

HOUR, DAY = 3600.0, 86400.0
_STEP = 0.5


@dataclass(slots=True)
class Incident:
    """A scenario of the lab, at the moment `now` (unix seconds) when it begins. The lab's own time is `lab_time`."""

    name: str
    lab: Lab
    now: float
    lab_time: Callable[[], float]

    def history(self) -> list[Series]:
        """What the collection asks for: four hours and a bit up to the lab's time, and an hour of the day before.

        Without the markers of series that ended, which no history that is imported can have.
        """
        storage, found = WorldStorage(self.lab.world), {}
        for start, end in ((self.now - DAY - 1.2 * HOUR, self.now - DAY), (self.now - 4.2 * HOUR, self.lab_time())):
            for series in storage.select([], start, end):
                key = tuple(sorted(series.labels.items()))
                samples = [sample for sample in series.samples if not is_stale(sample[1])]
                found.setdefault(key, Series(series.labels, []))
                found[key] = Series(series.labels, [*found[key].samples, *samples])
        return [series for series in found.values() if series.samples]

    def traces(self) -> list[dict[str, Any]]:
        """The traces that the collection asks for, whole: recent ones, an hour's errors and slow ones, and the newest of a day ago."""
        store, everything = TraceStore(self.lab.world), 10**6
        hour = (self.now - HOUR, self.now, everything)
        asked = (
            Query(self.name, self.now - 300, self.now, everything),
            Query(self.name, *hour, tags={"error": "true"}),
            Query(self.name, *hour, min_duration=1.0),
            Query(self.name, self.now - DAY - 120, self.now - DAY, everything),
        )
        return list({trace["traceID"]: trace for query in asked for trace in store.find(query)}.values())


def incident(name: str, directory: Path, now: float | None = None) -> Incident:
    """The scenario of that name as it is when it begins, at `now` (the present where not given); the lab's time stands still."""
    began = float(int(time.time() if now is None else now))
    lab = Lab(load(name), directory, lambda: began)
    lab.populate("registry.example.com")
    return Incident(name, lab, began, lambda: began)


def incident_with_rollback(name: str, version: str, directory: Path, now: float, after: float, until: float) -> Incident:
    """The scenario beginning at `now`, rolled back to `version` `after` so many seconds, and `until` so many seconds later."""
    moment = [float(int(now))]
    lab = Lab(load(name), directory, lambda: moment[0])
    lab.populate("registry.example.com")
    found = Incident(name, lab, moment[0], lambda: moment[0])
    store, namespace = lab.cluster.store, lab.scenario.subject.namespace
    for step in range(round(until / _STEP)):
        if step == round(after / _STEP):
            deployment = copy.deepcopy(store.require("Deployment", namespace, name))
            container = deployment["spec"]["template"]["spec"]["containers"][0]
            container["image"] = f"{container['image'].rpartition(':')[0]}:{version}"
            store.update(deployment)
        moment[0] += _STEP
        lab.cluster.tick()
    return found
