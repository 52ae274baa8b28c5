# SPDX-License-Identifier: GPL-3.0-or-later
"""The rollback's modules as a playbook runs them, and what they may do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from plugins.module_utils.clients.registry import RegistryClient
from plugins.module_utils.model.check import Verdict
from plugins.module_utils.model.service import WorkloadKind
from plugins.module_utils.rollback.checks import (
    CHECK_NAMES,
    Asked,
    check_permission,
    run_checks,
)
from plugins.module_utils.rollback.plan import Change, make_change
from tests.contract.ansible_runs import module
from tests.contract.clusters import READER, Cluster
from tests.contract.test_rollback import DEPLOYMENT, now, versions_running

OURS = "devops.incident_response"


def options(cluster: Cluster, user: str = "admin", **more: Any) -> dict[str, Any]:
    return {"service": "payment-api", "namespace": cluster.namespace, "kubeconfig": str(cluster.kubeconfigs[user]), **more}


@pytest.mark.parametrize("kind", list(WorkloadKind))
def test_check_then_apply_then_apply_again(cluster: Cluster, kind: WorkloadKind) -> None:
    cluster.history("v2.3.0", "v2.3.1", kind=kind, replicas=2)
    wanted = options(cluster, target="v2.3.0", catalogue={"workload_kind": kind.value})
    tried = module(f"{OURS}.rollback", wanted, check=True)
    assert (tried["changed"], tried["state"]) == (True, "planned")
    assert cluster.tag(kind) == "v2.3.1"
    done = module(f"{OURS}.rollback", wanted)
    assert (done["changed"], done["state"], done["progress"]["done"]) == (True, "verifying", done["plan"]["replicas"])
    cluster.complete(kind)
    assert versions_running(cluster) == {"v2.3.0"}
    again = module(f"{OURS}.rollback", wanted)
    assert (again["changed"], again["state"]) == (False, "verifying")


def test_a_reader_is_told_what_is_missing(cluster: Cluster) -> None:
    cluster.history("v2.3.0", "v2.3.1", replicas=1)
    refused = module(f"{OURS}.rollback", options(cluster, READER, target="v2.3.0"))
    assert refused["failed"]
    assert "forbidden" in refused["msg"].lower()
    assert cluster.tag() == "v2.3.1"


def test_the_checks_before_a_rollback(cluster: Cluster) -> None:
    cluster.history("v2.3.0", "v2.3.1", replicas=1)
    unknown = ["image", "stability", "schema_compatible", "api_compatible"]
    checked = module(f"{OURS}.rollback_check", options(cluster, target="v2.3.0", acceptable_unknown=unknown, attempts=[]))
    verdicts = {check["name"]: check["verdict"] for check in checked["checks"]}
    assert tuple(verdicts) == CHECK_NAMES
    assert {name: verdicts[name] for name in ("permission", "target_exists", "rollout", "owner", "capacity")} == dict.fromkeys(
        ("permission", "target_exists", "rollout", "owner", "capacity"), "pass"
    )
    assert verdicts["stability"] == "fail", "a version that ran for seconds is not proven"
    assert checked["blocking"] == ["stability"]


@pytest.mark.parametrize(
    ("schemas", "verdict"),
    [
        ({"v2.3.0": ["41", "42"], "v2.3.1": ["42"]}, "pass"),
        ({"v2.3.0": ["41"], "v2.3.1": ["42"]}, "fail"),
        ({"v2.3.1": ["42"]}, "unknown"),
    ],
)
def test_schemas_that_are_declared_by_version(cluster: Cluster, schemas: dict[str, list[str]], verdict: str) -> None:
    assert _check(cluster, "schema_compatible", schema_versions=schemas)["verdict"] == verdict


@pytest.mark.parametrize(
    ("before", "after", "verdict", "why"),
    [
        (["/pay"], ["/pay"], "pass", ""),
        (["/pay"], ["/pay", "/refund"], "fail", "GET /refund does not exist"),
        (["/pay"], None, "unknown", "api-v2.3.1.json can't be read"),
    ],
)
def test_the_apis_of_both_versions_are_compared(
    cluster: Cluster, tmp_path: Path, before: list[str], after: list[str] | None, verdict: str, why: str
) -> None:
    for version, paths in (("v2.3.0", before), ("v2.3.1", after)):
        if paths is not None:
            answers = {path: {"get": {"responses": {"200": {"description": "ok"}}}} for path in paths}
            document = {"openapi": "3.0.3", "info": {"title": "payments", "version": version}, "paths": answers}
            (tmp_path / f"api-{version}.json").write_text(json.dumps(document))
    found = _check(cluster, "api_compatible", openapi=f"{tmp_path}/api-{{version}}.json")
    assert found["verdict"] == verdict
    assert why in found["detail"]


def _check(cluster: Cluster, name: str, **catalogue: Any) -> dict[str, Any]:
    """One check of a rollback from v2.3.1 to v2.3.0, for a service with this in the catalogue."""
    cluster.history("v2.3.0", "v2.3.1", replicas=1)
    checked = module(f"{OURS}.rollback_check", options(cluster, target="v2.3.0", acceptable_unknown=[], catalogue=catalogue))
    found: dict[str, Any] = next(check for check in checked["checks"] if check["name"] == name)
    return found


def test_a_second_rollback_of_an_incident_is_not_made_by_itself(cluster: Cluster) -> None:
    cluster.history("v2.2.0", "v2.3.0", "v2.3.1", replicas=1)
    done = module(f"{OURS}.rollback", options(cluster, target="v2.3.0", incident="one"))
    attempt = {"started_at": done["rollback"]["started_at"], "state": "not_recovered", "to_version": "v2.3.0", **done["plan"]}
    checked = module(f"{OURS}.rollback_check", options(cluster, target="v2.2.0", incident="one", attempts=[attempt]))
    found = next(check for check in checked["checks"] if check["name"] == "first_attempt")
    assert (found["verdict"], "first_attempt" in checked["blocking"], checked["passed"]) == ("fail", True, False)
    assert "it was rolled back to v2.3.0 (state: not_recovered)" in found["detail"]
    assert "Look at the next hypothesis" in found["detail"]
    again = module(f"{OURS}.rollback_check", options(cluster, target="v2.3.0", incident="one", attempts=[attempt]))
    assert not again["needed"], "and what was asked for is there: running again only follows"


@pytest.mark.parametrize("kind", list(WorkloadKind))
def test_permission_as_the_cluster_sees_it(cluster: Cluster, kind: WorkloadKind) -> None:
    cluster.create(kind, "v2.3.0", replicas=1)
    service = cluster.service(kind)
    assert check_permission(cluster.client(), service, "auto-approved for P0").verdict is Verdict.PASS
    denied = check_permission(cluster.client(READER), service, None)
    assert denied.verdict is Verdict.FAIL
    assert f"may not patch {kind.value.lower()}s.apps payment-api in {cluster.namespace}" in denied.detail


def change(cluster: Cluster) -> Change:
    return make_change(cluster.client(), cluster.service(), "previous", now())


def verdict(cluster: Cluster, name: str, registry: RegistryClient | None = None) -> tuple[Verdict, str]:
    checked = run_checks(cluster.client(), cluster.service(), change(cluster), registry, None, Asked(attempts=()))
    return next((check.verdict, check.detail) for check in checked.checks if check.name == name)


def test_a_quota_that_leaves_no_room(cluster: Cluster) -> None:
    cluster.history(
        "v2.3.0", "v2.3.1", replicas=2, strategy={"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    )
    quotas = "api/v1/{}/resourcequotas"
    hard = {"pods": "2", "count/pods": "9", "requests.cpu": "3", "limits.memory": "1Gi"}
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "small"}, "spec": {"hard": hard}}
    cluster.client().post(f"/{quotas.format(f'namespaces/{cluster.namespace}')}", quota)
    cluster.until("the quota's use", lambda: cluster.listed(quotas)[0].get("status", {}).get("used", {}).get("pods") == "2")
    assert cluster.listed(quotas)[0]["status"]["used"] == {"pods": "2", "count/pods": "2", "requests.cpu": "0", "limits.memory": "0"}
    found, detail = verdict(cluster, "capacity")
    assert found is Verdict.FAIL
    assert "2 of 2 pods in use" in detail


def test_a_strategy_that_takes_every_pod_away_against_a_budget(cluster: Cluster) -> None:
    cluster.history("v2.3.0", "v2.3.1", replicas=2, strategy={"type": "Recreate"})
    selector = {"matchLabels": {"app": "payment-api"}}
    budget = {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "payments"}}
    path = f"/apis/policy/v1/namespaces/{cluster.namespace}/poddisruptionbudgets"
    cluster.client().post(path, {**budget, "spec": {"minAvailable": 1, "selector": selector}})
    cluster.until("its status", lambda: cluster.client().get(f"{path}/payments").get("status", {}).get("currentHealthy") == 2)
    found, detail = verdict(cluster, "disruption_budget")
    assert (found, "promises 1 healthy pods, there are 2" in detail) == (Verdict.FAIL, True)


def test_an_image_that_the_nodes_were_refused(cluster: Cluster) -> None:
    cluster.create(DEPLOYMENT, "v2.3.0-nopull", replicas=4)
    cluster.until("refused pulls", lambda: sum("ImagePull" in str(pod.get("status")) for pod in cluster.pods()) == 4)
    cluster.roll_out(DEPLOYMENT, "v2.3.1-unready")
    cluster.until("the second revision", lambda: _revisions(cluster) == 2)
    found, detail = verdict(cluster, "pull")
    assert (found, "ImagePull" in detail) == (Verdict.FAIL, True)


def _revisions(cluster: Cluster) -> int:
    return len(cluster.listed("apis/apps/v1/{}/replicasets"))


def test_what_the_autoscaler_and_the_budget_will_do(cluster: Cluster) -> None:
    cluster.history("v2.3.0", "v2.3.1", replicas=1)
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "payment-api"}
    scaler = {"minReplicas": 1, "maxReplicas": 3, "scaleTargetRef": target}
    budget = {"maxUnavailable": 1, "selector": {"matchLabels": {"app": "payment-api"}}}
    for group, kind, spec in (("autoscaling/v2", "HorizontalPodAutoscaler", scaler), ("policy/v1", "PodDisruptionBudget", budget)):
        path = f"/apis/{group}/namespaces/{cluster.namespace}/{kind.lower()}s"
        cluster.client().post(path, {"apiVersion": group, "kind": kind, "metadata": {"name": "payments"}, "spec": spec})
    budgets = "apis/policy/v1/{}/poddisruptionbudgets"
    cluster.until("the budget's status", lambda: cluster.listed(budgets)[0].get("status", {}).get("currentHealthy") == 1)
    checked = run_checks(cluster.client(), cluster.service(), change(cluster), None, None, Asked())
    found, notes = {check.name: check for check in checked.checks}, checked.notes
    assert {found[name].verdict for name in ("autoscaler", "disruption_budget", "pull")} == {Verdict.PASS}
    assert "It chooses between 1 and 3 pods, now 1" in found["autoscaler"].detail
    assert "payments allows 1 evictions now (1 healthy, 0 promised)" in found["disruption_budget"].detail
    assert "shop/payment-api:v2.3.1, which comes from the same repository" in found["pull"].detail
    assert any("HorizontalPodAutoscaler payments goes on to choose the number of pods between 1 and 3" in note for note in notes)
    assert any("PodDisruptionBudget payments covers evictions only" in note for note in notes)


@pytest.mark.parametrize(
    ("annotations", "labels", "owner"),
    [
        (
            {"meta.helm.sh/release-name": "payments", "meta.helm.sh/release-namespace": "shop"},
            {"app.kubernetes.io/managed-by": "Helm"},
            "Helm",
        ),
        ({"argocd.argoproj.io/tracking-id": "payments:apps/Deployment:shop/payment-api"}, {}, "Argo CD"),
        ({}, {"kustomize.toolkit.fluxcd.io/name": "payments", "kustomize.toolkit.fluxcd.io/namespace": "flux-system"}, "Flux"),
    ],
)
def test_who_owns_the_manifest(cluster: Cluster, annotations: dict[str, str], labels: dict[str, str], owner: str) -> None:
    """Of Argo CD and Flux, neither side has the custom resources: whether they would undo it must not be taken for a no."""
    cluster.history("v2.3.0", "v2.3.1", replicas=1)
    cluster.patch(DEPLOYMENT, {"metadata": {"annotations": annotations, "labels": labels}})
    found = change(cluster).rollouts
    assert found.owner is not None
    assert found.owner.startswith(owner)
    assert found.owner_reverts is (owner != "Helm")


def test_recovery_without_metrics_is_not_claimed(cluster: Cluster) -> None:
    cluster.history("v2.3.0", replicas=1)
    seen = module(f"{OURS}.recovery_info", options(cluster, passes=1, interval="1s", timeout="2s"))
    assert seen["recovery"]["recovered"] is None
    measures = {measure["name"]: measure["passed"] for measure in seen["recovery"]["measures"]}
    assert (measures["readiness"], measures["restarts"], measures["error_rate"]) == (True, True, None)


def test_recovery_waits_for_pods(cluster: Cluster) -> None:
    cluster.create(DEPLOYMENT, "v1-unready", replicas=1)
    seen = module(f"{OURS}.recovery_info", options(cluster, passes=1, interval="1s", timeout="2s"))
    readiness = next(measure for measure in seen["recovery"]["measures"] if measure["name"] == "readiness")
    assert seen["recovery"]["recovered"] is False
    assert (readiness["passed"], readiness["value"]) == (False, 0.0)


@pytest.mark.parametrize("kind", [WorkloadKind.STATEFUL_SET, WorkloadKind.DAEMON_SET])
def test_the_kind_is_found_by_name(cluster: Cluster, kind: WorkloadKind) -> None:
    cluster.history("v2.3.0", "v2.3.1", kind=kind, replicas=1)
    checked = module(f"{OURS}.rollback_check", options(cluster, target="previous", acceptable_unknown=[]))
    assert checked["plan"]["kind"] == kind.value
    done = module(f"{OURS}.rollback", options(cluster, target="v2.3.0"))
    assert (done["changed"], done["state"], done["plan"]["kind"]) == (True, "verifying", kind.value)
    seen = module(f"{OURS}.recovery_info", options(cluster, passes=1, interval="1s", timeout="2s"))
    assert next(measure for measure in seen["recovery"]["measures"] if measure["name"] == "readiness")["passed"]
    assert module(f"{OURS}.mitigation", options(cluster, action="restart"))["mitigation"]["kind"] == kind.value


def test_two_kinds_of_one_name_are_told_apart_by_the_catalogue_only(cluster: Cluster) -> None:
    for kind in (DEPLOYMENT, WorkloadKind.STATEFUL_SET):
        cluster.create(kind, "v2.3.0", replicas=1)
    for name, more in (("rollback", {"target": "previous"}), ("recovery_info", {}), ("mitigation", {"action": "restart"})):
        refused = module(f"{OURS}.{name}", options(cluster, **more))
        assert refused["failed"]
        assert f"{cluster.namespace} has a Deployment and a StatefulSet called payment-api" in refused["msg"]
        assert "catalogue.workload_kind" in refused["msg"]


def test_a_service_that_is_not_there_is_met_by_what_is(cluster: Cluster) -> None:
    cluster.create(DEPLOYMENT, "v2.3.0", replicas=1)
    for name, more in (("rollback_check", {"target": "previous"}), ("recovery_info", {}), ("mitigation", {"action": "restart"})):
        refused = module(f"{OURS}.{name}", {**options(cluster, **more), "service": "paymnt-api"})
        assert refused["failed"]
        assert "Did you mean payment-api?" in refused["msg"]
