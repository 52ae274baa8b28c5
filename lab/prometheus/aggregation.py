# SPDX-License-Identifier: GPL-3.0-or-later
"""Aggregation operators over the series of one step (promql/engine.go, ``aggregation``, ``aggregationK``)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from lab.prometheus import expressions as ast
from lab.prometheus.arithmetic import NAN, kahan_sum, largest, mean, quantile, smallest
from lab.prometheus.errors import ExecutionError
from lab.prometheus.grid import Column, StepSeries, merged
from lab.prometheus.labels import RESERVED, LabelKey, label_key, only, with_label, without
from lab.prometheus.native import NativeHistogram
from lab.prometheus.native_values import has_histograms, summed
from lab.prometheus.native_values import numbers as only_numbers
from lab.prometheus.number_format import general, plain
from lab.prometheus.storage import Labels

_INT64 = 2.0**63


def _variance(values: Sequence[float]) -> float:
    """Population variance by Welford's method."""
    average = values[0]
    squares = 0.0 if math.isfinite(average) else NAN
    for count, value in enumerate(values[1:], 2):
        delta = value - average
        average += delta / count
        squares += delta * (value - average)
    return squares / len(values)


_SUMMARIES: dict[str, Callable[[Sequence[float]], float]] = {
    "avg": mean,
    "count": lambda values: float(len(values)),
    "group": lambda values: 1.0,
    "max": largest,
    "min": smallest,
    "stddev": lambda values: math.sqrt(_variance(values)),
    "stdvar": _variance,
    "sum": kahan_sum,
}

_OF_ONE_THE_SAME = frozenset({"avg", "sum"})


def grouping_labels(aggregation: ast.Aggregation, labels: Labels) -> dict[str, str]:
    """The labels of the group that ``labels`` falls into."""
    if aggregation.without:
        return without(labels, aggregation.grouping | RESERVED)
    return only(labels, aggregation.grouping)


def _groups(aggregation: ast.Aggregation, vector: Sequence[StepSeries]) -> list[tuple[dict[str, str], list[StepSeries]]]:
    groups: dict[LabelKey, tuple[dict[str, str], list[StepSeries]]] = {}
    for series in vector:
        labels = grouping_labels(aggregation, series.labels)
        groups.setdefault(label_key(labels), (labels, []))[1].append(series)
    return list(groups.values())


def aggregate(aggregation: ast.Aggregation, vector: Sequence[StepSeries], parameters: list[float] | None) -> list[StepSeries]:
    """The groups of ``vector``, each summarised; ``parameters`` are the scalar of ``quantile``, ``topk`` and ``bottomk`` by step."""
    if parameters is not None:
        vector = only_numbers(vector)
    match aggregation.operator, parameters:
        case "quantile", list(qs):
            return [StepSeries(labels, _quantiles(qs, members)) for labels, members in _groups(aggregation, vector)]
        case "topk" | "bottomk", list(ks):
            return _selected(aggregation, vector, ks)
    summary = _SUMMARIES[aggregation.operator]
    return [StepSeries(labels, _summarised(aggregation.operator, summary, members)) for labels, members in _groups(aggregation, vector)]


def _summarised(aggregation: str, summary: Callable[[Sequence[float]], float], members: Sequence[StepSeries]) -> Column:
    if any(has_histograms(member.values) for member in members):
        return [_of_histograms(aggregation, summary, values) if values else None for values in _present(members)]
    if len(members) == 1 and aggregation in _OF_ONE_THE_SAME:
        return [None if value is None else value + 0.0 for value in members[0].values]
    return [summary(values) if values else None for values in _present(members)]


def _of_histograms(operator: str, summary: Callable[[Sequence[float]], float], values: Sequence[float]) -> float | None:
    """Sums and averages of histograms are histograms, unless numbers are among them; other operators do not see them."""
    histograms = [value for value in values if isinstance(value, NativeHistogram)]
    if not histograms or operator in ("count", "group"):
        return summary(values)
    if operator in ("sum", "avg"):
        if len(histograms) < len(values):
            return None
        return summed(histograms).times(1.0 if operator == "sum" else 1.0 / len(histograms))
    numbers = [value for value in values if not isinstance(value, NativeHistogram)]
    return summary(numbers) if numbers else None


