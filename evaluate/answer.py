# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks the collection about a case: everything over the wire, then the decision."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import kubernetes  # noqa: F401 - loaded once, before any case is timed
import prometheus_api_client  # noqa: F401
import yaml
from ansible_collections.devops.incident_response.plugins.module_utils.clients.jaeger import JaegerClient
from ansible_collections.devops.incident_response.plugins.module_utils.decision.calibration import AS_STATED
from ansible_collections.devops.incident_response.plugins.module_utils.decision.recommendation import recommend
from ansible_collections.devops.incident_response.plugins.module_utils.decision.situation import Options as DecisionOptions
from ansible_collections.devops.incident_response.plugins.module_utils.errors import IncidentResponseError
from ansible_collections.devops.incident_response.plugins.module_utils.faces.connections import cluster_from, prometheus_from, service_from
from ansible_collections.devops.incident_response.plugins.module_utils.faces.diagnostics import Clients, Options, diagnose
from ansible_collections.devops.incident_response.plugins.module_utils.model.diagnostics import Diagnostics
from ansible_collections.devops.incident_response.plugins.module_utils.model.evidence import EvidenceStatus, Source
from ansible_collections.devops.incident_response.plugins.module_utils.model.incident import Policy

from evaluate.case import Case, Outcome
from evaluate.lacking import LACKS, Lack
from evaluate.production import production
from lab.running import Lab
from lab.scenario.loader import load
from lab.scenario.model import Scenario

_BASE = 1_795_435_200.0  # 2026-11-23T12:00:00Z, a Monday
_BETWEEN_SEEDS_S = 3607.0
"""Each seed has its own time of the day, and its own phase of the scrapes."""
_P0 = Policy(page=("on_call",), rollback="automatic", update_interval=600.0, mttr_target=600.0)
_PATIENT = Options(source_timeout=60.0, probe_timeout=60.0, deadline=120.0)
"""How long something takes is no part of the evaluation: a busy machine must not change an answer."""
_NOT_OF_THE_SERVICE = ("team", "tier")


def answer(case: Case) -> Outcome:
    """What the collection recommends for ``case``, beside the truth."""
    lack = LACKS[case.lacking]
    scenario = lack.scenario(load(case.scenario, case.seed))
    began = time.monotonic()
    now = _BASE + _BETWEEN_SEEDS_S * case.seed
    truth = scenario.truth
    actions = (truth.action, *truth.acceptable)
    try:
        with production(scenario, now) as lab:
            seen = diagnosed(scenario, lab, now, lack)
        said = recommend(seen, _P0, seen.collected_at, _options(case))
    except IncidentResponseError as error:
        return Outcome(case, actions, truth.kinds, truth.cause, error=error.message, took_s=time.monotonic() - began)
    return Outcome(
        case=case,
        actions=actions,
        kinds=truth.kinds,
        cause=truth.cause,
        action=said.action.value,
        named=said.hypotheses[0].cause if said.hypotheses else "",
        headline=said.headline,
        confidence=said.confidence,
        score=said.score.score,
        possible=said.score.possible,
        automatic=said.automatic,
        guards=tuple(guard.name for guard in said.guards),
        missing=tuple(_missing(seen)),
        took_s=time.monotonic() - began,
    )


def _options(case: Case) -> DecisionOptions:
    return DecisionOptions(severity="P0", calibration=AS_STATED) if case.as_stated else DecisionOptions(severity="P0")


def _missing(seen: Diagnostics) -> Iterator[str]:
    for evidence in (seen.workload, seen.rollouts, seen.logs, seen.metrics, seen.traces, seen.dependencies, seen.changes):
        if evidence.status in (EvidenceStatus.UNAVAILABLE, EvidenceStatus.PARTIAL):
            yield f"{evidence.source.value}: {evidence.reason}"
    for signal in seen.metrics.data.signals if seen.metrics.data else ():
        if signal.value is None:
            yield f"{signal.name}: {signal.reason}"


def diagnosed(scenario: Scenario, lab: Lab, now: float, lack: Lack = LACKS[""]) -> Diagnostics:
    """What the sources of a running ``lab`` say about the scenario's service at ``now`` (Unix seconds), but for what is gone without."""
    with open(lab.environment["LAB_CATALOGUE"], encoding="utf-8") as file:
        entry = yaml.safe_load(file)["services"][scenario.service]
    for dependency in entry.get("dependencies", ()):
        # All servers share a thread: one that computes series keeps the others waiting.
        dependency.setdefault("slow_at", _PATIENT.source_timeout)
    params = {
        "service": scenario.service,
        "catalogue": lack.entry({name: value for name, value in entry.items() if name not in _NOT_OF_THE_SERVICE}),
        "kubeconfig": lab.environment["KUBECONFIG"],
        "prometheus_url": lab.environment["PROMETHEUS_URL"],
        "prometheus_timeout": _PATIENT.source_timeout,
        "cluster_timeout": _PATIENT.source_timeout,
    }
    clients = Clients(lambda: cluster_from(params), prometheus_from(params), JaegerClient(lab.environment["JAEGER_URL"]))
    return diagnose(
        service_from(params),
        clients,
        replace(_PATIENT, sources=frozenset(source for source in Source if source.value not in lack.without)),
        datetime.fromtimestamp(now, UTC),
    )
