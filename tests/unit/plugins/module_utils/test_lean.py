# SPDX-License-Identifier: GPL-3.0-or-later
"""Lean dataclasses are what the standard library's are, but for the time that it takes to define them."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import pytest

from plugins.module_utils import lean

T = TypeVar("T")


def define(dataclass: Callable[..., Any]) -> Any:
    @dataclass(frozen=True, slots=True)
    class Pod(Generic[T]):
        name: str
        ready: T
        labels: dict[str, str] = dataclasses.field(default_factory=dict)
        secret: str | None = dataclasses.field(default=None, repr=False)
        seen: int = dataclasses.field(default=0, compare=False)

        @property
        def short(self) -> str:
            return self.name[:3]

    return Pod


STANDARD, LEAN = define(dataclasses.dataclass), define(lean.dataclass)


@lean.dataclass(frozen=True, slots=True)
class Kept:
    """Found by name, as pickle wants it."""

    name: str
    numbers: tuple[int, ...] = ()


@pytest.mark.parametrize(
    ("args", "kwargs"),
    [
        (("payment", True), {}),
        (("payment",), {"ready": 1, "labels": {"app": "payment"}, "secret": "word"}),
        (("payment", True, {}, "word", 7), {}),
    ],
)
def test_they_hold_compare_and_show_the_same(args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    standard, ours = STANDARD(*args, **kwargs), LEAN(*args, **kwargs)
    assert dataclasses.asdict(ours) == dataclasses.asdict(standard)
    assert repr(ours) == repr(standard)
    assert "word" not in repr(ours)
    assert ours == LEAN(*args, **kwargs)
    assert ours != dataclasses.replace(ours, name="other")
    assert ours == dataclasses.replace(ours, seen=9), "what is not compared"
    assert ours != standard, "another class"
    assert ours.short == "pay"


def test_they_have_the_same_fields_slots_and_order() -> None:
    assert [field.name for field in dataclasses.fields(LEAN)] == [field.name for field in dataclasses.fields(STANDARD)]
    assert LEAN.__slots__ == STANDARD.__slots__
    assert LEAN.__match_args__ == STANDARD.__match_args__
    assert not hasattr(LEAN("payment", True), "__dict__")


@pytest.mark.parametrize("wrong", [(), ("payment",), ("payment", True, {}, None, 0, 1)])
def test_what_is_missing_or_too_much_is_refused(wrong: tuple[Any, ...]) -> None:
    for kind in (STANDARD, LEAN):
        with pytest.raises(TypeError, match=r"Pod\.__init__\(\)"):
            kind(*wrong)
        with pytest.raises(TypeError, match="unexpected keyword argument 'colour'"):
            kind("payment", True, colour="red")


def test_nothing_of_them_can_be_changed() -> None:
    ours = LEAN("payment", True)
    for name in ("name", "colour"):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(ours, name, "other")
    with pytest.raises(dataclasses.FrozenInstanceError):
        del ours.name
    assert ours.name == "payment"


def test_each_has_a_container_of_its_own() -> None:
    assert LEAN("one", True).labels is not LEAN("two", True).labels


def test_those_that_are_equal_have_the_same_hash() -> None:
    assert hash(Kept("one", (1, 2))) == hash(Kept("one", (1, 2)))
    assert len({Kept("one"), Kept("one"), Kept("two")}) == 2


def test_they_can_be_copied_and_sent_to_another_process() -> None:
    ours = Kept("one", (1, 2))
    assert pickle.loads(pickle.dumps(ours)) == ours
    assert copy.deepcopy(ours) == ours


def test_a_method_of_its_own_stays() -> None:
    @lean.dataclass(frozen=True, slots=True)
    class Told:
        name: str

        def __repr__(self) -> str:
            return f"<{self.name}>"

    assert repr(Told("one")) == "<one>"


def test_only_what_is_frozen_and_slotted_is_made() -> None:
    with pytest.raises(TypeError, match="dataclasses"):
        lean.dataclass(frozen=False, slots=True)


def test_a_field_that_it_does_not_know_is_refused() -> None:
    @lean.dataclass(frozen=True, slots=True)
    class Odd:
        name: str = dataclasses.field(init=False)

    with pytest.raises(TypeError, match=r"Odd\.name"):
        Odd()


def test_what_does_something_when_it_is_made_is_refused() -> None:
    with pytest.raises(TypeError, match="__post_init__"):

        @lean.dataclass(frozen=True, slots=True)
        class Odd:
            name: str

            def __post_init__(self) -> None:
                raise AssertionError
