# SPDX-License-Identifier: GPL-3.0-or-later
"""KWOK's settings, and what its nodes answer for their pods: logs, exec and resource usage."""

from __future__ import annotations

from typing import Any

from .processes import HOST

_CUSTOM = ("Stage", "Metric", "Exec", "ClusterExec", "Logs", "ClusterLogs", "ResourceUsage", "ClusterResourceUsage")
KWOK_SETTINGS = {
    "apiVersion": "config.kwok.x-k8s.io/v1alpha1",
    "kind": "KwokConfiguration",
    # A configuration file gets no defaults: without the parallelisms nodes stay NotReady.
    "options": {
        "enableDebuggingHandlers": True,
        "enablePodsOnNodeSyncStreamWatch": True,
        "cidr": "10.244.0.0/16",
        "nodeIP": HOST,
        "manageAllNodes": False,
        "manageNodesWithAnnotationSelector": "kwok.x-k8s.io/node=fake",
        "nodeLeaseDurationSeconds": 40,
        "nodeLeaseParallelism": 4,
        "podsOnNodeSyncParallelism": 4,
        "podPlayStageParallelism": 8,
        "nodePlayStageParallelism": 4,
        "enableCRDs": list(_CUSTOM),
    },
}


def kubelet_objects() -> list[dict[str, Any]]:
    """What the nodes' kubelets answer: exec runs the command on this machine, usage comes from annotations of the pod."""

    def usage(resource: str, default: str) -> dict[str, str]:
        annotation = f"kwok.x-k8s.io/usage-{resource}"
        given = f'pod.metadata.annotations["{annotation}"]'
        return {"expression": f'"{annotation}" in pod.metadata.annotations ? Quantity({given}) : Quantity("{default}")'}

    labels = [
        {"name": "container", "value": "container.name"},
        {"name": "namespace", "value": "pod.metadata.namespace"},
        {"name": "pod", "value": "pod.metadata.name"},
    ]
    metrics: list[dict[str, Any]] = [
        {"name": "container_start_time_seconds", "dimension": "container", "kind": "gauge", "labels": labels, "value": "pod.SinceSecond()"}
    ]
    for dimension, scope, of in (("container", labels, ", container.name"), ("pod", labels[1:], ""), ("node", [], "")):
        owner = "node" if dimension == "node" else "pod"
        rows = (
            ("cpu_usage_seconds_total", "counter", f'{owner}.CumulativeUsage("cpu"{of})'),
            ("memory_working_set_bytes", "gauge", f'{owner}.Usage("memory"{of})'),
        )
        for name, kind, value in rows:
            metrics.append({"name": f"{dimension}_{name}", "dimension": dimension, "kind": kind, "labels": scope, "value": value})
    version = "kwok.x-k8s.io/v1alpha1"
    return [
        {"apiVersion": version, "kind": "ClusterExec", "metadata": {"name": "here"}, "spec": {"execs": [{"local": {}}]}},
        {
            "apiVersion": version,
            "kind": "ClusterLogs",
            "metadata": {"name": "default"},
            "spec": {"logs": [{"logsFile": "logs/current.log", "follow": True}]},
        },
        {
            "apiVersion": version,
            "kind": "ClusterResourceUsage",
            "metadata": {"name": "from-annotations"},
            "spec": {"usages": [{"usage": {"cpu": usage("cpu", "1m"), "memory": usage("memory", "1Mi")}}]},
        },
        {
            "apiVersion": version,
            "kind": "Metric",
            "metadata": {"name": "resource"},
            "spec": {"path": "/metrics/nodes/{nodeName}/metrics/resource", "metrics": metrics},
        },
    ]
