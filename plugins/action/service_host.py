# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks the options of a run and adds the service as a host."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, ClassVar

from ansible_collections.devops.incident_response.plugins.plugin_utils import bytecode  # noqa: F401  # pylint: disable=unused-import

# isort: split
from ansible_collections.devops.incident_response.plugins.module_utils.errors import IncidentResponseError
from ansible_collections.devops.incident_response.plugins.module_utils.model.service import Service
from ansible_collections.devops.incident_response.plugins.module_utils.names import near
from ansible_collections.devops.incident_response.plugins.module_utils.record.catalogue import (
    entry_from_service,
    service_from_entry,
    without_addresses,
)
from ansible_collections.devops.incident_response.plugins.module_utils.record.policy import severity_from
from ansible_collections.devops.incident_response.plugins.module_utils.record.request import OPTIONS, Request, request_from
from ansible_collections.devops.incident_response.plugins.plugin_utils.actions import ControllerAction

GROUP = "incident_service"
_CONNECTION_VARIABLES = ("ansible_connection", "ansible_host", "ansible_ssh_host")


class ActionModule(ControllerAction):
    """See plugins/modules/service_host.py."""

    BYPASS_HOST_LOOP = True
    ARGUMENT_SPEC: ClassVar[Mapping[str, Any]] = {
        **{name: {"type": "raw"} for name in OPTIONS},
        "requires": {"type": "list", "elements": "str", "choices": ["severity", "target", "analyze_deployment", "remedy"], "default": []},
    }

    def perform(self, arguments: Mapping[str, Any], task_vars: Mapping[str, Any]) -> dict[str, Any]:
        request = request_from(_given(arguments, task_vars), tuple(arguments["requires"]))
        known = task_vars.get("groups", {}).get("all", [])
        variables = task_vars["hostvars"][request.service] if request.service in known else {}
        _check_limit(request.service, task_vars, known)
        service = service_from_entry(request.service, _untagged(variables.get("incident_service")), request.namespace)
        host_variables = {
            # Routes hold keys. Kept apart, they are in no module's arguments and in nobody's verbose log.
            "incident_service": _entry(service, variables.get("incident_service")),
            "incident_routes": dict(service.on_call),
            "incident_dsns": {one.name: one.dsn for one in service.dependencies if one.dsn},
            "incident_request": {**_plain(request), "namespace": service.namespace, "dry_run": request.dry_run or self.dry},
        }
        if not any(name in variables for name in _CONNECTION_VARIABLES):
            host_variables |= {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        added = self._add_host(request.service, host_variables, task_vars)
        return {**added, "changed": False, "service": request.service, "request": host_variables["incident_request"]}

    def _add_host(self, name: str, variables: Mapping[str, Any], task_vars: Mapping[str, Any]) -> dict[str, Any]:
        """Through Ansible's own action: how a host gets into the inventory differs between its releases."""
        task = self._task.copy()
        task.args = {"name": name, "groups": [GROUP], **variables}
        action = self._shared_loader_obj.action_loader.get(
            "ansible.builtin.add_host",
            task=task,
            connection=self._connection,
            play_context=self._play_context,
            loader=self._loader,
            templar=self._templar,
            shared_loader_obj=self._shared_loader_obj,
        )
        result: dict[str, Any] = action.run(task_vars=task_vars)
        # Where the action has added the host by itself, its variables need not be in the result, and so in the log, as well.
        return {} if hasattr(self, "add_host") else result


def _given(arguments: Mapping[str, Any], task_vars: Mapping[str, Any]) -> dict[str, Any]:
    """The task's own options, and for those that it does not give the variables of the same name, as they were written."""
    given = {name: task_vars.get(name) for name in OPTIONS}
    # Of -e symptoms="500 errors", the shell leaves symptoms=500 errors, and Ansible keeps what is behind the blank apart.
    rest = task_vars.get("_raw_params")
    if rest and not isinstance(given["symptoms"], str):
        raise IncidentResponseError(f"'{rest}' belongs to no option. Quote values that have blanks in them: -e '{{\"name\": \"value\"}}'.")
    if rest:
        given["symptoms"] = f"{given['symptoms']} {rest}"
    fixed = {name: arguments[name] for name in OPTIONS if arguments[name] is not None}
    if "severity" in fixed and given["severity"] not in (None, ""):
        asked, meant = severity_from(given["severity"]), severity_from(fixed["severity"])
        if asked is not meant:
            raise IncidentResponseError(
                f"Option 'severity': {given['severity']!r} is not accepted, this playbook is for {meant.value}. "
                f"Use the playbook {asked.value.lower()}.yml, or leave the option out.",
                option="severity",
            )
    return given | fixed


def _check_limit(service: str, task_vars: Mapping[str, Any], known: list[str]) -> None:
    """``--limit`` would leave the next play without hosts, which ends without a word."""
    limit = task_vars.get("ansible_limit")
    if not limit or service in task_vars.get("ansible_play_hosts_all", ()):
        return
    alike = near(service, known)
    hint = f" Did you mean {' or '.join(alike)}?" if alike and service not in known else ""
    raise IncidentResponseError(f"--limit {limit} leaves out the service {service}. Leave --limit out, or name the service in it.{hint}")


def _entry(service: Service, given: Any) -> dict[str, Any]:
    """Every field but the workload's kind where nobody gave it: what is only a default would keep modules from finding it by name."""
    entry = entry_from_service(without_addresses(service))
    told = isinstance(given, Mapping) and given.get("workload_kind")
    return {name: value for name, value in entry.items() if told or name != "workload_kind"}


def _plain(request: Request) -> dict[str, Any]:
    return {
        "severity": request.severity.value if request.severity else None,
        "symptoms": list(request.symptoms),
        "timeframe": request.timeframe,
        "analyze_deployment": request.analyze_deployment,
        "rollback": request.rollback,
        "target": request.target,
        "post_mortem": request.post_mortem,
        "use_logs_only": request.use_logs_only,
        "incident_id": request.incident_id,
        "remedy": request.remedy,
        "replicas": request.replicas,
    }


def _untagged(value: Any) -> Any:
    """Plain data, without the origin and trust that Ansible tags its values with."""
    if isinstance(value, Mapping):
        return {str(key): _untagged(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_untagged(item) for item in value]
    for kind in (bool, str, int, float):
        if isinstance(value, kind):
            return kind(value)
    return value
