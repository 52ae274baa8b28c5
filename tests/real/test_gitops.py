# SPDX-License-Identifier: GPL-3.0-or-later
"""Owners of a manifest by their real custom resources: who would undo a rollback, is suspended for it, and is resumed as it was.

Their controllers do not run here (Flux does in `test_flux.py`); what they would do is played by the test where it matters.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from plugins.module_utils.evidence.objects import annotations_of
from plugins.module_utils.model.check import Check, Verdict
from plugins.module_utils.model.service import WorkloadKind
from plugins.module_utils.rollback.autoscalers import HELD
from plugins.module_utils.rollback.checks import Asked, run_checks
from plugins.module_utils.rollback.gitops import SUSPENDED
from plugins.module_utils.rollback.plan import make_change
from tests.contract.ansible_runs import module
from tests.contract.clusters import Cluster
from tests.contract.real_cluster import real_cluster
from tests.contract.test_rollback import now
from tests.real.parts.control_plane import ControlPlane

CRDS = Path(__file__).parent / "parts" / "crds"
OURS = "devops.incident_response"
DEPLOYMENT = WorkloadKind.DEPLOYMENT
AUTOMATED = {"automated": {"prune": True, "selfHeal": True}, "syncOptions": ["ServerSideApply=true"]}
SOURCE = {"project": "default", "destination": {"name": "in-cluster"}, "source": {"repoURL": "https://example.com/shop.git", "path": "."}}
FLUX_SOURCE = {"sourceRef": {"kind": "GitRepository", "name": "shop"}, "interval": "5m"}


@pytest.fixture(scope="module")
def with_resources(plane: ControlPlane) -> Cluster:
    plane.kubectl("apply", "--server-side", *(f"-f={path}" for path in sorted(CRDS.glob("*.yaml"))))
    plane.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
    return real_cluster(plane)


@pytest.fixture
def cluster(with_resources: Cluster) -> Cluster:
    with_resources.new_namespace()
    with_resources.history("v2.3.0", "v2.3.1", replicas=1)
    return with_resources


def made(cluster: Cluster, group: str, kind: str, name: str, spec: dict[str, Any], **meta: Any) -> str:
    """The path of a new object in the test's namespace."""
    path = f"/apis/{group}/namespaces/{cluster.namespace}/{kind.lower()}s"
    cluster.client().post(path, {"apiVersion": group, "kind": kind, "metadata": {"name": name, **meta}, "spec": spec})
    return f"{path}/{name}"


def owned_by_argo_cd(cluster: Cluster, name: str = "payments") -> None:
    tracking = f"{cluster.namespace}_{name}:apps/Deployment:{cluster.namespace}/payment-api"
    cluster.patch(DEPLOYMENT, {"metadata": {"annotations": {"argocd.argoproj.io/tracking-id": tracking}}})


def owned_by_flux(cluster: Cluster, group: str) -> None:
    labels = {f"{group}/name": "payments", f"{group}/namespace": cluster.namespace}
    cluster.patch(DEPLOYMENT, {"metadata": {"labels": labels}})


def owner_check(cluster: Cluster, suspend: bool = False) -> Check:
    change = make_change(cluster.client(), cluster.service(), "v2.3.0", now())
    checked = run_checks(cluster.client(), cluster.service(), change, None, None, Asked(suspend_owner=suspend))
    return next(check for check in checked.checks if check.name == "owner")


def gitops(cluster: Cluster, check: bool = False, **more: Any) -> dict[str, Any]:
    options = {"service": "payment-api", "namespace": cluster.namespace, "kubeconfig": str(cluster.kubeconfigs["admin"])}
    return module(f"{OURS}.mitigation", {**options, "action": "suspend_gitops", **more}, check=check)


def rolled_back(cluster: Cluster) -> dict[str, Any]:
    options = {"service": "payment-api", "namespace": cluster.namespace, "kubeconfig": str(cluster.kubeconfigs["admin"])}
    return module(f"{OURS}.rollback", {**options, "target": "v2.3.0"})


