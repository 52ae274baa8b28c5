# SPDX-License-Identifier: GPL-3.0-or-later
"""What the simulated Prometheus scrapes: the pods of every workload, and the exporters."""

from __future__ import annotations

from lab.prometheus.targets import Target
from lab.world.world import World


def targets(world: World) -> list[Target]:
    """The targets of this moment, with their health."""
    scenario, now = world.scenario, world.clock()
    interval = f"{scenario.scrape_interval:g}s"
    scraped = now // scenario.scrape_interval * scenario.scrape_interval
    found = []
    for record in world.pods.records.values():
        if record.deleted is not None:
            continue
        address = f"{record.address}:{scenario.workloads[record.workload].port}"
        url = f"http://{address}/metrics"
        found.append(
            Target(
                labels={"job": record.workload, "namespace": record.namespace, "pod": record.name, "instance": address},
                scrape_url=url,
                scrape_pool=record.workload,
                health="up" if record.is_ready else "down",
                last_error="" if record.is_ready else f'Get "{url}": dial tcp {address}: connect: connection refused',
                last_scrape=scraped,
                last_scrape_duration=0.004,
                scrape_interval=interval,
            )
        )
    for name, dependency in scenario.dependencies.items():
        if dependency.exporter != "none":
            up = world.signal(f"{name}.up").at(now) >= 0.5
            found.append(
                Target(
                    labels={"job": name, "instance": name},
                    scrape_url=f"http://{name}:9121/metrics",
                    scrape_pool=name,
                    health="up" if up else "down",
                    last_error="" if up else "server returned HTTP status 503 Service Unavailable",
                    last_scrape=scraped,
                    last_scrape_duration=0.006,
                    scrape_interval=interval,
                )
            )
    return found
