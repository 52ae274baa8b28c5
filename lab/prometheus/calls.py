# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls of functions that give an instant vector: each takes the evaluator and the call, and evaluates its own arguments."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from lab.prometheus import expressions as ast
from lab.prometheus.arithmetic import divide
from lab.prometheus.elementwise import PARAMETER_FUNCTIONS, UNARY_FUNCTIONS, mapped, mapped_with
from lab.prometheus.grid import StepSeries, merged
from lab.prometheus.histogram import histogram_fraction, histogram_quantile
from lab.prometheus.label_functions import absent_labels, label_join, label_replace
from lab.prometheus.labels import without_name
from lab.prometheus.native import NativeHistogram, variance
from lab.prometheus.native_values import has_histograms, numbers, of_histograms
from lab.prometheus.over_time import KEEP_NAME, OVER_TIME_FUNCTIONS
from lab.prometheus.rates import RATE_FUNCTIONS
from lab.prometheus.storage import METRIC_NAME
from lab.prometheus.windows import Windows

if TYPE_CHECKING:
    from lab.prometheus.evaluator import Evaluator

FunctionCall = Callable[["Evaluator", ast.Call], list[StepSeries]]

_RANGE_FUNCTIONS = {**RATE_FUNCTIONS, **OVER_TIME_FUNCTIONS, "absent_over_time": OVER_TIME_FUNCTIONS["present_over_time"]}
_NATIVE_HISTOGRAM_FUNCTIONS: dict[str, Callable[[NativeHistogram], float]] = {
    "histogram_avg": lambda histogram: divide(histogram.total, histogram.count),
    "histogram_count": lambda histogram: histogram.count,
    "histogram_stddev": lambda histogram: math.sqrt(variance(histogram)),
    "histogram_stdvar": variance,
    "histogram_sum": lambda histogram: histogram.total,
}
_COUNTER_SUFFIXES = ("_total", "_sum", "_count", "_bucket")
_NOT_PINNED_BY_AT = frozenset({"predict_linear", "quantile_over_time"})
"""Their result differs from step to step even where ``@`` fixes the window."""


def _of_window(evaluator: Evaluator, call: ast.Call) -> list[StepSeries]:
    """A function of the window of samples before each step."""
    found = _window_columns(evaluator, call)
    if call.function in KEEP_NAME:
        return merged(found)
    named = {series.labels.get(METRIC_NAME) for series in found}
    nameless = [StepSeries(without_name(series.labels), series.values) for series in found]
    # Series of one name differ in something else.
    return nameless if len(named) == 1 and _is_plain(call) else merged(nameless)


def _is_plain(call: ast.Call) -> bool:
    """Whether the function looks at series as they are stored, which all differ."""
    return any(isinstance(ast.unwrapped(argument), ast.MatrixSelector) for argument in call.arguments)


def _window_columns(evaluator: Evaluator, call: ast.Call) -> list[StepSeries]:
    """The function's value for each series of its range vector, under the labels of that series."""
    arguments = [ast.unwrapped(argument) for argument in call.arguments]
    place = next(index for index, argument in enumerate(arguments) if isinstance(argument, ast.MatrixSelector | ast.Subquery))
    selector = arguments[place]
    assert isinstance(selector, ast.MatrixSelector | ast.Subquery)
    parameters = [evaluator.scalar(argument) for index, argument in enumerate(arguments) if index != place]
    function = _RANGE_FUNCTIONS[call.function]
    ends, times = evaluator.window_ends(selector), list(evaluator.times)
    once = ends[0] == ends[-1] and call.function not in _NOT_PINNED_BY_AT
    if once:
        times = times[:1]
    result = []
    known: dict[int, tuple[list[int], list[int]]] = {}
    for series in evaluator.samples(selector, ends):
        evaluator.context.check_deadline()
        column = function(Windows.over(series, ends[: len(times)], times, selector.range, parameters, known))
        if column[-1] is not None or any(value is not None for value in column):
            result.append(StepSeries(series.labels, column * len(ends) if once else column))
    _remark_on_window(evaluator, call, result, parameters, place)
    return result


def _remark_on_window(
    evaluator: Evaluator, call: ast.Call, vector: Sequence[StepSeries], parameters: Sequence[Sequence[float]], place: int
) -> None:
    """Remarks on the whole call. The server has no position for a subquery, and names the query's start."""
    annotations = evaluator.context.annotations
    subquery = isinstance(ast.unwrapped(call.arguments[place]), ast.Subquery)
    positions = [*call.argument_positions[:place], "1:1" if subquery else call.argument_positions[place]]
    if call.function in {"rate", "increase"}:
        for series in vector:
            name = series.labels.get(METRIC_NAME, "")
            if name and not name.endswith(_COUNTER_SUFFIXES) and not has_histograms(series.values):
                annotations.possible_non_counter(name, positions[place])
    if call.function == "quantile_over_time" and vector:
        for q in parameters[0]:
            if not 0 <= q <= 1:
                annotations.invalid_quantile(q, positions[0])


