# SPDX-License-Identifier: GPL-3.0-or-later
"""/scale of workloads and /eviction of pods."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aiohttp import web

from . import managed_fields
from .deletion import delete_object, delete_options
from .errors import bad_request, conflict, invalid, not_found, too_many_requests
from .handlers import field_manager, is_dry_run, read_object
from .patch import patched
from .request import RequestInfo
from .resources import STORED
from .responses import json_response
from .selectors import format_selector, matches_labels
from .store import Store, copied
from .timestamps import to_seconds

Object = dict[str, Any]

_META = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")


def scale_of(obj: Object) -> Object:
    """The autoscaling/v1 Scale of a workload."""
    selector = format_selector(obj["spec"].get("selector")) if obj["kind"] != "ReplicationController" else ""
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: obj["metadata"][key] for key in _META},
        "spec": {"replicas": obj["spec"].get("replicas", 0)},
        "status": {"replicas": (obj.get("status") or {}).get("replicas", 0), "selector": selector},
    }


async def scale(request: web.Request, info: RequestInfo, obj: Object, store: Store, clock: Callable[[], float]) -> web.Response:
    """Raises ApiErrors (400, 409, 422)."""
    assert info.resource is not None
    if info.verb == "get":
        return json_response(scale_of(obj))
    if info.verb == "patch":
        body = await request.read()
        obj = store.require(obj["kind"], info.namespace, info.name)
        wanted = patched(request.content_type, scale_of(obj), body)
    else:
        wanted = await read_object(request)
        obj = store.require(obj["kind"], info.namespace, info.name)
    replicas = (wanted.get("spec") or {}).get("replicas", 0)
    if isinstance(replicas, bool) or not isinstance(replicas, int):
        raise bad_request(
            'Scale in version "v1" cannot be handled as a Scale: json: cannot unmarshal into Go struct field ScaleSpec.spec.replicas'
        )
    if replicas < 0:
        message = f"Invalid value: {replicas}: must be greater than or equal to 0"
        raise invalid(info.resource, info.name, [("FieldValueInvalid", "spec.replicas", message)])
    version = (wanted.get("metadata") or {}).get("resourceVersion")
    if version and version != obj["metadata"]["resourceVersion"]:
        raise conflict(info.resource, info.name)
    updated = copied(obj)
    updated["spec"]["replicas"] = replicas
    managed_fields.track_update(obj, updated, field_manager(request), to_seconds(clock()), "scale")
    return json_response(scale_of(store.update(updated, dry_run=is_dry_run(request.query))))


async def evict(request: web.Request, pod: Object, store: Store, now: float) -> web.Response:
    """Deletes a pod unless a disruption budget forbids it. Raises an ApiError (429)."""
    body = await read_object(request)
    meta = pod["metadata"]
    current = store.get("Pod", meta["namespace"], meta["name"])
    if current is None:
        raise not_found(STORED["Pod"], meta["name"])
    options = delete_options(body.get("deleteOptions") or {}, request.query)
    for budget in store.list("PodDisruptionBudget", meta["namespace"]):
        if matches_labels(budget["spec"].get("selector"), meta.get("labels") or {}):
            _spend(budget, store, dry_run=options.dry_run)
    delete_object(store, STORED["Pod"], current, options, now)
    return json_response({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}, 201)


def _spend(budget: Object, store: Store, *, dry_run: bool) -> None:
    status = budget.get("status") or {}
    name = budget["metadata"]["name"]
    allowed = status.get("disruptionsAllowed", 0)
    if allowed <= 0:
        healthy, desired = status.get("currentHealthy", 0), status.get("desiredHealthy", 0)
        message = f"The disruption budget {name} needs {desired} healthy pods and has {healthy} currently"
        raise too_many_requests(
            "Cannot evict pod as it would violate the pod's disruption budget.", [{"reason": "DisruptionBudget", "message": message}]
        )
    store.update(budget | {"status": status | {"disruptionsAllowed": allowed - 1}}, status_only=True, dry_run=dry_run)
