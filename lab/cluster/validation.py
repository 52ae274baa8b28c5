# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks that writers run into most, with the wording of `pkg/apis/*/validation`. What is not checked here is accepted."""

from __future__ import annotations

import json
import re
from typing import Any

from .errors import bad_request, invalid
from .quantities import parse_quantity
from .resources import Resource
from .selectors import matches_labels

Object = dict[str, Any]
Cause = tuple[str, str, str]

_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_SUBDOMAIN_RULE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an"
    " alphanumeric character (e.g. 'example.com', regex used for validation is"
    r" '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
_LABEL_VALUE = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")
_LABEL_RULE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an"
    " alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is"
    " '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)
_WORKLOADS = {"Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"}
_REQUIRED = {
    "CronJob": ("schedule", "jobTemplate"),
    "HorizontalPodAutoscaler": ("scaleTargetRef", "maxReplicas"),
    "Job": ("template",),
}
_INTEGERS = ("replicas", "minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds")
_STATEFULSET_MUTABLE = {
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
}
_STATEFULSET_RULE = (
    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit',"
    " 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
)
_POD_RULE = (
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,"
    "`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was"
    " previously negative)"
)


def check_shape(resource: Resource, obj: Object) -> None:
    """Raises the 400 ApiError of a body that does not decode as its kind."""
    kind = resource.kind
    for field in ("metadata", "spec"):
        if not isinstance(obj.get(field, {}), dict):
            raise _undecodable(
                resource, f"Go struct field {kind}.{field} of type v1.{'ObjectMeta' if field == 'metadata' else kind + 'Spec'}", obj[field]
            )
    for field in ("labels", "annotations"):
        for value in (obj["metadata"].get(field) or {}).values():
            if not isinstance(value, str):
                raise _undecodable(resource, f"Go struct field ObjectMeta.metadata.{field} of type string", value)
    _check_quantities(resource, obj)
    for field in _INTEGERS if kind in _WORKLOADS else ():
        value = (obj.get("spec") or {}).get(field, 0)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
            raise _undecodable(resource, f"Go struct field {kind}Spec.spec.{field} of type int32", value)


def _check_quantities(resource: Resource, obj: Object) -> None:
    spec = obj.get("spec") or {}
    pod_spec = spec if resource.kind == "Pod" else (spec.get("template") or {}).get("spec") or {}
    for container in pod_spec.get("containers") or ():
        resources = container.get("resources") or {}
        for quantity in (*(resources.get("requests") or {}).values(), *(resources.get("limits") or {}).values()):
            try:
                parse_quantity(quantity)
            except ValueError:
                rule = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
                message = f'{resource.kind} in version "{resource.version}" cannot be handled as a {resource.kind}: {rule}'
                raise bad_request(message) from None


def _undecodable(resource: Resource, target: str, value: Any) -> Exception:
    names = {str: "string", bool: "bool", dict: "object", list: "array"}
    found = names.get(type(value), "number")
    kind = resource.kind
    return bad_request(
        f'{kind} in version "{resource.version}" cannot be handled as a {kind}: json: cannot unmarshal {found} into {target}'
    )


def validate(resource: Resource, obj: Object, old: Object | None) -> None:
    """Raises the 422 ApiError that names every wrong field. `old` is the object before an update."""
    causes = _metadata(obj["metadata"])
    spec = obj.get("spec") or {}
    causes += [("FieldValueRequired", f"spec.{f}", "Required value") for f in _REQUIRED.get(resource.kind, ()) if not spec.get(f)]
    if resource.kind in _WORKLOADS:
        causes += _workload(resource.kind, obj["spec"], old["spec"] if old else None)
    elif resource.kind == "Pod":
        causes += _pod_spec(obj.get("spec") or {}, "spec")
        if old is not None and _pod_fixed(obj) != _pod_fixed(old):
            causes.append(("FieldValueForbidden", "spec", f"Forbidden: {_POD_RULE}"))
    elif old is not None and resource.kind in ("ConfigMap", "Secret") and old.get("immutable"):
        if any(obj.get(field) != old.get(field) for field in ("data", "binaryData", "stringData")):
            causes.append(("FieldValueForbidden", "data", "Forbidden: field is immutable when `immutable` is set"))
    elif old is not None and resource.kind == "ControllerRevision" and obj.get("data") != old.get("data"):
        causes.append(("FieldValueInvalid", "data", "Invalid value: field is immutable"))
    if causes:
        raise invalid(resource, obj["metadata"].get("name", ""), causes)