@pytest.fixture
def healing(cluster: Cluster) -> Iterator[threading.Event]:
    """What Argo CD does of an application with automated self-healing, while the event is not set: its own version comes back."""
    ended, client = threading.Event(), cluster.client()
    applications = f"/apis/argoproj.io/v1alpha1/namespaces/{cluster.namespace}/applications"

    def heal() -> None:
        while not ended.wait(0.1):
            policies = [entry["spec"].get("syncPolicy", {}).get("automated") for entry in client.get(applications)["items"]]
            if any(policy and policy.get("selfHeal") for policy in policies) and cluster.tag() != "v2.3.1":
                cluster.roll_out(DEPLOYMENT, "v2.3.1")

    thread = threading.Thread(target=heal, daemon=True)
    thread.start()
    yield ended
    ended.set()
    thread.join(10)


def test_an_application_that_heals_itself(cluster: Cluster, healing: threading.Event) -> None:
    path = made(cluster, "argoproj.io/v1alpha1", "Application", "payments", {**SOURCE, "syncPolicy": AUTOMATED})
    owned_by_argo_cd(cluster)
    found = owner_check(cluster)
    assert (found.verdict, found.title) == (Verdict.FAIL, "Argo CD application payments would undo the rollback")
    stuck = rolled_back(cluster)
    assert (stuck["failed"], "somebody changed the workload to v2.3.1 meanwhile" in stuck["msg"]) == (True, True)
    cluster.complete()
    assert cluster.tag() == "v2.3.1", "it was put back: this is what the check is for"
    assert owner_check(cluster, suspend=True).verdict is Verdict.PASS
    assert gitops(cluster, check=True)["changed"]
    assert cluster.client().get(path)["spec"]["syncPolicy"] == AUTOMATED
    assert gitops(cluster)["changed"]
    assert cluster.client().get(path)["spec"]["syncPolicy"] == {"syncOptions": ["ServerSideApply=true"]}
    assert not gitops(cluster)["changed"]
    assert owner_check(cluster).verdict is Verdict.PASS
    done = rolled_back(cluster)
    assert (done["failed"], done["state"]) == (False, "verifying")
    assert cluster.tag() == "v2.3.0"
    healing.set()
    assert gitops(cluster, state="undone")["changed"]
    after = cluster.client().get(path)
    assert after["spec"]["syncPolicy"] == AUTOMATED
    assert SUSPENDED not in annotations_of(after)


def test_the_sync_windows_of_its_project(cluster: Cluster) -> None:
    always = {"schedule": "0 0 * * *", "duration": "25h", "applications": ["pay*"]}
    spec = {**SOURCE, "project": cluster.namespace, "syncPolicy": AUTOMATED}
    made(cluster, "argoproj.io/v1alpha1", "Application", "payments", spec)
    owned_by_argo_cd(cluster)
    assert "is not known: its project" in owner_check(cluster).detail
    path = made(cluster, "argoproj.io/v1alpha1", "AppProject", cluster.namespace, {"syncWindows": [{"kind": "allow", **always}]})
    assert "sync window" not in owner_check(cluster).detail
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    freeze = {**always, "kind": "deny", "schedule": f"0 0 {tomorrow.day} {tomorrow.month} *", "duration": "48h"}
    begun = {**freeze, "schedule": f"{datetime.now(UTC):%M %H} * * *", "duration": "36h", "manualSync": True}
    for windows, held in (([freeze], False), ([begun], True)):
        cluster.client().patch(path, {"spec": {"syncWindows": windows}}, "application/merge-patch+json")
        assert ("keeps it from syncing" in owner_check(cluster).detail) is held
    found = owner_check(cluster, suspend=True)
    assert (found.verdict, "only a sync by hand is let through" in found.detail) == (Verdict.PASS, True)


