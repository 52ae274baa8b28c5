# SPDX-License-Identifier: GPL-3.0-or-later
"""A dependency of the simulated production while a test needs it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from lab.running import running
from lab.scenario.loader import load
from tests.contract.serving import started


@contextlib.contextmanager
def simulated(kind: str, directory: Path, **changes: Any) -> Iterator[str]:
    """The address of the dependency of that kind of payment-api, as the lab's catalogue gives it: well, and with fields of its own."""
    scenario = load("payment-api")
    name = next(name for name, dependency in scenario.dependencies.items() if dependency.type == kind)
    faults = {
        title: replace(fault, signals={signal: to for signal, to in fault.signals.items() if not signal.startswith(f"{name}.")})
        for title, fault in scenario.faults.items()
    }
    mine = replace(scenario.dependencies[name], **changes)
    scenario = replace(scenario, dependencies={**scenario.dependencies, name: mine}, faults=faults)

    async def start(stack: contextlib.AsyncExitStack) -> str:
        lab = await stack.enter_async_context(running(scenario, directory))
        await lab.warm_up()
        catalogue = yaml.safe_load(Path(lab.environment["LAB_CATALOGUE"]).read_text())
        entries = catalogue["services"]["payment-api"]["dependencies"]
        return str(next(entry["address"] for entry in entries if entry["name"] == name))

    with started(start) as address:
        yield address
