# SPDX-License-Identifier: GPL-3.0-or-later
"""Remedies that are killed (SIGKILL) before, during and after each change that they make to a real control plane, and run again.

Whatever the moment: what was changed says so itself, with what it was before; the next run tells it in the record, and takes it back to
what there was at first.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from plugins.module_utils.evidence.objects import annotations_of
from plugins.module_utils.model.service import WorkloadKind
from plugins.module_utils.record import store
from plugins.module_utils.record.mitigations import in_force
from plugins.module_utils.rollback.gitops import SUSPENDED
from plugins.module_utils.rollback.restart import RESTARTED, RESTARTED_AT
from plugins.module_utils.rollback.steps import SCALED
from tests.real.parts.control_plane import ControlPlane
from tests.real.test_killed import CRDS, DEPLOYMENT, Runs, Sorts, ended_well, killed_side_by_side


def scaled(runs: Runs) -> int:
    """Of the workload: from 1 to 3 pods, and back to 1 however often a run is killed. Kills made."""
    runs.cluster.history("v2.3.0", kind=runs.kind, replicas=1)

    def look() -> tuple[Any, bool]:
        found = runs.cluster.workload(runs.kind)
        return found["spec"]["replicas"], SCALED in annotations_of(found)

    return done_and_taken_back(runs, {"action": "scale", "replicas": 3}, look)


def bounds(runs: Runs) -> int:
    """Of the autoscaler."""
    cluster = runs.cluster
    cluster.history("v2.3.0", replicas=1)
    path = f"/apis/autoscaling/v2/namespaces/{cluster.namespace}/horizontalpodautoscalers"
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "payment-api"}
    spec = {"scaleTargetRef": target, "minReplicas": 1, "maxReplicas": 2}
    scaler = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "payment-api"}, "spec": spec}
    cluster.client().post(path, scaler)

    def look() -> tuple[Any, bool]:
        found = cluster.client().get(f"{path}/payment-api")
        return (found["spec"]["minReplicas"], found["spec"]["maxReplicas"]), SCALED in annotations_of(found)

    return done_and_taken_back(runs, {"action": "scale", "replicas": 3}, look)


def done_and_taken_back(runs: Runs, wish: Mapping[str, Any], look: Callable[[], tuple[Any, bool]]) -> int:
    before = look()
    assert not before[1]
    runs.declared()
    killed = 0
    for moment in range(runs.moments(mitigate=wish, changes=True)):
        runs.declared()
        killed += runs.run(mitigate=wish, kill_at=moment, changes=True) == -signal.SIGKILL
        now, tells = look()
        assert tells is (now != before[0]), f"it says itself what it was, after a kill at moment {moment}"
        assert runs.run(mitigate=wish) == 0
        assert look() == before, f"after a kill at moment {moment}"
        told = store.read(runs.record).mitigations
        assert [one.undone for one in told][-2:] == [False, True]
        assert in_force(told) == ()
        runs.consistent()
    return killed


def restarted(runs: Runs) -> int:
    """Once, and said."""
    cluster, wish = runs.cluster, {"action": "restart"}
    cluster.history("v2.3.0", replicas=1)

    def marks() -> tuple[str | None, str | None]:
        found = cluster.workload(DEPLOYMENT)
        return annotations_of(found).get(RESTARTED), annotations_of(found["spec"]["template"]).get(RESTARTED_AT)

    def forgotten() -> None:
        template = {"metadata": {"annotations": {RESTARTED_AT: None}}}
        cluster.patch(DEPLOYMENT, {"metadata": {"annotations": {RESTARTED: None}}, "spec": {"template": template}})
        runs.declared()

    runs.declared()
    killed = 0
    for moment in range(runs.moments(mitigate=wish, changes=True)):
        forgotten()
        killed += runs.run(mitigate=wish, kill_at=moment, changes=True) == -signal.SIGKILL
        left = marks()
        assert left[0] == left[1]
        assert runs.run(mitigate=wish) == 0
        assert marks() == left if left[0] else all(marks()), f"it is restarted once, at a kill at moment {moment}"
        (told,) = store.read(runs.record).mitigations
        assert told.after == {"restartedAt": marks()[1]}
    return killed


def flux(runs: Runs, group: str, version: str, kind: str, given: Mapping[str, Any]) -> int:
    """The owner is suspended by a rollback, which says so however often it is killed."""
    cluster = runs.cluster
    cluster.history("v2.3.0", replicas=1)
    path = f"/apis/{group}/{version}/namespaces/{cluster.namespace}/{kind.lower()}s"
    cluster.client().post(path, {"apiVersion": f"{group}/{version}", "kind": kind, "metadata": {"name": "payments"}, "spec": dict(given)})
    cluster.patch(DEPLOYMENT, {"metadata": {"labels": {f"{group}/name": "payments", f"{group}/namespace": cluster.namespace}}})

    def resumed() -> None:
        body = {"metadata": {"annotations": {SUSPENDED: None}}, "spec": {"suspend": None}}
        cluster.client().patch(f"{path}/payments", body, "application/merge-patch+json")

    def is_whole() -> bool:
        """Either as it was, or suspended with what it was."""
        found = cluster.client().get(f"{path}/payments")
        kept, suspended = annotations_of(found).get(SUSPENDED), found["spec"].get("suspend")
        return (kept, bool(suspended)) == (None, False) or (suspended is True and json.loads(str(kept)) in (None, False))

    runs.broken()
    killed = 0
    for moment in range(runs.moments(changes=True)):
        resumed()
        before = runs.broken()
        killed += runs.run(kill_at=moment, changes=True) == -signal.SIGKILL
        assert is_whole()
        assert runs.run() == 0, f"the run after a kill at moment {moment}"
        ended_well(runs, before, moment)
        (told,) = store.read(runs.record).mitigations
        assert (told.kind, bool(told.before["suspend"]), bool(told.undo)) == (kind, False, True), f"after a kill at moment {moment}"
        assert runs.run(mitigate={"action": "suspend_gitops"}) == 0
        assert not cluster.client().get(f"{path}/payments")["spec"].get("suspend")
        assert in_force(store.read(runs.record).mitigations) == ()
    return killed


KUSTOMIZATION = {"sourceRef": {"kind": "GitRepository", "name": "shop"}, "interval": "5m", "prune": True}
RELEASE = {"interval": "5m", "chart": {"spec": {"chart": "shop", "sourceRef": {"kind": "HelmRepository", "name": "shop"}}}}
SORTS: Sorts = {
    "deployment scaled": (DEPLOYMENT, scaled),
    "stateful set scaled": (WorkloadKind.STATEFUL_SET, scaled),
    "bounds of an autoscaler": (DEPLOYMENT, bounds),
    "deployment restarted": (DEPLOYMENT, restarted),
    "kustomization suspended": (DEPLOYMENT, lambda runs: flux(runs, "kustomize.toolkit.fluxcd.io", "v1", "Kustomization", KUSTOMIZATION)),
    "helm release suspended": (DEPLOYMENT, lambda runs: flux(runs, "helm.toolkit.fluxcd.io", "v2", "HelmRelease", RELEASE)),
}


def test_remedies_that_are_killed(plane: ControlPlane, tmp_path: Path) -> None:
    plane.kubectl("apply", "--server-side", *(f"-f={CRDS / name}.yaml" for name in ("kustomization", "helmrelease")))
    plane.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
    killed = killed_side_by_side(plane, tmp_path, SORTS)
    assert all(number >= 3 for number in killed.values()), f"{killed}: too many ended before the moment came"
