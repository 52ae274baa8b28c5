# SPDX-License-Identifier: GPL-3.0-or-later
"""Tempo's HTTP API (https://grafana.com/docs/tempo/latest/api_docs/): a search by TraceQL, and traces by their id.

Of TraceQL, there is one set of braces with conditions joined by ``&&``: the service's name, ``status``, ``name``, the duration of a span
and of its trace; for the latter, the service's own span has to last that long.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from lab.jaeger.store import Query, TraceStore
from lab.tempo.otlp import otlp_trace
from lab.world.world import World

_DEFAULT_LIMIT = 20
_DEFAULT_LOOKBACK = 3600.0
_QUERY = re.compile(r"\s*\{(?P<conditions>.*)\}\s*(?:with\s*\(\s*most_recent\s*=\s*(?:true|false)\s*\))?\s*", re.DOTALL)
_CONDITION = re.compile(
    r"""\s*(?:
        (?:resource)?\.service\.name\s*=\s*"(?P<service>(?:[^"\\]|\\.)*)"
      | name\s*=\s*"(?P<name>(?:[^"\\]|\\.)*)"
      | status\s*=\s*(?P<status>error)
      | (?:traceDuration|trace:duration|duration|span:duration)\s*>\s*(?P<amount>\d+(?:\.\d+)?)(?P<unit>ns|us|µs|ms|s|m)
    )\s*(?:&&|$)""",
    re.VERBOSE,
)
_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}


class _Refused(Exception):
    """Answered as plain text with status 400."""


def tempo_app(world: World) -> web.Application:
    """Tempo's query API as an application."""
    store = TraceStore(world)

    async def search(request: web.Request) -> web.Response:
        given, now = request.query, world.clock()
        end = _integer(given, "end", now)
        start = _integer(given, "start", end - _DEFAULT_LOOKBACK)
        if start >= end:
            raise _Refused(f"http parameter start must be before end. received start={int(start)} end={int(end)}")
        limit = int(_integer(given, "limit", _DEFAULT_LIMIT))
        if limit <= 0:
            raise _Refused("invalid limit: must be a positive number")
        wanted = _parsed(given.get("q", "{}"), start, end, limit)
        found = store.find(wanted)[::-1] if wanted.service else []
        return web.json_response({"traces": [_summary(trace) for trace in found], "metrics": {"inspectedTraces": len(found)}})

    def found(request: web.Request) -> dict[str, Any] | None:
        identity = request.match_info["id"].lower()
        if not re.fullmatch(r"[0-9a-f]{1,32}", identity):
            raise _Refused("trace IDs can only contain hex characters")
        return store.get(identity.zfill(32))

    async def second(request: web.Request) -> web.Response:
        trace = found(request)
        return web.Response(status=404) if trace is None else web.json_response({"trace": otlp_trace(trace), "metrics": {}})

    async def first(request: web.Request) -> web.Response:
        trace = found(request)
        return web.Response(status=404) if trace is None else web.json_response({"batches": otlp_trace(trace)["resourceSpans"]})

    async def ready(_request: web.Request) -> web.Response:
        return web.Response(text="ready\n")

    async def echo(_request: web.Request) -> web.Response:
        return web.Response(text="echo")

    app = web.Application(middlewares=[_errors])
    app.router.add_get("/ready", ready)
    app.router.add_get("/api/echo", echo)
    app.router.add_get("/api/search", search)
    app.router.add_get("/api/v2/traces/{id}", second)
    app.router.add_get("/api/traces/{id}", first)
    return app


@web.middleware
async def _errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except _Refused as error:
        return web.Response(status=400, text=str(error))


def _integer(given: Mapping[str, str], name: str, otherwise: float) -> float:
    text = given.get(name, "")
    if not text:
        return otherwise
    try:
        return int(text)
    except ValueError:
        raise _Refused(f'invalid {name}: strconv.ParseInt: parsing "{text}": invalid syntax') from None


def _parsed(query: str, start: float, end: float, limit: int) -> Query:
    whole = _QUERY.fullmatch(query)
    if whole is None:
        raise _Refused("invalid TraceQL query: parse error at line 1: syntax error")
    service, operation, tags, least = "", None, {}, None
    conditions, at = whole["conditions"].strip(), 0
    while at < len(conditions):
        condition = _CONDITION.match(conditions, at)
        if condition is None:
            raise _Refused(f"invalid TraceQL query: parse error at line 1, col {at + 1}: syntax error")
        at = condition.end()
        if condition["service"] is not None:
            service = re.sub(r"\\(.)", r"\1", condition["service"])
        elif condition["name"] is not None:
            operation = re.sub(r"\\(.)", r"\1", condition["name"])
        elif condition["status"]:
            tags = {"error": "true"}
        else:
            least = float(condition["amount"]) * _UNITS[condition["unit"]]
    return Query(service, start, end, limit, operation, tags, least)


def _duration(trace: Mapping[str, Any]) -> float:
    """Seconds from the first start to the last end."""
    spans = trace["spans"]
    return float(max(span["startTime"] + span["duration"] for span in spans) - min(span["startTime"] for span in spans)) / 1e6


def _summary(trace: Mapping[str, Any]) -> dict[str, Any]:
    """Leading zeros of an id are left out."""
    root = min(trace["spans"], key=lambda span: span["startTime"])
    return {
        "traceID": trace["traceID"].lstrip("0") or "0",
        "rootServiceName": trace["processes"][root["processID"]]["serviceName"],
        "rootTraceName": root["operationName"],
        "startTimeUnixNano": str(root["startTime"] * 1000),
        "durationMs": round(_duration(trace) * 1000),
    }
