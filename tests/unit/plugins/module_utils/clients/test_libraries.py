# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import importlib
import threading
from types import ModuleType

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.clients import libraries


def test_two_threads_never_import_at_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    importing, most = 0, 0
    together = threading.Barrier(4)

    def slow(name: str) -> ModuleType:
        nonlocal importing, most
        importing += 1
        most = max(most, importing)
        threading.Event().wait(0.02)
        importing -= 1
        return ModuleType(name)

    monkeypatch.setattr(importlib, "import_module", slow)
    monkeypatch.setattr(libraries, "_loaded", {})

    def work(name: str) -> None:
        together.wait(5)
        libraries.load(name)

    threads = [threading.Thread(target=work, args=(f"library{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert most == 1


def test_what_is_not_installed_is_named() -> None:
    with pytest.raises(ImportError) as raised:
        libraries.load("not_installed_anywhere.part")
    assert raised.value.name == "not_installed_anywhere"
