# SPDX-License-Identifier: GPL-3.0-or-later
"""The Kubernetes objects of an incident, aged as a cluster's are, and the logs of the pods that are there."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from .stories import BEGINNING, NODES, Incident, Pod, Release, Service

Object = dict[str, Any]
_DEADLINE = 600.0


class Cluster:
    """The objects of `incident` in `namespace` at `now` (unix seconds)."""

    def __init__(self, incident: Incident, namespace: str, now: float) -> None:
        self.incident, self.namespace, self.now = incident, namespace, now

    def objects(self) -> list[Object]:
        found = [self._node(name) for name in NODES]
        for service in self.incident.services:
            found += self._of_service(service)
        pods = [pod.name for pod in self.incident.services[0].pods() if not pod.gone]
        for kind, name, reason, message, ago in self.incident.events:
            found.append(self._event(kind, pods[int(name)] if name.isdigit() else name, reason, message, ago))
        for kind, name, ago in self.incident.rewritten:
            written = {"manager": "kubectl-edit", "operation": "Update", "apiVersion": "v1", "time": self._at(ago)}
            managed = [{**written, "fieldsType": "FieldsV1", "fieldsV1": {"f:data": {}}}]
            meta = {**self._meta(kind, name, BEGINNING), "managedFields": managed}
            found.append({"apiVersion": "v1", "kind": kind, "metadata": meta, "data": {}})
        return found

    def logs(self) -> dict[str, list[tuple[float, str]]]:
        """By pod, as the kubelet has them: when each line was written, and the line."""
        found: dict[str, list[tuple[float, str]]] = {}
        for service in self.incident.services:
            for pod in service.pods():
                if pod.ready is not None and not pod.gone:
                    found[pod.name] = sorted(self._lines(service, pod), key=lambda line: line[0])
        return found

    def _lines(self, service: Service, pod: Pod) -> Iterator[tuple[float, str]]:
        chance = service.random
        began = min([pod.ready or 0.0, 3000.0, *pod.ends])
        ago = began
        while ago > 0:
            answered = f'"GET /api/v1/items/{chance.randrange(10**6)}" 200 {chance.randrange(10, 90)}ms'
            yield self.now - ago, f"{self._at(ago)} INFO [access] {answered}"
            ago -= chance.expovariate(0.1)
        for said in service.said:
            ago = min(said.ago, began) if said.version in (None, pod.release.version) else 0.0
            while (ago := ago - chance.expovariate(said.often / 60)) > 0:
                text = said.text.replace("{n}", str(chance.randrange(10**6))).replace("{at}", self._at(ago))
                yield from ((self.now - ago + 1e-5 * number, line) for number, line in enumerate(text.split("\n")))

    def _at(self, ago: float) -> str:
        return f"{datetime.fromtimestamp(self.now - ago, UTC):%Y-%m-%dT%H:%M:%SZ}"

    def _meta(self, kind: str, name: str, ago: float, labels: dict[str, str] | None = None, owner: Object | None = None) -> Object:
        identity = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{kind}/{name}"))
        meta: Object = {"name": name, "uid": identity, "resourceVersion": "71", "creationTimestamp": self._at(ago), "labels": labels or {}}
        if kind != "Node":
            meta["namespace"] = self.namespace
        if owner is not None:
            of = {"apiVersion": "apps/v1", "kind": owner["kind"], "name": owner["metadata"]["name"], "uid": owner["metadata"]["uid"]}
            meta["ownerReferences"] = [{**of, "controller": True, "blockOwnerDeletion": True}]
        return meta

    def _node(self, name: str) -> Object:
        ready = {"type": "Ready", "status": "True", "reason": "KubeletReady", "lastTransitionTime": self._at(BEGINNING)}
        return {"apiVersion": "v1", "kind": "Node", "metadata": self._meta("Node", name, BEGINNING), "status": {"conditions": [ready]}}

    def _event(self, kind: str, name: str, reason: str, message: str, ago: float) -> Object:
        about = {"kind": kind, "name": name, "namespace": self.namespace, "uid": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{kind}/{name}"))}
        meta = self._meta("Event", f"{name}.{abs(hash((reason, ago))):x}", ago)
        times = {"firstTimestamp": self._at(ago), "lastTimestamp": self._at(min(ago, 30.0)), "count": 3}
        told = {"reason": reason, "message": message, "type": "Warning", "source": {"component": "kubelet"}}
        return {"apiVersion": "v1", "kind": "Event", "metadata": meta, "involvedObject": about, **told, **times}

    def _of_service(self, service: Service) -> Iterator[Object]:
        pods = [pod for pod in service.pods() if not pod.gone]
        current, count = service.current, len(service.releases)
        new = [pod for pod in pods if pod.release is current]
        well, selector = [pod for pod in pods if pod.ready is not None], {"app": service.name}
        meta = self._meta("Deployment", service.name, BEGINNING, selector)
        meta |= {"generation": count, "annotations": {"deployment.kubernetes.io/revision": str(count)}}
        spec = {"replicas": service.replicas, "selector": {"matchLabels": selector}, "template": self._template(service, current)}
        rolling = {"maxSurge": 1, "maxUnavailable": 0}
        spec |= {"strategy": {"type": "RollingUpdate", "rollingUpdate": rolling}, "progressDeadlineSeconds": int(_DEADLINE)}
        status: Object = {"observedGeneration": count, "replicas": len(pods), "updatedReplicas": len(new), "readyReplicas": len(well)}
        status |= {"availableReplicas": len(well), "conditions": self._conditions(service, pods, new)}
        deployment: Object = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": spec, "status": status}
        yield deployment
        for number, release in enumerate(service.releases, start=1):
            labels = {**selector, "pod-template-hash": service.hash_of(release)}
            mine = [pod for pod in pods if pod.release is release]
            meta = self._meta("ReplicaSet", f"{service.name}-{service.hash_of(release)}", release.ago, labels, deployment)
            meta["annotations"] = {"deployment.kubernetes.io/revision": str(number)}
            ready = len([pod for pod in mine if pod.ready is not None])
            of_mine = {"replicas": len(mine), "readyReplicas": ready, "availableReplicas": ready, "observedGeneration": 1}
            spec = {"replicas": len(mine), "selector": {"matchLabels": labels}, "template": self._template(service, release)}
            replicas = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": meta, "spec": spec, "status": of_mine}
            yield replicas
            yield from (self._pod(service, pod, replicas) for pod in mine)

    def _conditions(self, service: Service, pods: list[Pod], new: list[Pod]) -> list[Object]:
        current = service.current
        done = len(new) == len(pods) == service.replicas and current.waiting is None
        late = not done and current.ago > _DEADLINE
        reason = "NewReplicaSetAvailable" if done else "ProgressDeadlineExceeded" if late else "ReplicaSetUpdated"
        at = self._at(current.ago - _DEADLINE if late else min([pod.ready for pod in new if pod.ready is not None] or [current.ago]))
        progressing = {"type": "Progressing", "status": "False" if late else "True", "reason": reason, "lastUpdateTime": at}
        available = {"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable", "lastUpdateTime": self._at(BEGINNING)}
        return [{**progressing, "lastTransitionTime": at}, {**available, "lastTransitionTime": self._at(BEGINNING)}]

    def _template(self, service: Service, release: Release) -> Object:
        container = {"name": service.name, "image": f"registry.example.com/{service.name}:{release.version}", **release.template}
        container |= {"resources": {"limits": {"memory": "512Mi"}}, "envFrom": [{"configMapRef": {"name": f"{service.name}-settings"}}]}
        labels = {"app": service.name, "pod-template-hash": service.hash_of(release)}
        return {"metadata": {"labels": labels}, "spec": {"containers": [container]}}

    def _pod(self, service: Service, pod: Pod, owner: Object) -> Object:
        template = self._template(service, pod.release)
        ready, waiting, last = pod.ready is not None, pod.release.waiting, min(pod.ends, default=None)
        started = {"running": {"startedAt": self._at(last - 12 if last is not None else pod.born - 3)}}
        state = {"waiting": {"reason": waiting}} if waiting and waiting != "NotReady" else started
        image = template["spec"]["containers"][0]["image"]
        status = {"name": service.name, "image": image, "imageID": "", "ready": ready, "started": ready}
        status |= {"restartCount": len(pod.ends), "state": state, "lastState": {}}
        if last is not None:
            ended = {"exitCode": 137, "reason": "OOMKilled", "startedAt": self._at(pod.born), "finishedAt": self._at(last)}
            status["lastState"] = {"terminated": ended}
        since = self._at(last - 14 if last is not None else pod.ready if pod.ready is not None else pod.born)
        reason = None if ready else "ContainersNotReady"
        conditions = [{"type": "Ready", "status": str(ready), "reason": reason, "lastTransitionTime": since}]
        conditions.append({"type": "PodScheduled", "status": "True", "lastTransitionTime": self._at(pod.born)})
        seen = {"phase": "Running" if state is started else "Pending", "startTime": self._at(pod.born), "podIP": "10.1.0.9"}
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "spec": {**template["spec"], "nodeName": pod.node},
            "metadata": self._meta("Pod", pod.name, pod.born, template["metadata"]["labels"], owner),
            "status": {**seen, "conditions": conditions, "containerStatuses": [status]},
        }
