# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How collectors label the logs of pods in Loki: which streams are a service's, and what their labels say.

Promtail and Alloy call a pod ``pod``, OpenTelemetry ``k8s_pod_name``, Fluent Bit and OpenShift ``kubernetes_pod_name``, Vector
``pod_name``.
What is no label of a stream may be metadata of its lines (https://grafana.com/docs/loki/latest/get-started/labels/structured-metadata/).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

from ..clients.loki import quoted
from ..model.service import Service, WorkloadKind

POD = ("pod", "k8s_pod_name", "kubernetes_pod_name", "pod_name", "kubernetes_pod")
CONTAINER = ("container", "k8s_container_name", "kubernetes_container_name", "container_name", "kubernetes_container")
NAMESPACE = ("namespace", "k8s_namespace_name", "kubernetes_namespace_name", "namespace_name", "pod_namespace", "kubernetes_namespace")
LEVEL = ("severity_text", "level", "severity")
"""Not ``detected_level``, which Loki guesses from the line: from any word of it, such as one in a URL."""
SEVERITY = "severity_number"
TRACE = "exception_stacktrace"
"""What OpenTelemetry calls the stack trace beside a line."""
_HASH = ("pod_template_hash", "k8s_pod_label_pod_template_hash", "label_pod_template_hash")
_VERSION = ("service_version", "app_kubernetes_io_version", "version", "image_tag", "container_image_tag", "k8s_container_image_tag")
_APP = ("app", "app_kubernetes_io_name", "k8s_app", "app_name")
_SERVICE = ("service_name", "service")
_WORKLOAD = {
    WorkloadKind.DEPLOYMENT: ("k8s_deployment_name", "deployment"),
    WorkloadKind.STATEFUL_SET: ("k8s_statefulset_name", "statefulset"),
    WorkloadKind.DAEMON_SET: ("k8s_daemonset_name", "daemonset"),
}
_PODS_OF_SCHEME: dict[str, tuple[str, ...]] = {
    "namespace": ("pod", "pod_name", "k8s_pod_name"),
    "k8s_namespace_name": ("k8s_pod_name", "pod"),
    "kubernetes_namespace_name": ("kubernetes_pod_name", "pod"),
    "namespace_name": ("pod_name", "pod"),
    "pod_namespace": ("pod_name", "pod"),
    "kubernetes_namespace": ("kubernetes_pod", "kubernetes_pod_name", "pod"),
}
"""The labels that may name a pod, by the label that names its namespace."""
_APP_LABELS = ("app", "app.kubernetes.io/name", "k8s-app", "app.kubernetes.io/instance")
_MOST_EXCLUDED = 3000
"""Characters for the living pods that a query names: more would make a URL too long for some proxies, and are left in the answer."""
_MOST_QUERIES = 6
_HASH_LETTERS = frozenset("bcdfghjklmnpqrstvwxz")
"""Those that Kubernetes makes hashes and suffixes of, beside digits: no vowels, so that no words come out."""
_LONGEST_BASE = 58
"""Characters of a pod's name before its random end: longer ones are cut (generateName)."""


def selectors(service: Service, names: Collection[str], living: Collection[str]) -> list[str]:
    """LogQL that selects the service's pods by the labels (``names``) that there are, but those ``living``; none where no label fits.

    Each is for another way to label; a line is selected by more than one only where it has more than one kind of labels.
    """
    pods = f"{re.escape(f'{service.workload}-'[:_LONGEST_BASE])}.+"
    excluded = _any_of(living)
    found = []
    owners = [(label, values) for label, values in _owners(service) if label in names]
    namespaces = [label for label in NAMESPACE if label in names]
    for namespace in namespaces or [""]:
        within = [f"{namespace}={quoted(service.namespace)}"] if namespace else []
        pod = next((label for label in (_PODS_OF_SCHEME[namespace] if namespace else POD) if label in names), None)
        if pod is not None:
            without = [f"{pod}!~{quoted(excluded)}"] if excluded else []
            found.append("{" + ", ".join([*within, f"{pod}=~{quoted(pods)}", *without]) + "}")
            continue
        # The pod's name is metadata of each line. Where a line has no such metadata, it is as if it were empty.
        without = [f"{label}!~{quoted(excluded)}" for label in POD if label not in names] if excluded else []
        behind = "".join(f" | {one}" for one in without)
        found += ["{" + ", ".join([*within, _equals(label, values)]) + "}" + behind for label, values in owners]
    return found[:_MOST_QUERIES]


def is_of(pod: str, labels: Mapping[str, str], service: Service, hashes: Collection[str]) -> bool:
    """Whether a pod is the workload's by its name, and, where that leaves it open, by its labels.

    ``hashes`` are those of the workload's revisions. A workload may have a name that begins like another's.
    """
    namespace = label(labels, NAMESPACE)
    base = f"{service.workload}-"
    if (namespace and namespace != service.namespace) or not pod.startswith(base[:_LONGEST_BASE]):
        return False
    if len(base) + 11 > _LONGEST_BASE:
        return True
    parts = pod.removeprefix(base).split("-")
    if service.workload_kind is WorkloadKind.STATEFUL_SET:
        return len(parts) == 1 and parts[0].isdecimal()
    if len(parts) == 2 and service.workload_kind is WorkloadKind.DEPLOYMENT:
        if parts[0] in hashes or _is_hash(parts[0]):
            return True
        return any(labels.get(one) in values for one, values in _owners(service))
    return len(parts) == 1


def version_of(pod: str, labels: Mapping[str, str], versions: Mapping[str, str]) -> str | None:
    """By the hash of the template, in the pod's name or a label; else what a label calls the version."""
    by_hash = next((versions[part] for part in (*pod.split("-"), label(labels, _HASH)) if part in versions), None)
    return by_hash or label(labels, _VERSION) or None


def label(labels: Mapping[str, str], names: Iterable[str]) -> str:
    """The first of the labels ``names`` that is there and not empty."""
    return next((value for name in names if (value := labels.get(name))), "")


def level_of(labels: Mapping[str, str]) -> str:
    """The level that stands beside a line, in a word; empty where there is none.

    OpenTelemetry's text is whatever the source calls it (``I``), and may be missing; its number always means the same
    (https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitynumber).
    """
    text, number = label(labels, LEVEL), labels.get(SEVERITY, "")
    if text.lower() not in _LEVELS and number.isascii() and number.isdecimal() and 1 <= int(number[:3]) <= 4 * len(_BY_NUMBER):
        return _BY_NUMBER[(int(number[:3]) - 1) // 4]
    return text


_BY_NUMBER = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
_LEVELS = frozenset(
    ("trace", "debug", "info", "information", "notice", "warn", "warning", "error", "err", "severe", "critical", "crit", "fatal", "panic")
)


def _owners(service: Service) -> list[tuple[str, tuple[str, ...]]]:
    """The labels that may name the service or its workload, with the values that they then have; the surest first."""
    app = _app(service)
    named = tuple(dict.fromkeys((app, service.workload)))
    traced = tuple(dict.fromkeys((service.trace_service or service.name, app, service.workload)))
    return [
        *((name, (service.workload,)) for name in _WORKLOAD[service.workload_kind]),
        *((name, named) for name in _APP),
        *((name, traced) for name in _SERVICE),
        ("job", (f"{service.namespace}/{service.workload}",)),
    ]


def _app(service: Service) -> str:
    """The value that collectors give the label ``app`` of the service's pods."""
    for part in service.pod_selector.split(","):
        name, _equals, value = part.replace("==", "=").partition("=")
        if name.strip() in _APP_LABELS and value.strip():
            return value.strip()
    return service.name


def _equals(name: str, values: tuple[str, ...]) -> str:
    return f"{name}={quoted(values[0])}" if len(values) == 1 else f"{name}=~{quoted('|'.join(map(re.escape, values)))}"


def _any_of(pods: Collection[str]) -> str:
    """A regular expression for these pods, with what they have in common written once; empty for none, and where it would be too long."""
    by_head: dict[str, list[str]] = defaultdict(list)
    for pod in sorted(pods):
        head, dash, tail = pod.rpartition("-")
        by_head[head + dash].append(re.escape(tail))
    heads = [re.escape(head) + (tails[0] if len(tails) == 1 else f"(?:{'|'.join(tails)})") for head, tails in by_head.items()]
    expression = "|".join(heads)
    return expression if len(expression) <= _MOST_EXCLUDED else ""


def _is_hash(text: str) -> bool:
    return bool(text) and len(text) <= 10 and text.isalnum() and (any(map(str.isdecimal, text)) or set(text) <= _HASH_LETTERS)