def test_what_somebody_resumed_otherwise_meanwhile_is_left_alone(cluster: Cluster) -> None:
    path = made(cluster, "argoproj.io/v1alpha1", "Application", "payments", {**SOURCE, "syncPolicy": AUTOMATED})
    owned_by_argo_cd(cluster)
    gitops(cluster)
    cluster.client().patch(path, {"spec": {"syncPolicy": {"automated": {"prune": False}}}}, "application/merge-patch+json")
    assert "syncs by itself again already" in gitops(cluster, state="undone")["msg"]
    after = cluster.client().get(path)
    assert after["spec"]["syncPolicy"]["automated"] == {"prune": False}
    assert SUSPENDED not in annotations_of(after)


@pytest.mark.parametrize(
    ("spec", "lasts"),
    [
        ({}, False),
        ({"syncPolicy": {"applicationsSync": "create-only"}}, True),
        ({"ignoreApplicationDifferences": [{"jsonPointers": ["/spec/syncPolicy"]}]}, True),
        ({"ignoreApplicationDifferences": [{"name": "another", "jsonPointers": ["/spec/syncPolicy"]}]}, False),
    ],
)
def test_an_application_of_an_application_set(cluster: Cluster, spec: dict[str, Any], lasts: bool) -> None:
    template = {"metadata": {"name": "payments"}, "spec": {**SOURCE, "syncPolicy": AUTOMATED}}
    path = made(cluster, "argoproj.io/v1alpha1", "ApplicationSet", "all", {"generators": [], "template": template, **spec})
    uid = cluster.client().get(path)["metadata"]["uid"]
    maker = {"apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet", "name": "all", "uid": uid, "controller": True}
    made(cluster, "argoproj.io/v1alpha1", "Application", "payments", {**SOURCE, "syncPolicy": AUTOMATED}, ownerReferences=[maker])
    owned_by_argo_cd(cluster)
    found, done = owner_check(cluster, suspend=True), gitops(cluster)
    if lasts:
        assert (found.verdict, done["failed"]) == (Verdict.PASS, False)
        return
    assert (found.verdict, found.title) == (Verdict.FAIL, "Argo CD application payments can't be suspended")
    for said in (found.detail, done["msg"]):
        assert "made by ApplicationSet all, which would put it back" in said


@pytest.mark.parametrize("heals", [True, False])
def test_an_application_that_another_application_keeps(cluster: Cluster, heals: bool) -> None:
    policy = {"automated": {"selfHeal": heals}}
    made(cluster, "argoproj.io/v1alpha1", "Application", "root", {**SOURCE, "syncPolicy": policy})
    tracking = f"{cluster.namespace}_root:argoproj.io/Application:{cluster.namespace}/payments"
    annotations = {"argocd.argoproj.io/tracking-id": tracking}
    made(cluster, "argoproj.io/v1alpha1", "Application", "payments", {**SOURCE, "syncPolicy": AUTOMATED}, annotations=annotations)
    owned_by_argo_cd(cluster)
    found = owner_check(cluster, suspend=True)
    assert found.verdict is (Verdict.FAIL if heals else Verdict.PASS)
    assert ("kept by Application root, which heals" in found.detail) is heals


@pytest.mark.parametrize(
    ("group", "kind", "spec"),
    [
        ("kustomize.toolkit.fluxcd.io", "Kustomization", {**FLUX_SOURCE, "prune": True, "path": "./apps"}),
        ("helm.toolkit.fluxcd.io", "HelmRelease", {"interval": "5m", "chartRef": {"kind": "OCIRepository", "name": "shop"}}),
    ],
)
@pytest.mark.parametrize("before", [None, False])
def test_flux(cluster: Cluster, group: str, kind: str, spec: dict[str, Any], before: bool | None) -> None:
    version = "v1" if kind == "Kustomization" else "v2"
    given = spec if before is None else {**spec, "suspend": before}
    path = made(cluster, f"{group}/{version}", kind, "payments", given)
    owned_by_flux(cluster, group)
    owner = f"Flux {kind} {cluster.namespace}/payments"
    assert owner_check(cluster).title == f"{owner} would undo the rollback"
    assert owner_check(cluster, suspend=True).title == f"{owner} is suspended for the rollback"
    assert "suspend" not in cluster.client().get(path)["spec"] or cluster.client().get(path)["spec"]["suspend"] is False
    assert gitops(cluster)["changed"]
    assert cluster.client().get(path)["spec"]["suspend"] is True
    assert owner_check(cluster).title == f"{owner} is suspended"
    assert not gitops(cluster)["changed"]
    assert gitops(cluster, state="undone")["changed"]
    after = cluster.client().get(path)
    assert not after["spec"].get("suspend")
    assert SUSPENDED not in annotations_of(after)
    assert not gitops(cluster, state="undone")["changed"]


