# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenAPI documents with every kind and just enough schema for `kubectl explain`, and for kubectl to leave field validation to the server.

Patch operations name no body types: kubectl then takes the merge keys of lists from its own built-in types.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from .resources import RESOURCES, Resource, group_versions

Object = dict[str, Any]

_FIELD_VALIDATION = {"name": "fieldValidation", "in": "query", "description": "How the server treats unknown fields."}
_DRY_RUN = {"name": "dryRun", "in": "query", "description": "When present, indicates that modifications should not be persisted."}
_STANDARD = {
    "apiVersion": {"type": "string", "description": "The versioned schema of this representation of an object."},
    "kind": {"type": "string", "description": "The REST resource that this object represents."},
    "metadata": {"type": "object", "description": "Standard object metadata."},
    "spec": {"type": "object", "description": "The desired state.", "x-kubernetes-preserve-unknown-fields": True},
    "status": {"type": "object", "description": "The most recently observed state.", "x-kubernetes-preserve-unknown-fields": True},
}


def _kind(resource: Resource) -> Object:
    return {"group": resource.group, "version": resource.version, "kind": resource.kind}


def _schema_name(resource: Resource) -> str:
    group = (resource.group or "core").removesuffix(".k8s.io")
    return f"io.k8s.api.{group}.{resource.version}.{resource.kind}"


def _schema(resource: Resource) -> Object:
    return {
        "description": f"{resource.kind} of {resource.api_version}.",
        "type": "object",
        "properties": _STANDARD,
        "x-kubernetes-preserve-unknown-fields": True,
        "x-kubernetes-group-version-kind": [_kind(resource)],
    }


def _paths(resource: Resource, parameter: dict[str, Any]) -> Object:
    base = f"{resource.path}/namespaces/{{namespace}}/{resource.plural}" if resource.namespaced else f"{resource.path}/{resource.plural}"

    def operation(action: str) -> Object:
        return {
            "description": f"{action} {resource.plural}",
            "parameters": [_FIELD_VALIDATION | parameter, _DRY_RUN | parameter],
            "responses": {"200": {"description": "OK"}},
            "x-kubernetes-action": action,
            "x-kubernetes-group-version-kind": _kind(resource),
        }

    paths: Object = {}
    if "create" in resource.verbs:
        paths[base] = {"post": operation("post")}
    if "patch" in resource.verbs:
        paths[f"{base}/{{name}}"] = {"get": operation("get"), "put": operation("put"), "patch": operation("patch")}
    return paths


def v3_index() -> Object:
    """What /openapi/v3 answers: where the document of every group and version is."""
    paths = {}
    for group, versions in group_versions().items():
        for version in versions:
            key = f"apis/{group}/{version}" if group else f"api/{version}"
            paths[key] = {"serverRelativeURL": f"/openapi/v3/{key}?hash=1"}
    return {"paths": paths}


@cache
def v3(group: str, version: str) -> Object | None:
    """The OpenAPI 3 document of a group and version; None when it is not served."""
    served = [r for r in RESOURCES if (r.group, r.version) == (group, version)]
    if not served:
        return None
    paths: Object = {}
    for resource in served:
        paths |= _paths(resource, {"schema": {"type": "string"}})
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": "v1.36.3"},
        "paths": paths,
        "components": {"schemas": {_schema_name(r): _schema(r) for r in served}},
    }


@cache
def v2() -> Object:
    """The Swagger 2 document of everything."""
    paths: Object = {}
    for resource in RESOURCES:
        paths |= _paths(resource, {"type": "string"})
    return {
        "swagger": "2.0",
        "info": {"title": "Kubernetes", "version": "v1.36.3"},
        "paths": paths,
        "definitions": {_schema_name(r): _schema(r) for r in RESOURCES},
    }
