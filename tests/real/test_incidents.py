# SPDX-License-Identifier: GPL-3.0-or-later
"""Incidents that share nothing with the lab: counters in a real Prometheus, aged objects, logs. The table says what is right to do."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.real.outages.asked import Production, production, recommended
from tests.real.outages.stories import DAY, HOUR, MINUTE, Incident, Killed, Release, Said, Service, Trouble
from tests.real.servers import real_part

REFUSED = '{at} ERROR [app] query failed: connection to server at "db.internal" (10.9.3.14), port 5432 failed: Connection refused'
NO_QUORUM = (
    '{"@timestamp": "{at}", "@version": "1", "level": "ERROR", "level_value": 40000, "logger_name": "com.example.timeline.Store", '
    '"thread_name": "http-nio-8080-exec-{n}", "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736", "span_id": "00f067aa0ba902b7", '
    '"message": "read failed", "stack_trace": "com.example.driver.core.servererrors.UnavailableException: Not enough replicas available'
    '\\n\\tat com.example.timeline.Store.page(Store.java:120)"}'
)
OWN = """{at} ERROR [app] request failed
Traceback (most recent call last):
  File "/app/shop/views.py", line 31, in show
    name = row.first + row.last
TypeError: unsupported operand type(s) for +: 'NoneType' and 'str'"""


def _releases(*last: Release) -> tuple[Release, ...]:
    """A past of months and then what came last."""
    return (Release("1.0.0", 24 * DAY), Release("1.1.0", 9 * DAY), *last)


# Title: what is right, best first; the causes that name it; the incident.
TRUTH: dict[str, tuple[tuple[str, ...], tuple[str, ...], Incident]] = {
    "the new version fails by itself": (
        ("rollback",),
        ("deployment",),
        Incident(
            [
                Service(
                    "orders",
                    _releases(Release("1.2.0", 9 * MINUTE)),
                    [Trouble(9 * MINUTE, fails=0.4, version="1.2.0")],
                    [Said(8 * MINUTE, 15, OWN)],
                )
            ]
        ),
    ),
    "the new version fails by itself, in a cluster whose clock is four minutes ahead": (
        ("rollback",),
        ("deployment",),
        Incident(
            [
                Service(
                    "coupons",
                    _releases(Release("1.2.0", 9 * MINUTE)),
                    [Trouble(9 * MINUTE, fails=0.4, version="1.2.0")],
                    [Said(8 * MINUTE, 15, OWN)],
                )
            ],
            ahead=4 * MINUTE,
        ),
    ),
    "it was in trouble before it was released, in a cluster whose clock is five minutes behind": (
        ("investigate",),
        ("dependency", "unknown"),
        Incident(
            [
                Service(
                    "parcels", _releases(Release("1.2.0", 10 * MINUTE)), [Trouble(14 * MINUTE, fails=0.3)], [Said(14 * MINUTE, 15, REFUSED)]
                )
            ],
            ahead=-5 * MINUTE,
        ),
    ),
    "two of five new pods fail, the old ones do not": (
        ("rollback",),
        ("deployment",),
        Incident(
            [
                Service(
                    "ranking",
                    _releases(Release("1.2.0", 8 * MINUTE, pods=2)),
                    [Trouble(8 * MINUTE, fails=0.5, version="1.2.0")],
                    [Said(8 * MINUTE, 15, OWN, version="1.2.0")],
                    replicas=5,
                    names="opentelemetry",
                )
            ]
        ),
    ),
    "the first of two releases is to blame": (
        ("rollback", "investigate"),
        ("deployment",),
        Incident(
            [
                Service(
                    "ledger",
                    _releases(Release("1.2.0", 50 * MINUTE), Release("1.2.1", 12 * MINUTE)),
                    [Trouble(50 * MINUTE, fails=0.3)],
                    [Said(50 * MINUTE, 15, OWN)],
                )
            ]
        ),
    ),
    "the new image cannot be pulled": (
        ("rollback", "hotfix"),
        ("deployment",),
        Incident(
            [Service("labels", _releases(Release("1.2.0", 14 * MINUTE, pods=1, waiting="ImagePullBackOff")))],
            events=[("Pod", "3", "Failed", 'Failed to pull image "registry.example.com/labels:1.2.0": not found', 13 * MINUTE)],
        ),
    ),
    "a shared database is away, four minutes after an innocent release": (
        ("investigate",),
        ("dependency", "platform"),
        Incident(
            [
                Service(
                    "seats", _releases(Release("1.2.0", 10 * MINUTE)), [Trouble(5 * MINUTE, fails=0.7)], [Said(5 * MINUTE, 15, REFUSED)]
                ),
                Service("menus", _releases(), [Trouble(5 * MINUTE, fails=0.6)], [Said(5 * MINUTE, 15, REFUSED)], replicas=2),
            ]
        ),
    ),
    "only the field of a stack trace says who is away, minutes after a release": (
        ("investigate",),
        ("dependency",),
        Incident(
            [
                Service(
                    "timeline",
                    _releases(Release("1.2.0", 10 * MINUTE)),
                    [Trouble(5 * MINUTE, fails=0.5)],
                    [Said(5 * MINUTE, 15, NO_QUORUM)],
                    names="opentelemetry",
                )
            ]
        ),
    ),
    "a cache is slow, long after a release": (
        ("investigate",),
        ("dependency",),
        Incident(
            [
                Service(
                    "wallet",
                    _releases(Release("1.2.0", 19 * MINUTE)),
                    [Trouble(8 * MINUTE, fails=0.12, slower=12)],
                    [
                        Said(
                            8 * MINUTE,
                            15,
                            "{at} ERROR [api] request {n} failed: redis.exceptions.TimeoutError: Timeout reading from socket",
                        )
                    ],
                )
            ]
        ),
    ),
    "clients hang up, and the proxy counts that as failures": (
        ("investigate", "monitor"),
        ("caller",),
        Incident(
            [
                Service(
                    "streams",
                    _releases(Release("1.2.0", 24 * MINUTE)),
                    [Trouble(10 * MINUTE, fails=0.16)],
                    [Said(10 * MINUTE, 12, "{at} WARN [http] downstream disconnected before response was sent: write: broken pipe")],
                )
            ]
        ),
    ),
    "processes run out of files, half an hour after a release": (
        ("restart", "rollback", "investigate"),
        ("resource_leak", "deployment"),
        Incident(
            [
                Service(
                    "thumbs",
                    _releases(Release("1.2.0", 52 * MINUTE)),
                    [Trouble(19 * MINUTE, fails=0.5)],
                    [Said(19 * MINUTE, 15, "{at} ERROR [server] accept4: too many open files")],
                )
            ]
        ),
    ),
    "both versions of a rolling update fail alike": (
        ("investigate",),
        ("dependency", "platform", "unknown"),
        Incident(
            [
                Service(
                    "trips",
                    _releases(Release("1.2.0", 8 * MINUTE, pods=2)),
                    [Trouble(5 * MINUTE, fails=0.5)],
                    [Said(5 * MINUTE, 15, REFUSED)],
                    replicas=4,
                )
            ]
        ),
    ),
    "a configuration is rewritten minutes after a release": (
        ("investigate", "hotfix"),
        ("configuration",),
        Incident(
            [Service("rates", _releases(Release("1.2.0", 26 * MINUTE)), [Trouble(7 * MINUTE, fails=0.5)], [Said(7 * MINUTE, 15, OWN)])],
            rewritten=[("ConfigMap", "rates-settings", 8.5 * MINUTE)],
        ),
    ),
    "it was in trouble before it was released": (
        ("investigate",),
        ("dependency", "unknown"),
        Incident(
            [
                Service(
                    "points", _releases(Release("1.2.0", 10 * MINUTE)), [Trouble(25 * MINUTE, fails=0.3)], [Said(25 * MINUTE, 15, REFUSED)]
                )
            ]
        ),
    ),
    "six in a hundred have failed for days": (
        ("none", "monitor"),
        (),
        Incident(
            [
                Service(
                    "imports",
                    _releases(Release("1.2.0", 15 * MINUTE)),
                    said=[Said(HOUR, 4, "{at} ERROR [rows] row {n} rejected: unknown country")],
                    fails=0.06,
                )
            ]
        ),
    ),
    "it has healed by itself": (
        ("monitor", "none", "investigate"),
        (),
        Incident(
            [
                Service(
                    "reviews",
                    _releases(Release("1.2.0", 26 * MINUTE)),
                    [Trouble(13 * MINUTE, fails=0.35, until=7 * MINUTE)],
                    [Said(13 * MINUTE, 15, REFUSED)],
                )
            ]
        ),
    ),
    "memory has grown for four days": (
        ("restart", "raise_limit", "investigate"),
        ("resource_leak", "crash"),
        Incident(
            [
                Service(
                    "mails",
                    _releases(),
                    [Trouble(20 * MINUTE, fails=0.06)],
                    killed=Killed((12 * MINUTE,), apart=5 * MINUTE),
                    born=4 * DAY,
                    grows=3.4e6,
                )
            ]
        ),
    ),
    "nothing is measured, and the new version fails by itself": (
        ("rollback", "investigate"),
        ("deployment",),
        Incident([Service("hooks", _releases(Release("1.2.0", 11 * MINUTE)), said=[Said(11 * MINUTE, 25, OWN)])], measured=False),
    ),
}


@pytest.fixture
def running(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Production]]:
    title = request.param
    with contextlib.ExitStack() as parts:
        yield title, parts.enter_context(real_part(request, "Prometheus", production(TRUTH[title][2], tmp_path)))


@pytest.mark.parametrize("running", TRUTH, indirect=True)
def test_what_is_recommended_is_right(running: tuple[str, Production]) -> None:
    title, servers = running
    actions, causes, incident = TRUTH[title]
    said = recommended(incident, servers)
    told = f"{said.headline}: {'; '.join(said.reasoning)}"
    assert said.action.value in actions, told
    assert not causes or said.hypotheses[0].cause in causes, told
    assert not said.automatic or actions[0] == "rollback", told
