# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

from lab.cluster.timestamps import to_seconds

from .conftest import NOON, Ticking, pod_template, workload


def deployment(ticking: Ticking) -> dict[str, Any]:
    return ticking.store.require("Deployment", "default", "web")


def sizes(ticking: Ticking) -> dict[str, int]:
    """Wanted pods by image."""
    return {rs["spec"]["template"]["spec"]["containers"][0]["image"]: rs["spec"]["replicas"] for rs in ticking.store.list("ReplicaSet")}


def condition(ticking: Ticking, name: str) -> tuple[str, str]:
    found = next(c for c in deployment(ticking)["status"]["conditions"] if c["type"] == name)
    return found["status"], found["reason"]


def start(ticking: Ticking, replicas: int = 4, **spec: Any) -> None:
    ticking.store.create(workload("Deployment", replicas=replicas, **spec))
    ticking.run(3)


def use(ticking: Ticking, image: str) -> None:
    ticking.change("Deployment", "web", template=pod_template("web", image))


def test_a_new_deployment_gets_available(ticking: Ticking) -> None:
    start(ticking)
    status = deployment(ticking)["status"]
    assert (status["replicas"], status["readyReplicas"], status["updatedReplicas"], status["observedGeneration"]) == (4, 4, 4, 1)
    assert condition(ticking, "Progressing") == ("True", "NewReplicaSetAvailable")
    assert condition(ticking, "Available") == ("True", "MinimumReplicasAvailable")
    assert deployment(ticking)["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "1"
    replica_set = ticking.store.list("ReplicaSet")[0]
    assert ticking.events("ScalingReplicaSet") == [f"Scaled up replica set {replica_set['metadata']['name']} from 0 to 4"]
    assert replica_set["metadata"]["name"] == f"web-{replica_set['metadata']['labels']['pod-template-hash']}"


def test_a_rolling_update_keeps_its_bounds_and_goes_through_surges(ticking: Ticking) -> None:
    start(ticking)
    use(ticking, "web:v2")
    seen = []
    for _ in range(80):
        ticking.run(0.1)
        pods = [pod for pod in ticking.pods() if not pod["metadata"].get("deletionTimestamp")]
        ready = sum(c["type"] == "Ready" and c["status"] == "True" for pod in pods for c in pod["status"].get("conditions", ()))
        assert ready >= 3  # maxUnavailable 25% of 4
        assert sum(sizes(ticking).values()) <= 5  # maxSurge 25% of 4
        seen.append(tuple(sizes(ticking).get(image, 0) for image in ("web:v1", "web:v2")))
    assert list(dict.fromkeys(seen))[:2] == [(3, 1), (3, 2)]
    assert seen[-1] == (0, 4)
    assert condition(ticking, "Progressing") == ("True", "NewReplicaSetAvailable")
    assert deployment(ticking)["status"]["updatedReplicas"] == 4


def test_a_broken_version_stalls_until_its_deadline_with_the_old_pods_serving(ticking: Ticking) -> None:
    start(ticking, progressDeadlineSeconds=20)
    use(ticking, "web:crash")
    ticking.run(15)
    assert condition(ticking, "Progressing") == ("True", "ReplicaSetUpdated")
    ticking.run(15)
    assert condition(ticking, "Progressing") == ("False", "ProgressDeadlineExceeded")
    assert condition(ticking, "Available") == ("True", "MinimumReplicasAvailable")
    assert sizes(ticking) == {"web:v1": 3, "web:crash": 2}


def test_a_stalled_rollout_has_the_sizes_of_the_real_one(ticking: Ticking, recorded: Any) -> None:
    start(ticking, replicas=5)
    use(ticking, "web:crash")
    ticking.run(8)
    real = [rs["spec"]["replicas"] for rs in recorded("replicasets_crash_looping")["items"] if rs["spec"]["replicas"]]
    assert sorted(sizes(ticking).values()) == sorted(real)
    status, real_status = deployment(ticking)["status"], recorded("deployments_crash_looping")["items"][0]["status"]
    counts = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "unavailableReplicas", "terminatingReplicas")
    assert {key: status.get(key) for key in counts} == {key: real_status.get(key) for key in counts}


