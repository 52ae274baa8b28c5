# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers as JSON text; query results are written out by hand because they are large (util/jsonutil/marshal.go)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web

from lab.prometheus.engine import Result, ResultSeries
from lab.prometheus.native import NativeHistogram
from lab.prometheus.number_format import sample_value


def success(data: str, warnings: Sequence[str] = (), infos: Sequence[str] = ()) -> str:
    """The envelope of an answer around ``data``, which is JSON already."""
    remarks = "".join(f',"{name}":{compact(list(texts))}' for name, texts in (("warnings", warnings), ("infos", infos)) if texts)
    return f'{{"status":"success","data":{data}{remarks}}}'


def failure(error_type: str, message: str) -> str:
    """The envelope of an error."""
    return compact({"status": "error", "errorType": error_type, "error": message})


def json_response(text: str, status: int = 200) -> web.Response:
    """JSON text as the server sends it, with a content type that names no character set."""
    return web.Response(body=text.encode(), status=status, content_type="application/json")


def compact(value: Any) -> str:
    """JSON without blanks."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def query_data(result: Result, limit: int) -> str:
    """``resultType`` and ``result``, the first ``limit`` series of them if ``limit`` is not 0."""
    series = result.series[: limit or None]
    match result.type:
        case "scalar":
            written = f'[{sample_value(result.at / 1000)},"{sample_value(series[0].points[0][1])}"]'
        case "string":
            written = f"[{sample_value(result.at / 1000)},{compact(result.text)}]"
        case "vector":
            written = "[" + ",".join(f'{{"metric":{_labels(each.labels)},{_instant(*each.points[0])}}}' for each in series) + "]"
        case "matrix":
            written = "[" + ",".join(_matrix_series(each) for each in series) + "]"
    return f'{{"resultType":"{result.type}","result":{written}}}'


def _matrix_series(series: ResultSeries) -> str:
    values = [_point(at, value) for at, value in series.points if not isinstance(value, NativeHistogram)]
    histograms = [_histogram_point(at, value) for at, value in series.points if isinstance(value, NativeHistogram)]
    parts = [f'"{name}":[{",".join(points)}]' for name, points in (("values", values), ("histograms", histograms)) if points]
    return f'{{"metric":{_labels(series.labels)},{",".join(parts)}}}'


def _instant(at: int, value: float) -> str:
    if isinstance(value, NativeHistogram):
        return f'"histogram":{_histogram_point(at, value)}'
    return f'"value":{_point(at, value)}'


def _histogram_point(at: int, histogram: NativeHistogram) -> str:
    """The time, and the histogram with those of its buckets that hold anything (``MarshalHistogram``)."""
    buckets = [
        [_bounds_rule(lower, upper), sample_value(lower), sample_value(upper), sample_value(count)]
        for lower, upper, count in histogram.buckets()
        if count
    ]
    written = {"count": sample_value(histogram.count), "sum": sample_value(histogram.total)}
    return f"[{_seconds(at)},{compact({**written, **({'buckets': buckets} if buckets else {})})}]"


def _bounds_rule(lower: float, upper: float) -> int:
    """0: without the lower bound; 1: without the upper one; 3: with both."""
    return 3 if lower <= 0 <= upper else 0 if lower > 0 else 1


def _labels(labels: Mapping[str, str]) -> str:
    return compact({name: labels[name] for name in sorted(labels)})


def _point(at: int, value: float) -> str:
    """``[1435781451.781,"1.234"]``: seconds with three decimals or none, and the value as a string."""
    return f'[{_seconds(at)},"{sample_value(value)}"]'


def _seconds(at: int) -> str:
    seconds, milliseconds = divmod(abs(at), 1000)
    fraction = f".{milliseconds:03d}" if milliseconds else ""
    return f"{'-' if at < 0 else ''}{seconds}{fraction}"
