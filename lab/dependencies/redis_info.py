# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Redis server says about itself (https://redis.io/docs/latest/commands/info/)."""

from __future__ import annotations

from lab.world.curve import Integral
from lab.world.world import World

SLOTS = 16384
"""Of a cluster (https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/)."""
_SECTIONS = ("server", "clients", "memory", "stats", "replication", "cluster", "keyspace")


def info(world: World, name: str, wanted: str = "default") -> str:
    """The text of INFO, lines ended by CRLF; one section, or all of them for ``default``, ``all`` and ``everything``."""
    sections = _sections(world, name)
    chosen = _SECTIONS if wanted.lower() in {"default", "all", "everything"} else (wanted.lower(),)
    parts = []
    for section in chosen:
        if section in sections:
            fields = "".join(f"{key}:{value}\r\n" for key, value in sections[section].items())
            parts.append(f"# {section.capitalize()}\r\n{fields}")
    return "\r\n".join(parts)


def cluster_info(served: int) -> str:
    """The text of CLUSTER INFO of a node that knows no other one, and of a cluster that serves so many slots."""
    fields: dict[str, object] = {
        "cluster_state": "ok" if served >= SLOTS else "fail",
        "cluster_slots_assigned": served,
        "cluster_slots_ok": served,
        "cluster_slots_pfail": 0,
        "cluster_slots_fail": 0,
        "cluster_known_nodes": 1,
        "cluster_size": 1,
        "cluster_current_epoch": 0,
        "cluster_my_epoch": 0,
        "cluster_stats_messages_sent": 0,
        "cluster_stats_messages_received": 0,
        "total_cluster_links_buffer_limit_exceeded": 0,
    }
    return "".join(f"{key}:{value}\r\n" for key, value in fields.items())


def _replication(world: World, name: str) -> dict[str, object]:
    dependency = world.scenario.dependencies[name]
    primary, followed = dependency.replica_of, {"min_slaves_good_slaves": 0} if dependency.min_replicas else {}
    if primary is None:
        return {"role": "master", "connected_slaves": 0, **followed}
    host, _, port = primary.rpartition(":")
    linked = world.signal(f"{name}.link").at(world.clock()) >= 0.5
    return {
        "role": "slave",
        "master_host": host,
        "master_port": port,
        "master_link_status": "up" if linked else "down",
        "master_last_io_seconds_ago": 1 if linked else -1,
        "master_sync_in_progress": 0,
        **({} if linked else {"master_link_down_since_seconds": -1}),
        "slave_priority": 100,
        "slave_read_only": 1,
        "connected_slaves": 0,
        **followed,
    }


def _sections(world: World, name: str) -> dict[str, dict[str, object]]:
    now, dependency = world.clock(), world.scenario.dependencies[name]
    uptime = int(now - world.beginning)
    values = {signal: world.signal(f"{name}.{signal}").at(now) for signal in ("connections", "memory", "lookup_rate", "evictions")}
    used, most = int(values["memory"] * dependency.max_memory), int(dependency.max_memory)
    lookups, misses = world.signal(f"{name}.lookup_rate"), world.signal(f"{name}.miss_rate")
    missed = int(Integral([lookups, misses], world.beginning).at(now))
    hits = int(Integral([lookups], world.beginning).at(now)) - missed
    return {
        "server": {
            "redis_version": "7.0.15",
            "redis_mode": "standalone" if dependency.cluster_slots is None else "cluster",
            "os": "Linux 6.1.0 x86_64",
            "process_id": 1,
            "tcp_port": 6379,
            "uptime_in_seconds": uptime,
            "uptime_in_days": uptime // 86400,
        },
        "clients": {"connected_clients": round(values["connections"]), "maxclients": 10000, "blocked_clients": 0},
        "memory": {
            "used_memory": used,
            "used_memory_human": f"{used / 2**20:.2f}M",
            "used_memory_peak": used,
            "maxmemory": most,
            "maxmemory_human": f"{most / 2**20:.2f}M",
            "maxmemory_policy": dependency.policy,
            "mem_fragmentation_ratio": "1.12",
        },
        "stats": {
            "total_commands_processed": hits + missed,
            "instantaneous_ops_per_sec": round(values["lookup_rate"]),
            "evicted_keys": int(Integral([world.signal(f"{name}.evictions")], world.beginning).at(now)),
            "keyspace_hits": hits,
            "keyspace_misses": missed,
            "rejected_connections": 0,
        },
        "replication": _replication(world, name),
        "cluster": {"cluster_enabled": 0 if dependency.cluster_slots is None else 1},
        "keyspace": {"db0": f"keys={used // 1500},expires={used // 1700},avg_ttl=1800000"},
    }