def _metadata(meta: Object) -> list[Cause]:
    causes: list[Cause] = []
    name = meta.get("name") or meta.get("generateName")
    if not name:
        return [("FieldValueRequired", "metadata.name", "Required value: name or generateName is required")]
    if meta.get("name") and (not _SUBDOMAIN.fullmatch(name) or len(name) > 253):
        causes.append(("FieldValueInvalid", "metadata.name", f'Invalid value: "{name}": {_SUBDOMAIN_RULE}'))
    wrong = (value for value in (meta.get("labels") or {}).values() if not _LABEL_VALUE.fullmatch(value) or len(value) > 63)
    return causes + [("FieldValueInvalid", "metadata.labels", f'Invalid value: "{value}": {_LABEL_RULE}') for value in wrong]


def _workload(kind: str, spec: Object, old: Object | None) -> list[Cause]:
    causes: list[Cause] = []
    replicas = spec.get("replicas")
    if isinstance(replicas, int) and replicas < 0:
        causes.append(("FieldValueInvalid", "spec.replicas", f"Invalid value: {replicas}: must be greater than or equal to 0"))
    labels = spec["template"]["metadata"].get("labels") or {}
    selector = spec.get("selector")
    if not selector:
        causes.append(("FieldValueRequired", "spec.selector", "Required value"))
    elif not matches_labels(selector, labels):
        shown = json.dumps(labels, separators=(",", ":"), sort_keys=True)
        message = f"Invalid value: {shown}: `selector` does not match template `labels`"
        causes.append(("FieldValueInvalid", "spec.template.metadata.labels", message))
    causes += _pod_spec(spec["template"]["spec"], "spec.template.spec")
    if kind == "Deployment":
        causes += _strategy(spec["strategy"])
    if old is None:
        return causes
    if kind == "StatefulSet":
        if any(spec.get(key) != old.get(key) for key in (spec.keys() | old.keys()) - _STATEFULSET_MUTABLE):
            causes.append(("FieldValueForbidden", "spec", f"Forbidden: {_STATEFULSET_RULE}"))
    elif selector != old.get("selector"):
        shown = json.dumps(selector, separators=(",", ":"), sort_keys=True)
        causes.append(("FieldValueInvalid", "spec.selector", f"Invalid value: {shown}: field is immutable"))
    return causes


def _strategy(strategy: Object) -> list[Cause]:
    if strategy["type"] not in ("RollingUpdate", "Recreate"):
        message = f'Unsupported value: "{strategy["type"]}": supported values: "Recreate", "RollingUpdate"'
        return [("FieldValueNotSupported", "spec.strategy.type", message)]
    rolling = strategy.get("rollingUpdate")
    if strategy["type"] == "Recreate" and rolling:
        message = "Forbidden: may not be specified when strategy `type` is 'Recreate'"
        return [("FieldValueForbidden", "spec.strategy.rollingUpdate", message)]
    if rolling and rolling["maxSurge"] in (0, "0%") and rolling["maxUnavailable"] in (0, "0%"):
        message = f"Invalid value: {json.dumps(rolling['maxUnavailable'])}: may not be 0 when `maxSurge` is 0"
        return [("FieldValueInvalid", "spec.strategy.rollingUpdate.maxUnavailable", message)]
    return []


def _pod_spec(spec: Object, path: str) -> list[Cause]:
    if not spec.get("containers"):
        return [("FieldValueRequired", f"{path}.containers", "Required value")]
    causes: list[Cause] = []
    seen: set[str] = set()
    for position, container in enumerate(spec["containers"]):
        where = f"{path}.containers[{position}]"
        name = container.get("name", "")
        causes += [("FieldValueRequired", f"{where}.{field}", "Required value") for field in ("name", "image") if not container.get(field)]
        if name in seen:
            causes.append(("FieldValueDuplicate", f"{where}.name", f'Duplicate value: "{name}"'))
        seen.add(name)
    return causes


def _pod_fixed(pod: Object) -> Object:
    """The part of a pod's spec that never changes once it exists."""
    changing = {"activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds", "nodeName"}
    spec = {key: value for key, value in pod["spec"].items() if key not in changing}
    for field in ("containers", "initContainers"):
        spec[field] = [{k: v for k, v in container.items() if k != "image"} for container in spec.get(field) or ()]
    return spec
