# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated production that is well, in a process of its own, for a faulty proxy to stand before."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.devops.incident_response.plugins.module_utils.clients.libraries import load
from ansible_collections.devops.incident_response.plugins.module_utils.faces.diagnostics import DIAGNOSTICS, diagnostics_from
from ansible_collections.devops.incident_response.plugins.module_utils.model.diagnostics import Diagnostics

from bench.lab import simulated_production

SERVICE = "payment-api"
Diagnose = Callable[..., Diagnostics]


@dataclass(frozen=True, slots=True)
class Production:
    """Where its servers are, and what the catalogue says of its service."""

    variables: Mapping[str, str]
    entry: Mapping[str, Any]
    token: str

    @property
    def cluster(self) -> str:
        server: str = json.loads(Path(self.variables["KUBECONFIG"]).read_text(encoding="utf-8"))["clusters"][0]["cluster"]["server"]
        return server

    def diagnose(self, **options: Any) -> Diagnostics:
        """As the module does, with `options` over those that lead to the servers themselves."""
        defaults = {name: spec.get("default") for name, spec in DIAGNOSTICS.items()}
        places = {
            "kubeconfig": self.variables["KUBECONFIG"],
            "prometheus_url": self.variables["PROMETHEUS_URL"],
            "jaeger_url": self.variables["JAEGER_URL"],
        }
        params = {**defaults, "service": SERVICE, "catalogue": dict(self.entry), **places, **options}
        return diagnostics_from(params, datetime.now(UTC))


@pytest.fixture(scope="session")
def production(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Production]:
    # Loaded beforehand, so that a short time limit is one for the servers alone.
    for name in ("urllib3", "requests", "prometheus_api_client.prometheus_connect", "kubernetes.client.rest", "kubernetes.config"):
        load(name)
    with simulated_production(SERVICE, 0, tmp_path_factory.mktemp("lab")) as variables:
        entry = yaml.safe_load(Path(variables["LAB_CATALOGUE"]).read_text(encoding="utf-8"))["services"][SERVICE]
        users = json.loads(Path(variables["KUBECONFIG"]).read_text(encoding="utf-8"))["users"]
        known = {name: value for name, value in entry.items() if name not in ("team", "tier")}
        yield Production(variables, known, users[0]["user"]["token"])
