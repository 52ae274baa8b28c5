# SPDX-License-Identifier: GPL-3.0-or-later
"""Discovery: /version, /api, /apis and their lists of resources, in the legacy form and aggregated into one document."""

from __future__ import annotations

from typing import Any

from .resources import RESOURCES, Resource, group_versions

Object = dict[str, Any]

VERSION: Object = {
    "major": "1",
    "minor": "36",
    "emulationMajor": "1",
    "emulationMinor": "36",
    "minCompatibilityMajor": "1",
    "minCompatibilityMinor": "35",
    "gitVersion": "v1.36.3",
    "gitCommit": "unknown",
    "gitTreeState": "clean",
    "buildDate": "1970-01-01T00:00:00Z",
    "goVersion": "go1.26",
    "compiler": "gc",
    "platform": "linux/amd64",
}

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"

_SUBRESOURCE_KINDS = {
    "status": ("", ("get", "patch", "update")),
    "scale": ("autoscaling/v1/Scale", ("get", "patch", "update")),
    "eviction": ("policy/v1/Eviction", ("create",)),
    "exec": ("v1/PodExecOptions", ("create", "get")),
    "log": ("", ("get",)),
}


def _subresources(resource: Resource) -> tuple[str, ...]:
    return (*resource.subresources, *(("status",) if resource.status else ()))


def _entry(resource: Resource) -> Object:
    entry: Object = {
        "name": resource.plural,
        "singularName": resource.singular if resource.group != "metrics.k8s.io" else "",
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": list(resource.verbs),
    }
    if resource.short_names:
        entry["shortNames"] = list(resource.short_names)
    if resource.categories:
        entry["categories"] = list(resource.categories)
    return entry


def _subresource_entry(resource: Resource, name: str) -> Object:
    response, verbs = _SUBRESOURCE_KINDS[name]
    entry: Object = {"name": f"{resource.plural}/{name}", "singularName": "", "namespaced": resource.namespaced}
    if response:
        *group, version, kind = response.split("/")
        if group:
            entry |= {"group": group[0], "version": version}
        entry["kind"] = kind
    else:
        entry["kind"] = resource.kind
    return entry | {"verbs": list(verbs)}


def resource_list(group: str, version: str) -> Object | None:
    """The `APIResourceList` of a group and version; None when it is not served."""
    entries: list[Object] = []
    for resource in RESOURCES:
        if (resource.group, resource.version) == (group, version):
            entries.append(_entry(resource))
            entries += [_subresource_entry(resource, name) for name in _subresources(resource)]
    if not entries:
        return None
    group_version = f"{group}/{version}" if group else version
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": entries}


def _group(name: str, versions: list[str]) -> Object:
    entries = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
    return {"name": name, "versions": entries, "preferredVersion": entries[0]}


def group(name: str) -> Object | None:
    """The `APIGroup` of a name; None when it is not served."""
    versions = group_versions().get(name)
    return {"kind": "APIGroup", "apiVersion": "v1"} | _group(name, versions) if name and versions else None


def groups() -> Object:
    found = [_group(name, versions) for name, versions in group_versions().items() if name]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": found}


def core_versions() -> Object:
    return {
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": "127.0.0.1"}],
    }


def _aggregated_resource(resource: Resource) -> Object:
    kind = {"group": resource.group, "version": resource.version, "kind": resource.kind}
    entry: Object = {
        "resource": resource.plural,
        "responseKind": kind,
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.singular,
        "verbs": list(resource.verbs),
    }
    if resource.short_names:
        entry["shortNames"] = list(resource.short_names)
    if resource.categories:
        entry["categories"] = list(resource.categories)
    subresources = []
    for name in _subresources(resource):
        response, verbs = _SUBRESOURCE_KINDS[name]
        if response:
            *group_name, version, response_kind = response.split("/")
            shown = {"group": group_name[0] if group_name else "", "version": version, "kind": response_kind}
        else:
            shown = kind
        subresources.append({"subresource": name, "responseKind": shown, "verbs": list(verbs)})
    return entry | ({"subresources": subresources} if subresources else {})


def aggregated(core: bool) -> Object:
    """The `APIGroupDiscoveryList` of /api (`core`) or of /apis."""
    items = []
    for name, versions in group_versions().items():
        if bool(name) == core:
            continue
        items.append(
            {
                "metadata": {"creationTimestamp": None} | ({"name": name} if name else {}),
                "versions": [
                    {
                        "version": version,
                        "freshness": "Current",
                        "resources": [_aggregated_resource(r) for r in RESOURCES if (r.group, r.version) == (name, version)],
                    }
                    for version in versions
                ],
            }
        )
    return {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items}
