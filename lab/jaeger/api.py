# SPDX-License-Identifier: GPL-3.0-or-later
"""The JSON API of Jaeger's query service, with its parameters and its errors (cmd/query/app/query_parser.go, http_handler.go)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from lab.jaeger.store import Query, TraceStore
from lab.world.world import World

_DEFAULT_LOOKBACK = 48 * 3600.0
"""How far a query without a start looks back, in seconds."""
_DEFAULT_LIMIT = 100
_DEPENDENCIES_LOOKBACK = 24 * 3600.0

_GO_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_GO_DURATION = re.compile(r"(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|ms|s|m|h))+")
_GO_DURATION_PART = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)")


class _BadParameter(Exception):
    """A parameter that Jaeger refuses, in its words."""


def jaeger_app(world: World) -> web.Application:
    """Jaeger's query API as an application."""
    store = TraceStore(world)

    async def services(_request: web.Request) -> web.Response:
        return _answer(store.services())

    async def operations(request: web.Request) -> web.Response:
        return _answer(store.operations(request.match_info["service"]))

    async def traces(request: web.Request) -> web.Response:
        return _answer(store.find(_query(request.query, world.clock())), count=False)

    async def trace(request: web.Request) -> web.Response:
        identity = request.match_info["id"].lower()
        if not re.fullmatch(r"[0-9a-f]{1,32}", identity):
            raise _BadParameter(f"cannot parse traceID: {identity!r}")
        found = store.get(identity.zfill(32))
        if found is None:
            return _failure(404, "trace not found")
        return _answer([found], count=False)

    async def dependencies(request: web.Request) -> web.Response:
        end = _integer(request.query, "endTs", 1000.0, world.clock())
        lookback = _integer(request.query, "lookback", 1000.0, _DEPENDENCIES_LOOKBACK)
        return _answer(store.dependencies(end, lookback), count=False)

    app = web.Application(middlewares=[_errors])
    app.router.add_get("/api/services", services)
    app.router.add_get("/api/services/{service}/operations", operations)
    app.router.add_get("/api/traces", traces)
    app.router.add_get("/api/traces/{id}", trace)
    app.router.add_get("/api/dependencies", dependencies)
    return app


@web.middleware
async def _errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except _BadParameter as error:
        return _failure(400, str(error))


def _query(parameters: Mapping[str, str], now: float) -> Query:
    service = parameters.get("service", "")
    if not service:
        raise _BadParameter("parameter 'service' is required")
    low, high = _duration(parameters, "minDuration"), _duration(parameters, "maxDuration")
    if low is not None and high is not None and low > high:
        raise _BadParameter("'maxDuration' should be greater than 'minDuration'")
    return Query(
        service=service,
        start=_integer(parameters, "start", 1e6, now - _DEFAULT_LOOKBACK),
        end=_integer(parameters, "end", 1e6, now),
        limit=_limit(parameters),
        operation=parameters.get("operation") or None,
        tags=_tags(parameters),
        min_duration=low,
        max_duration=high,
    )


def _limit(parameters: Mapping[str, str]) -> int:
    """The one parameter that Jaeger does not name when it is refused."""
    text = parameters.get("limit", "")
    return _parsed(text) if text else _DEFAULT_LIMIT


def _integer(parameters: Mapping[str, str], name: str, per: float, default: float) -> float:
    text = parameters.get(name, "")
    if not text:
        return default
    try:
        return _parsed(text) / per
    except _BadParameter as error:
        raise _BadParameter(f"unable to parse param '{name}': {error}") from None


def _parsed(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise _BadParameter(f'strconv.ParseInt: parsing "{text}": invalid syntax') from None


def _duration(parameters: Mapping[str, str], name: str) -> float | None:
    """Go's durations: ``1.2s``, ``100ms``, ``500us``. A number without a unit is refused."""
    text = parameters.get(name, "")
    if not text or text == "0":
        return None
    if not _GO_DURATION.fullmatch(text):
        problem = "missing unit in duration" if re.fullmatch(r"\d+(\.\d*)?", text) else "invalid duration"
        raise _BadParameter(f"unable to parse param '{name}': time: {problem} \"{text}\"")
    return sum(float(amount) * _GO_UNITS[unit] for amount, unit in _GO_DURATION_PART.findall(text))


def _tags(parameters: Mapping[str, str]) -> dict[str, str]:
    """``tags`` is a JSON object of strings, ``tag`` is ``key:value``."""
    found: dict[str, str] = {}
    for text in (parameters.get("tag", ""),):
        if text:
            key, colon, value = text.partition(":")
            if not colon:
                raise _BadParameter(f"malformed 'tag' parameter, expecting key:value, received: {text}")
            found[key] = value
    text = parameters.get("tags", "")
    if text:
        try:
            given = json.loads(text)
        except ValueError as error:
            raise _BadParameter(f"malformed 'tags' parameter, cannot unmarshal JSON: {error}") from None
        if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
            raise _BadParameter(
                "malformed 'tags' parameter, cannot unmarshal JSON: json: cannot unmarshal into Go value of type map[string]string"
            )
        found |= given
    return found


def _answer(data: list[Any], *, count: bool = True) -> web.Response:
    return web.json_response({"data": data, "total": len(data) if count else 0, "limit": 0, "offset": 0, "errors": None})


def _failure(status: int, message: str) -> web.Response:
    document = {"data": None, "total": 0, "limit": 0, "offset": 0, "errors": [{"code": status, "msg": message}]}
    return web.json_response(document, status=status)