def test_flux_that_a_person_suspended_is_not_resumed_by_us(cluster: Cluster) -> None:
    path = made(cluster, "kustomize.toolkit.fluxcd.io/v1", "Kustomization", "payments", {**FLUX_SOURCE, "prune": True, "suspend": True})
    owned_by_flux(cluster, "kustomize.toolkit.fluxcd.io")
    assert owner_check(cluster).verdict is Verdict.PASS
    assert not gitops(cluster)["changed"]
    assert not gitops(cluster, state="undone")["changed"]
    assert cluster.client().get(path)["spec"]["suspend"] is True


def test_what_helm_will_think(cluster: Cluster) -> None:
    annotations = {"meta.helm.sh/release-name": "payments", "meta.helm.sh/release-namespace": cluster.namespace}
    labels = {"app.kubernetes.io/managed-by": "Helm"}
    cluster.patch(DEPLOYMENT, {"metadata": {"annotations": annotations, "labels": labels}})
    assert "it has no release secrets there" in owner_check(cluster).detail

    def revision(number: int, status: str) -> None:
        labels = {"owner": "helm", "name": "payments", "status": status, "version": str(number)}
        meta = {"name": f"sh.helm.release.v1.payments.v{number}", "labels": labels}
        body = {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "type": "helm.sh/release.v1", "stringData": {"release": "x"}}
        cluster.client().post(f"/api/v1/namespaces/{cluster.namespace}/secrets", body)

    for number, status in ((9, "superseded"), (10, "superseded"), (11, "deployed")):
        revision(number, status)
    found = owner_check(cluster)
    assert found.verdict is Verdict.PASS
    assert "Helm will still think that revision 11 of payments runs." in found.detail
    assert f"'helm rollback payments 10 -n {cluster.namespace}'" in found.detail
    assert "Its next run brings the newer version back" in found.detail
    revision(12, "pending-upgrade")
    assert "revision 12 is pending-upgrade" in owner_check(cluster).detail


def test_an_autoscaler_of_keda_is_paused_by_keda(cluster: Cluster) -> None:
    trigger = {"type": "cpu", "metadata": {"value": "80"}, "metricType": "Utilization"}
    path = made(
        cluster, "keda.sh/v1alpha1", "ScaledObject", "payment-api", {"scaleTargetRef": {"name": "payment-api"}, "triggers": [trigger]}
    )
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "payment-api"}
    labels = {"scaledobject.keda.sh/name": "payment-api"}
    scaler = made(
        cluster,
        "autoscaling/v2",
        "HorizontalPodAutoscaler",
        "keda-hpa-payment-api",
        {"scaleTargetRef": target, "maxReplicas": 3},
        labels=labels,
    )
    before = cluster.client().get(scaler)["spec"]
    assert gitops(cluster, action="pause_autoscaling")["changed"]
    assert annotations_of(cluster.client().get(path)) == {"autoscaling.keda.sh/paused": "true", HELD: "null"}
    assert cluster.client().get(scaler)["spec"] == before
    cluster.client().delete(scaler)  # as KEDA does
    assert gitops(cluster, action="pause_autoscaling", state="undone")["changed"]
    assert annotations_of(cluster.client().get(path)) == {}


def test_a_rollout_of_argo_rollouts_is_named(cluster: Cluster) -> None:
    made(cluster, "argoproj.io/v1alpha1", "Rollout", "checkout", {"replicas": 1})
    options = {"service": "checkout", "namespace": cluster.namespace, "kubeconfig": str(cluster.kubeconfigs["admin"])}
    for name, more in (("rollback", {"target": "previous"}), ("rollback_check", {"target": "previous"}), ("recovery_info", {})):
        refused = module(f"{OURS}.{name}", {**options, **more})
        assert (refused["failed"], f"kubectl argo rollouts abort checkout -n {cluster.namespace}" in refused["msg"]) == (True, True)


