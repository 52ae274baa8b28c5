# SPDX-License-Identifier: GPL-3.0-or-later
"""Remedies without a rollback: what they change, that they do it once, and the way back."""

from __future__ import annotations

import copy
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from lab.cluster.patch import json_patch
from plugins.module_utils.clients.cluster import ClusterClient
from plugins.module_utils.errors import InvalidOptionError, NotFoundError
from plugins.module_utils.model.codec import from_result, to_result
from plugins.module_utils.model.mitigation import Mitigation, MitigationAction
from plugins.module_utils.model.service import MaintenanceHook, Service, WorkloadKind
from plugins.module_utils.rollback.gitops import SUSPENDED, is_suspended
from plugins.module_utils.rollback.intent import MitigationRefusedError
from plugins.module_utils.rollback.maintenance import HookFailedError
from plugins.module_utils.rollback.mitigate import Mitigated, Wish, mitigate
from plugins.module_utils.rollback.steps import SCALED
from tests.rollback.conftest import LocalCluster

SERVICE = Service("payment-api")
SCALE, RESTART, PAUSE = MitigationAction.SCALE, MitigationAction.RESTART, MitigationAction.PAUSE_AUTOSCALING
GITOPS, MAINTENANCE = MitigationAction.SUSPEND_GITOPS, MitigationAction.MAINTENANCE
SCALERS = "/apis/autoscaling/v2/namespaces/production/horizontalpodautoscalers"


def do(local: LocalCluster, action: MitigationAction, service: Service = SERVICE, dry_run: bool = False, **wish: Any) -> Mitigated:
    return mitigate(local.client, service, Wish(action, **wish), local.clock, dry_run)


def saved(done: Mitigated) -> Mitigation:
    """As it comes back from a record."""
    return from_result(Mitigation, to_result(done.mitigation))


def replicas(local: LocalCluster) -> int:
    return int(local.get("deployments", "payment-api")["spec"]["replicas"])


