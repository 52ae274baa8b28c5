# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import ast
import os
import sys
from pathlib import Path
from types import CodeType, ModuleType

import pytest
from ansible_collections.devops.incident_response.plugins.plugin_utils import bytecode

PLUGINS = Path(__file__).parents[4] / "plugins"
NAME = "ansible_collections.devops.incident_response.plugins.module_utils.made_up"


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory in which is kept what was compiled."""
    directory = tmp_path / "home" / "bytecode"
    monkeypatch.setattr(bytecode, "_DIRECTORY", directory)
    monkeypatch.setitem(sys.modules, "ansible.cli", ModuleType("ansible.cli"))
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    bytecode._keep()
    return directory


def installed() -> bool:
    return any(isinstance(finder, bytecode._Finder) for finder in sys.meta_path)


def code_of(directory: Path) -> CodeType:
    spec = bytecode._Finder().find_spec(NAME, [str(directory)])
    assert spec is not None
    assert spec.loader is not None
    found = spec.loader.get_code(NAME)  # type: ignore[attr-defined]
    assert isinstance(found, CodeType)
    return found


def value_of(code: CodeType) -> object:
    names: dict[str, object] = {}
    exec(code, names)
    return names["VALUE"]


def test_what_was_compiled_is_not_compiled_again(kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "made_up.py").write_text("VALUE = 1\n")
    first = code_of(tmp_path)
    monkeypatch.setattr(bytecode._Loader, "source_to_code", lambda *_: pytest.fail("it was compiled"))
    assert code_of(tmp_path) == first
    assert value_of(first) == 1
    assert [path.parent for path in kept.iterdir()] == [kept]


def test_a_file_that_was_changed_is_compiled_anew(kept: Path, tmp_path: Path) -> None:
    source = tmp_path / "made_up.py"
    source.write_text("VALUE = 1\n")
    code_of(tmp_path)
    source.write_text("VALUE = 2\n")
    os.utime(source, ns=(1, 1))
    assert value_of(code_of(tmp_path)) == 2


def test_another_checkout_is_another_file(kept: Path, tmp_path: Path) -> None:
    for value, checkout in enumerate(("one", "two")):
        (tmp_path / checkout).mkdir()
        (tmp_path / checkout / "made_up.py").write_text(f"VALUE = {value}\n")
        os.utime(tmp_path / checkout / "made_up.py", ns=(1, 1))
    assert [value_of(code_of(tmp_path / checkout)) for checkout in ("one", "two")] == [0, 1]


@pytest.mark.parametrize("cut", [0, 10, -3])
def test_what_is_broken_is_compiled_anew(kept: Path, tmp_path: Path, cut: int) -> None:
    (tmp_path / "made_up.py").write_text("VALUE = 1\n")
    code_of(tmp_path)
    (there,) = kept.iterdir()
    there.write_bytes(there.read_bytes()[:cut])
    assert value_of(code_of(tmp_path)) == 1


def test_where_nothing_can_be_kept_it_is_loaded_all_the_same(kept: Path, tmp_path: Path) -> None:
    kept.rmdir()
    (tmp_path / "made_up.py").write_text("VALUE = 1\n")
    assert value_of(code_of(tmp_path)) == 1


def test_only_modules_of_this_collection_are_found(kept: Path, tmp_path: Path) -> None:
    (tmp_path / "made_up.py").write_text("")
    finder = bytecode._Finder()
    for name in ("made_up", "ansible_collections.other.one.plugins.module_utils.made_up", f"{NAME}_too"):
        assert finder.find_spec(name, [str(tmp_path)]) is None


def test_it_is_there_in_an_ansible_command_and_once(kept: Path) -> None:
    bytecode._keep()
    assert [isinstance(finder, bytecode._Finder) for finder in sys.meta_path].count(True) == 1


def test_outside_of_an_ansible_command_nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "ansible.cli", raising=False)
    monkeypatch.setattr(sys, "meta_path", [finder for finder in sys.meta_path if not isinstance(finder, bytecode._Finder)])
    bytecode._keep()
    assert not installed()


def test_what_others_can_write_is_not_run(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "meta_path", [finder for finder in sys.meta_path if not isinstance(finder, bytecode._Finder)])
    kept.chmod(0o777)
    bytecode._keep()
    assert not installed()
    kept.chmod(0o700)
    bytecode._keep()
    assert installed()


@pytest.mark.parametrize(
    "path", [path for room in ("action", "inventory") for path in sorted((PLUGINS / room).glob("*.py"))], ids=lambda path: path.name
)
def test_what_ansible_loads_first_begins_with_it(path: Path) -> None:
    taken = [
        name
        for statement in ast.parse(path.read_text()).body
        if isinstance(statement, ast.ImportFrom) and ("_utils" in (statement.module or ""))
        for name in (alias.name for alias in statement.names)
        if not (statement.module or "").startswith("ansible.")
    ]
    assert taken[0] == "bytecode", "what is loaded before it is compiled anew in every run"
