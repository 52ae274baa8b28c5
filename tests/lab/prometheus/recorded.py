# SPDX-License-Identifier: GPL-3.0-or-later
"""The recorded series and answers of a real server, and how an answer of the simulated one is compared with them."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

from lab.prometheus.go_numbers import parse_float
from lab.prometheus.storage import STALE_NAN, MemoryStorage

FIXTURES = Path(__file__).parents[2] / "fixtures" / "recorded" / "prometheus"
NOW = 1_767_312_000
TOLERANCE = 1e-9

_SPECIAL = {"stale": STALE_NAN, "NaN": math.nan, "+Inf": math.inf, "-Inf": -math.inf}
_ORDERED = ("sort", "topk", "bottomk")


def recorded_storage() -> MemoryStorage:
    """The recorded series."""
    storage = MemoryStorage()
    for series in json.loads((FIXTURES / "series.json").read_text()):
        for at, value in series["samples"]:
            storage.append(series["labels"], at, _SPECIAL[value] if isinstance(value, str) else value)
    return storage


def recorded_answers() -> list[dict[str, Any]]:
    """The recorded requests: ``path``, ``parameters`` (pairs), ``status`` and ``response``."""
    answers: list[dict[str, Any]] = json.loads((FIXTURES / "answers.json").read_text())
    return answers


def difference(recorded: dict[str, Any], status: int, response: dict[str, Any]) -> str | None:
    """Where an answer differs from the recorded one, or ``None``: values to the tolerance, everything else exactly."""
    expected = recorded["response"]
    if status != recorded["status"]:
        return f"status {status} instead of {recorded['status']}: {response.get('error')!r} instead of {expected.get('error')!r}"
    if set(response) != set(expected):
        return f"fields {sorted(response)} instead of {sorted(expected)}"
    for name in expected:
        if name in {"warnings", "infos"}:
            found = _different(_remarks(expected[name]), _remarks(response[name]), name)
        else:
            found = _different(_ordered(recorded, expected[name]), _ordered(recorded, response[name]), name)
        if found:
            return found
    return None


def _remarks(texts: list[str]) -> list[str]:
    """In no order, and without a count that the real server doubles at every step of a range."""
    return sorted(re.sub(r"over \d+ samples", "over some samples", text) for text in texts)


def _ordered(recorded: dict[str, Any], data: Any) -> Any:
    """Instant vectors have an order only where the query gives them one; equal values have none even then."""
    if not isinstance(data, dict) or data.get("resultType") != "vector":
        return data
    query = dict(recorded["parameters"]).get("query", "")
    elements = sorted(data["result"], key=lambda element: sorted(element["metric"].items()))
    order = [element["value"][1] for element in data["result"]] if query.startswith(_ORDERED) else []
    return {**data, "result": elements, "order": order}


def _different(expected: Any, found: Any, where: str) -> str | None:
    if isinstance(expected, dict) and isinstance(found, dict) and set(expected) == set(found):
        return next((text for name in expected if (text := _different(expected[name], found[name], f"{where}.{name}"))), None)
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        pairs = enumerate(zip(expected, found, strict=True))
        return next((text for index, (a, b) in pairs if (text := _different(a, b, f"{where}[{index}]"))), None)
    if expected == found or _same_number(expected, found):
        return None
    return f"{where}: {found!r} instead of {expected!r}"


def _same_number(expected: Any, found: Any) -> bool:
    """Whether two sample values, which are text, are the same number to the tolerance."""
    if not isinstance(expected, str) or not isinstance(found, str):
        return False
    a, b = parse_float(expected), parse_float(found)
    return a is not None and b is not None and math.isclose(a, b, rel_tol=TOLERANCE)
