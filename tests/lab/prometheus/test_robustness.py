# SPDX-License-Identifier: GPL-3.0-or-later
"""No request makes the server fail: whatever the query, the answer is one of those that the API defines."""

from __future__ import annotations

import random

import pytest

from tests.lab.prometheus.conftest import Server
from tests.lab.prometheus.recorded import NOW, recorded_answers

QUERIES = sorted({str(dict(each["parameters"])["query"]) for each in recorded_answers() if "query" in dict(each["parameters"])})
FRAGMENTS = [
    *(
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ",",
        '"',
        "'",
        "`",
        "\\",
        "#",
        "\n",
        "\x00",
        "ü",
        "\U0001f525",
        "𝟙",
        " by (",
        " offset ",
        " @ ",
        " bool ",
    ),
    *(
        "-1",
        "NaN",
        "1e999",
        "0x",
        "5m",
        "[5m:1m]",
        "[0s]",
        " offset 300y",
        " @ 99999999999999",
        " @ -5",
        "start()",
        " or ",
        " unless on() ",
    ),
    *(" group_left() ", "=~", "!~", "$1", "sum(", "label_replace(", "absent(", "999999999999999999999y"),
]
STATUSES = {200, 400, 422}


def _mutated(rng: random.Random) -> str:
    query = rng.choice(QUERIES)
    for _ in range(rng.randint(1, 3)):
        at = rng.randint(0, len(query))
        removed = rng.choice((0, 0, 1, 4))
        query = query[:at] + rng.choice(FRAGMENTS) + query[at + removed :]
    return query


@pytest.mark.parametrize("seed", range(8))
def test_mangled_queries_are_answered_or_refused(server: Server, seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(60):
        query = _mutated(rng)
        answer = server.post("/api/v1/query", [("query", query), ("time", str(NOW))])
        assert answer.status in STATUSES, query
        assert answer.json["status"] in {"success", "error"}
        answer = server.post("/api/v1/query_range", [("query", query), ("start", str(NOW - 60)), ("end", str(NOW)), ("step", "20")])
        assert answer.status in STATUSES, query


@pytest.mark.parametrize(
    "time", ["0", "-1e9", "1e12", "9223309901257974", "-9223309901257974", "1e300", "NaN", "Inf", "0x1p40", "99999-01-01T00:00:00Z"]
)
@pytest.mark.parametrize(
    "query", ["wave", "rate(wave[5m])", "hour()", "wave @ 1767312000", "histogram_quantile(0.9, shape_bucket @ 1767312000)", "wave[1h:1m]"]
)
def test_any_time_is_answered_or_refused(server: Server, query: str, time: str) -> None:
    assert server.get("/api/v1/query", [("query", query), ("time", time)]).status in STATUSES


@pytest.mark.parametrize("text", ["{", "up offset 5m", "up[5m]", "1", "", "up @ 5", '{a=~"("}', "\x00", "{}"])
@pytest.mark.parametrize("path", ["series", "labels", "label/job/values"])
def test_bad_selectors_are_refused(server: Server, path: str, text: str) -> None:
    answer = server.get(f"/api/v1/{path}", [("match[]", text)])
    assert answer.status == 400
    assert answer.json["errorType"] == "bad_data"


def test_a_label_name_is_only_looked_up(server: Server) -> None:
    assert server.get("/api/v1/label/no%20such%7B%7D/values").json == {"status": "success", "data": []}


def test_a_subquery_of_too_many_steps_is_refused_before_it_is_begun(server: Server) -> None:
    answer = server.get("/api/v1/query", [("query", "max_over_time(wave[100y:1s])"), ("time", str(NOW))])
    assert answer.status == 422
    assert answer.json["error"] == "query processing would load too many samples into memory in query execution"


def test_a_panic_of_the_parser_is_a_parse_error(server: Server) -> None:
    answer = server.get("/api/v1/query", [("query", "wave[1e999]"), ("time", str(NOW))])
    assert (answer.status, answer.json["errorType"]) == (400, "bad_data")
