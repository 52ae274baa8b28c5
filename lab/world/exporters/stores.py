# SPDX-License-Identifier: GPL-3.0-or-later
"""What the exporters of PostgreSQL and Redis expose, and how long queries take as the database's clients measure it."""

from __future__ import annotations

from collections.abc import Iterator

from lab.scenario.model import Dependency
from lab.world.series import SeriesDefinition, counter, gauge, histogram
from lab.world.world import World


def series(world: World) -> Iterator[SeriesDefinition]:
    for name, dependency in world.scenario.dependencies.items():
        yield gauge("up", {"job": name, "instance": name}, world.signal(f"{name}.up"), world.beginning)
        if dependency.exporter == "postgres":
            yield from _postgres(world, name)
        elif dependency.exporter == "redis":
            yield from _redis(world, name, dependency)


def _postgres(world: World, name: str) -> Iterator[SeriesDefinition]:
    labels, since = {"job": name, "instance": f"{name}:9187"}, world.beginning
    database = {**labels, "datname": name.removesuffix("-db")}
    connections = world.signal(f"{name}.connections")
    yield gauge("pg_up", labels, world.signal(f"{name}.up"), since)
    for state, part in (("active", 0.8), ("idle", 0.2)):
        yield gauge("pg_stat_activity_count", {**database, "state": state}, connections.scaled(part), since)
    yield gauge("pg_stat_database_numbackends", database, connections, since)
    yield gauge("pg_settings_max_connections", labels, world.signal(f"{name}.max_connections"), since)
    queries, p95 = world.signal(f"{name}.query_rate"), world.signal(f"{name}.query_time")
    yield from histogram("database_query_duration_seconds", labels, world, queries, p95)


def _redis(world: World, name: str, dependency: Dependency) -> Iterator[SeriesDefinition]:
    labels, since = {"job": name, "instance": f"redis://{name}:6379"}, world.beginning
    lookups, misses = world.signal(f"{name}.lookup_rate"), world.signal(f"{name}.miss_rate")
    memory = world.signal(f"{name}.memory")
    yield gauge("redis_up", labels, world.signal(f"{name}.up"), since)
    yield gauge("redis_memory_used_bytes", labels, memory.scaled(dependency.max_memory), since)
    yield gauge("redis_memory_max_bytes", labels, memory.mapped(lambda _share: float(dependency.max_memory)), since)
    yield gauge("redis_connected_clients", labels, world.signal(f"{name}.connections"), since)
    yield counter("redis_keyspace_hits_total", labels, [lookups, misses.mapped(lambda share: 1 - share)], since)
    yield counter("redis_keyspace_misses_total", labels, [lookups, misses], since)
    yield counter("redis_evicted_keys_total", labels, [world.signal(f"{name}.evictions")], since)