def test_going_back_reuses_the_old_replica_set_under_a_new_revision(ticking: Ticking) -> None:
    start(ticking)
    use(ticking, "web:crash")
    ticking.run(5)
    use(ticking, "web:v1")
    ticking.run(8)
    assert sizes(ticking) == {"web:v1": 4, "web:crash": 0}
    back = next(rs for rs in ticking.store.list("ReplicaSet") if rs["spec"]["replicas"])
    assert back["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "3"
    assert back["metadata"]["annotations"]["deployment.kubernetes.io/revision-history"] == "1"
    assert deployment(ticking)["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "3"


def test_recreate_waits_for_the_old_pods_to_go(ticking: Ticking) -> None:
    start(ticking, strategy={"type": "Recreate"})
    use(ticking, "web:v2")
    for _ in range(60):
        ticking.run(0.1)
        images = {pod["spec"]["containers"][0]["image"] for pod in ticking.pods()}
        assert len(images) <= 1
    assert sizes(ticking) == {"web:v1": 0, "web:v2": 4}


def test_a_paused_deployment_scales_but_does_not_roll(ticking: Ticking) -> None:
    start(ticking)
    ticking.change("Deployment", "web", paused=True, template=pod_template("web", "web:v2"))
    ticking.run(3)
    assert sizes(ticking) == {"web:v1": 4}
    assert condition(ticking, "Progressing") == ("Unknown", "DeploymentPaused")
    ticking.change("Deployment", "web", replicas=6)
    ticking.run(3)
    assert sizes(ticking) == {"web:v1": 6}
    ticking.change("Deployment", "web", paused=False)
    ticking.run(10)
    assert sizes(ticking) == {"web:v1": 0, "web:v2": 6}


def test_only_as_many_revisions_are_kept_as_the_history_limit_says(ticking: Ticking) -> None:
    start(ticking, revisionHistoryLimit=1)
    for version in (2, 3, 4):
        use(ticking, f"web:v{version}")
        ticking.run(8)
    assert sizes(ticking) == {"web:v3": 0, "web:v4": 4}


def test_min_ready_seconds_delay_availability(ticking: Ticking) -> None:
    ticking.store.create(workload("Deployment", replicas=4, minReadySeconds=10))
    ticking.run(6)
    assert deployment(ticking)["status"].get("availableReplicas", 0) == 0
    assert deployment(ticking)["status"]["readyReplicas"] == 4
    ticking.run(7)
    assert deployment(ticking)["status"]["availableReplicas"] == 4


def test_scaling_during_a_stalled_rollout_is_shared_out(ticking: Ticking) -> None:
    start(ticking)
    use(ticking, "web:crash")
    ticking.run(5)
    ticking.change("Deployment", "web", replicas=8)
    ticking.run(2)
    assert sum(sizes(ticking).values()) == 10  # 8 and a surge of 2
    assert sizes(ticking)["web:v1"] > sizes(ticking)["web:crash"] > 2


def test_a_seeded_state_is_kept_as_it_is(ticking: Ticking) -> None:
    """Objects of a settled cluster, put into another one, cause no change but their own creation."""
    start(ticking)
    other = Ticking()
    other.run(0.1)
    for kind in ("Deployment", "ReplicaSet", "Pod"):
        for obj in ticking.store.list(kind):
            seeded = {**obj, "metadata": {**obj["metadata"], "creationTimestamp": to_seconds(NOON - 259_200)}}
            del seeded["metadata"]["resourceVersion"]
            other.store.create(seeded)
    before = other.cluster.snapshot()
    other.run(5)
    assert other.cluster.snapshot() == before
    assert len(before["Pod"]) == 4
