# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.clients.redis_probe import RedisAnswer
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.redis import judge_redis
from ansible_collections.devops.incident_response.plugins.module_utils.model.finding import Level

WELL = {"role": "master", "used_memory": "50", "maxmemory": "100", "connected_clients": "9", "maxclients": "10000", "loading": "0"}


@pytest.mark.parametrize(
    ("refusal", "level", "words"),
    [
        ("NOAUTH Authentication required.", Level.UNKNOWN, "answers, but refuses to tell more: NOAUTH"),
        ("NOPERM User default has no permissions", Level.UNKNOWN, "refuses to tell more"),
        ("LOADING Redis is loading the dataset in memory", Level.CRITICAL, "loads its data"),
        ("BUSY Redis is busy running a script.", Level.CRITICAL, "busy with a script"),
        ("MISCONF Redis is configured to save RDB snapshots", Level.CRITICAL, "refuses writes"),
        ("ERR max number of clients reached", Level.CRITICAL, "takes no further client"),
    ],
)
def test_what_redis_refuses(refusal: str, level: Level, words: str) -> None:
    found = judge_redis(RedisAnswer(0.1, {}, refusal))
    assert found.level is level
    assert words in found.detail


@pytest.mark.parametrize(
    ("info", "primary", "level", "words"),
    [
        ({}, True, Level.OK, "Healthy"),
        ({"role": "slave", "master_link_status": "up"}, False, Level.OK, "Healthy (a replica)"),
        ({"role": "slave", "master_link_status": "up"}, True, Level.CRITICAL, "READONLY"),
        (
            {"role": "slave", "master_link_status": "down", "master_link_down_since_seconds": "90"},
            False,
            Level.WARNING,
            "down for 1 minute 30 seconds",
        ),
        ({"rdb_last_bgsave_status": "err"}, False, Level.WARNING, "cannot save"),
        ({"connected_clients": "9500"}, False, Level.WARNING, "9,500/10,000"),
        ({"min_slaves_good_slaves": "0"}, False, Level.CRITICAL, "NOREPLICAS"),
        ({"min_slaves_good_slaves": "1", "errorstat_NOREPLICAS": "count=7"}, False, Level.WARNING, "1 follow it now"),
        ({"min_slaves_good_slaves": "1"}, False, Level.OK, "Healthy"),
        ({"used_memory": "100", "maxmemory_policy": "noeviction"}, False, Level.CRITICAL, "refuses writes (OOM"),
        ({"used_memory": "100", "maxmemory_policy": "allkeys-lru"}, False, Level.OK, "Healthy"),
        ({"blocked_clients": "40"}, False, Level.OK, "Healthy"),
        ({"loading": "1"}, False, Level.CRITICAL, "loads its data"),
        ({"keyspace_hits": "55", "keyspace_misses": "45", "evicted_keys": "12"}, False, Level.OK, "miss rate 45%, 12 keys evicted"),
        ({"used_memory": "lots", "maxmemory": ""}, False, Level.OK, "Healthy"),
    ],
)
def test_what_info_means(info: dict[str, str], primary: bool, level: Level, words: str) -> None:
    found = judge_redis(RedisAnswer(0.1, {**WELL, **info}), primary)
    assert found.level is level
    assert words in found.detail


@pytest.mark.parametrize(
    ("policy", "evicted", "makes_room"),
    [("noeviction", 7, False), ("allkeys-lru", 0, True), ("volatile-ttl", 0, False), ("volatile-ttl", 7, True), ("", 7, False)],
)
def test_a_full_cache_that_makes_room_is_no_outage(policy: str, evicted: int, makes_room: bool) -> None:
    found = judge_redis(RedisAnswer(0.1, {**WELL, "maxmemory_policy": policy, "evicted_keys": str(evicted)}))
    assert found.makes_room is makes_room


def test_measures() -> None:
    found = judge_redis(RedisAnswer(0.1, {**WELL, "keyspace_hits": "3", "keyspace_misses": "1", "master_last_io_seconds_ago": "7"}))
    said = {measure.name: (measure.value, measure.unit) for measure in found.measures}
    assert (said["hit_rate"], said["miss_rate"]) == ((0.75, "share"), (0.25, "share"))
    assert (said["memory_used"], said["replication_lag"]) == ((50.0, "bytes"), (7.0, "seconds"))
