# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleParserError
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from ansible_collections.devops.incident_response.plugins.inventory import services

CATALOGUE = """
plugin: devops.incident_response.services
settings:
  prometheus_url: http://prometheus.example:9090
services:
  payment-api:
    title: Payment API
    team: payments team
    tier: 1
    variables: {decide_target: v2.3.0}
  auth-service:
"""


@pytest.fixture
def warnings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    given: list[str] = []
    monkeypatch.setattr(services.display, "warning", given.append)
    return given


def parse(directory: Path, text: str) -> InventoryData:
    path = directory / "services.yml"
    path.write_text(text, encoding="utf-8")
    inventory = InventoryData()
    plugin = services.InventoryModule()
    # What Ansible's plugin loader would do.
    plugin._load_name = plugin._original_path = services.InventoryModule.NAME
    plugin._redirected_names = [services.InventoryModule.NAME]
    plugin.get_option = _options(text).__getitem__  # type: ignore[method-assign]
    plugin._read_config_data = lambda _path: {}  # type: ignore[method-assign]
    plugin.parse(inventory, DataLoader(), str(path))
    inventory.reconcile_inventory()
    return inventory


def _options(text: str) -> dict[str, Any]:
    document = DataLoader().load(text)
    return {"settings": document.get("settings", {}), "services": document["services"]}


def test_each_service_is_a_host_in_the_groups_of_its_team_and_tier(tmp_path: Path, warnings: list[str]) -> None:
    inventory = parse(tmp_path, CATALOGUE)
    assert sorted(inventory.hosts) == ["auth-service", "payment-api"]
    groups = inventory.get_groups_dict()
    assert sorted(groups["services"]) == ["auth-service", "payment-api"]
    assert groups["team_payments_team"] == ["payment-api"]
    assert groups["tier_1"] == ["payment-api"]
    assert inventory.groups["services"].vars["ansible_connection"] == "local"
    assert inventory.groups["all"].vars == {"prometheus_url": "http://prometheus.example:9090"}
    assert inventory.hosts["payment-api"].vars["incident_service"] == {"title": "Payment API"}
    assert inventory.hosts["payment-api"].vars["decide_target"] == "v2.3.0"
    assert inventory.hosts["auth-service"].vars["incident_service"] == {}
    assert warnings == []


def test_variables_of_a_team_win_over_those_of_all_services(tmp_path: Path, warnings: list[str]) -> None:
    inventory = parse(tmp_path, CATALOGUE)
    assert inventory.groups["team_payments_team"].depth > inventory.groups["services"].depth
    assert warnings == []


def test_a_bad_entry_is_named_and_the_others_stay(tmp_path: Path, warnings: list[str]) -> None:
    inventory = parse(tmp_path, CATALOGUE.replace("title: Payment API", "titel: Payment API"))
    assert sorted(inventory.hosts) == ["auth-service", "payment-api"]
    (warning,) = warnings
    assert f"{tmp_path}/services.yml: Option 'services.payment-api.titel': 'Payment API' is not accepted." in warning


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("  auth-service: [a]", "services.auth-service is no mapping of fields."),
        ("  auth-service: {variables: 5}", "services.auth-service.variables is no mapping of variables."),
    ],
)
def test_what_has_no_shape_stops(tmp_path: Path, change: str, message: str) -> None:
    with pytest.raises(AnsibleParserError, match=message):
        parse(tmp_path, CATALOGUE.replace("  auth-service:", change))


@pytest.mark.parametrize(("name", "valid"), [("services.yml", True), ("services.yaml", True), ("services.ini", False)])
def test_it_reads_yaml_files(tmp_path: Path, name: str, valid: bool) -> None:
    (tmp_path / name).touch()
    assert services.InventoryModule().verify_file(str(tmp_path / name)) is valid
