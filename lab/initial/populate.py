# SPDX-License-Identifier: GPL-3.0-or-later
"""Fills the cluster's store with what a scenario says is there."""

from __future__ import annotations

from typing import Any

from lab.cluster.controllers.context import owner_reference, template_hash
from lab.cluster.store import Store
from lab.cluster.timestamps import to_seconds
from lab.initial import templates
from lab.initial.events import PastEvents
from lab.initial.rollouts import PodLife, pod_lives
from lab.pods.commands import cluster_port
from lab.scenario.model import Workload
from lab.world.pods import PodRecord
from lab.world.world import World

Object = dict[str, Any]

_FEWEST_NODES = 3
_PODS_ON_A_NODE = 20
_CLUSTER_AGE = 90 * 86400.0
_REVISION = "deployment.kubernetes.io/revision"
_HISTORY = "deployment.kubernetes.io/revision-history"
_DESIRED = "deployment.kubernetes.io/desired-replicas"


class Population:
    """``registry`` is the host and port that image references begin with."""

    def __init__(self, store: Store, world: World, registry: str) -> None:
        self._store = store
        self._world = world
        self._registry = registry
        self._events = PastEvents(store, world.start)
        self._hashes: dict[str, str] = {}
        self._placed = 0
        pods = sum(workload.replicas for workload in world.scenario.workloads.values())
        self._nodes = tuple(f"node-{number + 1}" for number in range(max(_FEWEST_NODES, -(-pods // _PODS_ON_A_NODE))))

    def fill(self) -> None:
        """Create everything, and note the pods of the past in the world."""
        scenario = self._world.scenario
        lost = {fault.pods.node: fault.onset for fault in scenario.faults.values() if fault.pods and fault.pods.reason == "NodeNotReady"}
        for name in self._nodes:
            lost_at = to_seconds(self._world.start + lost[name]) if name in lost else None
            self._create(templates.node(name, lost_at), -_CLUSTER_AGE)
        for namespace in sorted({workload.namespace for workload in scenario.workloads.values()}):
            if self._store.get("Namespace", None, namespace) is None:
                self._create({"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": namespace}}, -_CLUSTER_AGE)
        for name, workload in scenario.workloads.items():
            self._workload(name, workload)
        namespace = scenario.subject.namespace
        for name, dependency in scenario.dependencies.items():
            if self._store.get("Service", namespace, name) is None:
                self._create(templates.service(name, namespace, cluster_port(dependency), selects=False), -_CLUSTER_AGE)
        for event in scenario.events:
            self._events.told(event, self._hashes.get(scenario.service, ""))

    def add_autoscalers(self) -> None:
        """Create these when the world has begun: they know what the pods use."""
        for name, workload in self._world.scenario.workloads.items():
            if workload.autoscaler is not None:
                cpu = self._world.signal(f"{name}.cpu").at(self._world.start) if self._world.has(f"{name}.cpu") else 0.0
                self._create(templates.autoscaler(name, workload, cpu), workload.revisions[0].deployed)

    def _create(self, obj: Object, at: float) -> Object:
        """``at`` is relative to the start of the lab."""
        obj["metadata"]["creationTimestamp"] = to_seconds(self._world.start + at)
        return self._store.create(obj)

    def _workload(self, name: str, workload: Workload) -> None:
        born = workload.revisions[0].deployed
        owner = templates.controller(name, workload, self._registry, self._world.start)
        last = workload.revisions[-1]
        number = last.number or len(workload.revisions)
        if workload.kind == "Deployment":
            owner["metadata"]["annotations"][_REVISION] = str(number)
            owner["status"] = {"conditions": self._conditions(workload)}
        owner = self._create(owner, born)
        self._create(templates.service(name, workload.namespace, workload.port, selects=True), born)
        if workload.max_disrupted is not None:
            self._create(templates.disruption_budget(name, workload), born)
        lives = pod_lives(workload)
        if workload.kind == "Deployment":
            self._replica_sets(name, workload, owner, lives)
        else:
            self._controller_revisions(name, workload, owner, lives)

    def _conditions(self, workload: Workload) -> list[Object]:
        """As they are after a rollout that went well, for the controllers to take on from."""
        at = to_seconds(self._world.start + workload.revisions[-1].deployed)
        return [
            {
                "type": kind,
                "status": "True",
                "reason": reason,
                "message": message,
                "lastUpdateTime": at,
                "lastTransitionTime": at,
            }
            for kind, reason, message in (
                ("Available", "MinimumReplicasAvailable", "Deployment has minimum availability."),
                ("Progressing", "NewReplicaSetAvailable", "ReplicaSet has successfully progressed."),
            )
        ]

    def _replica_sets(self, name: str, workload: Workload, owner: Object, lives: list[list[PodLife]]) -> None:
        """One ReplicaSet for each template: one that was gone back to has the number of its newest revision, and remembers the earlier."""
        templated = [templates.pod_template(name, workload, revision, self._registry, self._world.start) for revision in workload.revisions]
        hashes = [template_hash(template) for template in templated]
        sets: dict[str, Object] = {}
        for pod_hash, template in zip(hashes, templated, strict=True):
            if pod_hash in sets:
                continue
            template["metadata"]["labels"]["pod-template-hash"] = pod_hash
            positions = [position for position, other in enumerate(hashes) if other == pod_hash]
            numbers = [workload.revisions[position].number or position + 1 for position in positions]
            marks = {_REVISION: str(numbers[-1]), _DESIRED: str(workload.replicas)}
            if len(numbers) > 1:
                marks[_HISTORY] = ",".join(map(str, numbers[:-1]))
            newest = workload.revisions[positions[-1]]
            replica_set = {
                "kind": "ReplicaSet",
                "apiVersion": "apps/v1",
                "metadata": {
                    "name": f"{name}-{pod_hash}",
                    "namespace": workload.namespace,
                    "labels": template["metadata"]["labels"],
                    "annotations": {**workload.annotations, **templates.release_notes(newest), **marks},
                    "ownerReferences": [owner_reference(owner)],
                },
                "spec": {
                    "replicas": sum(life.deleted is None for position in positions for life in lives[position]),
                    "selector": {"matchLabels": {"app": name, "pod-template-hash": pod_hash}},
                    "template": template,
                },
            }
            sets[pod_hash] = self._create(replica_set, workload.revisions[positions[0]].deployed)
        self._hashes[name] = hashes[-1]
        last: list[Object] = []
        for position, pod_hash in enumerate(hashes):
            last = self._pods(name, workload, sets[pod_hash], workload.revisions[position].version, lives[position], {})
        before = sets[hashes[-2]] if len(hashes) > 1 else None
        self._events.rollout(owner, workload, before, sets[hashes[-1]], last)

    def _controller_revisions(self, name: str, workload: Workload, owner: Object, lives: list[list[PodLife]]) -> None:
        hash_label = "controller.kubernetes.io/hash" if workload.kind == "StatefulSet" else "controller-revision-hash"
        names: list[str] = []
        for position, revision in enumerate(workload.revisions):
            template = templates.pod_template(name, workload, revision, self._registry, self._world.start)
            marked = {**owner, "spec": {**owner["spec"], "template": _with_defaults(owner, template)}}
            data = {"spec": {"template": {**marked["spec"]["template"], "$patch": "replace"}}}
            revision_hash = template_hash(data)
            names.append(f"{name}-{revision_hash}")
            controller_revision = {
                "kind": "ControllerRevision",
                "apiVersion": "apps/v1",
                "metadata": {
                    "name": names[-1],
                    "namespace": workload.namespace,
                    "labels": {**template["metadata"]["labels"], hash_label: revision_hash},
                    "annotations": templates.release_notes(revision),
                    "ownerReferences": [owner_reference(owner)],
                },
                "data": data,
                "revision": revision.number or position + 1,
            }
            self._create(controller_revision, revision.deployed)
            label = names[-1] if workload.kind == "StatefulSet" else revision_hash
            template["metadata"]["labels"]["controller-revision-hash"] = label
            pod_owner = {**owner, "spec": {**owner["spec"], "template": template}}
            self._pods(name, workload, pod_owner, revision.version, lives[position], {"controller-revision-hash": label})

    def _pods(
        self, name: str, workload: Workload, owner: Object, version: str, lives: list[PodLife], labels: dict[str, str]
    ) -> list[Object]:
        """The pods of one revision: those of the past only in the world's memory, the others in the cluster too."""
        created = []
        for index, life in enumerate(lives):
            node = self._nodes[self._placed % len(self._nodes)]
            self._placed += 1
            suffix = str(index) if workload.kind == "StatefulSet" else self._store.random_suffix(5)
            pod_name = f"{owner['metadata']['name']}-{suffix}"
            if life.deleted is not None:
                self._remember(name, workload, pod_name, version, node, life)
                continue
            template = owner["spec"]["template"]
            pod: Object = {
                "kind": "Pod",
                "apiVersion": "v1",
                "metadata": {
                    "name": pod_name,
                    "generateName": f"{owner['metadata']['name']}-",
                    "namespace": workload.namespace,
                    "labels": {**template["metadata"]["labels"], **labels},
                    "ownerReferences": [owner_reference(owner)],
                },
                "spec": {**template["spec"], "nodeName": node},
                "status": {
                    "conditions": [
                        {"type": "PodScheduled", "status": "True", "lastTransitionTime": to_seconds(self._world.start + life.created)}
                    ]
                },
            }
            if workload.kind == "StatefulSet":
                pod["metadata"]["labels"]["statefulset.kubernetes.io/pod-name"] = pod_name
            created.append(self._create(pod, life.created))
        return created

    def _remember(self, name: str, workload: Workload, pod_name: str, version: str, node: str, life: PodLife) -> None:
        assert life.deleted is not None
        start = self._world.start
        self._world.pods.records[f"past-{pod_name}"] = PodRecord(
            namespace=workload.namespace,
            name=pod_name,
            workload=name,
            version=version,
            container=workload.container or name,
            node=node,
            address=f"10.244.{self._placed // 250 % 250}.{self._placed % 250 + 2}",
            created=start + life.created,
            deleted=start + life.deleted,
            leaving=start + life.deleted,
            ready=[(start + life.created + workload.startup, True)],
        )


def _with_defaults(owner: Object, template: Object) -> Object:
    """A pod template with the defaults that the API server gave the owner's present one."""
    filled = {**owner["spec"]["template"], "metadata": template["metadata"]}
    container = {**filled["spec"]["containers"][0], "image": template["spec"]["containers"][0]["image"]}
    filled["spec"] = {**filled["spec"], "containers": [container]}
    return filled