def test_a_rollout_that_makes_the_pods_of_a_deployment(cluster: Cluster) -> None:
    refers = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "payment-api"}
    made(cluster, "argoproj.io/v1alpha1", "Rollout", "checkout", {"replicas": 1, "workloadRef": refers})
    found = owner_check(cluster)
    assert (found.verdict, found.title) == (Verdict.FAIL, "Argo Rollouts Rollout checkout makes the pods")


@pytest.mark.parametrize(
    ("policy", "title"),
    [
        ({"automated": {"selfHeal": True}}, "Argo CD application {} is suspended for the rollback"),
        ({"automated": {"enabled": False, "selfHeal": True}}, "Argo CD application {} leaves the rollback alone"),
        ({"automated": {"enabled": True, "prune": True}}, "Argo CD application {} is suspended for the rollback"),
    ],
)
def test_an_application_that_tracks_by_the_label_of_helms_charts(cluster: Cluster, policy: dict[str, Any], title: str) -> None:
    name = f"payments-{cluster.namespace}"
    spec = {**SOURCE, "destination": {"name": "in-cluster", "namespace": cluster.namespace}, "syncPolicy": policy}
    path = made(cluster, "argoproj.io/v1alpha1", "Application", name, spec)
    chart = {"app.kubernetes.io/instance": name, "app.kubernetes.io/managed-by": "Helm", "helm.sh/chart": "payments-1.4.2"}
    cluster.patch(DEPLOYMENT, {"metadata": {"labels": chart}})
    found = owner_check(cluster, suspend=True)
    assert (found.verdict, found.title) == (Verdict.PASS, title.format(name))
    assert cluster.client().get(path)["spec"]["syncPolicy"] == policy, "it was only tried"


@pytest.mark.parametrize("rule", [{"jsonPointers": ["/spec/syncPolicy"]}, {"jqPathExpressions": [".spec.syncPolicy.automated"]}])
def test_what_the_application_above_leaves_alone(cluster: Cluster, rule: dict[str, Any]) -> None:
    ignored = {"group": "argoproj.io", "kind": "Application", **rule}
    made(cluster, "argoproj.io/v1alpha1", "Application", "root", {**SOURCE, "syncPolicy": AUTOMATED, "ignoreDifferences": [ignored]})
    tracking = f"{cluster.namespace}_root:argoproj.io/Application:{cluster.namespace}/payments"
    annotations = {"argocd.argoproj.io/tracking-id": tracking}
    made(cluster, "argoproj.io/v1alpha1", "Application", "payments", {**SOURCE, "syncPolicy": AUTOMATED}, annotations=annotations)
    owned_by_argo_cd(cluster)
    assert owner_check(cluster, suspend=True).verdict is Verdict.PASS


@pytest.mark.parametrize("written", [True, False])
def test_a_kustomization_that_another_one_applies(cluster: Cluster, written: bool) -> None:
    """Server-side, as Flux does: what it has not set, it leaves alone."""
    group = "kustomize.toolkit.fluxcd.io"
    path = f"/apis/{group}/v1/namespaces/{cluster.namespace}/kustomizations/payments"
    spec = {**FLUX_SOURCE, "prune": True, "path": "./apps", **({"suspend": False} if written else {})}
    body = {"apiVersion": f"{group}/v1", "kind": "Kustomization", "metadata": {"name": "payments"}, "spec": spec}
    cluster.client().patch(path, body, "application/apply-patch+yaml", {"fieldManager": "kustomize-controller"})
    owned_by_flux(cluster, group)
    found = owner_check(cluster, suspend=True)
    assert found.verdict is (Verdict.FAIL if written else Verdict.PASS), found
    assert ("itself applied by Flux (kustomize-controller), with spec.suspend in it" in found.detail) is written
