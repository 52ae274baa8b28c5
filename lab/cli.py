# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's command line: up, demo, state, scenarios."""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import shlex
import signal
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path

from lab.demo import demo
from lab.repository import RepositoryError
from lab.running import Lab, running
from lab.scenario.errors import ScenarioError
from lab.scenario.loader import load, names
from lab.scenario.model import Scenario

_DEFAULT = "payment-api"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that ``arguments`` name; the exit code."""
    options = _parser().parse_args(arguments)
    try:
        match options.command:
            case "up":
                return asyncio.run(_up(load(options.scenario, options.seed), options))
            case "demo":
                return asyncio.run(demo(load(options.scenario, options.seed), options.workdir))
            case "state":
                return _state(options.path)
            case _:
                return _list()
    except (ScenarioError, RepositoryError) as error:
        print(f"lab: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lab", description="A simulated production to break, diagnose and mend.")
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="keep a simulated production running until Ctrl-C")
    demo = commands.add_parser("demo", help="break a simulated production and let p0.yml handle it")
    for command in (up, demo):
        command.add_argument(
            "--scenario", default=_DEFAULT, metavar="NAME|PATH", help=f"one that 'scenarios' lists, or a file (default: {_DEFAULT})"
        )
        command.add_argument("--seed", type=int, default=0, metavar="N", help="which variant, where the scenario has ranges or noise")
        command.add_argument(
            "--workdir", type=Path, metavar="DIR", help="where its files go while it runs (default: the place for temporary files)"
        )
    up.add_argument("--delay-ms", type=_milliseconds, default=0.0, metavar="N", help="add N milliseconds to every round trip to a server")
    up.add_argument("--env-file", type=Path, metavar="FILE", help="write NAME=value lines to FILE when everything is ready")
    state = commands.add_parser("state", help="print the state of the lab that LAB_STATE_URL names, as JSON")
    state.add_argument("path", nargs="?", default="state", choices=["state", "changes", "cluster", "truth", "scenario"])
    commands.add_parser("scenarios", help="list the scenarios that come with the lab")
    return parser


_TOOLS = ("ANSIBLE_COLLECTIONS_PATH", "ANSIBLE_HOME", "ANSIBLE_CONFIG")


def _milliseconds(text: str) -> float:
    value = float(text)
    if value < 0:
        raise ValueError(text)
    return value


async def _up(scenario: Scenario, options: argparse.Namespace) -> int:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    async with running(scenario, options.workdir, delay=options.delay_ms / 1000, apart=True) as lab:
        await lab.warm_up()
        gc.freeze()  # the past of hundreds of pods stays; looking through it again and again would take a quarter of the time
        print(_welcome(scenario, lab), flush=True)
        if options.env_file is not None:
            write_environment(options.env_file, lab.environment)
        try:
            await ended.wait()
        finally:
            if options.env_file is not None:
                options.env_file.unlink(missing_ok=True)
    return 0


def write_environment(path: Path, environment: Mapping[str, str]) -> None:
    """Write ``NAME=value`` lines, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text("".join(f"{name}={value}\n" for name, value in environment.items()), encoding="utf-8")
    draft.replace(path)


def _welcome(scenario: Scenario, lab: Lab) -> str:
    workload = scenario.subject
    resource = f"{workload.kind.lower()}/{scenario.service}"
    # Those of `make lab`: the other terminal finds the same Ansible, and this checkout's collection.
    tools = {name: os.environ[name] for name in _TOOLS if os.environ.get(name)}
    exports = "\n".join(f"export {name}={shlex.quote(value)}" for name, value in {**tools, **lab.environment}.items())
    if "VIRTUAL_ENV" in os.environ:
        exports = f'export PATH={shlex.quote(os.environ["VIRTUAL_ENV"])}/bin:"$PATH"\n{exports}'
    return f"""# {scenario.title}
{"".join(f"# {shortcoming}{chr(10)}" for shortcoming in lab.shortcomings)}# Use it from another terminal with this environment:
{exports}

# Try:
#   kubectl get pods -n {workload.namespace} -l app={scenario.service}
#   kubectl rollout history {resource} -n {workload.namespace}
#   ANSIBLE_STDOUT_CALLBACK=devops.incident_response.console \\
#     ansible-playbook devops.incident_response.p0 -e service={scenario.service}
# Ctrl-C ends it, and leaves nothing behind."""


def _state(path: str) -> int:
    url = os.environ.get("LAB_STATE_URL", "")
    if not url.startswith("http://"):
        print(
            "lab: LAB_STATE_URL is not set: start a lab with `python -m lab up`, and use the environment that it prints.", file=sys.stderr
        )
        return 2
    try:
        with urllib.request.urlopen(f"{url}/{path}", timeout=10) as answer:
            sys.stdout.write(answer.read().decode())
    except (urllib.error.URLError, TimeoutError) as error:
        print(f"lab: no lab answers at {url} ({error}); is it still running?", file=sys.stderr)
        return 2
    return 0


def _list() -> int:
    for name in names():
        scenario = load(name)
        print(f"{name:<40} {scenario.title}")
    return 0
