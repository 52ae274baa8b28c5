# SPDX-License-Identifier: GPL-3.0-or-later
"""LimitRanges: what they add to a pod that says nothing, and what they forbid (`plugin/pkg/admission/limitranger`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .quantities import parse_quantity

Object = dict[str, Any]


def fill(pod: Object, limit_range: Object) -> None:
    """Writes the defaults for containers into the pod."""
    for item in _items(limit_range, "Container"):
        limits, requests = _defaults(item)
        for container in pod["spec"]["containers"]:
            own = container.get("resources") or {}
            filled = {"limits": {**limits, **(own.get("limits") or {})}, "requests": {**requests, **(own.get("requests") or {})}}
            filled["requests"] = {**(own.get("limits") or {}), **filled["requests"], **(own.get("requests") or {})}
            container["resources"] = {**own, **{name: amounts for name, amounts in filled.items() if amounts}}


def objections(pod: Object, limit_range: Object) -> list[str]:
    """In the words of the plugin; none where the pod fits."""
    found: list[str] = []
    for item in _items(limit_range, "Container"):
        for container in pod["spec"]["containers"]:
            found += _against(item, container.get("resources") or {})
    for item in _items(limit_range, "Pod"):
        found += _against(item, _together(pod))
    return found


def _items(limit_range: Object, kind: str) -> list[Object]:
    return [item for item in (limit_range["spec"].get("limits") or ()) if item.get("type") == kind]


def _defaults(item: Object) -> tuple[Object, Object]:
    """Limits and requests, as the API server completes them from the bounds (`SetDefaults_LimitRangeItem`)."""
    limits = {**(item.get("max") or {}), **(item.get("default") or {})}
    return limits, {**(item.get("min") or {}), **limits, **(item.get("defaultRequest") or {})}


def _against(item: Object, resources: Mapping[str, Any]) -> Iterator[str]:
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    kind = item["type"]
    for resource, least in (item.get("min") or {}).items():
        asked, given = requests.get(resource), limits.get(resource)
        if asked is None:
            yield f"minimum {resource} usage per {kind} is {least}.  No request is specified"
        elif parse_quantity(asked) < parse_quantity(least):
            yield f"minimum {resource} usage per {kind} is {least}, but request is {asked}"
        elif given is not None and parse_quantity(given) < parse_quantity(least):
            yield f"minimum {resource} usage per {kind} is {least}, but limit is {given}"
    for resource, most in (item.get("max") or {}).items():
        asked, given = requests.get(resource), limits.get(resource)
        if given is None:
            yield f"maximum {resource} usage per {kind} is {most}.  No limit is specified"
        elif parse_quantity(given) > parse_quantity(most):
            yield f"maximum {resource} usage per {kind} is {most}, but limit is {given}"
        elif asked is not None and parse_quantity(asked) > parse_quantity(most):
            yield f"maximum {resource} usage per {kind} is {most}, but request is {asked}"
    for resource, most in (item.get("maxLimitRequestRatio") or {}).items():
        given, asked = limits.get(resource), requests.get(resource)
        if given is not None and asked is not None and parse_quantity(given) > parse_quantity(most) * parse_quantity(asked):
            ratio = parse_quantity(given) / parse_quantity(asked)
            yield f"{resource} max limit to request ratio per {kind} is {most}, but provided ratio is {ratio:f}"


def _together(pod: Object) -> Object:
    """The sums of all containers; what one of them does not say is not said of the pod."""
    totals: Object = {}
    for kind in ("limits", "requests"):
        amounts = [(container.get("resources") or {}).get(kind) or {} for container in pod["spec"]["containers"]]
        names = set.intersection(*(set(one) for one in amounts)) if amounts else set()
        totals[kind] = {name: sum(parse_quantity(one[name]) for one in amounts) for name in names}
    return totals
