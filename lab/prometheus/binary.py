# SPDX-License-Identifier: GPL-3.0-or-later
"""Binary operators and how they match the series of both sides (promql/engine.go, ``VectorBinop`` and its neighbours)."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence

from lab.prometheus import expressions as ast
from lab.prometheus.arithmetic import divide, modulo, power
from lab.prometheus.errors import ExecutionError
from lab.prometheus.grid import Column, StepSeries, merged
from lab.prometheus.labels import RESERVED, LabelKey, format_labels, label_key, only, without, without_name
from lab.prometheus.storage import Labels

ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": divide,
    "%": modulo,
    "^": power,
    "atan2": math.atan2,
}
COMPARISON: dict[str, Callable[[float, float], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}

BySignature = dict[LabelKey, list[StepSeries]]


def scalar_operation(binary: ast.Binary, left: list[float], right: list[float]) -> list[float]:
    """Both sides are scalars; a comparison gives 0 or 1."""
    if binary.operator in COMPARISON:
        compare = COMPARISON[binary.operator]
        return [float(compare(a, b)) for a, b in zip(left, right, strict=True)]
    calculate = ARITHMETIC[binary.operator]
    return [calculate(a, b) for a, b in zip(left, right, strict=True)]


def vector_scalar_operation(binary: ast.Binary, vector: Sequence[StepSeries], scalars: list[float], scalar_first: bool) -> list[StepSeries]:
    """One side is a scalar. A comparison keeps the vector's value, on whichever side it stands."""
    result = []
    for series in vector:
        left, right = (scalars, series.values) if scalar_first else (series.values, scalars)
        column = _column(binary, left, right, kept=series.values)
        result.append(StepSeries(without_name(series.labels) if _drops_name(binary) else series.labels, column))
    return merged(result) if _drops_name(binary) else result


def vector_operation(binary: ast.Binary, left: Sequence[StepSeries], right: Sequence[StepSeries]) -> list[StepSeries]:
    """Arithmetic or comparison between series of equal signature; raises ``ExecutionError`` where the match is ambiguous."""
    matching = binary.matching
    many, one = (right, left) if matching.many == "right" else (left, right)
    ones = _by_signature(matching, one)
    _check_one_side(matching, many, ones)
    result: list[StepSeries] = []
    one_each = matching.many is None
    for signature, members in _by_signature(matching, many).items():
        pairs = [(each, partner) for each in members for partner in ones.get(signature, ())]
        found = [_paired(binary, each, partner) for each, partner in pairs]
        if len(pairs) > 1:
            one_each = False
            _check_many_side(matching, found, [_both(each, partner) for each, partner in pairs])
        result += found
    # Where each signature has one pair at most, no two have the same labels.
    return result if one_each else merged(result)


def set_operation(binary: ast.Binary, left: Sequence[StepSeries], right: Sequence[StepSeries]) -> list[StepSeries]:
    """``and``, ``or`` and ``unless``: whole elements are kept or dropped by whether the other side has their signature."""
    if binary.operator == "or":
        held = _presence(binary.matching, left)
        return merged([*left, *_filtered(binary.matching, right, held, present=False)])
    held = _presence(binary.matching, right)
    return merged(_filtered(binary.matching, left, held, present=binary.operator == "and"))


def _column(binary: ast.Binary, left: Sequence[float | None], right: Sequence[float | None], kept: Sequence[float | None]) -> Column:
    """The operator applied step by step; a comparison without ``bool`` gives the value of ``kept`` or nothing."""
    steps = zip(left, right, strict=True)
    if binary.operator == "/":
        return [None if a is None or b is None else a / b if b else divide(a, b) for a, b in steps]
    if binary.operator in ARITHMETIC:
        calculate = ARITHMETIC[binary.operator]
        return [None if a is None or b is None else calculate(a, b) for a, b in steps]
    compare = COMPARISON[binary.operator]
    if binary.return_bool:
        return [None if a is None or b is None else float(compare(a, b)) for a, b in steps]
    return [value if a is not None and b is not None and compare(a, b) else None for (a, b), value in zip(steps, kept, strict=True)]


