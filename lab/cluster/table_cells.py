# SPDX-License-Identifier: GPL-3.0-or-later
"""The cells of a row for every kind with columns of its own (`pkg/printers/internalversion/printers.go`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .durations import age, human
from .selectors import format_selector
from .timestamps import parse

Object = dict[str, Any]
Cells = list[Any]
CellsOf = Callable[[Object, float], Cells]

_NONE = "<none>"


def _name_age(obj: Object, now: float) -> tuple[str, str]:
    return obj["metadata"]["name"], age(obj["metadata"].get("creationTimestamp"), now)


def _containers(pod_spec: Object) -> tuple[str, str]:
    containers = pod_spec.get("containers") or ()
    return ",".join(c["name"] for c in containers), ",".join(c.get("image", "") for c in containers)


def plain(obj: Object, now: float) -> Cells:
    return list(_name_age(obj, now))


def _container_reason(state: Object) -> str:
    waiting, terminated = state.get("waiting"), state.get("terminated")
    if waiting and waiting.get("reason"):
        return str(waiting["reason"])
    if terminated:
        if terminated.get("reason"):
            return str(terminated["reason"])
        return f"Signal:{terminated['signal']}" if terminated.get("signal") else f"ExitCode:{terminated.get('exitCode', 0)}"
    return ""


def pod(obj: Object, now: float) -> Cells:
    name, old = _name_age(obj, now)
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    reason = status.get("reason") or status.get("phase", "Unknown")
    statuses = status.get("containerStatuses") or []
    ready, restarts, running, last_restart = 0, 0, False, 0.0
    for container in reversed(statuses):
        restarts += container.get("restartCount", 0)
        finished = ((container.get("lastState") or {}).get("terminated") or {}).get("finishedAt")
        last_restart = max(last_restart, parse(finished) if finished else 0.0)
        found = _container_reason(container.get("state") or {})
        if found:
            reason = found
        elif container.get("ready") and (container.get("state") or {}).get("running") is not None:
            running, ready = True, ready + 1
    if reason == "Completed" and running:
        conditions = {c["type"]: c["status"] for c in status.get("conditions") or ()}
        reason = "Running" if conditions.get("Ready") == "True" else "NotReady"
    if obj["metadata"].get("deletionTimestamp"):
        reason = "Unknown" if status.get("reason") == "NodeLost" else "Terminating"
    shown_restarts = f"{restarts} ({human(now - last_restart)} ago)" if restarts and last_restart else str(restarts)
    gates = spec.get("readinessGates")
    return [
        name,
        f"{ready}/{len(spec.get('containers') or ())}",
        reason,
        shown_restarts,
        old,
        status.get("podIP") or _NONE,
        spec.get("nodeName") or _NONE,
        status.get("nominatedNodeName") or _NONE,
        f"0/{len(gates)}" if gates else _NONE,
    ]


def _template_cells(spec: Object) -> Cells:
    return [*_containers(spec["template"].get("spec") or {}), format_selector(spec.get("selector"))]


def deployment(obj: Object, now: float) -> Cells:
    name, old = _name_age(obj, now)
    spec, status = obj["spec"], obj.get("status") or {}
    ready = f"{status.get('readyReplicas', 0)}/{spec.get('replicas', 0)}"
    return [name, ready, status.get("updatedReplicas", 0), status.get("availableReplicas", 0), old, *_template_cells(spec)]


def replicaset(obj: Object, now: float) -> Cells:
    name, old = _name_age(obj, now)
    spec, status = obj["spec"], obj.get("status") or {}
    return [name, spec.get("replicas", 0), status.get("replicas", 0), status.get("readyReplicas", 0), old, *_template_cells(spec)]


def statefulset(obj: Object, now: float) -> Cells:
    name, old = _name_age(obj, now)
    spec, status = obj["spec"], obj.get("status") or {}
    return [name, f"{status.get('readyReplicas', 0)}/{spec.get('replicas', 0)}", old, *_containers(spec["template"].get("spec") or {})]


def daemonset(obj: Object, now: float) -> Cells:
    name, old = _name_age(obj, now)
    spec, status = obj["spec"], obj.get("status") or {}
    counts = ("desiredNumberScheduled", "currentNumberScheduled", "numberReady", "updatedNumberScheduled", "numberAvailable")
    node_selector = format_selector({"matchLabels": spec["template"]["spec"].get("nodeSelector") or {}})
    return [name, *(status.get(count, 0) for count in counts), node_selector, old, *_template_cells(spec)]


def service(obj: Object, now: float) -> Cells:
    name, old = _name_age(obj, now)
    spec = obj["spec"]
    ports = [
        f"{p['port']}{':' + str(p['nodePort']) if p.get('nodePort') else ''}/{p.get('protocol', 'TCP')}" for p in spec.get("ports") or ()
    ]
    ingress = (obj.get("status") or {}).get("loadBalancer", {}).get("ingress") or ()
    external = {
        "LoadBalancer": ",".join(i.get("ip") or i.get("hostname", "") for i in ingress) or "<pending>",
        "ExternalName": spec.get("externalName", ""),
    }.get(spec["type"], _NONE)
    selector = format_selector({"matchLabels": spec.get("selector") or {}})
    return [name, spec["type"], spec.get("clusterIP") or _NONE, external, ",".join(ports) or _NONE, old, selector]


def node(obj: Object, now: float) -> Cells:
    name, old = _name_age(obj, now)
    status = obj.get("status") or {}
    conditions = {c["type"]: c["status"] for c in status.get("conditions") or ()}
    words = [{"True": "Ready"}.get(conditions["Ready"], "NotReady") if "Ready" in conditions else "Unknown"]
    if obj["spec"].get("unschedulable"):
        words.append("SchedulingDisabled")
    prefix = "node-role.kubernetes.io/"
    roles = sorted(key.removeprefix(prefix) for key in obj["metadata"].get("labels") or {} if key.startswith(prefix))
    info = status.get("nodeInfo") or {}
    addresses = {a["type"]: a["address"] for a in status.get("addresses") or ()}
    unknown = "<unknown>"
    return [
        name,
        ",".join(words),
        ",".join(roles) or _NONE,
        old,
        info.get("kubeletVersion", ""),
        addresses.get("InternalIP", _NONE),
        addresses.get("ExternalIP", _NONE),
        info.get("osImage") or unknown,
        info.get("kernelVersion") or unknown,
        info.get("containerRuntimeVersion") or unknown,
    ]


def event(obj: Object, now: float) -> Cells:
    involved, source = obj.get("involvedObject") or {}, obj.get("source") or {}
    first = obj.get("firstTimestamp") or obj.get("eventTime")
    last = (obj.get("series") or {}).get("lastObservedTime") or obj.get("lastTimestamp") or first
    component = source.get("component") or obj.get("reportingComponent", "")
    host = source.get("host") or obj.get("reportingInstance", "")
    return [
        age(last, now),
        obj.get("type", ""),
        obj.get("reason", ""),
        f"{involved.get('kind', '').lower()}/{involved.get('name', '')}",
        involved.get("fieldPath", ""),
        ", ".join(part for part in (component, host) if part),
        (obj.get("message") or "").strip(),
        age(first, now),
        (obj.get("series") or {}).get("count") or obj.get("count") or 1,
        obj["metadata"]["name"],
    ]


def _metric(spec: Object, current: Object) -> str:
    kind = spec["type"][0].lower() + spec["type"][1:]
    target, value = (spec.get(kind) or {}).get("target") or {}, (current.get(kind) or {}).get("current") or {}
    label = f"{spec[kind]['name']}: " if kind in ("resource", "containerResource") else ""
    if "averageUtilization" in target:
        shown = f"{value['averageUtilization']}%" if "averageUtilization" in value else "<unknown>"
        return f"{label}{shown}/{target['averageUtilization']}%"
    wanted = target.get("averageValue") or target.get("value", "")
    return f"{label}{value.get('averageValue') or value.get('value') or '<unknown>'}/{wanted}{' (avg)' if 'averageValue' in target else ''}"


def autoscaler(obj: Object, now: float) -> Cells:
    name, old = _name_age(obj, now)
    spec, status = obj["spec"], obj.get("status") or {}
    current = status.get("currentMetrics") or []
    metrics = spec.get("metrics") or []
    targets = [_metric(metric, current[i] if i < len(current) else {}) for i, metric in enumerate(metrics[:2])]
    shown = ", ".join(targets) + (f" + {len(metrics) - 2} more..." if len(metrics) > 2 else "")
    reference = f"{spec['scaleTargetRef']['kind']}/{spec['scaleTargetRef']['name']}"
    return [
        name,
        reference,
        shown or _NONE,
        str(spec.get("minReplicas", "<unset>")),
        spec["maxReplicas"],
        status.get("currentReplicas", 0),
        old,
    ]


def disruption_budget(obj: Object, now: float) -> Cells:
    name, old = _name_age(obj, now)
    spec = obj.get("spec") or {}
    bounds = [str(spec[key]) if key in spec else "N/A" for key in ("minAvailable", "maxUnavailable")]
    return [name, *bounds, (obj.get("status") or {}).get("disruptionsAllowed", 0), old]


def config_map(obj: Object, now: float) -> Cells:
    name, old = _name_age(obj, now)
    return [name, len(obj.get("data") or {}) + len(obj.get("binaryData") or {}), old]


def secret(obj: Object, now: float) -> Cells:
    name, old = _name_age(obj, now)
    return [name, obj.get("type", "Opaque"), len(obj.get("data") or {}), old]


def job(obj: Object, now: float) -> Cells:
    name, old = _name_age(obj, now)
    spec, status = obj["spec"], obj.get("status") or {}
    conditions = [c["type"] for c in status.get("conditions") or () if c["status"] == "True"]
    state = next((word for word in ("Complete", "Failed", "Suspended", "FailureTarget") if word in conditions), "Running")
    duration = ""
    if status.get("startTime"):
        end = parse(status["completionTime"]) if status.get("completionTime") else now
        duration = human(end - parse(status["startTime"]))
    completions = f"{status.get('succeeded', 0)}/{spec.get('completions', 1)}"
    return [name, state, completions, duration, old, *_template_cells(spec)]


def cron_job(obj: Object, now: float) -> Cells:
    name, old = _name_age(obj, now)
    spec, status = obj["spec"], obj.get("status") or {}
    last = age(status["lastScheduleTime"], now) if status.get("lastScheduleTime") else _NONE
    pod_spec = spec.get("jobTemplate", {}).get("spec", {}).get("template", {}).get("spec", {})
    active = len(status.get("active") or ())
    return [
        name,
        spec["schedule"],
        spec.get("timeZone", _NONE),
        spec.get("suspend", False),
        active,
        last,
        old,
        *_containers(pod_spec),
        _NONE,
    ]


_ACCESS_MODES = {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP"}


def _access_modes(given: Object) -> str:
    return ",".join(_ACCESS_MODES.get(mode, mode) for mode in given.get("accessModes") or ())


def volume(obj: Object, now: float) -> Cells:
    name, old = _name_age(obj, now)
    spec, status = obj["spec"], obj.get("status") or {}
    claim = spec.get("claimRef")
    return [
        name,
        spec["capacity"].get("storage", ""),
        _access_modes(spec),
        spec.get("persistentVolumeReclaimPolicy", ""),
        "Terminating" if obj["metadata"].get("deletionTimestamp") else status.get("phase", ""),
        f"{claim['namespace']}/{claim['name']}" if claim else "",
        spec.get("storageClassName", ""),
        spec.get("volumeAttributesClassName", "<unset>"),
        status.get("reason", ""),
        old,
        spec.get("volumeMode", "<unset>"),
    ]


def volume_claim(obj: Object, now: float) -> Cells:
    name, old = _name_age(obj, now)
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    return [
        name,
        "Terminating" if obj["metadata"].get("deletionTimestamp") else status.get("phase", ""),
        spec.get("volumeName", ""),
        (status.get("capacity") or {}).get("storage", ""),
        _access_modes(status),
        spec.get("storageClassName", ""),
        spec.get("volumeAttributesClassName", "<unset>"),
        old,
        spec.get("volumeMode", "<unset>"),
    ]


def namespace(obj: Object, now: float) -> Cells:
    name, old = _name_age(obj, now)
    return [name, (obj.get("status") or {}).get("phase", ""), old]


def _shortened(texts: list[str]) -> str:
    return (",".join(texts[:3]) + (f" + {len(texts) - 3} more..." if len(texts) > 3 else "")) or _NONE


def endpoints(obj: Object, now: float) -> Cells:
    name, old = _name_age(obj, now)
    texts = [f"{a['ip']}:{p['port']}" for s in obj.get("subsets") or () for p in s.get("ports") or () for a in s.get("addresses") or ()]
    return [name, _shortened(texts), old]


def endpoint_slice(obj: Object, now: float) -> Cells:
    name, old = _name_age(obj, now)
    ports = _shortened([str(p["port"]) for p in obj.get("ports") or ()])
    addresses = _shortened([a for e in obj.get("endpoints") or () for a in e["addresses"]])
    unset = {_NONE: "<unset>"}
    return [name, obj["addressType"], unset.get(ports, ports), unset.get(addresses, addresses), old]


def ingress(obj: Object, now: float) -> Cells:
    name, old = _name_age(obj, now)
    spec = obj.get("spec") or {}
    hosts = [rule["host"] for rule in spec.get("rules") or () if rule.get("host")]
    addresses = [i.get("ip") or i.get("hostname", "") for i in (obj.get("status") or {}).get("loadBalancer", {}).get("ingress") or ()]
    ports = "80, 443" if spec.get("tls") else "80"
    return [name, spec.get("ingressClassName", _NONE), ",".join(hosts) or "*", ",".join(addresses), ports, old]


def lease(obj: Object, now: float) -> Cells:
    name, old = _name_age(obj, now)
    return [name, (obj.get("spec") or {}).get("holderIdentity", ""), old]


def limit_range(obj: Object, _now: float) -> Cells:
    return [obj["metadata"]["name"], obj["metadata"]["creationTimestamp"]]


def resource_quota(obj: Object, now: float) -> Cells:
    name, old = _name_age(obj, now)
    status = obj.get("status") or {}
    used = status.get("used") or {}
    texts = {key: f"{key}: {used.get(key, '0')}/{hard}" for key, hard in sorted((status.get("hard") or {}).items())}
    limits = ", ".join(text for key, text in texts.items() if key.startswith("limits"))
    return [name, ", ".join(text for key, text in texts.items() if not key.startswith("limits")), limits, old]


def controller_revision(obj: Object, now: float) -> Cells:
    name, old = _name_age(obj, now)
    owner = next((o for o in obj["metadata"].get("ownerReferences") or () if o.get("controller")), None)
    api_version = owner["apiVersion"] if owner else ""
    kind = f"{owner['kind'].lower()}.{api_version.partition('/')[0]}/{owner['name']}" if owner else _NONE
    return [name, kind, obj.get("revision", 0), old]
