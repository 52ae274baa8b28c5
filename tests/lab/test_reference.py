# SPDX-License-Identifier: GPL-3.0-or-later
"""The reference of the scenario format names every field there is, and its example works."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lab.scenario import model
from lab.scenario.errors import ScenarioError
from lab.scenario.loader import parse

PAGE = Path(__file__).parents[2] / "docs" / "lab.md"

FIELDS = sorted(
    {
        field.name
        for cls in vars(model).values()
        if dataclasses.is_dataclass(cls) and isinstance(cls, type)
        for field in dataclasses.fields(cls)
    }
)


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_is_in_the_reference(name: str) -> None:
    reference = PAGE.read_text().partition("## Reference of the scenario format")[2]
    assert re.search(rf"`\{{?(\w+, )*{name}(, \w+)*\}}?`", reference), f"{name} is not described in docs/lab.md"


def example() -> str:
    found = re.search(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert found
    return found[1]


def test_the_example_works(still: Callable[[Any], Any]) -> None:
    lab = still(parse(example(), "example"))
    reasons = [pod["status"]["containerStatuses"][0]["lastState"].get("terminated", {}).get("reason") for pod in lab.pods("shop")]
    assert sorted(map(str, reasons)) == ["None", "None", "OOMKilled"]
    assert lab.query('sum(rate(http_requests_total{job="shop",status=~"5.."}[1m])) / sum(rate(http_requests_total{job="shop"}[1m]))') == (
        pytest.approx(0.12)
    )


def test_the_mistake_that_the_page_shows_is_the_one_that_is_reported() -> None:
    text = example().replace("shop.memory: {to", "shop.memry: {to")
    with pytest.raises(ScenarioError) as caught:
        parse(text, "shop-leak.yml")
    assert f"`{caught.value}`" in PAGE.read_text()
