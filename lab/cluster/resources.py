# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of what the server serves: one line per resource of one group and version."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource as discovery shows it. With `status` it has a /status subresource, and plain writes leave its status alone."""

    group: str
    version: str
    plural: str
    kind: str
    singular: str
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    status: bool = False
    subresources: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ALL_VERBS
    storage: bool = True  # False: another version of the same kind is the stored one, or nothing is stored at all

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def qualified(self) -> str:
        """`deployments.apps`, as error messages name it."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def path(self) -> str:
        """The path of the group and version: `/api/v1`, `/apis/apps/v1`."""
        return f"/apis/{self.api_version}" if self.group else f"/api/{self.version}"


def _resource(
    group_version: str,
    plural: str,
    kind: str,
    *short_names: str,
    in_all: bool = False,
    namespaced: bool = True,
    status: bool = False,
    subresources: tuple[str, ...] = (),
    storage: bool = True,
) -> Resource:
    """`in_all` puts it among what `kubectl get all` shows."""
    group, _, version = group_version.rpartition("/")
    return Resource(
        group,
        version,
        plural,
        kind,
        kind.lower(),
        namespaced,
        short_names,
        ("all",) if in_all else (),
        status,
        subresources,
        storage=storage,
    )


def _computed(group_version: str, plural: str, kind: str, *verbs: str, namespaced: bool = False) -> Resource:
    """What is answered without being stored."""
    group, _, version = group_version.rpartition("/")
    return Resource(group, version, plural, kind, kind.lower(), namespaced, verbs=verbs, storage=False)


_SCALE = ("scale",)

RESOURCES: tuple[Resource, ...] = (
    _resource("v1", "configmaps", "ConfigMap", "cm"),
    _resource("v1", "endpoints", "Endpoints", "ep"),
    _resource("v1", "events", "Event", "ev"),
    _resource("v1", "limitranges", "LimitRange", "limits"),
    _resource("v1", "namespaces", "Namespace", "ns", namespaced=False, status=True),
    _resource("v1", "nodes", "Node", "no", namespaced=False, status=True),
    _resource("v1", "persistentvolumes", "PersistentVolume", "pv", namespaced=False, status=True),
    _resource("v1", "persistentvolumeclaims", "PersistentVolumeClaim", "pvc", status=True),
    _resource("v1", "pods", "Pod", "po", in_all=True, status=True, subresources=("eviction", "exec", "log")),
    _resource("v1", "replicationcontrollers", "ReplicationController", "rc", in_all=True, status=True, subresources=_SCALE),
    _resource("v1", "resourcequotas", "ResourceQuota", "quota", status=True),
    _resource("v1", "secrets", "Secret"),
    _resource("v1", "serviceaccounts", "ServiceAccount", "sa"),
    _resource("v1", "services", "Service", "svc", in_all=True, status=True),
    _resource("apps/v1", "controllerrevisions", "ControllerRevision"),
    _resource("apps/v1", "daemonsets", "DaemonSet", "ds", in_all=True, status=True),
    _resource("apps/v1", "deployments", "Deployment", "deploy", in_all=True, status=True, subresources=_SCALE),
    _resource("apps/v1", "replicasets", "ReplicaSet", "rs", in_all=True, status=True, subresources=_SCALE),
    _resource("apps/v1", "statefulsets", "StatefulSet", "sts", in_all=True, status=True, subresources=_SCALE),
    _resource("admissionregistration.k8s.io/v1", "mutatingwebhookconfigurations", "MutatingWebhookConfiguration", namespaced=False),
    _resource("admissionregistration.k8s.io/v1", "validatingwebhookconfigurations", "ValidatingWebhookConfiguration", namespaced=False),
    _computed("authentication.k8s.io/v1", "selfsubjectreviews", "SelfSubjectReview", "create"),
    _computed("authorization.k8s.io/v1", "selfsubjectaccessreviews", "SelfSubjectAccessReview", "create"),
    _computed("authorization.k8s.io/v1", "selfsubjectrulesreviews", "SelfSubjectRulesReview", "create"),
    _resource("autoscaling/v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler", "hpa", in_all=True, status=True),
    _resource("autoscaling/v1", "horizontalpodautoscalers", "HorizontalPodAutoscaler", "hpa", in_all=True, status=True, storage=False),
    _resource("batch/v1", "cronjobs", "CronJob", "cj", in_all=True, status=True),
    _resource("batch/v1", "jobs", "Job", in_all=True, status=True),
    _resource("coordination.k8s.io/v1", "leases", "Lease"),
    _resource("discovery.k8s.io/v1", "endpointslices", "EndpointSlice"),
    _resource("events.k8s.io/v1", "events", "Event", "ev", storage=False),
    _computed("metrics.k8s.io/v1beta1", "nodes", "NodeMetrics", "get", "list"),
    _computed("metrics.k8s.io/v1beta1", "pods", "PodMetrics", "get", "list", namespaced=True),
    _resource("networking.k8s.io/v1", "ingressclasses", "IngressClass", namespaced=False),
    _resource("networking.k8s.io/v1", "ingresses", "Ingress", "ing", status=True),
    _resource("networking.k8s.io/v1", "networkpolicies", "NetworkPolicy", "netpol"),
    _resource("node.k8s.io/v1", "runtimeclasses", "RuntimeClass", namespaced=False),
    _resource("policy/v1", "poddisruptionbudgets", "PodDisruptionBudget", "pdb", status=True),
    _resource("scheduling.k8s.io/v1", "priorityclasses", "PriorityClass", "pc", namespaced=False),
    _resource("storage.k8s.io/v1", "storageclasses", "StorageClass", "sc", namespaced=False),
)

BY_PATH: dict[tuple[str, str, str], Resource] = {(r.group, r.version, r.plural): r for r in RESOURCES}
STORED: dict[str, Resource] = {r.kind: r for r in RESOURCES if r.storage}


@cache
def group_versions() -> dict[str, list[str]]:
    """Versions of every group, the preferred one first. The core group is the empty string."""
    found: dict[str, list[str]] = {}
    for resource in RESOURCES:
        versions = found.setdefault(resource.group, [])
        if resource.version not in versions:
            versions.append(resource.version)
    return found
