# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An entry of the service catalogue, checked."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from ..errors import InvalidOptionError
from ..model.codec import DocumentError, from_result, to_result
from ..model.service import Dependency, MaintenanceHook, MetricsSettings, Objectives, Service, SignalQuery
from ..names import check_name

_PARTS: dict[str, type] = {
    "metrics": MetricsSettings,
    "objectives": Objectives,
    "dependencies": Dependency,
    "maintenance": MaintenanceHook,
    "metrics.queries": SignalQuery,
}


def service_from_entry(name: object, entry: Mapping[str, Any] | None, namespace: str | None = None) -> Service:
    """The service called ``name`` that ``entry`` describes, in ``namespace`` where one is given.

    InvalidOptionError names the service and the field for a value that does not fit and for a field that does not exist.
    """
    checked = check_name(name, "service")
    given = dict(entry or {})
    _refuse_unknown(checked, given, Service, "")
    if namespace is not None:
        given["namespace"] = namespace
    try:
        service = from_result(Service, {**given, "name": checked})
    except DocumentError as error:
        field, _colon, what = error.message.partition(": ")
        raise InvalidOptionError(
            f"services.{checked}{field.removeprefix('$')}", _value(given, field), f"a value that fits: {what.rstrip('.')}"
        ) from error
    check_name(service.namespace, f"services.{checked}.namespace")
    if service.workload_name is not None:
        check_name(service.workload_name, f"services.{checked}.workload_name")
    return service


def entry_from_service(service: Service) -> dict[str, Any]:
    """The entry, with every field."""
    entry: dict[str, Any] = to_result(service)
    return entry


def without_addresses(service: Service) -> Service:
    """Addresses of routes and hooks are keys to them and stay where they are needed, but for the war room's; logins go."""
    shown = {role: address if role == "war_room" else _host(address) for role, address in service.on_call.items()}
    return dataclasses.replace(service.shown, on_call=shown, maintenance=None)


def _refuse_unknown(service: str, given: Mapping[str, Any], kind: type, path: str) -> None:
    fields = {field.name for field in dataclasses.fields(kind)}
    for name, value in given.items():
        here = f"{path}.{name}".lstrip(".")
        if name not in fields:
            raise InvalidOptionError(f"services.{service}.{here}", value, f"one of the fields {', '.join(sorted(fields))}")
        if here in _PARTS:
            for part in value if isinstance(value, list) else [value]:
                if isinstance(part, Mapping):
                    _refuse_unknown(service, part, _PARTS[here], here)


def _value(given: Any, path: str) -> Any:
    """What ``given`` has at ``path`` (``$.dependencies[0].type``), as far as it goes."""
    for step in path.removeprefix("$").replace("[", ".").replace("]", "").split("."):
        if not step:
            continue
        if isinstance(given, Mapping) and step in given:
            given = given[step]
        elif isinstance(given, list) and step.isdigit() and int(step) < len(given):
            given = given[int(step)]
        else:
            return None
    return given


def _host(address: str) -> str:
    parts = urlsplit(address)
    if not parts.scheme:
        return address
    return f"{parts.scheme}://{parts.hostname}" if parts.hostname and parts.scheme != "pagerduty" else f"{parts.scheme}:"
