# SPDX-License-Identifier: GPL-3.0-or-later
"""`Table` responses: what `kubectl get` prints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from . import table_cells
from .table_cells import CellsOf

Object = dict[str, Any]

TABLE = {"kind": "Table", "apiVersion": "meta.k8s.io/v1"}


@dataclass(frozen=True, slots=True)
class _Layout:
    """Columns as `Name`, `Ready:string`, `Up-to-date:integer`; a `+` in front shows the column with `-o wide` only."""

    columns: tuple[str, ...]
    cells: CellsOf


_WORKLOAD_WIDE = ("+Containers", "+Images", "+Selector")
_LAYOUTS: dict[str, _Layout] = {
    "Pod": _Layout(("Name", "Ready", "Status", "Restarts", "Age", "+IP", "+Node", "+Nominated Node", "+Readiness Gates"), table_cells.pod),
    "Deployment": _Layout(("Name", "Ready", "Up-to-date", "Available", "Age", *_WORKLOAD_WIDE), table_cells.deployment),
    "ReplicaSet": _Layout(("Name", "Desired:integer", "Current:integer", "Ready:integer", "Age", *_WORKLOAD_WIDE), table_cells.replicaset),
    "ReplicationController": _Layout(
        ("Name", "Desired:integer", "Current:integer", "Ready:integer", "Age", *_WORKLOAD_WIDE), table_cells.replicaset
    ),
    "StatefulSet": _Layout(("Name", "Ready", "Age", "+Containers", "+Images"), table_cells.statefulset),
    "DaemonSet": _Layout(
        (
            "Name",
            "Desired:integer",
            "Current:integer",
            "Ready:integer",
            "Up-to-date:integer",
            "Available:integer",
            "Node Selector",
            "Age",
            *_WORKLOAD_WIDE,
        ),
        table_cells.daemonset,
    ),
    "Service": _Layout(("Name", "Type", "Cluster-IP", "External-IP", "Port(s)", "Age", "+Selector"), table_cells.service),
    "Node": _Layout(
        ("Name", "Status", "Roles", "Age", "Version", "+Internal-IP", "+External-IP", "+OS-Image", "+Kernel-Version", "+Container-Runtime"),
        table_cells.node,
    ),
    "Event": _Layout(
        ("Last Seen", "Type", "Reason", "Object", "+Subobject", "+Source", "Message", "+First Seen", "+Count", "+Name"), table_cells.event
    ),
    "HorizontalPodAutoscaler": _Layout(("Name", "Reference", "Targets", "MinPods", "MaxPods", "Replicas", "Age"), table_cells.autoscaler),
    "PodDisruptionBudget": _Layout(
        ("Name", "Min Available", "Max Unavailable", "Allowed Disruptions:integer", "Age"), table_cells.disruption_budget
    ),
    "ConfigMap": _Layout(("Name", "Data", "Age"), table_cells.config_map),
    "Secret": _Layout(("Name", "Type", "Data", "Age"), table_cells.secret),
    "Job": _Layout(("Name", "Status", "Completions", "Duration", "Age", *_WORKLOAD_WIDE), table_cells.job),
    "CronJob": _Layout(
        ("Name", "Schedule", "Timezone", "Suspend:boolean", "Active:integer", "Last Schedule", "Age", *_WORKLOAD_WIDE), table_cells.cron_job
    ),
    "PersistentVolume": _Layout(
        (
            *("Name", "Capacity", "Access Modes", "Reclaim Policy", "Status", "Claim", "StorageClass"),
            *("VolumeAttributesClass", "Reason", "Age", "+VolumeMode"),
        ),
        table_cells.volume,
    ),
    "PersistentVolumeClaim": _Layout(
        ("Name", "Status", "Volume", "Capacity", "Access Modes", "StorageClass", "VolumeAttributesClass", "Age", "+VolumeMode"),
        table_cells.volume_claim,
    ),
    "Namespace": _Layout(("Name", "Status", "Age"), table_cells.namespace),
    "Endpoints": _Layout(("Name", "Endpoints", "Age"), table_cells.endpoints),
    "EndpointSlice": _Layout(("Name", "AddressType", "Ports", "Endpoints", "Age"), table_cells.endpoint_slice),
    "Ingress": _Layout(("Name", "Class", "Hosts", "Address", "Ports", "Age"), table_cells.ingress),
    "Lease": _Layout(("Name", "Holder", "Age"), table_cells.lease),
    "ServiceAccount": _Layout(("Name", "Age"), table_cells.plain),
    "LimitRange": _Layout(("Name", "Created At:date"), table_cells.limit_range),
    "ResourceQuota": _Layout(("Name", "Request", "Limit", "Age"), table_cells.resource_quota),
    "ControllerRevision": _Layout(("Name", "Controller", "Revision", "Age"), table_cells.controller_revision),
}
_DEFAULT = _Layout(("Name", "Age"), table_cells.plain)


def _definition(column: str) -> Object:
    name, _, kind = column.removeprefix("+").partition(":")
    return {
        "name": name,
        "type": kind or "string",
        "format": "name" if name == "Name" else "",
        "description": name,
        "priority": int(column.startswith("+")),
    }


def _carried(obj: Object, include: str) -> Object | None:
    if include == "Object":
        return obj
    if include == "None":
        return None
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": obj["metadata"]}


def table(kind: str, objects: Sequence[Object], meta: Object, now: float, include: str, *, columns: bool = True) -> Object:
    """The Table of the objects. `include` is the query parameter includeObject: None, Metadata (the default) or Object."""
    layout = _LAYOUTS.get(kind, _DEFAULT)
    rows = []
    for obj in objects:
        carried = _carried(obj, include)
        rows.append({"cells": layout.cells(obj, now)} | ({"object": carried} if carried is not None else {}))
    definitions = [_definition(column) for column in layout.columns] if columns else []
    return TABLE | {"metadata": meta, "columnDefinitions": definitions, "rows": rows}


def partial(obj: Object) -> Object:
    """The `PartialObjectMetadata` of an object."""
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": obj["metadata"]}