def _quantiles(qs: list[float], members: Sequence[StepSeries]) -> Column:
    return [quantile(q, values) if values else None for q, values in zip(qs, _present(members), strict=True)]


def _present(members: Sequence[StepSeries]) -> list[Sequence[float]]:
    """For each step, the values of the members that have one."""
    rows = zip(*(member.values for member in members), strict=True)
    return [[value for value in row if value is not None] for row in rows]


def count_values(aggregation: ast.Aggregation, vector: Sequence[StepSeries], label: str) -> list[StepSeries]:
    """How many series of a group have each value, which becomes the label ``label``."""
    if not label:
        raise ExecutionError('invalid label name ""')
    vector = only_numbers(vector)
    counted: dict[LabelKey, tuple[Labels, Column]] = {}
    for series in vector:
        for step, value in enumerate(series.values):
            if value is None:
                continue
            valued = with_label(series.labels, label, plain(value))
            labels = grouping_labels(aggregation, valued)
            if not aggregation.without:
                labels[label] = valued[label]
            column = counted.setdefault(label_key(labels), (labels, [None] * len(series.values)))[1]
            column[step] = (column[step] or 0.0) + 1.0
    return [StepSeries(labels, column) for labels, column in counted.values()]


def _selected(aggregation: ast.Aggregation, vector: Sequence[StepSeries], ks: list[float]) -> list[StepSeries]:
    """The k largest or smallest of each group, at each step; on a single step in the order of their values."""
    if max(ks) < 1:
        return []
    if any(k != k for k in ks):
        raise ExecutionError("Parameter value is NaN")
    if min(ks) <= -_INT64:
        raise ExecutionError(f"Scalar value {general(min(ks))} underflows int64")
    if max(ks) >= _INT64:
        raise ExecutionError(f"Scalar value {general(max(ks))} overflows int64")
    result = []
    for _, members in _groups(aggregation, vector):
        columns: list[Column] = [[None] * len(ks) for _ in members]
        order: list[int] = list(range(len(members)))
        for step, k in enumerate(ks):
            kept = _best(members, step, int(k), aggregation.operator == "topk")
            for index in kept:
                columns[index][step] = members[index].values[step]
            order = kept if len(ks) == 1 else order
        result += [StepSeries(members[index].labels, columns[index]) for index in order]
    return merged(result)


def _best(members: Sequence[StepSeries], step: int, k: int, descending: bool) -> list[int]:
    """The indices of the ``k`` best members, best first, chosen with a heap as the server does, so that ties fall alike.

    NaN counts as the worst.
    """

    def worse(left: int, right: int) -> bool:
        a, b = heap_values[left], heap_values[right]
        return a != a or (a < b if descending else a > b)

    heap: list[int] = []
    heap_values: dict[int, float] = {}
    for index, member in enumerate(members):
        value = member.values[step]
        if value is None:
            continue
        heap_values[index] = value
        if len(heap) < k:
            heap.append(index)
            _sift_up(heap, worse)
        elif heap:
            worst = heap_values[heap[0]]
            if (worst < value if descending else worst > value) or (worst != worst and value == value):
                heap[0] = index
                _sift_down(heap, worse)
    sign = -1.0 if descending else 1.0
    return sorted(heap, key=lambda index: (heap_values[index] != heap_values[index], sign * heap_values[index]))


def _sift_up(heap: list[int], worse: Callable[[int, int], bool]) -> None:
    child = len(heap) - 1
    while child > 0:
        parent = (child - 1) // 2
        if not worse(heap[child], heap[parent]):
            return
        heap[child], heap[parent] = heap[parent], heap[child]
        child = parent


def _sift_down(heap: list[int], worse: Callable[[int, int], bool]) -> None:
    parent = 0
    while (child := 2 * parent + 1) < len(heap):
        if child + 1 < len(heap) and worse(heap[child + 1], heap[child]):
            child += 1
        if not worse(heap[child], heap[parent]):
            return
        heap[parent], heap[child] = heap[child], heap[parent]
        parent = child
