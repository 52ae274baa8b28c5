# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks before a rollback, as the simulated cluster answers them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from lab.cluster.authorization import ADMIN, Rule, User
from lab.cluster.behaviour import ExecResult
from plugins.module_utils.model.check import Check, Verdict
from plugins.module_utils.model.service import Service
from plugins.module_utils.rollback.checks import CHECK_NAMES, Asked, Checked, blocking, run_checks
from plugins.module_utils.rollback.claim import ANNOTATION
from plugins.module_utils.rollback.kind import AnotherControllersError
from plugins.module_utils.rollback.plan import make_change
from tests.rollback.conftest import LocalCluster

SERVICE = Service("payment-api", schema_check=("./check-schema.sh",), api_check=("./check-api.sh",))
VIEWER = User("viewer", "viewer-token", rules=(Rule(("get", "list", "watch"), ("*",), ("*",), ("production",)),))


class Registry:
    def has_tag(self, repository: str, tag: str) -> bool:
        return (repository, tag) == ("shop/payment-api", "v2.3.0")


@pytest.fixture
def users() -> Sequence[User]:
    return (ADMIN, VIEWER)


@pytest.fixture
def broken(local: LocalCluster) -> LocalCluster:
    """v2.3.0 for 72 hours, then v2.3.1, whose pods crash; both compatibility scripts say yes."""
    local.deploy("Deployment", "v2.3.0", settle=60)
    local.time += 72 * 3600 - 60
    local.behaviour.broken.add("v2.3.1")
    local.behaviour.answers |= {"./check-schema.sh": ExecResult("fits\n"), "./check-api.sh": ExecResult("no breaking change\n")}
    local.deploy("Deployment", "v2.3.1")
    return local


def check(local: LocalCluster, service: Service = SERVICE, token: str = ADMIN.token, **asked: Any) -> Checked:
    client = local.client(token)
    change = make_change(client, service, "v2.3.0", local.now())
    return run_checks(client, service, change, Registry(), None, Asked("auto-approved for P0", **{"attempts": (), **asked}))


def by_name(checked: Checked) -> dict[str, Check]:
    return {it.name: it for it in checked.checks}


def test_all_is_well_in_the_words_of_the_plan(broken: LocalCluster) -> None:
    checked = check(broken)
    assert tuple(it.name for it in checked.checks) == CHECK_NAMES
    assert [it.title for it in checked.checks][:5] == [
        "Target version v2.3.0 exists in registry",
        "v2.3.0 was stable for 72 hours",
        "Database schema compatible",
        "No breaking API changes detected",
        "Rollback permission granted (auto-approved for P0)",
    ]
    assert blocking(checked.checks, ()) == ()


def test_the_commands_run_in_a_pod_of_the_target_with_its_version(broken: LocalCluster) -> None:
    check(broken)
    pods = {pod["metadata"]["name"]: pod for pod in broken.client().get("/api/v1/namespaces/production/pods")["items"]}
    assert sorted(command for _, command in broken.behaviour.asked) == [("./check-api.sh", "v2.3.0"), ("./check-schema.sh", "v2.3.0")]
    assert {pods[name]["spec"]["containers"][0]["image"].rpartition(":")[2] for name, _ in broken.behaviour.asked} == {"v2.3.0"}


def test_a_schema_that_does_not_fit_stops_the_rollback(broken: LocalCluster) -> None:
    broken.behaviour.answers["./check-schema.sh"] = ExecResult("", "column fee is missing", 1)
    checked = check(broken)
    assert [it.name for it in blocking(checked.checks, ("schema_compatible",))] == ["schema_compatible"]
    assert "column fee is missing" in by_name(checked)["schema_compatible"].detail


def test_unknown_stops_it_unless_it_may_be_unknown(broken: LocalCluster) -> None:
    checked = check(broken, replace(SERVICE, api_check=(), schema_check=()))
    assert by_name(checked)["api_compatible"].verdict is Verdict.UNKNOWN
    assert [it.name for it in blocking(checked.checks, ())] == ["schema_compatible", "api_compatible"]
    assert [it.name for it in blocking(checked.checks, ("api_compatible",))] == ["schema_compatible"]


def test_who_may_only_look_may_not_roll_back(broken: LocalCluster) -> None:
    checked = check(broken, token=VIEWER.token)
    permission = by_name(checked)["permission"]
    assert (permission.verdict, permission.title) == (Verdict.FAIL, "Rollback permission denied")
    assert "auto-approved" not in permission.title
    assert by_name(checked)["schema_compatible"].verdict is Verdict.UNKNOWN


def test_a_pause_stops_it(broken: LocalCluster) -> None:
    broken.merge("deployments", "payment-api", {"spec": {"paused": True}})
    assert "rollout resume" in by_name(check(broken))["rollout"].detail


