# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection recommends for an incident, asked over the wire: a real Prometheus, and a cluster's objects and logs."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ansible_collections.devops.incident_response.plugins.module_utils.decision.recommendation import recommend
from ansible_collections.devops.incident_response.plugins.module_utils.decision.situation import Options as DecisionOptions
from ansible_collections.devops.incident_response.plugins.module_utils.faces.connections import cluster_from, prometheus_from, service_from
from ansible_collections.devops.incident_response.plugins.module_utils.faces.diagnostics import Clients, Options, diagnose
from ansible_collections.devops.incident_response.plugins.module_utils.model.incident import Policy
from ansible_collections.devops.incident_response.plugins.module_utils.model.recommendation import Recommendation

from tests.real.parts.prometheus import prometheus

from .measured import history
from .objects import Cluster
from .servers import World, cluster, standing_still
from .stories import Incident

NAMESPACE = "production"
NOW = 1_795_663_800.0  # 2026-11-26T03:30:00Z
_UNHURRIED = 60.0
"""Seconds for a source: how long it takes is no part of the answer."""
_P0 = Policy(page=("on_call",), rollback="automatic", update_interval=600.0, mttr_target=600.0)


@dataclass(frozen=True, slots=True)
class Production:
    kubeconfig: str
    prometheus: str | None


@contextlib.contextmanager
def production(incident: Incident, directory: Path) -> Iterator[Production]:
    """The servers of `incident`. Raises PartUnavailable where Prometheus cannot be had."""
    objects = Cluster(incident, NAMESPACE, NOW + incident.ahead)
    with contextlib.ExitStack() as running:
        url = running.enter_context(cluster(World(NOW, objects.objects(), objects.logs(), incident.ahead)))
        measured = None
        if incident.measured:
            series = (one for service in incident.services for one in history(service, NOW, NAMESPACE))
            measured = running.enter_context(prometheus(directory / "prometheus", series))
            measured = running.enter_context(standing_still(measured, NOW))
        yield Production(_kubeconfig(url, directory), measured)


def recommended(incident: Incident, running: Production) -> Recommendation:
    """What is recommended at P0, where a policy allows automatic rollbacks."""
    asked = incident.services[0]
    params = {
        "service": asked.name,
        "catalogue": dict(asked.entry),
        "kubeconfig": running.kubeconfig,
        "cluster_timeout": _UNHURRIED,
        "prometheus_url": running.prometheus,
        "prometheus_timeout": _UNHURRIED,
    }
    clients = Clients(lambda: cluster_from(params), prometheus_from(params) if running.prometheus else None, None)
    options = Options(source_timeout=_UNHURRIED, deadline=2 * _UNHURRIED)
    seen = diagnose(service_from(params), clients, options, datetime.fromtimestamp(NOW, UTC))
    return recommend(seen, _P0, seen.collected_at, DecisionOptions(severity="P0"))


def _kubeconfig(url: str, directory: Path) -> str:
    file = directory / "kubeconfig"
    named = {"clusters": [{"name": "c", "cluster": {"server": url}}], "users": [{"name": "u", "user": {"token": "t"}}]}
    context = {"contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}], "current-context": "c"}
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "Config", **named, **context}), encoding="utf-8")
    return str(file)
