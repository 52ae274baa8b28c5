# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

import pytest

from plugins.module_utils.lean import dataclass
from plugins.module_utils.model.codec import DocumentError, from_result, to_result

T = TypeVar("T")


class Colour(StrEnum):
    RED = "red"
    GREEN = "green"


@dataclass(frozen=True, slots=True)
class Leaf:
    name: str
    weight: float | None = None
    inner: tuple[Leaf, ...] = ()


@dataclass(frozen=True, slots=True)
class Box(Generic[T]):
    held: T | None
    reason: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Tree:
    """Of the standard library's own kind."""

    at: datetime
    count: int
    well: bool
    colour: Colour
    leaf: Box[Leaf]
    number: Box[float]
    pair: tuple[str, int]
    by_name: Mapping[str, Leaf]
    either: int | str
    anything: Any = None
    labels: Mapping[str, str] = dataclasses.field(default_factory=dict)


TREE = Tree(
    at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    count=3,
    well=True,
    colour=Colour.GREEN,
    leaf=Box(Leaf("one", 1.5, (Leaf("two"),))),
    number=Box(2.0, "because"),
    pair=("a", 1),
    by_name={"x": Leaf("three")},
    either="text",
    anything={"as": ["it", 1]},
)


def document() -> dict[str, Any]:
    plain: dict[str, Any] = to_result(TREE)
    return plain


def test_what_leaves_comes_back() -> None:
    assert document()["at"] == "2026-01-02T03:04:05Z"
    assert document()["leaf"]["held"]["inner"] == [{"name": "two", "weight": None, "inner": []}]
    assert from_result(Tree, document()) == TREE
    assert from_result(Tree, TREE) is TREE


def test_a_missing_field_takes_its_default_and_an_unknown_one_is_left_out() -> None:
    known = document()
    del known["anything"], known["labels"]
    read = from_result(Tree, {**known, "from_a_newer_release": 1})
    assert (read.anything, read.labels) == (None, {})
    assert read.labels is not from_result(Tree, known).labels


def test_whole_numbers_are_read_as_numbers_and_truth_as_none() -> None:
    assert from_result(Leaf, {"name": "one", "weight": 2}).weight == 2.0
    with pytest.raises(DocumentError, match=r"^\$\.weight: expected float, found bool\.$"):
        from_result(Leaf, {"name": "one", "weight": True})


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"at": "yesterday"}, "$.at: 'yesterday' is not an ISO 8601 time."),
        ({"count": "3"}, "$.count: expected int, found str."),
        ({"well": 1}, "$.well: expected bool, found int."),
        ({"colour": "blue"}, "$.colour: 'blue' is not one of red, green."),
        (
            {"leaf": {"held": {"name": "one", "inner": [{"name": "two"}, {"name": 2}]}}},
            "$.leaf.held.inner[1].name: expected str, found int.",
        ),
        ({"number": {"held": "two"}}, "$.number.held: expected float, found str."),
        ({"pair": ["a"]}, "$.pair: expected 2 entries, found 1."),
        ({"pair": "ab"}, "$.pair: expected a list, found str."),
        ({"by_name": {"x": {}}}, "$.by_name.x.name: is missing."),
        ({"by_name": []}, "$.by_name: expected a mapping, found list."),
        ({"leaf": None}, "$.leaf: expected a mapping (Box), found NoneType."),
        ({"either": None}, "$.either: NoneType fits none of the accepted forms."),
        ({"count": None}, "$.count: expected int, found NoneType."),
    ],
)
def test_what_does_not_fit_is_named_by_its_path(change: dict[str, Any], told: str) -> None:
    with pytest.raises(DocumentError) as error:
        from_result(Tree, {**document(), **change})
    assert error.value.message == told


def test_the_whole_may_not_fit_either() -> None:
    with pytest.raises(DocumentError, match=r"^\$: expected a mapping \(Leaf\), found list\.$"):
        from_result(Leaf, [])
    with pytest.raises(DocumentError, match=r"^\$\.name: is missing\.$"):
        from_result(Leaf, {})


def test_what_was_read_once_is_read_the_same_again() -> None:
    assert [from_result(Leaf, {"name": str(number)}).name for number in range(3)] == ["0", "1", "2"]
