# SPDX-License-Identifier: GPL-3.0-or-later
"""Loki's HTTP API (https://grafana.com/docs/loki/latest/reference/loki-http-api/): pushing, log queries, labels and series."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from lab.loki.errors import LokiError
from lab.loki.logql import Labels, parse
from lab.loki.store import Line, LogStore

_HOUR = 3600 * 10**9
_DEFAULT_LIMIT = 100
_NAME = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*")
_ONE_TENANT = "fake"
"""What Loki calls its only tenant where it has no others."""


def loki_app(store: LogStore, clock: Callable[[], float], tenants: bool = False, most: int = 5000) -> web.Application:
    """``tenants``: whether every question has to name one. ``most``: lines in an answer at most (max_entries_limit_per_query)."""

    def tenant(request: web.Request) -> str:
        if not tenants:
            return _ONE_TENANT
        if not request.headers.get("X-Scope-OrgID"):
            raise LokiError("no org id\n", 401)
        return request.headers["X-Scope-OrgID"]

    async def push(request: web.Request) -> web.Response:
        owner = tenant(request)
        for labels, lines in _pushed(await request.text()):
            store.push(owner, labels, lines)
        return web.Response(status=204)

    async def query_range(request: web.Request) -> web.Response:
        return _query(store, tenant(request), await _parameters(request), int(clock() * 1e9), most)

    async def labels(request: web.Request) -> web.Response:
        names = {name for stream in _within(request, tenant(request)) for name in stream}
        return _data(sorted(names) or None)

    async def values(request: web.Request) -> web.Response:
        name = request.match_info["name"]
        found = {stream[name] for stream in _within(request, tenant(request)) if name in stream}
        return _data(sorted(found) or None)

    async def series(request: web.Request) -> web.Response:
        queries = [parse(text) for text in request.query.getall("match[]", request.query.getall("match", []))]
        streams = _within(request, tenant(request))
        return _data([stream for stream in streams if not queries or any(query.selects(stream) for query in queries)])

    def _within(request: web.Request, owner: str) -> list[Labels]:
        end = _moment(request.query.get("end"), int(clock() * 1e9))
        return list(store.streams(owner, _moment(request.query.get("start"), end - 6 * _HOUR), end))

    async def ready(_request: web.Request) -> web.Response:
        return web.Response(text="ready\n")

    app = web.Application(middlewares=[_errors], client_max_size=64 * 2**20)
    app.router.add_get("/ready", ready)
    app.router.add_post("/loki/api/v1/push", push)
    for method in ("GET", "POST"):
        app.router.add_route(method, "/loki/api/v1/query_range", query_range)
        app.router.add_route(method, "/loki/api/v1/labels", labels)
        app.router.add_route(method, "/loki/api/v1/series", series)
    app.router.add_get("/loki/api/v1/label/{name}/values", values)
    return app


def _query(store: LogStore, owner: str, given: Mapping[str, str], now: int, most: int) -> web.Response:
    end = _moment(given.get("end"), now)
    start = _moment(given.get("start"), end - _HOUR)
    limit = _limit(given.get("limit"))
    if end <= start:
        raise LokiError("end timestamp must not be before or equal to start time")
    direction = given.get("direction", "backward").lower()
    if direction not in ("backward", "forward"):
        raise LokiError(f"invalid direction '{given['direction']}'")
    if limit > most:
        raise LokiError(f"max entries limit per query exceeded, limit > max_entries_limit_per_query ({limit} > {most})")
    query = parse(given.get("query", ""))
    return _streams(store.lines(owner, query, start, end, limit, direction == "backward"))


@web.middleware
async def _errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except LokiError as error:
        return web.Response(status=error.status, text=str(error))
    except web.HTTPNotFound:
        return web.Response(status=404, text="404 page not found\n")


async def _parameters(request: web.Request) -> Mapping[str, str]:
    """Those of the URL, and those of a form."""
    form = await request.post() if request.method == "POST" else {}
    return {**request.query, **{name: str(value) for name, value in form.items()}}


def _pushed(body: str) -> Iterable[tuple[Labels, list[Line]]]:
    try:
        document = json.loads(body)
        streams = [(dict(one["stream"]), [_line(value) for value in one["values"]]) for one in document["streams"]]
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise LokiError(f"couldn't parse push request: {error}") from error
    for labels, _lines in streams:
        if not labels:
            raise LokiError("error at least one label pair is required per stream")
        if wrong := next((name for name in labels if not _NAME.fullmatch(name)), None):
            raise LokiError(f"error parsing labels: invalid label name {wrong}")
    return streams


def _line(value: Any) -> Line:
    return Line(int(value[0]), str(value[1]), dict(value[2]) if len(value) > 2 else {})


def _streams(found: list[tuple[Labels, Line]]) -> web.Response:
    by_labels: dict[frozenset[tuple[str, str]], list[list[str]]] = {}
    for labels, line in found:
        by_labels.setdefault(frozenset(labels.items()), []).append([str(line.at), line.text])
    result = [{"stream": dict(sorted(labels)), "values": lines} for labels, lines in by_labels.items()]
    return _data({"resultType": "streams", "result": result, "stats": {}})


def _data(data: Any) -> web.Response:
    """Without ``data`` where there is none."""
    return web.json_response({"status": "success"} if data is None else {"status": "success", "data": data})


def _limit(given: str | None) -> int:
    if given is None:
        return _DEFAULT_LIMIT
    try:
        limit = int(given)
    except ValueError as error:
        raise LokiError(f'strconv.Atoi: parsing "{given}": invalid syntax') from error
    if limit <= 0:
        raise LokiError("limit must be a positive value")
    return limit


def _moment(given: str | None, otherwise: int) -> int:
    """Nanoseconds; short numbers are seconds, and there may be a fraction."""
    if given is None:
        return otherwise
    try:
        if "." in given:
            return int(float(given) * 1e9)
        return int(given) * (10**9 if len(given) <= 10 else 1)
    except ValueError:
        pass
    try:
        return int(datetime.fromisoformat(given).timestamp() * 1e9)
    except ValueError as error:
        raise LokiError(f'strconv.ParseInt: parsing "{given}": invalid syntax') from error
