# SPDX-License-Identifier: GPL-3.0-or-later
"""The endpoints that tell about the server itself: targets, rules, configuration, health."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from aiohttp import web

from lab.prometheus.dates import rfc3339
from lab.prometheus.encoding import compact, json_response, success
from lab.prometheus.errors import BadData
from lab.prometheus.number_format import quote

if TYPE_CHECKING:
    from lab.prometheus.api import Server

VERSION = "3.16.0"
"""The release whose answers the simulated server gives."""

DEFAULT_FLAGS: Mapping[str, str] = {
    "config.file": "prometheus.yml",
    "enable-feature": "",
    "query.lookback-delta": "5m",
    "query.max-concurrency": "20",
    "query.max-samples": "50000000",
    "query.timeout": "2m",
    "storage.tsdb.retention.time": "15d",
    "web.listen-address": "0.0.0.0:9090",
}

Data = Callable[[web.Request], Any]


def add_status_routes(app: web.Application, server: Server) -> None:
    """Register the endpoints of this module."""
    started = server.clock()
    endpoints: dict[str, Data] = {
        "targets": lambda request: _targets(server, request),
        "scrape_pools": lambda _: {"scrapePools": sorted({target.scrape_pool for target in server.targets()})},
        "metadata": lambda request: _metadata(server, request),
        "rules": lambda request: _rules(server, request),
        "alerts": lambda _: {
            "alerts": [alert.to_result() for group in server.rule_groups() for rule in group.rules for alert in rule.alerts]
        },
        "alertmanagers": lambda _: {"activeAlertmanagers": [], "droppedAlertmanagers": []},
        "status/buildinfo": lambda _: _build_info(),
        "status/config": lambda _: {"yaml": server.config},
        "status/flags": lambda _: dict(server.flags),
        "status/runtimeinfo": lambda _: _runtime_info(server, started),
    }
    for name, data in endpoints.items():
        app.router.add_get(f"/api/v1/{name}", _handler(data))
    app.router.add_get("/", _to_query_page)
    app.router.add_get("/query", _query_page)
    app.router.add_get("/-/healthy", _healthy)
    app.router.add_get("/-/ready", _ready)


def _handler(data: Data) -> Callable[[web.Request], Any]:
    async def handle(request: web.Request) -> web.Response:
        return json_response(success(compact(data(request))))

    return handle


def _targets(server: Server, request: web.Request) -> dict[str, Any]:
    """Active targets, sorted by pool; a simulated server drops none."""
    state = request.query.get("state", "").lower()
    pool = request.query.get("scrapePool", "")
    active = [target for target in server.targets() if not pool or target.scrape_pool == pool]
    return {
        "activeTargets": [
            target.to_result() for target in sorted(active, key=lambda target: target.scrape_pool) if state in {"", "any", "active"}
        ],
        "droppedTargets": [],
        "droppedTargetCounts": {target.scrape_pool: 0 for target in active} if state in {"", "any", "dropped"} else None,
    }


def _metadata(server: Server, request: web.Request) -> dict[str, Any]:
    metric = request.query.get("metric", "")
    limit, limit_per_metric = (_metadata_limit(request, name) for name in ("limit", "limit_per_metric"))
    known = {name: entries for name, entries in server.metadata().items() if not metric or name == metric}
    chosen = list(known.items())[: limit if limit >= 0 else None]
    return {
        name: [entry.to_result() for entry in entries[: limit_per_metric if limit_per_metric > 0 else None]] for name, entries in chosen
    }


def _metadata_limit(request: web.Request, name: str) -> int:
    try:
        return int(request.query.get(name, "") or -1)
    except ValueError:
        raise BadData(f"{name} must be a number") from None


def _rules(server: Server, request: web.Request) -> dict[str, Any]:
    kind = request.query.get("type", "").lower()
    if kind not in {"", "alert", "record"}:
        raise BadData(f'invalid parameter "type": not supported value {quote(kind)}')
    groups = [] if kind == "record" else server.rule_groups()
    return {"groups": [group.to_result() for group in groups if group.rules]}


def _build_info() -> dict[str, str]:
    return {"version": VERSION, "revision": "", "branch": "HEAD", "buildUser": "", "buildDate": "", "goVersion": ""}


def _runtime_info(server: Server, started: float) -> dict[str, Any]:
    return {
        "startTime": rfc3339(started),
        "CWD": "/prometheus",
        "hostname": "prometheus",
        "serverTime": rfc3339(server.clock()),
        "reloadConfigSuccess": True,
        "lastConfigTime": rfc3339(int(started)),
        "corruptionCount": 0,
        "goroutineCount": 1,
        "GOMAXPROCS": 1,
        "GOMEMLIMIT": 0,
        "GOGC": "75",
        "GODEBUG": "",
        "storageRetention": "15d",
    }


async def _to_query_page(_: web.Request) -> web.Response:
    return web.Response(status=302, headers={"Location": "/query"}, text='<a href="/query">Found</a>.\n\n', content_type="text/html")


async def _query_page(_: web.Request) -> web.Response:
    page = "<!doctype html>\n<title>Prometheus Time Series Collection and Processing Server</title>\n"
    return web.Response(text=page, content_type="text/html")


async def _healthy(_: web.Request) -> web.Response:
    return web.Response(text="Prometheus Server is Healthy.\n")


async def _ready(_: web.Request) -> web.Response:
    return web.Response(text="Prometheus Server is Ready.\n")
