# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Redis' INFO means (https://redis.io/docs/latest/commands/info/)."""

from __future__ import annotations

from collections.abc import Mapping

from ..clients.redis_probe import RedisAnswer
from ..model.dependencies import Measure
from ..model.finding import Level
from ..units import describe_duration
from .probed import Probed, Problem, judged

_MANY_MISSES = 0.2
"""Share of the look-ups since the start from which the line says so: a cache that young or that cold is worth a look."""
_FULL = 0.9
"""Share of its client connections from which Redis is about to refuse some."""
_SLOTS = 16384
"""Of a cluster (https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/)."""
_ASKS_FOR_LOGIN = ("NOAUTH", "WRONGPASS", "NOPERM", "DENIED", "ERR AUTH", "ERR invalid password", "ERR Client sent AUTH")
_MEANINGS = {
    "LOADING": "loads its data, and answers no command until then",
    "BUSY": "is busy with a script that does not end",
    "MASTERDOWN": "is a replica that has lost its primary, and answers no command",
    "MISCONF": "refuses writes: it cannot save its data to disk",
    "CLUSTERDOWN": "is part of a cluster that is down",
    "ERR max number of clients reached": "takes no further client (max number of clients reached)",
}
_MEASURES = {
    "used_memory": ("memory_used", "bytes"),
    "maxmemory": ("memory_limit", "bytes"),
    "evicted_keys": ("evicted_keys", "number"),
    "connected_clients": ("clients", "number"),
    "blocked_clients": ("blocked_clients", "number"),
    "connected_slaves": ("replicas", "number"),
    "rejected_connections": ("rejected_connections", "number"),
    "instantaneous_ops_per_sec": ("commands", "per_second"),
    "mem_fragmentation_ratio": ("memory_fragmentation", "number"),
}


def judge_redis(answer: RedisAnswer, primary: bool = False) -> Probed:
    """``primary`` says whether the service writes to it."""
    if answer.refusal:
        return _refused(answer)
    info = answer.info
    problems = [*_state(info, primary), *_memory(info), *_clients(info)]
    level, detail, all_of_them = judged(problems, redis_detail(info))
    return Probed(
        level,
        detail,
        answer.latency,
        *redis_memory(info),
        problems=all_of_them,
        measures=tuple(_measures(info)),
        makes_room=_makes_room(info),
    )


def redis_detail(info: Mapping[str, str]) -> str:
    """What INFO says of a Redis that is well: hit rate and evictions since the server started, and whether it is a replica."""
    share, evicted = _miss_rate(info), _amount(info.get("evicted_keys")) or 0.0
    said = [f"miss rate {share:.0%}"] if share is not None and share > _MANY_MISSES else []
    said += [f"{evicted:,.0f} keys evicted"] if evicted else []
    parts = [f"{', '.join(said)} since start"] if said else []
    parts += ["a replica"] if info.get("role") == "slave" else []
    return f"Healthy ({'; '.join(parts)})" if parts else "Healthy"


def redis_memory(info: Mapping[str, str]) -> tuple[float | None, float | None]:
    """Bytes that Redis uses, and its limit; the limit is None where it has none (``maxmemory 0``)."""
    return _amount(info.get("used_memory")), _amount(info.get("maxmemory")) or None


def _refused(answer: RedisAnswer) -> Probed:
    refusal = answer.refusal or ""
    for words, meaning in _MEANINGS.items():
        if refusal.startswith(words):
            return Probed(Level.CRITICAL, meaning, answer.latency, problems=(meaning,))
    told = "" if refusal.startswith(_ASKS_FOR_LOGIN) else " to answer"
    return Probed(Level.UNKNOWN, f"answers, but refuses{told or ' to tell more'}: {refusal}", answer.latency)


def _state(info: Mapping[str, str], primary: bool) -> list[Problem]:
    problems = []
    if info.get("loading") == "1":
        problems.append(Problem(Level.CRITICAL, _MEANINGS["LOADING"]))
    if info.get("cluster_state") == "fail":
        missing = _SLOTS - (_amount(info.get("cluster_slots_ok")) or 0.0)
        problems.append(Problem(Level.CRITICAL, f"{_MEANINGS['CLUSTERDOWN']} ({missing:,.0f} of {_SLOTS:,} slots are served by nobody)"))
    if info.get("role") == "slave":
        if info.get("master_link_status") == "down":
            down = _amount(info.get("master_link_down_since_seconds"))
            since = f" for {describe_duration(down)}" if down and down > 0 else ""
            problems.append(Problem(Level.WARNING, f"is a replica whose link to its primary is down{since}: what it says is old"))
        if primary:
            problems.append(Problem(Level.CRITICAL, "is a replica, and refuses writes (READONLY); the service needs the primary"))
    following = _amount(info.get("min_slaves_good_slaves"))  # only told where writes need replicas
    if following == 0:
        problems.append(Problem(Level.CRITICAL, "refuses writes: none of the replicas that it needs follows it (NOREPLICAS)"))
    elif following is not None and "errorstat_NOREPLICAS" in info:
        problems.append(Problem(Level.WARNING, f"has refused writes for lack of replicas (NOREPLICAS); {following:,.0f} follow it now"))
    if info.get("rdb_last_bgsave_status") == "err" or info.get("aof_last_write_status") == "err":
        problems.append(Problem(Level.WARNING, "cannot save its data to disk, and may refuse writes (MISCONF)"))
    return problems


def _memory(info: Mapping[str, str]) -> list[Problem]:
    """Whether it has no memory left, and may not evict anything for what is to be written."""
    used, most = redis_memory(info)
    if used is None or most is None or used < most or info.get("maxmemory_policy") != "noeviction":
        return []
    return [Problem(Level.CRITICAL, f"has no memory left ({used / most:.0%}), and refuses writes (OOM, as it may evict nothing)")]


def _makes_room(info: Mapping[str, str]) -> bool:
    """Whether it evicts keys when its memory is full, as is usual for a cache: any, or those with an end where some went before."""
    policy = info.get("maxmemory_policy") or ""
    return policy.startswith("allkeys-") or (policy.startswith("volatile-") and bool(_amount(info.get("evicted_keys"))))


def _clients(info: Mapping[str, str]) -> list[Problem]:
    connected, most = _amount(info.get("connected_clients")), _amount(info.get("maxclients"))
    if connected is None or not most or connected / most < _FULL:
        return []
    return [Problem(Level.WARNING, f"has almost all the clients that it takes ({connected:,.0f}/{most:,.0f})")]


def _measures(info: Mapping[str, str]) -> list[Measure]:
    found = [Measure(name, value, unit) for key, (name, unit) in _MEASURES.items() if (value := _amount(info.get(key))) is not None]
    share = _miss_rate(info)
    if share is not None:
        found += [Measure("miss_rate", share, "share"), Measure("hit_rate", 1.0 - share, "share")]
    lag = _amount(info.get("master_last_io_seconds_ago"))
    return [*found, Measure("replication_lag", lag, "seconds")] if lag is not None and lag >= 0 else found


def _miss_rate(info: Mapping[str, str]) -> float | None:
    hits, misses = _amount(info.get("keyspace_hits")), _amount(info.get("keyspace_misses"))
    return misses / (hits + misses) if hits is not None and misses is not None and hits + misses > 0 else None


def _amount(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None
