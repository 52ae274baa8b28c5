# SPDX-License-Identifier: GPL-3.0-or-later
"""Functions that look at labels only: label_replace, label_join, and the labels that absent() gives (promql/functions.go)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lab.prometheus import expressions as ast
from lab.prometheus.errors import ExecutionError
from lab.prometheus.grid import StepSeries, merged
from lab.prometheus.labels import RESERVED, with_label
from lab.prometheus.regex import compile_anchored, expand


def label_replace(vector: Sequence[StepSeries], target: str, replacement: str, source: str, pattern: str) -> list[StepSeries]:
    """``target`` set to ``replacement`` with the groups of ``pattern`` where it matches the whole of ``source``."""
    try:
        compiled = compile_anchored(pattern)
    except re.error:
        raise ExecutionError(f"invalid regular expression in label_replace(): {pattern}") from None
    if not target:
        raise ExecutionError(f"invalid destination label name in label_replace(): {target}")
    result = []
    for series in vector:
        found = compiled.fullmatch(series.labels.get(source, ""))
        labels = with_label(series.labels, target, expand(replacement, found)) if found else series.labels
        result.append(StepSeries(labels, series.values))
    return merged(result)


def label_join(vector: Sequence[StepSeries], target: str, separator: str, sources: Sequence[str]) -> list[StepSeries]:
    """``target`` set to the values of ``sources`` with ``separator`` between them."""
    if not all(sources):
        raise ExecutionError("invalid source label name in label_join(): ")
    if not target:
        raise ExecutionError(f"invalid destination label name in label_join(): {target}")
    return merged(
        StepSeries(with_label(series.labels, target, separator.join(series.labels.get(source, "") for source in sources)), series.values)
        for series in vector
    )


def absent_labels(expression: ast.Expression) -> dict[str, str]:
    """The labels that a selector pins to one value (``createLabelsForAbsentFunction``); none for any other expression."""
    expression = ast.unwrapped(expression)
    if isinstance(expression, ast.MatrixSelector):
        expression = expression.vector
    if not isinstance(expression, ast.VectorSelector):
        return {}
    labels: dict[str, str] = {}
    seen = set()
    for matcher in expression.matchers:
        if matcher.name in RESERVED:
            continue
        if matcher.op == "=" and matcher.name not in seen:
            seen.add(matcher.name)
            labels[matcher.name] = matcher.value
        else:
            labels.pop(matcher.name, None)
    return {name: value for name, value in labels.items() if value}
