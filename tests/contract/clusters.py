# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated and the real cluster, behind the few things that a test does to either.

On both, a pod behaves as a word in its image's tag says: crash, oom, nopull, unready, restarted (ready after one crash), held (it is
being created until a test writes its status); anything else becomes ready.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from plugins.module_utils.clients.cluster import ClusterAccess, ClusterClient, ObjectNotFound
from plugins.module_utils.model.service import Service, WorkloadKind
from plugins.module_utils.rollback.status import unfinished
from plugins.module_utils.rollback.strategy import replicas_of

T = TypeVar("T")
READER = "reader"
"""A user who may only look at workloads and pods."""

MAY_READ = (
    ("", ("pods", "events", "configmaps")),
    ("apps", ("deployments", "replicasets", "statefulsets", "daemonsets", "controllerrevisions")),
)
_ALL_AT_ONCE = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "100%"}}
_numbers = itertools.count(1)


@dataclass
class Cluster:
    """`kubeconfigs` by user; `set_log(lines, lines of the run before)` is what every pod's log shows from then on."""

    kubeconfigs: Mapping[str, Path]
    set_log: Callable[[Sequence[str], Sequence[str]], None]
    restart_server: Callable[[], None]
    """Ends the API server in the middle of whatever it does, and has it come back some seconds later."""
    namespace: str = field(default="")

    def client(self, user: str = "admin") -> ClusterClient:
        return ClusterClient.connect(ClusterAccess(kubeconfig=str(self.kubeconfigs[user]), timeout=10.0))

    def new_namespace(self) -> None:
        self.namespace = f"shop-{next(_numbers)}"
        self.client().post("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace}})
        self.until("the service account", lambda: self.found(f"/api/v1/namespaces/{self.namespace}/serviceaccounts/default"))

    def delete_namespace(self) -> None:
        """Waits for nothing: what is in it goes in its own time."""
        self.client().delete(f"/api/v1/namespaces/{self.namespace}")

    def service(self, kind: WorkloadKind = WorkloadKind.DEPLOYMENT) -> Service:
        return Service("payment-api", self.namespace, workload_kind=kind)

    def path(self, kind: WorkloadKind, name: str = "payment-api") -> str:
        return f"/apis/apps/v1/namespaces/{self.namespace}/{kind.value.lower()}s/{name}"

    def create(
        self, kind: WorkloadKind, version: str, replicas: int = 3, annotations: Mapping[str, str] | None = None, **spec: Any
    ) -> None:
        """The workload payment-api with that version as its image's tag, rolled out as far as it goes."""
        labels = {"app": "payment-api"}
        body: dict[str, Any] = {
            "apiVersion": "apps/v1",
            "kind": kind.value,
            "metadata": {"name": "payment-api", "annotations": dict(annotations or {})},
            "spec": {
                "selector": {"matchLabels": labels},
                "template": {
                    "metadata": {"labels": labels},
                    "spec": {"containers": [{"name": "app", "image": f"shop/payment-api:{version}"}]},
                },
                **({} if kind is WorkloadKind.DAEMON_SET else {"replicas": replicas}),
                **({"serviceName": "payment-api"} if kind is WorkloadKind.STATEFUL_SET else {}),
                **({"updateStrategy": _ALL_AT_ONCE} if kind is WorkloadKind.DAEMON_SET else {}),
                **spec,
            },
        }
        self.client().post(self.path(kind).rpartition("/")[0], body)

    def roll_out(self, kind: WorkloadKind, version: str, annotations: Mapping[str, str] | None = None) -> None:
        body = {
            "metadata": {"annotations": dict(annotations or {})},
            "spec": {"template": {"spec": {"containers": [{"name": "app", "image": f"shop/payment-api:{version}"}]}}},
        }
        self.client().patch(self.path(kind), body, "application/strategic-merge-patch+json")

    def complete(self, kind: WorkloadKind = WorkloadKind.DEPLOYMENT) -> None:
        """Waits for the end of a rollout that goes well, and of the pods that it replaces.

        And until that is written down: a status that comes a moment later would be a conflict for whoever changes the workload then.
        """

        def done() -> bool:
            workload = self.workload(kind)
            ended = unfinished(kind, workload) is None and not workload["status"].get("terminatingReplicas")
            return ended and len(self.pods()) == replicas_of(kind, workload) > 0

        self.until(f"the end of the rollout of {kind.value}", done)

    def history(self, *versions: str, kind: WorkloadKind = WorkloadKind.DEPLOYMENT, **options: Any) -> None:
        """The workload, having had each of these versions, the last one now. Options are those of `create`."""
        for number, version in enumerate(versions):
            if number:
                # Which ControllerRevision came first is told by when they were created, and that in whole seconds.
                time.sleep(0.0 if kind is WorkloadKind.DEPLOYMENT else 1.0 - time.time() % 1.0)
                self.roll_out(kind, version)
            else:
                self.create(kind, version, **options)
            self.complete(kind)

    def patch(self, kind: WorkloadKind, body: Mapping[str, Any]) -> None:
        self.client().patch(self.path(kind), dict(body), "application/merge-patch+json")

    def workload(self, kind: WorkloadKind) -> dict[str, Any]:
        return self.client().get(self.path(kind))

    def pods(self) -> list[dict[str, Any]]:
        return self.listed("api/v1/{}/pods")

    def found(self, path: str) -> bool:
        try:
            self.client().get(path)
        except ObjectNotFound:
            return False
        return True

    def tag(self, kind: WorkloadKind = WorkloadKind.DEPLOYMENT) -> str:
        """The version that the workload asks for."""
        return str(self.workload(kind)["spec"]["template"]["spec"]["containers"][0]["image"]).rpartition(":")[2]

    def listed(self, path: str) -> list[dict[str, Any]]:
        """The objects of a resource in the namespace; `path` is like `apis/apps/v1/{}/replicasets`."""
        items: list[dict[str, Any]] = self.client().get(f"/{path.format(f'namespaces/{self.namespace}')}")["items"]
        return items

    def until(self, what: str, look: Callable[[], T], seconds: float = 40.0) -> T:
        """The first truthy answer of `look`."""
        deadline = time.monotonic() + seconds
        while not (answer := look()):
            assert time.monotonic() < deadline, f"{what}: not seen within {seconds:.0f} s"
            time.sleep(0.1)
        return answer
