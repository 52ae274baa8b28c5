# SPDX-License-Identifier: GPL-3.0-or-later
"""The service catalogue of a scenario, as the inventory plugin ``devops.incident_response.services`` reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lab.scenario.model import Dependency, Scenario, Workload

_ROUTES = {
    "on_call": "/pages/on-call",
    "incident_commander": "/pages/incident-commander",
    "manager": "/pages/manager",
    "director": "/pages/director",
    "ticket": "/tickets",
    "channel": "/chat/incidents",
}


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the servers of a lab listen. ``dependencies`` are ports, ``repositories`` paths, by name.

    ``only_listening`` are databases of which nothing can be asked.
    """

    prometheus: str
    jaeger: str
    registry: str
    mailbox: str
    kubeconfig: str
    dependencies: Mapping[str, int]
    repositories: Mapping[str, str]
    only_listening: frozenset[str] = frozenset()


def catalogue(scenario: Scenario, addresses: Addresses) -> dict[str, Any]:
    """The document for ``services.yml``."""
    return {
        "plugin": "devops.incident_response.services",
        "settings": {
            "kubeconfig": addresses.kubeconfig,
            "prometheus_url": addresses.prometheus,
            "jaeger_url": addresses.jaeger,
            "registry_url": f"http://{addresses.registry}",
            **scenario.settings,
        },
        "services": {name: _entry(name, workload, scenario, addresses) for name, workload in scenario.workloads.items()},
    }


def _entry(name: str, workload: Workload, scenario: Scenario, addresses: Addresses) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "title": workload.title or name.replace("-", " ").capitalize(),
        "namespace": workload.namespace,
        "workload_kind": workload.kind,
        "image_repository": f"{addresses.registry}/{workload.image}",
        "on_call": {role: f"{addresses.mailbox}{path}" for role, path in _ROUTES.items()},
        "channel": "#incidents",
    }
    if workload.labels.get("team"):
        entry["team"] = workload.labels["team"]
        entry["owners"] = [f"{workload.labels['team']}-team"]
    if workload.labels.get("tier"):
        entry["tier"] = workload.labels["tier"]
    if name in addresses.repositories:
        entry["repository"] = addresses.repositories[name]
    if workload.signals.sessions is not None:
        entry["sessions_query"] = f'sum(active_sessions{{job="{name}"}})'
    if workload.dependencies:
        entry["dependencies"] = [
            _dependency(dependency, scenario.dependencies[dependency], addresses) for dependency in workload.dependencies
        ]
    return {**entry, **workload.catalogue}


def _dependency(name: str, dependency: Dependency, addresses: Addresses) -> dict[str, Any]:
    address = f"127.0.0.1:{addresses.dependencies[name]}"
    kind = "tcp" if name in addresses.only_listening else dependency.type
    paths = {"http": f"http://{address}{dependency.path}", "postgresql": f"{address}/{dependency.database.name}"}
    entry: dict[str, Any] = {
        "name": name,
        "type": kind,
        "address": paths.get(kind, address),
        "title": dependency.title or name,
    }
    if dependency.exporter == "postgres":
        entry["usage_query"] = f'sum(pg_stat_activity_count{{job="{name}"}})'
        entry["capacity_query"] = f'max(pg_settings_max_connections{{job="{name}"}})'
        entry["usage_unit"] = "connections"
    elif dependency.exporter == "redis":
        entry["usage_query"] = f'max(redis_memory_used_bytes{{job="{name}"}})'
        entry["capacity_query"] = f'max(redis_memory_max_bytes{{job="{name}"}})'
        entry["usage_unit"] = "bytes"
    return {**entry, **dependency.catalogue}