def _elementwise(evaluator: Evaluator, call: ast.Call) -> list[StepSeries]:
    """A function of every value; the calendar functions look at the evaluation time where they are given nothing."""
    if call.arguments:
        return mapped(UNARY_FUNCTIONS[call.function], evaluator.vector(call.arguments[0]))
    return mapped(UNARY_FUNCTIONS[call.function], [StepSeries({}, [float(time // 1000) for time in evaluator.times])])


def _elementwise_with_parameters(evaluator: Evaluator, call: ast.Call) -> list[StepSeries]:
    parameters = [evaluator.scalar(argument) for argument in call.arguments[1:]]
    return mapped_with(PARAMETER_FUNCTIONS[call.function], evaluator.vector(call.arguments[0]), parameters)


def _absent(evaluator: Evaluator, call: ast.Call) -> list[StepSeries]:
    """1 at the steps where the argument has no element, or no sample in the window."""
    present = evaluator.vector(call.arguments[0]) if call.function == "absent" else _window_columns(evaluator, call)
    missing = [all(series.values[step] is None for series in present) for step in range(len(evaluator.times))]
    return [StepSeries(absent_labels(call.arguments[0]), [1.0 if absent else None for absent in missing])]


def _histogram_fraction(evaluator: Evaluator, call: ast.Call) -> list[StepSeries]:
    lower, upper, vector = call.arguments
    annotations, position = evaluator.context.annotations, call.argument_positions[2]
    return histogram_fraction(evaluator.vector(vector), evaluator.scalar(lower), evaluator.scalar(upper), annotations, position)


def _histogram_quantile(evaluator: Evaluator, call: ast.Call) -> list[StepSeries]:
    q, vector = call.arguments
    annotations, positions = evaluator.context.annotations, call.argument_positions
    return histogram_quantile(evaluator.vector(vector), evaluator.scalar(q), evaluator.times, annotations, positions)


def _of_native_histograms(evaluator: Evaluator, call: ast.Call) -> list[StepSeries]:
    """These look at native histograms only."""
    function = _NATIVE_HISTOGRAM_FUNCTIONS[call.function]
    return of_histograms(evaluator.vector(call.arguments[0]), lambda histogram, _step: function(histogram))


def _label_join(evaluator: Evaluator, call: ast.Call) -> list[StepSeries]:
    target, separator, *sources = _texts(call.arguments[1:])
    return label_join(evaluator.vector(call.arguments[0]), target, separator, sources)


def _label_replace(evaluator: Evaluator, call: ast.Call) -> list[StepSeries]:
    target, replacement, source, pattern = _texts(call.arguments[1:])
    return label_replace(evaluator.vector(call.arguments[0]), target, replacement, source, pattern)


def _sorted(evaluator: Evaluator, call: ast.Call) -> list[StepSeries]:
    """By value, NaN last. Over several steps there is no order to give."""
    vector = numbers(evaluator.vector(call.arguments[0]))
    if evaluator.grid.start != evaluator.grid.end:
        evaluator.context.annotations.sort_in_range_query(call.position)
        return vector
    present = [(value, series) for series in vector if (value := series.values[0]) is not None]
    sign = -1.0 if call.function == "sort_desc" else 1.0
    return [series for _, series in sorted(present, key=lambda pair: (pair[0] != pair[0], sign * pair[0]))]


def _timestamp(evaluator: Evaluator, call: ast.Call) -> list[StepSeries]:
    """The time of the sample that a selector found; the evaluation time for any other expression."""
    selector = ast.unwrapped(call.arguments[0])
    if isinstance(selector, ast.VectorSelector):
        vector = evaluator.select(selector, timestamps=True)
        return merged(StepSeries(without_name(series.labels), series.values) for series in vector)
    seconds = [time / 1000 for time in evaluator.times]
    return merged(
        StepSeries(without_name(series.labels), [None if value is None else at for value, at in zip(series.values, seconds, strict=True)])
        for series in evaluator.vector(selector)
    )


def _vector(evaluator: Evaluator, call: ast.Call) -> list[StepSeries]:
    return [StepSeries({}, list(evaluator.scalar(call.arguments[0])))]


def _texts(arguments: Sequence[ast.Expression]) -> list[str]:
    literals = [ast.unwrapped(argument) for argument in arguments]
    return [literal.value for literal in literals if isinstance(literal, ast.Text)]


CALLS: dict[str, FunctionCall] = {
    **dict.fromkeys(_RANGE_FUNCTIONS, _of_window),
    **dict.fromkeys(UNARY_FUNCTIONS, _elementwise),
    **dict.fromkeys(PARAMETER_FUNCTIONS, _elementwise_with_parameters),
    **dict.fromkeys(_NATIVE_HISTOGRAM_FUNCTIONS, _of_native_histograms),
    "absent": _absent,
    "absent_over_time": _absent,
    "histogram_fraction": _histogram_fraction,
    "histogram_quantile": _histogram_quantile,
    "label_join": _label_join,
    "label_replace": _label_replace,
    "sort": _sorted,
    "sort_desc": _sorted,
    "timestamp": _timestamp,
    "vector": _vector,
}
