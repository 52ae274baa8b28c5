# SPDX-License-Identifier: GPL-3.0-or-later
"""Every role says what it takes, and its argument specs agree with its defaults."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.architecture.source_tree import CHECKOUT


def problems(root: Path) -> list[str]:
    """What is missing or contradictory in `root`/roles, one line each."""
    found = []
    for role in sorted(path.parents[1] for path in root.glob("roles/*/tasks/main.yml")):
        found += [f"{role.name}: {problem}" for problem in _problems(role)]
    return found


def _problems(role: Path) -> list[str]:
    found = [] if (role / "README.md").is_file() else ["no README.md"]
    specs = _read(role / "meta" / "argument_specs.yml")
    if "main" not in specs.get("argument_specs", {}):
        return [*found, "no argument spec for main"]
    options = specs["argument_specs"]["main"].get("options", {})
    for name, value in _read(role / "defaults" / "main.yml").items():
        option = options.get(name)
        if option is None:
            found.append(f"{name} has a default and no argument spec")
        elif option.get("required"):
            found.append(f"{name} has a default and is required")
        elif "default" in option and option["default"] != value:
            found.append(f"{name} is {value!r} by default, and {option['default']!r} in the argument spec")
    return found


def _read(path: Path) -> dict[str, Any]:
    return (yaml.safe_load(path.read_text(encoding="utf-8")) or {}) if path.is_file() else {}


def test_every_role_says_what_it_takes() -> None:
    assert problems(CHECKOUT) == []


@pytest.mark.parametrize(
    ("option", "problem"),
    [
        ("other: {type: str}", "page_to has a default and no argument spec"),
        ("page_to: {type: str, required: true}", "page_to has a default and is required"),
        ("page_to: {type: str, default: nobody}", "page_to is 'on-call' by default, and 'nobody' in the argument spec"),
        ("page_to: {type: str, default: on-call}", None),
        ("page_to: {type: str}", None),
    ],
)
def test_a_contradiction_is_found(plant: Callable[[str, str], Path], option: str, problem: str | None) -> None:
    plant("roles/page/README.md", "# page")
    plant("roles/page/tasks/main.yml", "[]")
    plant("roles/page/defaults/main.yml", "page_to: on-call")
    root = plant("roles/page/meta/argument_specs.yml", f"argument_specs: {{main: {{options: {{{option}}}}}}}")
    assert problems(root) == ([f"page: {problem}"] if problem else [])


def test_a_role_without_documentation_is_found(plant: Callable[[str, str], Path]) -> None:
    assert problems(plant("roles/page/tasks/main.yml", "[]")) == ["page: no README.md", "page: no argument spec for main"]
