# SPDX-License-Identifier: GPL-3.0-or-later
"""A Prometheus that knows a service by a table: what a query has in it, and the value it then gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Optional, Union
from urllib.parse import parse_qs

from ansible_collections.devops.incident_response.tests.unit.servers import Reply, Request

NOW = 1_700_000_000.0

Value = Optional[Union[float, str]]  # noqa: UP007, UP045 (ansible-test's pylint takes the other form for an operation)
"""None is an empty answer, text an error of Prometheus."""


def answers(
    values: Mapping[str, Value], interval: float = 15.0, now: float = NOW, silent: float = 0.0, others: int = 0
) -> Callable[[Request], Reply]:
    """Answers by the first key of ``values`` that is in the query; ``interval`` is the distance of the samples of ``up``.

    ``now`` is the server's clock. The three targets of the service were scraped last ``silent`` seconds before, which is where ranges end,
    and ``others`` just now.
    """
    last = now - silent

    def answer(request: Request) -> Reply:
        query = request.query.get("query") or parse_qs(request.body.decode())["query"][0]
        if query.startswith("up{"):
            begin = float(request.query.get("time", now)) - 120
            samples = [[last - interval * back, "1"] for back in range(int(120 // interval), -1, -1) if last - interval * back >= begin]
            return _success([{"metric": {}, "values": samples}] if interval else [])
        if query.startswith("count_values("):
            return _success(
                [{"metric": {"at": f"{at:.0f}"}, "value": [now, str(count)]} for at, count in ((last, 3), (now, others)) if count]
            )
        value = next((value for part, value in values.items() if part in query), None)
        if isinstance(value, str):
            return Reply(422, {"status": "error", "errorType": "execution", "error": value})
        if value is None:
            return _success([])
        if request.path.endswith("/query_range"):
            form = request.query or {name: given[-1] for name, given in parse_qs(request.body.decode()).items()}
            start, end, step = (float(form[name]) for name in ("start", "end", "step"))
            points = [[start + step * index, str(value)] for index in range(int((end - start) // step) + 1)]
            points = [point for point in points if point[0] <= last]
            return _success([{"metric": {}, "values": points}])
        return _success([{"metric": {}, "value": [float(request.query.get("time", now)), str(value)]}])

    return answer


def _success(result: object) -> Reply:
    return Reply(200, {"status": "success", "data": {"resultType": "vector", "result": result}})
