# SPDX-License-Identifier: GPL-3.0-or-later
"""Placeholders in log lines are filled, always alike for the same seed."""

from __future__ import annotations

import re

import pytest

from lab.scenario.texts import fill, placeholder_problem


def test_every_placeholder_gets_a_value_of_its_kind() -> None:
    line = fill("{int:100-900} {hex:8} {one:GET|POST} {ip} {uuid}", "seed")
    assert re.fullmatch(
        r"[1-9]\d\d [0-9a-f]{8} (GET|POST) 10(\.\d+){3} [0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}", line
    )


def test_a_line_depends_on_its_seed_alone() -> None:
    assert fill("{hex:16}", "a") == fill("{hex:16}", "a") != fill("{hex:16}", "b")


def test_other_braces_are_text() -> None:
    assert fill('GET /users/{id} {"json": 1}', "seed") == 'GET /users/{id} {"json": 1}'
    assert placeholder_problem("GET /users/{id}") is None


@pytest.mark.parametrize("text", ["{int}", "{int:9-1}", "{hex:0}", "{one:}", "{uuid:4}"])
def test_a_malformed_placeholder_is_found(text: str) -> None:
    assert placeholder_problem(text) is not None
