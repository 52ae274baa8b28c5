# SPDX-License-Identifier: GPL-3.0-or-later
"""What a case may go without: few services are in a catalogue, have traces, readable logs, and a scrape every few seconds.

The truth stays as it is. A recommendation that goes without may say that it does not know; it may not say something false.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from lab.scenario.model import Scenario, Seconds

_FOUND_BY = ("namespace", "workload_kind", "workload_name", "selector", "metrics")
"""Fields of a catalogue's entry without which the service itself would not be found."""


@dataclass(frozen=True, slots=True)
class Lack:
    """``catalogue`` is False where only the service's name is known; ``without`` are names of sources that are not asked.

    ``scrape_interval`` is seconds and ``replicas`` how many pods there are, both None for the scenario's own.
    """

    catalogue: bool = True
    without: frozenset[str] = frozenset()
    scrape_interval: float | None = None
    replicas: int | None = None

    def scenario(self, given: Scenario) -> Scenario:
        """``given``, scraped and scaled as this says."""
        changed = given
        if self.scrape_interval is not None:
            changed = replace(changed, scrape_interval=Seconds(max(self.scrape_interval, given.scrape_interval)))
        if self.replicas is not None and given.subject.replicas > 1:
            subject = replace(given.subject, replicas=self.replicas)
            changed = replace(changed, workloads={**given.workloads, given.service: subject})
        return changed

    def entry(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """What is left of the service's entry in the catalogue."""
        return {name: value for name, value in given.items() if self.catalogue or name in _FOUND_BY}


LACKS: Mapping[str, Lack] = {
    "": Lack(),
    "name-only": Lack(catalogue=False, without=frozenset({"traces"})),
    "no-logs": Lack(without=frozenset({"logs", "traces"})),
    "metrics-only": Lack(catalogue=False, without=frozenset({"logs", "traces"})),
    "scraped-30s": Lack(scrape_interval=30.0),
    "scraped-60s": Lack(scrape_interval=60.0, catalogue=False, without=frozenset({"traces"})),
    "many-pods": Lack(replicas=24),
}
"""By name; nothing is lacking under the empty one."""
