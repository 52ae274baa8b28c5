# SPDX-License-Identifier: GPL-3.0-or-later
"""Label and field selectors, from text (`a=b,c in (d,e)`) and from objects (`matchLabels`, `matchExpressions`)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from .errors import ApiError, bad_request
from .resources import Resource

Predicate = Callable[[Mapping[str, Any]], bool]

_KEY = re.compile(r"(?:[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_VALUE = re.compile(r"(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
_SET = re.compile(r"\s*(\S+)\s+(in|notin)\s*\(([^()]*)\)\s*")
_EQUAL = re.compile(r"\s*([^\s=!]+)\s*(==|=|!=)\s*([^\s=!]*)\s*")
_ORDER = re.compile(r"\s*([^\s<>]+)\s*([<>])\s*(-?\d+)\s*")
_EXISTS = re.compile(r"\s*(!?)\s*([^\s=!()]+)\s*")

_COMMON_FIELDS = {"metadata.name", "metadata.namespace"}
_FIELDS: dict[str, set[str]] = {
    "Pod": {
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "spec.hostNetwork",
        "status.phase",
        "status.podIP",
        "status.nominatedNodeName",
    },
    "Event": {
        *(f"involvedObject.{f}" for f in ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")),
        *(f"regarding.{f}" for f in ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")),
        "reason",
        "reportingComponent",
        "reportingController",
        "source",
        "type",
    },
    "Namespace": {"status.phase"},
    "Node": {"spec.unschedulable"},
    "ReplicaSet": {"status.replicas"},
    "ReplicationController": {"status.replicas"},
    "Secret": {"type"},
    "Service": {"spec.clusterIP", "spec.type"},
    "Job": {"status.successful"},
}


def _split(text: str) -> list[str]:
    """Parts between the commas that stand outside parentheses."""
    parts, depth, start = [], 0, 0
    for position, char in enumerate(text):
        depth += (char == "(") - (char == ")")
        if char == "," and depth == 0:
            parts.append(text[start:position])
            start = position + 1
    return [*parts, text[start:]]


def _unparsable(text: str, why: str) -> ApiError:
    return bad_request(f"unable to parse requirement: {why}" if why else f'couldn\'t parse the selector string "{text}"')


def _checked(key: str, values: tuple[str, ...], text: str) -> None:
    if not _KEY.fullmatch(key):
        raise _unparsable(
            text,
            f"<nil>: Invalid value: \"{key}\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end"
            " with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is"
            " '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
        )
    for value in values:
        if not _VALUE.fullmatch(value):
            raise _unparsable(
                text,
                f'values[0][{key}]: Invalid value: "{value}": a valid label must be an empty string or consist of alphanumeric characters,'
                " '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345',"
                " regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
            )


def _requirement(part: str) -> tuple[str, str, tuple[str, ...]]:
    """(key, operator, values) of one part; operators as in `matchExpressions`, and Gt and Lt."""
    if match := _SET.fullmatch(part):
        values = tuple(value.strip() for value in match[3].split(","))
        return match[1], "In" if match[2] == "in" else "NotIn", values
    if match := _EQUAL.fullmatch(part):
        return match[1], "NotIn" if match[2] == "!=" else "In", (match[3],)
    if match := _ORDER.fullmatch(part):
        return match[1], "Gt" if match[2] == ">" else "Lt", (match[3],)
    if match := _EXISTS.fullmatch(part):
        return match[2], "DoesNotExist" if match[1] else "Exists", ()
    found = part.split()[1] if len(part.split()) > 1 else part
    raise _unparsable(part, f"found '{found}', expected: in, notin, =, ==, !=, gt, lt")


def _holds(labels: Mapping[str, str], key: str, operator: str, values: tuple[str, ...]) -> bool:
    present = key in labels
    if operator == "In":
        return present and labels[key] in values
    if operator == "NotIn":
        return not present or labels[key] not in values
    if operator == "Exists":
        return present
    if operator == "DoesNotExist":
        return not present
    if not present or not re.fullmatch(r"-?\d+", labels[key]):
        return False
    return int(labels[key]) > int(values[0]) if operator == "Gt" else int(labels[key]) < int(values[0])


def label_predicate(text: str) -> Predicate:
    """Predicate over an object. Raises a 400 ApiError when the text is no selector."""
    if not text.strip():
        return lambda _obj: True
    requirements = [_requirement(part) for part in _split(text)]
    for key, _operator, values in requirements:
        _checked(key, values, text)

    def matches(obj: Mapping[str, Any]) -> bool:
        labels = obj["metadata"].get("labels") or {}
        return all(_holds(labels, *requirement) for requirement in requirements)

    return matches


def matches_labels(selector: Mapping[str, Any] | None, labels: Mapping[str, str]) -> bool:
    """Whether a `LabelSelector` object selects these labels. None selects nothing, an empty one everything."""
    if selector is None:
        return False
    if any(labels.get(key) != value for key, value in (selector.get("matchLabels") or {}).items()):
        return False
    return all(
        _holds(labels, rule["key"], rule["operator"], tuple(rule.get("values") or ())) for rule in selector.get("matchExpressions") or ()
    )


def format_selector(selector: Mapping[str, Any] | None) -> str:
    """A `LabelSelector` object as text, as in the SELECTOR column and in /scale."""
    if selector is None:
        return "<none>"
    parts = [f"{key}={value}" for key, value in sorted((selector.get("matchLabels") or {}).items())]
    for rule in selector.get("matchExpressions") or ():
        values = ",".join(sorted(rule.get("values") or ()))
        text = {"In": f"{rule['key']} in ({values})", "NotIn": f"{rule['key']} notin ({values})", "DoesNotExist": f"!{rule['key']}"}
        parts.append(text.get(rule["operator"], rule["key"]))
    return ",".join(parts) or "<none>"


def _field(obj: Mapping[str, Any], path: str) -> str:
    if path.startswith("regarding."):
        path = "involvedObject." + path.removeprefix("regarding.")
    path = {"reportingController": "reportingComponent", "source": "source.component"}.get(path, path)
    value: Any = obj
    for step in path.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return {"spec.unschedulable": "false", "status.replicas": "0"}.get(path, "")
    return str(value)


def _unsupported(path: str, resource: Resource) -> str:
    if resource.kind in _FIELDS:
        return f"field label not supported: {path}"
    return f'"{path}" is not a known field selector: only "metadata.name", "metadata.namespace"'


def field_predicate(text: str, resource: Resource) -> Predicate:
    """Predicate over an object of the resource. Raises a 400 ApiError for bad syntax or an unsupported field."""
    if not text.strip():
        return lambda _obj: True
    known = _COMMON_FIELDS | _FIELDS.get(resource.kind, set())
    terms: list[tuple[str, bool, str]] = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*([^=!]+?)\s*(!=|==|=)(.*)", part)
        if match is None:
            raise bad_request(f"invalid selector: '{text}'; can't understand '{part}'")
        if match[1] not in known:
            raise bad_request(_unsupported(match[1], resource))
        terms.append((match[1], match[2] != "!=", match[3].strip()))
    return lambda obj: all((_field(obj, path) == value) is equal for path, equal, value in terms)