@pytest.mark.parametrize(
    ("labels", "annotations", "verdict", "title"),
    [
        ({}, {"meta.helm.sh/release-name": "payments"}, Verdict.PASS, "Helm release payments leaves the rollback alone"),
        ({"kustomize.toolkit.fluxcd.io/name": "apps"}, {}, Verdict.FAIL, "Flux Kustomization flux-system/apps would undo the rollback"),
        (
            {},
            {"argocd.argoproj.io/tracking-id": "payments:apps/Deployment:production/payment-api"},
            Verdict.FAIL,
            "Argo CD application payments would undo the rollback",
        ),
    ],
)
def test_owners_are_told_apart(
    broken: LocalCluster, labels: dict[str, str], annotations: dict[str, str], verdict: Verdict, title: str
) -> None:
    broken.merge("deployments", "payment-api", {"metadata": {"labels": labels, "annotations": annotations}})
    owner = by_name(check(broken))["owner"]
    assert (owner.verdict, owner.title) == (verdict, title)


def test_a_workload_that_is_at_the_target_needs_no_checks(local: LocalCluster) -> None:
    local.deploy("Deployment", "v2.3.0")
    checked = check(local)
    assert [(it.name, it.verdict) for it in checked.checks] == [("target_exists", Verdict.PASS)]
    assert "nothing is changed" in checked.checks[0].detail


def test_checks_change_nothing(broken: LocalCluster) -> None:
    before = broken.on_loop(broken.cluster.snapshot)
    check(broken)
    assert broken.on_loop(broken.cluster.snapshot) == before


def test_an_owner_that_cant_be_suspended_is_told_before_anything_is_changed(broken: LocalCluster) -> None:
    broken.merge("deployments", "payment-api", {"metadata": {"labels": {"kustomize.toolkit.fluxcd.io/name": "apps"}}})
    owner = by_name(check(broken, suspend_owner=True))["owner"]
    assert (owner.verdict, owner.title) == (Verdict.FAIL, "Flux Kustomization flux-system/apps can't be suspended")
    assert "is not in this cluster. Suspend it where it is." in owner.detail