def autoscaler(local: LocalCluster, **spec: Any) -> None:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "payment-api"}
    metadata = {"name": "payment-api", "namespace": "production"}
    whole = {"scaleTargetRef": target, "minReplicas": 3, "maxReplicas": 10, **spec}
    local.create({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": metadata, "spec": whole})


def scaler(local: LocalCluster) -> dict[str, Any]:
    found: dict[str, Any] = local.client().get(f"{SCALERS}/payment-api")
    return found


def test_scaled_once_and_back(local: LocalCluster) -> None:
    local.deploy("Deployment", "v1")
    tried = do(local, SCALE, replicas=8, dry_run=True)
    assert (tried.changed, replicas(local)) == (True, 5)
    done = do(local, SCALE, replicas=8)
    assert (done.changed, replicas(local), done.mitigation.title) == (True, 8, "Scaled Deployment payment-api from 5 to 8 pods")
    assert (done.mitigation.before, done.mitigation.after, done.mitigation.undo) == ({"replicas": 5}, {"replicas": 8}, "Scale it back to 5")
    again = do(local, SCALE, replicas=8)
    assert (again.changed, again.standing, again.mitigation.before, again.mitigation.undo) == (
        False,
        True,
        {"replicas": 5},
        "Scale it back to 5",
    )
    back = do(local, SCALE, undo=True, saved=saved(done))
    assert (back.changed, replicas(local), back.mitigation.undone) == (True, 5, True)
    assert not do(local, SCALE, undo=True, saved=saved(done)).changed
    assert SCALED not in local.get("deployments", "payment-api")["metadata"].get("annotations", {})


def test_steps_are_taken_back_one_by_one_or_together(local: LocalCluster) -> None:
    local.deploy("Deployment", "v1")
    first, _second = do(local, SCALE, replicas=8), do(local, SCALE, replicas=12)
    assert (do(local, SCALE, undo=True).changed, replicas(local)) == (True, 8), "what nobody has said is told by the object"
    do(local, SCALE, replicas=12)
    assert (do(local, SCALE, undo=True, saved=saved(first)).changed, replicas(local)) == (True, 5)
    assert (do(local, SCALE, undo=True).changed, replicas(local)) == (False, 5)


def test_what_somebody_else_scaled_to_is_no_step_of_ours(local: LocalCluster) -> None:
    local.deploy("Deployment", "v1")
    do(local, SCALE, replicas=8)
    local.merge("deployments", "payment-api", {"spec": {"replicas": 11}})
    again = do(local, SCALE, replicas=11)
    assert (again.changed, again.standing, again.mitigation.undo) == (False, False, None)
    with pytest.raises(MitigationRefusedError, match="replicas 11"):
        do(local, SCALE, undo=True)
    done = do(local, SCALE, replicas=12)
    assert done.mitigation.before == {"replicas": 11}
    do(local, SCALE, undo=True)
    assert (replicas(local), do(local, SCALE, undo=True).changed) == (11, False)


@pytest.mark.parametrize("text", ["", "x", "[]", "[1]", '[{"before": {}, "after": {"replicas": 5}, "wanted": 5, "at": ""}]'])
def test_steps_that_cannot_be_read_are_none(local: LocalCluster, text: str) -> None:
    local.deploy("Deployment", "v1")
    local.merge("deployments", "payment-api", {"metadata": {"annotations": {SCALED: text}}})
    assert not do(local, SCALE, undo=True).changed
    assert do(local, SCALE, replicas=8).mitigation.before == {"replicas": 5}
    assert (do(local, SCALE, undo=True).changed, replicas(local)) == (True, 5)


def test_who_has_scaled_meanwhile_is_not_overruled(local: LocalCluster) -> None:
    local.deploy("Deployment", "v1")
    done = do(local, SCALE, replicas=8)
    local.merge("deployments", "payment-api", {"spec": {"replicas": 11}})
    with pytest.raises(MitigationRefusedError, match="replicas 11"):
        do(local, SCALE, undo=True, saved=saved(done))
    assert replicas(local) == 11


@pytest.mark.parametrize(("wanted", "bounds"), [(6, (6, 10)), (14, (14, 14)), (2, (2, 2))])
def test_where_an_autoscaler_chooses_its_bounds_are_changed(local: LocalCluster, wanted: int, bounds: tuple[int, int]) -> None:
    local.deploy("Deployment", "v1")
    autoscaler(local)
    done = do(local, SCALE, replicas=wanted)
    spec = scaler(local)["spec"]
    assert (done.mitigation.kind, spec["minReplicas"], spec["maxReplicas"]) == ("HorizontalPodAutoscaler", *bounds)
    local.merge("deployments", "payment-api", {"spec": {"replicas": bounds[1]}})
    again = do(local, SCALE, replicas=wanted)
    assert (again.changed, again.standing, again.mitigation.before) == (False, True, done.mitigation.before), "whatever it chose meanwhile"
    do(local, SCALE, undo=True, saved=saved(done))
    spec = scaler(local)["spec"]
    assert (spec["minReplicas"], spec["maxReplicas"]) == (3, 10)
    do(local, SCALE, replicas=wanted)
    assert do(local, SCALE, undo=True).mitigation.kind == "HorizontalPodAutoscaler", "the object tells, too"
    assert (scaler(local)["spec"]["minReplicas"], scaler(local)["spec"]["maxReplicas"]) == (3, 10)


def test_a_daemon_set_has_no_number(local: LocalCluster) -> None:
    local.deploy("DaemonSet", "v1")
    with pytest.raises(MitigationRefusedError, match="one pod for each node"):
        do(local, SCALE, Service("payment-api", workload_kind=WorkloadKind.DAEMON_SET), replicas=3)


@pytest.mark.parametrize("kind", list(WorkloadKind))
def test_restarted_once(local: LocalCluster, kind: WorkloadKind) -> None:
    local.deploy(kind.value, "v1")
    service = Service("payment-api", workload_kind=kind)
    before = {pod["metadata"]["uid"] for pod in local.client().get("/api/v1/namespaces/production/pods")["items"]}
    assert do(local, RESTART, service).changed
    again = do(local, RESTART, service)
    assert (again.changed, again.standing) == (False, True)
    local.pass_time(290)
    after = {pod["metadata"]["uid"] for pod in local.client().get("/api/v1/namespaces/production/pods")["items"]}
    assert not before & after
    local.pass_time(15)
    assert do(local, RESTART, service).changed
    with pytest.raises(MitigationRefusedError, match="can't be undone"):
        do(local, RESTART, service, undo=True)


def test_a_restart_that_would_replace_nothing_is_refused(local: LocalCluster) -> None:
    local.deploy("Deployment", "v1")
    local.merge("deployments", "payment-api", {"spec": {"paused": True}})
    with pytest.raises(MitigationRefusedError, match="paused"):
        do(local, RESTART)
    marked = {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": f"{local.now():%Y-%m-%dT%H:%M:%SZ}"}}}
    local.merge("deployments", "payment-api", {"spec": {"paused": False, "template": marked}})
    assert not do(local, RESTART).standing, "somebody else has restarted it"
    local.deploy("StatefulSet", "v1", updateStrategy={"type": "OnDelete"})
    with pytest.raises(MitigationRefusedError, match="OnDelete"):
        do(local, RESTART, Service("payment-api", workload_kind=WorkloadKind.STATEFUL_SET))


@pytest.mark.parametrize("behavior", [None, {"scaleDown": {"stabilizationWindowSeconds": 60}}])
def test_an_autoscaler_is_held_still_and_let_go_as_it_was(local: LocalCluster, behavior: dict[str, Any] | None) -> None:
    local.deploy("Deployment", "v1")
    autoscaler(local, **({"behavior": behavior} if behavior else {}))
    before = scaler(local)
    done = do(local, PAUSE)
    held = scaler(local)["spec"]["behavior"]
    assert [held[way]["selectPolicy"] for way in ("scaleUp", "scaleDown")] == ["Disabled", "Disabled"]
    assert done.changed
    assert not do(local, PAUSE).changed
    assert do(local, SCALE, replicas=6).mitigation.kind == "Deployment", "it is not the autoscaler that chooses now"
    assert do(local, PAUSE, undo=True).changed
    after = scaler(local)
    assert after["spec"] == before["spec"]
    assert after["metadata"].get("annotations", {}) == before["metadata"].get("annotations", {})
    assert not do(local, PAUSE, undo=True).changed


def test_no_autoscaler_is_told(local: LocalCluster) -> None:
    local.deploy("Deployment", "v1")
    with pytest.raises(NotFoundError, match="No HorizontalPodAutoscaler scales Deployment payment-api in production"):
        do(local, PAUSE)


class Custom:
    """One custom object that the simulated cluster serves."""

    def __init__(self, local: LocalCluster, path: str, obj: dict[str, Any], listed_at: str | None = None) -> None:
        self.object = {"metadata": {"uid": "u1", "resourceVersion": "1", **obj.pop("metadata", {})}, **obj}
        self._path, self._listed_at = path, listed_at
        local.before_request = self._answer

    def _answer(self, request: web.Request) -> web.Response | None:
        if request.method == "GET" and request.path == self._listed_at:
            return web.json_response({"items": [self.object]})
        return web.json_response(self.object) if request.method == "GET" and request.path == self._path else None


class Patching(ClusterClient):
    """Sends the patch of a custom object to the test instead."""

    custom: Custom

    def patch(self, path: str, body: Any, *arguments: Any, **options: Any) -> dict[str, Any]:
        if "toolkit" not in path and "argoproj" not in path and "keda" not in path:
            return super().patch(path, body, *arguments, **options)
        if not (options.get("query") or {}).get("dryRun"):
            number = int(self.custom.object["metadata"]["resourceVersion"]) + 1
            self.custom.object = json_patch(copy.deepcopy(self.custom.object), body)
            self.custom.object["metadata"]["resourceVersion"] = str(number)
        return self.custom.object


def patching(local: LocalCluster, custom: Custom) -> ClusterClient:
    client = local.client()
    client.__class__ = Patching
    assert isinstance(client, Patching)
    client.custom = custom
    return client


FLUX = "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/flux-system/kustomizations/apps"
ARGO = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/payments"
AUTOMATED = {"prune": True, "selfHeal": True}


@pytest.mark.parametrize(
    ("mark", "path", "listed_at", "obj", "suspended"),
    [
        (
            {"labels": {"kustomize.toolkit.fluxcd.io/name": "apps"}},
            FLUX,
            None,
            {"spec": {"path": "./apps"}},
            {"path": "./apps", "suspend": True},
        ),
        (
            {"annotations": {"argocd.argoproj.io/tracking-id": "payments:apps/Deployment:production/payment-api"}},
            ARGO,
            "/apis/argoproj.io/v1alpha1/applications",
            {"metadata": {"name": "payments", "namespace": "argocd"}, "spec": {"syncPolicy": {"automated": AUTOMATED}}},
            {"syncPolicy": {}},
        ),
    ],
)
def test_who_would_undo_it_is_suspended_and_resumed_as_it_was(
    local: LocalCluster, mark: dict[str, Any], path: str, listed_at: str | None, obj: dict[str, Any], suspended: dict[str, Any]
) -> None:
    local.deploy("Deployment", "v1")
    local.merge("deployments", "payment-api", {"metadata": mark})
    custom = Custom(local, path, copy.deepcopy(obj), listed_at)
    client = patching(local, custom)
    workload = local.get("deployments", "payment-api")
    assert not is_suspended(client, workload)
    assert mitigate(lambda: client, SERVICE, Wish(GITOPS), local.clock, dry_run=True).changed
    assert custom.object["spec"] == obj["spec"]
    done = mitigate(lambda: client, SERVICE, Wish(GITOPS), local.clock)
    assert custom.object["spec"] == suspended
    assert SUSPENDED in custom.object["metadata"]["annotations"]
    assert is_suspended(client, workload)
    assert "suspend_gitops" in (done.mitigation.undo or "")
    assert not mitigate(lambda: client, SERVICE, Wish(GITOPS), local.clock).changed
    assert mitigate(lambda: client, SERVICE, Wish(GITOPS, undo=True), local.clock).changed
    assert custom.object["spec"] == obj["spec"]
    assert not mitigate(lambda: client, SERVICE, Wish(GITOPS, undo=True), local.clock).changed


def test_an_application_that_something_else_makes_is_suspended_there(local: LocalCluster) -> None:
    local.deploy("Deployment", "v1")
    local.merge("deployments", "payment-api", {"metadata": {"labels": {"kustomize.toolkit.fluxcd.io/name": "apps"}}})
    owners = [{"kind": "ApplicationSet", "name": "all", "controller": True}]
    client = patching(local, Custom(local, FLUX, {"metadata": {"ownerReferences": owners}, "spec": {}}))
    with pytest.raises(MitigationRefusedError, match="made by ApplicationSet all"):
        mitigate(lambda: client, SERVICE, Wish(GITOPS), local.clock)


def test_without_an_owner_there_is_nothing_to_suspend(local: LocalCluster) -> None:
    local.deploy("Deployment", "v1")
    with pytest.raises(NotFoundError, match="Neither Argo CD nor Flux owns Deployment payment-api in production"):
        do(local, GITOPS)


def test_a_change_between_look_and_patch_is_looked_at_again(local: LocalCluster) -> None:
    local.deploy("Deployment", "v1")

    def touch_first(request: web.Request) -> None:
        if request.method == "PATCH":
            local.before_request = lambda _: None
            found = local.cluster.store.require("Deployment", "production", "payment-api")
            local.cluster.store.update({**found, "spec": {**found["spec"], "replicas": 6}})

    local.before_request = touch_first
    done = do(local, SCALE, replicas=8)
    assert (done.changed, done.mitigation.before, replicas(local)) == (True, {"replicas": 6}, 8)


def test_a_lost_answer_is_not_followed_by_a_second_change(local: LocalCluster) -> None:
    local.deploy("Deployment", "v1")
    local.requests.clear()

    def hang_up(request: web.Request) -> None:
        if request.method == "PATCH" and request.transport is not None:
            request.transport.abort()

    local.after_request = hang_up
    assert do(local, SCALE, replicas=8).changed
    assert sum(method == "PATCH" for method, _, _ in local.requests) == 1


@pytest.mark.parametrize("given", [{"action": RESTART}, {"namespace": "other"}, {"undone": True}, {"before": {}}])
def test_what_is_undone_has_to_be_what_was_done(local: LocalCluster, given: dict[str, Any]) -> None:
    local.deploy("Deployment", "v1")
    done = do(local, SCALE, replicas=8)
    with pytest.raises(InvalidOptionError, match="saved"):
        do(local, SCALE, undo=True, saved=replace(saved(done), **given))


@pytest.fixture
def hook(tmp_path: Path) -> Service:
    """A switch that is a file."""
    flag = tmp_path / "on"
    program = "import pathlib, sys; flag = pathlib.Path(sys.argv[1]); "
    command = (sys.executable, "-c")
    enable = (*command, f"{program}flag.write_text('')", str(flag))
    disable = (*command, f"{program}flag.unlink()", str(flag))
    return replace(SERVICE, maintenance=MaintenanceHook(enable, disable, (*command, f"{program}sys.exit(not flag.exists())", str(flag))))


def test_maintenance_by_the_teams_own_command(local: LocalCluster, hook: Service, tmp_path: Path) -> None:
    flag = tmp_path / "on"
    assert (do(local, MAINTENANCE, hook, dry_run=True).changed, flag.exists()) == (True, False)
    assert (do(local, MAINTENANCE, hook).changed, flag.exists()) == (True, True)
    again = do(local, MAINTENANCE, hook)
    assert (again.changed, again.standing, bool(again.mitigation.undo)) == (False, True, True), "a run that was killed may have done it"
    assert (do(local, MAINTENANCE, hook, undo=True).changed, flag.exists()) == (True, False)
    assert not do(local, MAINTENANCE, hook, undo=True).changed


def test_maintenance_by_url(local: LocalCluster) -> None:
    calls: list[tuple[str, str]] = []

    def answer(request: web.Request) -> web.Response | None:
        if not request.path.startswith("/hook"):
            return None
        calls.append((request.method, request.path_qs))
        return web.Response(status=500 if request.path.endswith("off") else 202)

    local.before_request = answer
    url = f"{local.url}/hook"
    service = replace(SERVICE, maintenance=MaintenanceHook((f"{url}/on?key=secret",), (f"{url}/off",)))
    assert do(local, MAINTENANCE, service).changed
    assert calls == [("POST", "/hook/on?key=secret")]
    with pytest.raises(HookFailedError, match=r"127\.0\.0\.1.*HTTP status 500"):
        do(local, MAINTENANCE, service, undo=True)


@pytest.mark.parametrize(
    ("command", "message"),
    [(("/nowhere/to/be/found",), "can't be run on this host"), ((sys.executable, "-c", "print('no way'); exit(3)"), "exit code 3.*no way")],
)
def test_a_hook_that_fails_says_so(local: LocalCluster, command: tuple[str, ...], message: str) -> None:
    with pytest.raises(HookFailedError, match=message):
        do(local, MAINTENANCE, replace(SERVICE, maintenance=MaintenanceHook(command, command)))


def test_a_service_without_a_hook_is_told_where_it_goes(local: LocalCluster) -> None:
    with pytest.raises(InvalidOptionError, match=r"catalogue\.maintenance"):
        do(local, MAINTENANCE)
