# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP API of Prometheus (https://prometheus.io/docs/prometheus/latest/querying/api/) over the engine.

Queries run in the event loop: a simulated production is one consistent state, and its queries take milliseconds.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeVar

from aiohttp import web
from multidict import MultiDict

from lab.prometheus import parameters
from lab.prometheus.encoding import compact, failure, json_response, query_data, success
from lab.prometheus.engine import Engine, Result
from lab.prometheus.errors import BadData, PrometheusError
from lab.prometheus.labels import label_key
from lab.prometheus.parser import formatted
from lab.prometheus.status import DEFAULT_FLAGS, add_status_routes
from lab.prometheus.storage import Labels, Matcher
from lab.prometheus.targets import Metadata, RuleGroup, Target

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Server:
    """What the handlers serve. ``clock`` gives Unix seconds; ``query_timeout`` is seconds."""

    engine: Engine
    clock: Callable[[], float]
    targets: Callable[[], Sequence[Target]]
    metadata: Callable[[], Mapping[str, Sequence[Metadata]]]
    rule_groups: Callable[[], Sequence[RuleGroup]]
    flags: Mapping[str, str] = field(default_factory=dict)
    config: str = ""
    query_timeout: float = 120.0
    remarks: Callable[[], Sequence[str]] = list
    """Warnings of every answer to a query."""

    async def query(self, request: web.Request) -> web.Response:
        form = await read_form(request)
        limit = parameters.limit_parameter(form)
        at = parameters.time_parameter(form, "time", round(self.clock(), 3))
        timeout = parameters.timeout_parameter(form, self.query_timeout)
        lookback = parameters.lookback_parameter(form)
        return self._query_answer(limit, lambda: self.engine.instant(form.get("query", ""), at, timeout, lookback))

    async def query_range(self, request: web.Request) -> web.Response:
        form = await read_form(request)
        limit = parameters.limit_parameter(form)
        steps = parameters.range_parameters(form)
        timeout = parameters.timeout_parameter(form, self.query_timeout)
        lookback = parameters.lookback_parameter(form)
        query = form.get("query", "")
        return self._query_answer(limit, lambda: self.engine.range(query, steps.start, steps.end, steps.step, timeout, lookback))

    def _query_answer(self, limit: int, evaluate: Callable[[], Result]) -> web.Response:
        result = _of_query(evaluate)
        warnings = [*result.warnings, *self.remarks()]
        if limit and result.type in {"vector", "matrix"} and len(result.series) > limit:
            warnings.append("results truncated due to limit")
        return answer(query_data(result, limit), warnings, result.infos)

    async def format_query(self, request: web.Request) -> web.Response:
        form = await read_form(request)
        return answer(compact(_of_query(lambda: formatted(form.get("query", "")))))

    async def series(self, request: web.Request) -> web.Response:
        form = await read_form(request)
        if not form.getall("match[]", []):
            raise BadData("no match[] parameter provided")
        limit = parameters.limit_parameter(form)
        start, end = _time_range(form)
        found: dict[object, Labels] = {}
        for matchers in parameters.matcher_sets(form, labelled=True):
            for labels in self.engine.storage.series(matchers, start, end):
                found.setdefault(label_key(labels), labels)
        ordered = sorted((dict(sorted(labels.items())) for labels in found.values()), key=lambda labels: list(labels.items()))
        return answer(compact(ordered[: limit or None]), parameters.truncated(ordered, limit))

    async def labels(self, request: web.Request) -> web.Response:
        storage = self.engine.storage
        return await self._listed(request, storage.label_names)

    async def label_values(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        storage = self.engine.storage
        return await self._listed(request, lambda matchers, start, end: storage.label_values(name, matchers, start, end))

    async def _listed(self, request: web.Request, lookup: Callable[[Sequence[Matcher], float, float], list[str]]) -> web.Response:
        """The union of ``lookup`` over the selectors of the request, sorted."""
        form = await read_form(request)
        limit = parameters.limit_parameter(form)
        start, end = _time_range(form)
        sets = parameters.matcher_sets(form) or [()]
        found = sorted({each for matchers in sets for each in lookup(matchers, start, end)})
        return answer(compact(found[: limit or None]), parameters.truncated(found, limit))


def prometheus_app(
    engine: Engine,
    clock: Callable[[], float],
    targets: Callable[[], Sequence[Target]],
    metadata: Callable[[], Mapping[str, Sequence[Metadata]]] = dict,
    rule_groups: Callable[[], Sequence[RuleGroup]] = list,
    flags: Mapping[str, str] = DEFAULT_FLAGS,
    config: str = "global:\n  scrape_interval: 15s\n  scrape_timeout: 10s\n  evaluation_interval: 1m\n",
    instead: Mapping[str, Handler] = MappingProxyType({}),
) -> web.Application:
    """A Prometheus server as an aiohttp application. ``clock`` gives the Unix time that the server believes in.

    ``instead`` are other handlers, by what follows ``/api/v1``.
    """
    server = Server(engine, clock, targets, metadata, rule_groups, flags, config)
    app = web.Application(middlewares=[_errors])
    api = "/api/v1"
    for path, handler in (
        ("/query", server.query),
        ("/query_range", server.query_range),
        ("/format_query", server.format_query),
        ("/series", server.series),
        ("/labels", server.labels),
    ):
        app.router.add_get(api + path, instead.get(path, handler))
        app.router.add_post(api + path, instead.get(path, handler))
    app.router.add_get(api + "/label/{name:[^/]+}/values", server.label_values)
    add_status_routes(app, server)
    return app


async def read_form(request: web.Request) -> MultiDict[str]:
    """The parameters of the body, then those of the URL, as Go's ``Request.FormValue`` looks them up."""
    form: MultiDict[str] = MultiDict()
    if request.method == "POST":
        posted = await request.post()
        form.extend((name, value) for name, value in posted.items() if isinstance(value, str))
    form.extend(request.query)
    return form


def answer(data: str, warnings: Sequence[str] = (), infos: Sequence[str] = ()) -> web.Response:
    """A success; ``data`` is JSON text."""
    return json_response(success(data, warnings, infos))


def _time_range(form: MultiDict[str]) -> tuple[float, float]:
    return parameters.time_parameter(form, "start", parameters.MIN_TIME), parameters.time_parameter(form, "end", parameters.MAX_TIME)


def _of_query(evaluate: Callable[[], T]) -> T:
    try:
        return evaluate()
    except BadData as error:
        raise BadData(f'invalid parameter "query": {error}') from None


@web.middleware
async def _errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Failures in the envelope of the API; unknown paths as the real router answers them."""
    try:
        return await handler(request)
    except PrometheusError as error:
        return json_response(failure(error.error_type, str(error)), error.status)
    except web.HTTPNotFound:
        return web.Response(text="404 page not found\n", status=404)
