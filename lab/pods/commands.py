# SPDX-License-Identifier: GPL-3.0-or-later
"""What commands inside a pod answer: the usual probes, and whatever the scenario says."""

from __future__ import annotations

import fnmatch
import shlex
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

from lab.cluster.behaviour import ExecResult
from lab.dependencies.redis_info import info
from lab.pods.metrics_page import metrics_page
from lab.scenario.model import Dependency
from lab.world.world import World

_USUAL_PORTS = {"postgres": 5432, "postgresql": 5432, "redis": 6379}


def cluster_port(dependency: Dependency) -> int:
    """The port on which it answers inside the cluster."""
    return dependency.port or _USUAL_PORTS.get(dependency.exporter) or _USUAL_PORTS.get(dependency.type, 8080)


class Commands:
    """``addresses`` maps (host, port) of the servers that really listen to the dependency behind them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.addresses: dict[tuple[str, int], str] = {}

    def run(self, pod: Mapping[str, Any], container: str, command: Sequence[str]) -> ExecResult:
        """The outcome of ``command`` in a pod's container. Commands that nobody knows end as they do where they are not installed."""
        workload = self._world.scenario.workloads.get((pod["metadata"].get("labels") or {}).get("app", ""))
        for answer in workload.commands if workload else ():
            if fnmatch.fnmatchcase(" ".join(command), answer.command):
                return ExecResult(answer.stdout, answer.stderr, answer.exit_code)
        match list(command):
            case ["sh" | "/bin/sh" | "bash" | "/bin/bash", "-c" | "-ec", script, *_]:
                return self._script(pod, container, script)
            case ["nc", *arguments]:
                return self._netcat(arguments)
            case ["redis-cli", *arguments]:
                return self._redis(arguments)
            case ["curl", *arguments]:
                return self._curl(pod, arguments)
            case ["env" | "printenv"]:
                return ExecResult("".join(f"{name}={value}\n" for name, value in _environment(pod, container).items()))
            case ["hostname"]:
                return ExecResult(f"{pod['metadata']['name']}\n")
            case ["echo", *words]:
                return ExecResult(" ".join(words) + "\n")
            case ["true"]:
                return ExecResult()
            case _:
                problem = f'exec: "{command[0]}": executable file not found in $PATH'
                return ExecResult("", f"exec failed: unable to start container process: {problem}\n", 127)

    def _script(self, pod: Mapping[str, Any], container: str, script: str) -> ExecResult:
        """One simple command, with the container's variables put in."""
        variables = _environment(pod, container)
        try:
            words = shlex.split(script)
        except ValueError as error:
            return ExecResult("", f"sh: syntax error: {error}\n", 2)
        words = [variables.get(word[1:].strip("{}"), "") if word.startswith("$") else word for word in words]
        return self.run(pod, container, words) if words else ExecResult()

    def _named(self, host: str, port: int | None) -> str | None:
        """The dependency or workload that a host name or address inside the cluster means."""
        if port is not None and (host, port) in self.addresses:
            return self.addresses[host, port]
        name = host.split(".")[0]
        return name if name in self._world.scenario.dependencies or name in self._world.scenario.workloads else None

    def _is_up(self, name: str, port: int | None, host: str) -> bool:
        dependency = self._world.scenario.dependencies.get(name)
        if dependency is None:
            listens = port in (None, 80, self._world.scenario.workloads[name].port)
            return listens and any(pod.is_ready for pod in self._world.pods.staying(name))
        listens = port in (None, cluster_port(dependency)) or (host, port) in self.addresses
        return listens and self._world.signal(f"{name}.up").at(self._world.clock()) >= 0.5

    def _netcat(self, arguments: list[str]) -> ExecResult:
        words = _without_options(arguments, with_value={"-w"})
        if len(words) != 2 or not words[1].isdigit():
            return ExecResult("", "usage: nc [-vz] [-w timeout] destination port\n", 1)
        host, port = words[0], int(words[1])
        name = self._named(host, port)
        if name is None:
            return ExecResult("", f'nc: getaddrinfo for host "{host}" port {port}: Name or service not known\n', 1)
        if not self._is_up(name, port, host):
            return ExecResult("", f"nc: connect to {host} port {port} (tcp) failed: Connection refused\n", 1)
        return ExecResult("", f"Connection to {host} {port} port [tcp/*] succeeded!\n")

    def _redis(self, arguments: list[str]) -> ExecResult:
        options = _options(arguments, {"-h", "-p", "-a", "-n"})
        words = _without_options(arguments, with_value={"-h", "-p", "-a", "-n"})
        host, port = options.get("-h", "127.0.0.1"), int(options.get("-p", "6379"))
        name = self._named(host, port)
        dependency = self._world.scenario.dependencies.get(name or "")
        if name is None or dependency is None or dependency.type != "redis":
            return ExecResult("", f"Could not connect to Redis at {host}:{port}: Name or service not known\n", 1)
        if not self._is_up(name, port, host):
            return ExecResult("", f"Could not connect to Redis at {host}:{port}: Connection refused\n", 1)
        if dependency.password is not None and options.get("-a") != dependency.password:
            return ExecResult("NOAUTH Authentication required.\n", "", 0)
        match [word.lower() for word in words]:
            case ["ping"]:
                return ExecResult("PONG\n")
            case ["info", *section]:
                return ExecResult(info(self._world, name, section[0] if section else "default"))
            case ["dbsize"]:
                return ExecResult("(integer) 151200\n")
            case _:
                return ExecResult(f"ERR unknown command '{words[0] if words else ''}'\n", "", 0)

    def _curl(self, pod: Mapping[str, Any], arguments: list[str]) -> ExecResult:
        with_value = {"-o", "--output", "-w", "--write-out", "-m", "--max-time", "--connect-timeout", "-H", "--header", "-X", "--request"}
        options = _options(arguments, with_value)
        urls = _without_options(arguments, with_value)
        if not urls:
            return ExecResult("", "curl: (2) no URL specified\n", 2)
        parts = urlsplit(urls[0] if "://" in urls[0] else f"http://{urls[0]}")
        status, body, problem = self._answer(pod, parts.hostname or "", parts.port, parts.path or "/")
        shown = "" if "-o" in options or "--output" in options else body
        form = options.get("-w", options.get("--write-out", ""))
        shown += form.replace("%{http_code}", f"{status:03d}").replace("\\n", "\n")
        if problem and not any(argument.startswith("-") and "s" in argument.lstrip("-")[:3] for argument in arguments):
            return ExecResult(shown, f"curl: {problem[1]}\n", problem[0])
        return ExecResult(shown, "", problem[0] if problem else 0)

    def _answer(self, pod: Mapping[str, Any], host: str, port: int | None, path: str) -> tuple[int, str, tuple[int, str] | None]:
        """HTTP status, body, and curl's exit code with its text where there was no answer."""
        if host in {"localhost", "127.0.0.1"} and (host, port) not in self.addresses:
            return self._own_answer(pod, path)
        name = self._named(host, port)
        if name is None:
            return 0, "", (6, f"(6) Could not resolve host: {host}")
        dependency = self._world.scenario.dependencies.get(name)
        if not self._is_up(name, port, host):
            if dependency is not None and dependency.type == "http":
                return 503, '{"status": "unavailable"}', None
            return 0, "", (7, f"(7) Failed to connect to {host} port {port or 80}: Connection refused")
        if dependency is not None and dependency.type != "http":
            return 0, "", (52, "(52) Empty reply from server")
        return 200, '{"status": "ok"}', None

    def _own_answer(self, pod: Mapping[str, Any], path: str) -> tuple[int, str, tuple[int, str] | None]:
        record = self._world.pods.records.get(pod["metadata"]["uid"])
        if record is None:
            return 0, "", (7, "(7) Failed to connect to localhost: Connection refused")
        if path == "/metrics":
            return 200, metrics_page(self._world, record.workload), None
        if path in {"/health", "/healthz", "/ready"}:
            return (200, '{"status": "ok"}', None) if record.is_ready else (503, '{"status": "unavailable"}', None)
        return 404, "not found\n", None


def _environment(pod: Mapping[str, Any], container: str) -> dict[str, str]:
    """The variables of a container."""
    found = next(each for each in pod["spec"]["containers"] if each["name"] == container)
    given = {variable["name"]: str(variable.get("value", "")) for variable in found.get("env") or ()}
    return {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOSTNAME": pod["metadata"]["name"], **given}


def _options(arguments: Sequence[str], with_value: set[str]) -> dict[str, str]:
    return {name: value for name, value in pairwise(arguments) if name in with_value}


def _without_options(arguments: Sequence[str], with_value: set[str]) -> list[str]:
    words, skip = [], False
    for argument in arguments:
        if skip:
            skip = False
        elif argument in with_value:
            skip = True
        elif not argument.startswith("-"):
            words.append(argument)
    return words
