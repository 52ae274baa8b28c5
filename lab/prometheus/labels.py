# SPDX-License-Identifier: GPL-3.0-or-later
"""Label sets: how they are compared, reduced and written (model/labels/labels_common.go)."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from lab.prometheus.number_format import quote
from lab.prometheus.storage import METRIC_NAME, Labels

RESERVED = frozenset({METRIC_NAME, "__type__", "__unit__"})
"""The labels that say what a metric is; what changes its meaning drops them (model/schema/labels.go)."""

LabelKey = frozenset[tuple[str, str]]

_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def label_key(labels: Labels) -> LabelKey:
    """A hashable identity of a label set."""
    return frozenset(labels.items())


def without(labels: Labels, names: Collection[str]) -> dict[str, str]:
    """The labels whose names are not in ``names``."""
    return {name: value for name, value in labels.items() if name not in names}


def only(labels: Labels, names: Collection[str]) -> dict[str, str]:
    """The labels whose names are in ``names``."""
    return {name: value for name, value in labels.items() if name in names}


def without_name(labels: Labels) -> dict[str, str]:
    """The labels without those that name the metric."""
    return without(labels, RESERVED)


def with_label(labels: Labels, name: str, value: str) -> dict[str, str]:
    """The labels with one set, or removed where ``value`` is empty."""
    changed = {**labels, name: value}
    if not value:
        del changed[name]
    return changed


def format_labels(labels: Mapping[str, str]) -> str:
    """``{a="1", b="2"}``, sorted by name, as error messages show label sets."""
    pairs = (f"{name if _PLAIN_NAME.fullmatch(name) else quote(name)}={quote(labels[name])}" for name in sorted(labels))
    return "{" + ", ".join(pairs) + "}"
