# SPDX-License-Identifier: GPL-3.0-or-later
"""Every recorded answer of a real Prometheus is also the simulated server's answer."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lab.prometheus.conftest import Server
from tests.lab.prometheus.recorded import difference, recorded_answers

ANSWERS = recorded_answers()

WORDED_DIFFERENTLY = frozenset(
    {
        "by(foo)",
        "foo bar",
        "foo on(a) bar",
        "foo +* bar",
        "foo{a=}",
        "foo[",
        "foo[]",
        "foo[5x]",
        'foo == bool "a"',
        "sum by (wave)",
    }
)
"""Refused by both servers, but the parser does not tell which token the real one names."""


def _name(recorded: dict[str, Any]) -> str:
    return f"{recorded['path']} " + " ".join(value for _, value in recorded["parameters"])


def _query(recorded: dict[str, Any]) -> str:
    return str(dict(recorded["parameters"]).get("query", ""))


@pytest.mark.parametrize("recorded", [each for each in ANSWERS if _query(each) not in WORDED_DIFFERENTLY], ids=_name)
def test_the_answer_is_that_of_the_real_server(server: Server, recorded: dict[str, Any]) -> None:
    answer = server.get(f"/api/v1/{recorded['path']}", recorded["parameters"])
    assert difference(recorded, answer.status, answer.json) is None


@pytest.mark.parametrize("recorded", [each for each in ANSWERS if _query(each) in WORDED_DIFFERENTLY], ids=_name)
def test_a_refusal_in_other_words_is_still_a_parse_error(server: Server, recorded: dict[str, Any]) -> None:
    answer = server.get(f"/api/v1/{recorded['path']}", recorded["parameters"])
    assert answer.status == recorded["status"] == 400
    assert answer.json["errorType"] == recorded["response"]["errorType"] == "bad_data"
    assert answer.json["error"].startswith('invalid parameter "query": 1:')
    assert ": parse error: " in answer.json["error"]


def test_the_recording_is_large_enough_to_mean_something() -> None:
    queries = {_query(recorded) for recorded in ANSWERS}
    assert len(queries) >= 500
    assert {recorded["status"] for recorded in ANSWERS} == {200, 400, 422}


def test_a_post_gives_the_same_answer_as_a_get(server: Server) -> None:
    recorded = next(each for each in ANSWERS if each["path"] == "query_range" and each["status"] == 200)
    answer = server.post("/api/v1/query_range", recorded["parameters"])
    assert difference(recorded, answer.status, answer.json) is None
