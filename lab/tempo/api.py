# SPDX-License-Identifier: GPL-3.0-or-later
"""Tempo's HTTP API (https://grafana.com/docs/tempo/latest/api_docs/): a search by TraceQL, and traces by their id.

A search by ``tags`` is not simulated, and refused. Where no time is given, Tempo looks through what is recent: here, the last hour.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from lab.jaeger.store import TraceStore
from lab.tempo.otlp import otlp_trace
from lab.tempo.traceql import Conditions, TraceQlError, parse
from lab.world.world import World

_DEFAULT_LIMIT = 20
_DEFAULT_SPANS = 3
_DEFAULT_LOOKBACK = 3600.0


class _Refused(Exception):
    """Answered as plain text with ``status``."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


def tempo_app(world: World, tenants: bool = False) -> web.Application:
    """Tempo's query API as an application. ``tenants``: whether every question has to name one; all have the same traces."""
    store = TraceStore(world)

    def admit(request: web.Request) -> None:
        if tenants and not request.headers.get("X-Scope-OrgID"):
            raise _Refused("no org id\n", 401)

    async def search(request: web.Request) -> web.Response:
        admit(request)
        given, now = request.query, world.clock()
        end = _integer(given, "end", now)
        start = _integer(given, "start", end - _DEFAULT_LOOKBACK)
        if start >= end:
            raise _Refused(f"http parameter start must be before end. received start={int(start)} end={int(end)}")
        limit, spans = (int(_integer(given, *one)) for one in (("limit", _DEFAULT_LIMIT), ("spss", _DEFAULT_SPANS)))
        if limit <= 0:
            raise _Refused("invalid limit: must be a positive number")
        if "tags" in given:
            raise _Refused("the simulated Tempo is searched by q alone, not by tags")
        try:
            conditions = parse(given.get("q", "{}"))
        except TraceQlError as error:
            raise _Refused(f"invalid TraceQL query: {error}") from error
        found = store.find(conditions.query(start, end, limit))[::-1]
        summaries = [_summary(trace, conditions, spans) for trace in found]
        return web.json_response({"traces": summaries, "metrics": {"inspectedTraces": len(found)}})

    def found(request: web.Request) -> dict[str, Any] | None:
        admit(request)
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
        return web.Response(status=error.status, text=str(error))


def _integer(given: Mapping[str, str], name: str, otherwise: float) -> float:
    text = given.get(name, "")
    if not text:
        return otherwise
    try:
        return int(text)
    except ValueError:
        raise _Refused(f'invalid {name}: strconv.ParseInt: parsing "{text}": invalid syntax') from None


def _duration(trace: Mapping[str, Any]) -> float:
    """Seconds from the first start to the last end."""
    spans = trace["spans"]
    return float(max(span["startTime"] + span["duration"] for span in spans) - min(span["startTime"] for span in spans)) / 1e6


def _summary(trace: Mapping[str, Any], conditions: Conditions, most: int) -> dict[str, Any]:
    """Leading zeros of an id are left out; of the spans that were found, ``most`` are named."""
    services = {key: process["serviceName"] for key, process in trace["processes"].items()}
    root = min(trace["spans"], key=lambda span: span["startTime"])
    matched = [span for span in trace["spans"] if conditions.hold(span, services[span["processID"]])]
    named = [
        {"spanID": span["spanID"], "startTimeUnixNano": str(span["startTime"] * 1000), "durationNanos": str(span["duration"] * 1000)}
        for span in matched[:most]
    ]
    return {
        "traceID": trace["traceID"].lstrip("0") or "0",
        "rootServiceName": services[root["processID"]],
        "rootTraceName": root["operationName"],
        "startTimeUnixNano": str(root["startTime"] * 1000),
        "durationMs": round(_duration(trace) * 1000),
        "spanSets": [{"spans": named, "matched": len(matched)}],
    }
