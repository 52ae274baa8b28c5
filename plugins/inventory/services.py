# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The service catalogue as hosts and groups."""

from __future__ import annotations

DOCUMENTATION = r"""
name: services
short_description: The service catalogue as hosts and groups
version_added: 0.1.0
description:
  - Reads one YAML file in which teams say what they know about their services. Each service becomes a host.
  - All of them are in the group C(services), and in C(team_<team>) and C(tier_<tier>) where the entry has them.
  - A host has its entry as the variable C(incident_service), which C(docs/catalogue.md) describes field by field, and modules for it run on
    the controller. Give a host or a group C(ansible_host), such as a bastion that reaches the cluster, to have them run there.
  - An entry that is not right is warned of with the names of the service and of the field. The other services stay usable, and a response
    for that one stops with the same message before it touches anything.
author:
  - devops.incident_response contributors (@devops)
options:
  plugin:
    description: Marks the file as one of this plugin.
    type: str
    required: true
    choices: [devops.incident_response.services]
  settings:
    description:
      - Variables for every host, such as C(prometheus_url), C(jaeger_url), C(tempo_url), C(loki_url),
        C(registry_url), C(kubeconfig), C(context), C(incidents_dir).
    type: dict
    default: {}
  services:
    description:
      - Entry by name of the service. Besides the fields of C(docs/catalogue.md), C(team), C(tier) and C(variables), which become variables
        of the host.
    type: dict
    required: true
"""

EXAMPLES = r"""
# services.yml
plugin: devops.incident_response.services
settings:
  prometheus_url: https://prometheus.example.com
services:
  payment-api:
    title: Payment API
    team: payments
    tier: "1"
    owners: ["@payments"]
    on_call:
      on_call: pagerduty+https://events.pagerduty.com/v2/enqueue?routing_key=0123
      channel: https://hooks.slack.com/services/T0/B0/x
    channel: "#incidents"
    dependencies:
      - name: database
        title: Database
        type: tcp
        address: db.production:5432
  auth-service: {}
"""

import json
import re
import sys
from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleParserError
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.inventory import BaseInventoryPlugin
from ansible.utils.display import Display

# Before all that it makes quicker to load.
from ansible_collections.devops.incident_response.plugins.plugin_utils import bytecode  # noqa: F401  # pylint: disable=unused-import

# isort: split
from ansible_collections.devops.incident_response.plugins.module_utils.errors import IncidentResponseError
from ansible_collections.devops.incident_response.plugins.module_utils.record.catalogue import service_from_entry

display = Display()

_GROUP = "services"
_OWN_FIELDS = ("team", "tier", "variables")
_NOT_A_NAME = re.compile(r"\W")


class InventoryModule(BaseInventoryPlugin):
    NAME = "devops.incident_response.services"

    def verify_file(self, path: str) -> bool:
        return bool(super().verify_file(path)) and path.endswith((".yml", ".yaml"))

    def parse(self, inventory: InventoryData, loader: DataLoader, path: str, cache: bool = True) -> None:
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        for name, value in self.get_option("settings").items():
            inventory.set_variable("all", name, value)
        inventory.add_group(_GROUP)
        inventory.set_variable(_GROUP, "ansible_connection", "local")
        inventory.set_variable(_GROUP, "ansible_python_interpreter", sys.executable)
        for name, entry in self.get_option("services").items():
            if not isinstance(entry, Mapping | None):
                raise AnsibleParserError(f"{path}: services.{name} is no mapping of fields.")
            self._add(str(name), dict(entry or {}), path)

    def _add(self, name: str, given: dict[str, Any], path: str) -> None:
        own = {field: given.pop(field, None) for field in _OWN_FIELDS}
        try:
            service_from_entry(name, json.loads(json.dumps(given)))
        except IncidentResponseError as error:
            display.warning(f"{path}: {error.message}")
        self.inventory.add_host(name, group=_GROUP)
        self.inventory.set_variable(name, "incident_service", given)
        for field, prefix in (("team", "team_"), ("tier", "tier_")):
            if own[field] is not None:
                self.inventory.set_variable(name, f"service_{field}", str(own[field]))
                self._join(name, prefix + _NOT_A_NAME.sub("_", str(own[field])))
        if not isinstance(own["variables"], Mapping | None):
            raise AnsibleParserError(f"{path}: services.{name}.variables is no mapping of variables.")
        for variable, value in (own["variables"] or {}).items():
            self.inventory.set_variable(name, variable, value)

    def _join(self, host: str, group: str) -> None:
        """Groups of teams and tiers are below the group of all services, so that their variables win over its own."""
        self.inventory.add_group(group)
        self.inventory.add_child(_GROUP, group)
        self.inventory.add_child(group, host)
