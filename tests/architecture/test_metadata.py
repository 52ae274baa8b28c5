# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection's metadata says agrees with what is there."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import yaml

from tests.architecture.source_tree import CHECKOUT, imports, python_files

GROUP = "incident_response"

# What the packages of the requirements files let us import: themselves, and the libraries that are part of their own interface.
IMPORT_NAMES = {
    "aiohttp": {"aiohttp"},
    "asyncpg": {"asyncpg"},
    "cryptography": {"cryptography"},
    "kubernetes": {"kubernetes", "requests", "urllib3"},
    "multidict": {"multidict"},
    "pg8000": {"pg8000"},
    "prometheus-api-client": {"prometheus_api_client", "requests"},
    "promql-parser": {"promql_parser"},
    "PyYAML": {"yaml"},
    "sqlglot": {"sqlglot"},
}
# ansible-core brings these.
PROVIDED_TO_PLUGINS = frozenset({"ansible", "jinja2", "packaging", "yaml"})


def group_differences(root: Path) -> tuple[set[str], set[str]]:
    """The modules missing from the action group of meta/runtime.yml, and the group's members that are no module."""
    groups = yaml.safe_load((root / "meta" / "runtime.yml").read_text(encoding="utf-8"))["action_groups"]
    members = set(groups[GROUP])
    modules = {path.stem for path in python_files(root, "plugins/modules") if path.stem != "__init__"}
    return modules - members, members - modules


def pins(root: Path, path: str) -> dict[str, str]:
    """Package name -> exact version, of a requirements file. A requirement that is not exact is an error."""
    found = {}
    for line in (root / path).read_text(encoding="utf-8").splitlines():
        requirement = line.partition("#")[0].partition(";")[0].strip()
        if requirement:
            name, exact, version = requirement.partition("==")
            assert exact, f"{path}: {requirement} is not pinned with =="
            found[name] = version
    return found


def undeclared_imports(root: Path, below: str, requirements: str, provided: frozenset[str]) -> list[str]:
    """Imports under `below` of packages that neither the project, the standard library, `provided` nor the requirements file brings."""
    declared = provided.union({below}, *(IMPORT_NAMES[name] for name in pins(root, requirements)))
    found = []
    for path in python_files(root, below):
        for it in imports(root, path):
            package = it.module.partition(".")[0]
            if package not in declared and package not in sys.stdlib_module_names:
                found.append(str(it))
    return found


def test_the_action_group_holds_every_module() -> None:
    assert group_differences(CHECKOUT) == (set(), set())


def test_there_is_one_action_group() -> None:
    assert list(yaml.safe_load((CHECKOUT / "meta" / "runtime.yml").read_text(encoding="utf-8"))["action_groups"]) == [GROUP]


def test_plugins_import_only_what_the_requirements_bring() -> None:
    assert undeclared_imports(CHECKOUT, "plugins", "requirements.txt", PROVIDED_TO_PLUGINS) == []


def test_the_simulated_production_imports_only_what_its_requirements_bring() -> None:
    assert undeclared_imports(CHECKOUT, "lab", "lab/requirements.txt", frozenset()) == []


def test_the_unit_tests_use_the_versions_of_the_collection() -> None:
    assert pins(CHECKOUT, "tests/unit/requirements.txt") == pins(CHECKOUT, "requirements.txt")


def test_every_requirement_is_exact() -> None:
    for path in (
        "requirements.txt",
        "requirements-ansible.txt",
        "requirements-dev.txt",
        "lab/requirements.txt",
        "lab/requirements-optional.txt",
    ):
        assert pins(CHECKOUT, path)


def test_a_module_outside_the_group_is_found(plant: Callable[[str, str], Path]) -> None:
    plant("meta/runtime.yml", "action_groups:\n  incident_response: [known, gone]\n")
    plant("plugins/modules/known.py", "")
    root = plant("plugins/modules/forgotten.py", "")
    assert group_differences(root) == ({"forgotten"}, {"gone"})


def test_an_undeclared_import_is_found(plant: Callable[[str, str], Path]) -> None:
    plant("requirements.txt", "kubernetes==1.0\n")
    root = plant(
        "plugins/module_utils/clients/planted.py", "import json, kubernetes.client, yaml\nimport redis\nfrom ..model import finding\n"
    )
    assert undeclared_imports(root, "plugins", "requirements.txt", PROVIDED_TO_PLUGINS) == [
        "plugins/module_utils/clients/planted.py:2 imports redis"
    ]
