# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Thanos in front of several real Prometheus: a sidecar beside each, and one querier that makes their series one."""

from __future__ import annotations

import contextlib
import json
import urllib.request
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .binaries import program
from .processes import HOST, Processes, answers, free_port, processes
from .prometheus import Series, prometheus


@dataclass(frozen=True, slots=True)
class Thanos:
    url: str
    running: Processes

    def lose(self, number: int) -> None:
        """Ends the sidecar of that Prometheus; the querier goes on to ask it."""
        self.running.end(_name(number))


@contextlib.contextmanager
def thanos(
    directory: Path, stores: Sequence[tuple[Mapping[str, str], Iterable[Series]]], replica_labels: Sequence[str] = ("prometheus_replica",)
) -> Iterator[Thanos]:
    """A querier over as many Prometheus as there are ``stores``, which are the external labels and the history of each."""
    command = program("thanos")
    with contextlib.ExitStack() as everything:
        urls = []
        for number, (labels, history) in enumerate(stores):
            settings = {"global": {"scrape_interval": "15s", "external_labels": dict(labels)}}
            urls.append(everything.enter_context(prometheus(directory / f"prometheus-{number}", history, settings=settings)))
        running = everything.enter_context(processes(directory))
        endpoints = [_sidecar(running, command, number, url) for number, url in enumerate(urls)]
        url = f"http://{HOST}:{free_port()}"
        running.start(
            "thanos-query",
            [
                command,
                "query",
                f"--http-address={url.removeprefix('http://')}",
                f"--grpc-address={HOST}:{free_port()}",
                # Not only as long as they are well: what is missing is remarked on.
                *(f"--endpoint-strict={one}" for one in endpoints),
                *(f"--query.replica-label={one}" for one in replica_labels),
            ],
        )
        running.wait("thanos query", lambda: answers(f"{url}/-/ready") and _stores(url) == len(urls))
        yield Thanos(url, running)


def _sidecar(running: Processes, command: Path, number: int, prometheus_url: str) -> str:
    """Where it answers."""
    endpoint, http = f"{HOST}:{free_port()}", f"{HOST}:{free_port()}"
    running.start(
        _name(number),
        [command, "sidecar", f"--prometheus.url={prometheus_url}", f"--grpc-address={endpoint}", f"--http-address={http}"],
    )
    running.wait("thanos sidecar", lambda: answers(f"http://{http}/-/ready"))
    return endpoint


def _name(number: int) -> str:
    return f"thanos-sidecar-{number}"


def _stores(url: str) -> int:
    """Those that the querier reaches and that have told their labels."""
    with urllib.request.urlopen(f"{url}/api/v1/stores", timeout=5) as answer:
        found = json.load(answer)["data"]
    return sum(one["lastError"] is None and bool(one["labelSets"]) for kind in found.values() for one in kind)