def _with_reference(local: LocalCluster, spec: dict[str, Any]) -> None:
    """v2.3.0 needs what `spec` says; v2.3.1 after it does not."""
    container = {"name": "app", "image": "registry.example.com/shop/payment-api:v2.3.0", **spec.pop("container", {})}
    template = {"metadata": {"labels": {"app": "payment-api"}}, "spec": {"containers": [container], **spec}}
    selector = {"matchLabels": {"app": "payment-api"}}
    whole = {"replicas": 1, "selector": selector, "template": template}
    metadata = {"name": "payment-api", "namespace": "production"}
    local.create({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": whole})
    local.pass_time(60)
    plain = {"containers": [{"name": "app", "image": "registry.example.com/shop/payment-api:v2.3.1"}]}
    nothing = dict.fromkeys((*(name for name in template["spec"] if name != "containers"), "serviceAccount"))
    local.merge("deployments", "payment-api", {"spec": {"template": {"spec": {**plain, **nothing}}}})
    local.pass_time(60)


@pytest.mark.parametrize(
    ("spec", "gone"),
    [
        ({"imagePullSecrets": [{"name": "puller"}]}, "Secret puller"),
        ({"serviceAccountName": "payments"}, "ServiceAccount payments"),
        ({"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]}, "PersistentVolumeClaim data"),
        ({"volumes": [{"name": "v", "projected": {"sources": [{"configMap": {"name": "rates"}}]}}]}, "ConfigMap rates"),
        ({"container": {"envFrom": [{"configMapRef": {"name": "settings"}}]}}, "ConfigMap settings"),
        ({"container": {"env": [{"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "k"}}}]}}, "Secret keys"),
    ],
)
def test_what_only_the_target_needs_has_to_be_there(local: LocalCluster, spec: dict[str, Any], gone: str) -> None:
    _with_reference(local, spec)
    found = by_name(check(local))["references"]
    assert (found.verdict, gone in found.detail) == (Verdict.FAIL, True)
    kind, _, name = gone.partition(" ")
    plural = {"Secret": "secrets", "ServiceAccount": "serviceaccounts", "ConfigMap": "configmaps"}.get(kind, "persistentvolumeclaims")
    more = {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}} if kind.startswith("Pers") else {}
    body = {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}, **more}
    local.client().post(f"/api/v1/namespaces/production/{plural}", body)
    assert by_name(check(local))["references"].verdict is Verdict.PASS


def test_what_may_be_missing_need_not_be_there(local: LocalCluster) -> None:
    _with_reference(local, {"container": {"envFrom": [{"secretRef": {"name": "extra", "optional": True}}]}})
    assert by_name(check(local))["references"].verdict is Verdict.PASS


def test_what_the_current_pods_need_too_is_not_read(broken: LocalCluster) -> None:
    check(broken)
    kinds = ("/secrets/", "/configmaps/", "/serviceaccounts/")
    assert [path for _, path, _ in broken.requests if any(kind in path for kind in kinds)] == []


def test_a_limit_range_that_forbids_the_targets_pods(local: LocalCluster) -> None:
    _with_reference(local, {"container": {"resources": {"limits": {"memory": "2Gi"}}}})
    limits = [{"type": "Container", "max": {"memory": "1Gi"}}]
    body = {"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "small"}, "spec": {"limits": limits}}
    local.client().post("/api/v1/namespaces/production/limitranges", body)
    capacity = by_name(check(local))["capacity"]
    assert (capacity.verdict, capacity.title) == (Verdict.FAIL, "A limit range forbids the target's pods")
    assert "limits 2Gi of memory, max 1Gi" in capacity.detail


def _attempt(local: LocalCluster, **more: Any) -> dict[str, Any]:
    uid = local.get("deployments", "payment-api")["metadata"]["uid"]
    attempt = {"started_at": "2025-10-24T14:20:00Z", "state": "not_recovered", "uid": uid, "from_revision": 1, "to_version": "v2.2.0"}
    return {**attempt, **more}


def test_a_second_rollback_of_an_incident_is_nothing_that_happens_by_itself(broken: LocalCluster) -> None:
    again = by_name(check(broken, attempts=[_attempt(broken)]))["first_attempt"]
    assert (again.verdict, again.title) == (Verdict.FAIL, "This incident was rolled back once already")
    assert "At 2025-10-24 14:20 UTC it was rolled back to v2.2.0 (state: not_recovered)" in again.detail


def test_an_attempt_that_died_before_it_changed_anything_does_not_count(broken: LocalCluster) -> None:
    died = _attempt(broken, from_revision=2, state="applying")
    assert by_name(check(broken, attempts=[died]))["first_attempt"].verdict is Verdict.PASS
    elsewhere = {**died, "uid": "another"}
    assert by_name(check(broken, attempts=[elsewhere]))["first_attempt"].verdict is Verdict.FAIL


def test_another_incident_that_wants_something_else_stops_it(broken: LocalCluster) -> None:
    claim = json.dumps({"incident": "2025-10-24-checkout-outage", "at": broken.now().isoformat()})
    broken.merge("deployments", "payment-api", {"metadata": {"annotations": {ANNOTATION: claim}}})
    rollout = by_name(check(broken))["rollout"]
    assert (rollout.verdict, rollout.title) == (Verdict.FAIL, "Another rollback is under way")
    assert "2025-10-24-checkout-outage" in rollout.detail


@pytest.mark.parametrize(
    ("versions", "verdict"),
    [
        ({"v2.3.0": ("41", "42"), "v2.3.1": ("42",)}, Verdict.PASS),
        ({"v2.3.0": ("41",), "v2.3.1": ("42",)}, Verdict.FAIL),
        ({"v2.3.0": ("41", "42")}, Verdict.UNKNOWN),
        ({"v2.3.1": ("42",)}, Verdict.UNKNOWN),
    ],
)
def test_schemas_by_version_where_there_is_no_command(broken: LocalCluster, versions: dict[str, tuple[str, ...]], verdict: Verdict) -> None:
    found = by_name(check(broken, replace(SERVICE, schema_check=(), schema_versions=versions)))["schema_compatible"]
    assert found.verdict is verdict


def _api(*operations: str) -> str:
    paths: dict[str, Any] = {}
    for operation in operations:
        method, path = operation.split()
        paths.setdefault(path, {})[method] = {"responses": {"200": {"description": "ok"}}}
    return json.dumps({"openapi": "3.0.3", "info": {"title": "t", "version": "1"}, "paths": paths})


def test_the_apis_of_both_versions_are_compared_where_there_is_no_command(broken: LocalCluster, tmp_path: Path) -> None:
    service = replace(SERVICE, api_check=(), openapi=f"{tmp_path}/api-{{version}}.json")
    found = by_name(check(broken, service))["api_compatible"]
    assert (found.verdict, "api-v2.3.1.json can't be read" in found.detail) == (Verdict.UNKNOWN, True)
    (tmp_path / "api-v2.3.0.json").write_text(_api("get /pay"))
    (tmp_path / "api-v2.3.1.json").write_text(_api("get /pay", "post /refund"))
    found = by_name(check(broken, service))["api_compatible"]
    assert (found.verdict, "POST /refund does not exist" in found.detail) == (Verdict.FAIL, True)
    (tmp_path / "api-v2.3.1.json").write_text(_api("get /pay"))
    assert by_name(check(broken, service))["api_compatible"].verdict is Verdict.PASS
    (tmp_path / "api-v2.3.0.json").write_text("[]")
    assert by_name(check(broken, service))["api_compatible"].verdict is Verdict.UNKNOWN


def test_one_document_for_both_versions_proves_nothing(broken: LocalCluster) -> None:
    found = by_name(check(broken, replace(SERVICE, api_check=(), openapi="https://example.com/openapi.json")))["api_compatible"]
    assert (found.verdict, "{version}" in found.detail) == (Verdict.UNKNOWN, True)


def test_a_rollout_of_argo_rollouts_is_named(local: LocalCluster) -> None:
    rollout = "/apis/argoproj.io/v1alpha1/namespaces/production/rollouts/payment-api"
    local.before_request = lambda request: web.json_response({"kind": "Rollout"}) if request.path == rollout else None
    with pytest.raises(AnotherControllersError, match="kubectl argo rollouts abort payment-api -n production"):
        check(local)
