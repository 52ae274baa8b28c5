# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole state of a lab as one document, so that two of them can be compared."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from aiohttp import web

from lab.cluster.server import Cluster
from lab.mailbox import Mailbox
from lab.registry import Registry
from lab.requests import RequestCounts
from lab.serving import ChangeLog
from lab.world.world import World

_BY_THEMSELVES = ("Event",)
"""Kinds that change without anybody doing anything."""


class State:
    """``repositories`` are directories by name."""

    def __init__(
        self,
        world: World,
        cluster: Cluster,
        mailbox: Mailbox,
        registry: Registry,
        repositories: Mapping[str, Path],
        changes: ChangeLog,
        requests: RequestCounts,
    ) -> None:
        self._world = world
        self._cluster = cluster
        self._mailbox = mailbox
        self._registry = registry
        self._repositories = repositories
        self._changes = changes
        self._requests = requests

    def document(self) -> dict[str, Any]:
        """Everything that stays as it is as long as nobody changes anything.

        Left out is what ticks by itself: events, time series, and what restarting containers change in the status of their pods.
        """
        return {
            "cluster": _steady(self._cluster.snapshot()),
            "mailbox": self._mailbox.messages,
            "registry": {name: list(tags) for name, tags in self._registry.images.items()},
            "repositories": {name: _references(directory) for name, directory in self._repositories.items()},
            "changes": self._changes.changes,
        }

    def app(self) -> web.Application:
        """``/state``, ``/changes`` (requests that changed something), ``/requests`` (how often each thing was asked for),
        ``/cluster`` (all objects as they are), ``/truth``, ``/scenario``."""
        scenario = self._world.scenario
        documents: dict[str, Callable[[], Any]] = {
            "/state": self.document,
            "/changes": lambda: self._changes.changes,
            "/requests": lambda: self._requests.counts,
            "/cluster": self._cluster.snapshot,
            "/truth": lambda: asdict(scenario.truth),
            "/scenario": lambda: {"name": scenario.name, "service": scenario.service, "started": self._world.start},
        }
        app = web.Application()
        for path, document in documents.items():
            app.router.add_get(path, _shown(document))
        return app


def _shown(document: Callable[[], Any]) -> Callable[[web.Request], Any]:
    async def show(_request: web.Request) -> web.Response:
        return web.json_response(document(), dumps=lambda value: json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n")

    return show


def _steady(snapshot: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {
        kind: {key: _steady_pod(obj) if kind == "Pod" else obj for key, obj in objects.items()}
        for kind, objects in snapshot.items()
        if objects and kind not in _BY_THEMSELVES
    }


def _steady_pod(pod: Mapping[str, Any]) -> dict[str, Any]:
    meta = {key: value for key, value in pod["metadata"].items() if key not in {"resourceVersion", "managedFields"}}
    status = {key: pod["status"][key] for key in ("podIP", "qosClass") if key in pod["status"]}
    return {**pod, "metadata": meta, "status": status}


def _references(repository: Path) -> dict[str, str]:
    """Every branch and tag with the object that it names, and HEAD."""
    git = repository / ".git"
    names = sorted(path.relative_to(git).as_posix() for path in (git / "refs").rglob("*") if path.is_file())
    found = {name: (git / name).read_text().strip() for name in names}
    packed = git / "packed-refs"
    if packed.exists():
        lines = [line.split() for line in packed.read_text().splitlines() if line[:1] not in {"#", "^"}]
        found |= {name: value for value, name in lines if name not in found}
    return {"HEAD": (git / "HEAD").read_text().strip(), **found}