def _drops_name(binary: ast.Binary) -> bool:
    return binary.operator in ARITHMETIC or binary.return_bool


def _match_labels(matching: ast.Matching, labels: Labels) -> dict[str, str]:
    return only(labels, matching.labels) if matching.on else without(labels, matching.labels | RESERVED)


def _by_signature(matching: ast.Matching, vector: Sequence[StepSeries]) -> BySignature:
    found: BySignature = {}
    for series in vector:
        found.setdefault(label_key(_match_labels(matching, series.labels)), []).append(series)
    return found


def _check_one_side(matching: ast.Matching, many: Sequence[StepSeries], ones: BySignature) -> None:
    """The side that must be unique may not have two series of one signature at a step where the other side has any."""
    crowded = [members for members in ones.values() if len(members) > 1]
    if not crowded:
        return
    for step in range(len(crowded[0][0].values)):
        if all(series.values[step] is None for series in many):
            continue
        for members in crowded:
            present = [series for series in members if series.values[step] is not None]
            if len(present) > 1:
                first, second = sorted(format_labels(series.labels) for series in present[:2])
                raise ExecutionError(
                    f"found duplicate series for the match group {format_labels(_match_labels(matching, present[0].labels))} on the "
                    f"{'left' if matching.many == 'right' else 'right'} hand-side of the operation: [{first}, {second}]"
                    ";many-to-many matching not allowed: matching labels must be unique on one side"
                )


def _check_many_side(matching: ast.Matching, found: Sequence[StepSeries], both: Sequence[list[bool]]) -> None:
    """Two matches of one signature at one step need ``group_left`` or ``group_right``, and then different labels."""
    for step in range(len(both[0])):
        matched = [series for series, at_step in zip(found, both, strict=True) if at_step[step]]
        if matching.many is None and len(matched) > 1:
            raise ExecutionError("multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)")
        if len({label_key(series.labels) for series in matched}) < len(matched):
            raise ExecutionError("multiple matches for labels: grouping labels must ensure unique matches")


def _paired(binary: ast.Binary, many: StepSeries, one: StepSeries) -> StepSeries:
    """The result for one pair of series."""
    left, right = (one, many) if binary.matching.many == "right" else (many, one)
    column = _column(binary, left.values, right.values, kept=left.values)
    return StepSeries(_result_labels(binary, many.labels, one.labels), column)


def _both(many: StepSeries, one: StepSeries) -> list[bool]:
    """At which steps both are there."""
    return [a is not None and b is not None for a, b in zip(many.values, one.values, strict=True)]


def _result_labels(binary: ast.Binary, many: Labels, one: Labels) -> dict[str, str]:
    """``resultMetric``: the labels of the many side, with those of ``group_left(…)`` taken from the one side."""
    matching = binary.matching
    labels = without_name(many) if _drops_name(binary) else dict(many)
    if matching.many is None:
        labels = only(labels, matching.labels) if matching.on else without(labels, matching.labels)
    for name in matching.include:
        if one.get(name):
            labels[name] = one[name]
        else:
            labels.pop(name, None)
    return labels


def _presence(matching: ast.Matching, vector: Sequence[StepSeries]) -> dict[LabelKey, list[bool]]:
    """For each signature, at which steps the vector has an element of it."""
    return {
        signature: [value is not None for value in members[0].values]
        if len(members) == 1
        else [any(value is not None for value in row) for row in zip(*(series.values for series in members), strict=True)]
        for signature, members in _by_signature(matching, vector).items()
    }


def _filtered(matching: ast.Matching, vector: Sequence[StepSeries], held: dict[LabelKey, list[bool]], present: bool) -> list[StepSeries]:
    """The elements whose signature is in ``held`` at their step, or is not."""
    result = []
    for series in vector:
        steps = held.get(label_key(_match_labels(matching, series.labels)))
        if steps is not None:
            result.append(
                StepSeries(series.labels, [v if at_step is present else None for v, at_step in zip(series.values, steps, strict=True)])
            )
        elif not present:
            result.append(series)
    return result
