# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading single values out of Kubernetes objects: times, quantities, versions, selectors."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from ..model.codec import parse_time

Object = Mapping[str, Any]

VERSION_LABEL = "app.kubernetes.io/version"

_QUANTITY = re.compile(r"^([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d+)|(m|u|n|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei))?$")
_SUFFIX = {
    "n": 1e-9, "u": 1e-6, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18,
    "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40, "Pi": 2.0**50, "Ei": 2.0**60,
}  # fmt: skip


def mapping(value: Any) -> Mapping[str, Any]:
    """``value`` when it is an object, else an empty one: absent and null fields mean the same in Kubernetes."""
    # Asked of what JSON gave, thousands of times: whether it is a dict is told in a tenth of the time.
    return value if value.__class__ is dict or isinstance(value, Mapping) else {}


def sequence(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else ()


def metadata(found: Object) -> Mapping[str, Any]:
    return mapping(found.get("metadata"))


def name_of(found: Object) -> str:
    return str(metadata(found).get("name") or "")


def labels_of(found: Object) -> Mapping[str, str]:
    return mapping(metadata(found).get("labels"))


def revision_hash_of(pod: Object) -> str | None:
    """Which revision the pod belongs to, as its controller marks it."""
    labels = labels_of(pod)
    return labels.get("pod-template-hash") or labels.get("controller-revision-hash")


def annotations_of(found: Object) -> Mapping[str, str]:
    return mapping(metadata(found).get("annotations"))


def moment(value: Any) -> datetime | None:
    """A Kubernetes time as an aware datetime; None when there is none, or none that can be read."""
    try:
        return parse_time(value) if isinstance(value, str) else None
    except ValueError:
        return None


def count(value: Any) -> int:
    """A number of things; absent means zero in Kubernetes."""
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def quantity(value: Any) -> float | None:
    """A resource quantity (``500m``, ``1Gi``, ``1e3``) as a number; None when it is none.

    https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
    """
    match = _QUANTITY.match(str(value)) if value is not None else None
    if match is None:
        return None
    number, exponent, suffix = match.groups()
    return float(number + (exponent or "")) * _SUFFIX.get(suffix or "", 1.0)


def controller_of(found: Object) -> Mapping[str, Any]:
    """The owner reference of the controller that manages the object; empty when none does."""
    owners = sequence(metadata(found).get("ownerReferences"))
    return next((owner for owner in owners if mapping(owner).get("controller")), {})


_SIDECARS = frozenset(
    {
        "istio-proxy",
        "linkerd-proxy",
        "envoy",
        "envoy-sidecar",
        "consul-dataplane",
        "kuma-sidecar",
        "daprd",
        "vault-agent",
        "cloud-sql-proxy",
        "cloudsql-proxy",
        "fluent-bit",
        "fluentd",
        "filebeat",
        "otc-container",
        "otel-collector",
        "datadog-agent",
    }
)
"""What service meshes, secret stores and collectors put into pods, under the names that they give it."""


def main_container(spec: Object, wanted: str | None) -> Mapping[str, Any]:
    """The container called ``wanted``, else the first one that is not known to accompany others."""
    containers = [mapping(container) for container in sequence(spec.get("containers"))]
    own = [container for container in containers if container.get("name") not in _SIDECARS] or containers
    return next((container for container in containers if container.get("name") == wanted), own[0] if own else {})


def image_version(image: str) -> str | None:
    """The tag of an image reference, else the first twelve digits of its digest; None when it has neither."""
    reference, _unused, digest = image.partition("@")
    tag = reference.rpartition("/")[2].partition(":")[2]
    if tag:
        return tag
    return digest.partition(":")[2][:12] or None


def version_of(labels: Mapping[str, str], image: str | None) -> str | None:
    """What people call the version: the label ``app.kubernetes.io/version`` of the pods, else the image's tag, else its digest."""
    return labels.get(VERSION_LABEL) or (image_version(image) if image else None)


def template_version(template: Object, container: str | None) -> tuple[str | None, str | None]:
    """Version and image of a pod template, or of a pod."""
    image = main_container(mapping(template.get("spec")), container).get("image")
    image = str(image) if image else None
    return version_of(labels_of(template), image), image


def selector_text(selector: Object) -> str:
    """A LabelSelector (``matchLabels`` and ``matchExpressions``) as a list query takes it; empty when it selects everything."""
    parts = [f"{key}={value}" for key, value in sorted(mapping(selector.get("matchLabels")).items())]
    for expression in sequence(selector.get("matchExpressions")):
        key, operator = expression.get("key"), expression.get("operator")
        values = ",".join(expression.get("values") or ())
        if operator in ("In", "NotIn"):
            parts.append(f"{key} {operator.lower()} ({values})")
        elif operator == "Exists":
            parts.append(str(key))
        elif operator == "DoesNotExist":
            parts.append(f"!{key}")
    return ",".join(parts)


def selects(selector: Object, labels: Mapping[str, str]) -> bool:
    """Whether a LabelSelector matches ``labels``."""
    if any(labels.get(key) != value for key, value in mapping(selector.get("matchLabels")).items()):
        return False
    for expression in sequence(selector.get("matchExpressions")):
        key, values = expression.get("key"), expression.get("values") or ()
        matched = {
            "In": labels.get(key) in values,
            "NotIn": labels.get(key) not in values,
            "Exists": key in labels,
            "DoesNotExist": key not in labels,
        }.get(expression.get("operator"), False)
        if not matched:
            return False
    return True


def is_ready(found: Object) -> bool:
    """Whether the pod's condition says so; what is over is not ready, whatever its condition still says."""
    status = mapping(found.get("status"))
    if status.get("phase") in ("Failed", "Succeeded"):
        return False
    conditions = sequence(status.get("conditions"))
    return any(mapping(one).get("type") == "Ready" and mapping(one).get("status") == "True" for one in conditions)


def digest_of(found: Object, container: str | None = None) -> str | None:
    """The digest of the image that the pod's container of the version runs; None while it does not run one."""
    spec, status = mapping(found.get("spec")), mapping(found.get("status"))
    name = main_container(spec, container).get("name")
    statuses = (mapping(one) for one in sequence(status.get("containerStatuses")))
    image_id = str(next((one.get("imageID") for one in statuses if one.get("name") == name), "") or "")
    digest = image_id.rpartition("@")[2] if "@" in image_id else image_id
    return digest if digest.startswith("sha256:") else None
