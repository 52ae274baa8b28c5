# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading the parameters of a request, with the real server's complaints (web/api/v1/api.go)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from multidict import MultiMapping

from lab.prometheus.errors import BadData, ParseError
from lab.prometheus.go_numbers import parse_float
from lab.prometheus.number_format import plain, quote
from lab.prometheus.parser import parse_selector
from lab.prometheus.storage import Matcher

MIN_TIME = -9_223_309_901_257_974.0
MAX_TIME = 9_223_309_901_257_974.0
"""The range of the optional ``start`` and ``end``, in Unix seconds."""

_MAX_POINTS = 11_000
_MAX_NANOSECONDS = 2**63
_DURATION = re.compile(r"(?=.)(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?", re.ASCII)
_UNITS = (31_536_000_000, 604_800_000, 86_400_000, 3_600_000, 60_000, 1000, 1)
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)", re.ASCII)

Form = MultiMapping[str]


@dataclass(frozen=True, slots=True)
class RangeParameters:
    """Unix seconds, and seconds."""

    start: float
    end: float
    step: float


def parse_time(text: str) -> float:
    """Unix seconds, to the millisecond, from a number or RFC 3339."""
    number = parse_float(text)
    if number is not None and MIN_TIME <= number <= MAX_TIME:
        return round(number, 3)
    if _RFC3339.fullmatch(text):
        try:
            return datetime.fromisoformat(text).timestamp()
        except ValueError:
            pass
    raise BadData(f"cannot parse {quote(text)} to a valid timestamp")


def parse_duration(text: str) -> float:
    """Seconds, from a number of seconds or Prometheus' notation (``1h30m``)."""
    number = parse_float(text)
    if number is not None:
        if number != number or not -_MAX_NANOSECONDS <= number * 1e9 < _MAX_NANOSECONDS:
            raise BadData(f"cannot parse {quote(text)} to a valid duration. It overflows int64")
        return number
    found = _DURATION.fullmatch(text)
    if not found:
        raise BadData(f"cannot parse {quote(text)} to a valid duration")
    return sum(int(count or 0) * unit for count, unit in zip(found.groups(), _UNITS, strict=True)) / 1000


def time_parameter(form: Form, name: str, default: float) -> float:
    """An optional time."""
    text = form.get(name, "")
    if not text:
        return default
    try:
        return parse_time(text)
    except BadData as error:
        raise BadData(f"invalid parameter {quote(name)}: invalid time value for '{name}': {error}") from None


def range_parameters(form: Form) -> RangeParameters:
    """``start``, ``end`` and ``step`` of a range query."""
    start = _required_time(form, "start")
    end = _required_time(form, "end")
    if end < start:
        raise BadData('invalid parameter "end": end timestamp must not be before start time')
    step = _duration(form, "step")
    if step <= 0:
        raise BadData('invalid parameter "step": zero or negative query resolution step widths are not accepted. Try a positive integer')
    if round((end - start) * 1e9) // max(1, int(step * 1e9)) > _MAX_POINTS:
        raise BadData("exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)")
    return RangeParameters(start, end, step)


def _required_time(form: Form, name: str) -> float:
    try:
        return parse_time(form.get(name, ""))
    except BadData as error:
        raise BadData(f"invalid parameter {quote(name)}: {error}") from None


def _duration(form: Form, name: str) -> float:
    try:
        return parse_duration(form.get(name, ""))
    except BadData as error:
        raise BadData(f"invalid parameter {quote(name)}: {error}") from None


def timeout_parameter(form: Form, default: float) -> float:
    """The time limit of a query in seconds; the server's own limit holds all the same."""
    if not form.get("timeout"):
        return default
    timeout = _duration(form, "timeout")
    if timeout <= 0:
        raise BadData(f'invalid parameter "timeout": timeout must be positive, got {plain(timeout)}s')
    return min(timeout, default)


def lookback_parameter(form: Form) -> float | None:
    """How old the newest sample may be, in seconds, where the request overrides it."""
    if not form.get("lookback_delta"):
        return None
    try:
        return max(0.0, parse_duration(form["lookback_delta"])) or None
    except BadData as error:
        raise BadData(f"error parsing lookback delta duration: {error}") from None


def limit_parameter(form: Form) -> int:
    """How many results to give; 0 is all of them."""
    text = form.get("limit", "")
    if not text:
        return 0
    if not re.fullmatch(r"[+-]?\d+", text, re.ASCII):
        raise BadData(f'invalid parameter "limit": strconv.Atoi: parsing {quote(text)}: invalid syntax')
    if int(text) < 0:
        raise BadData('invalid parameter "limit": limit must be non-negative')
    return int(text)


def matcher_sets(form: Form, labelled: bool = False) -> list[tuple[Matcher, ...]]:
    """The selectors of ``match[]``; ``labelled`` names the parameter in the complaint, as only ``/series`` does."""
    try:
        return [parse_selector(text) for text in form.getall("match[]", [])]
    except ParseError as error:
        raise BadData(f'invalid parameter "match[]": {error}' if labelled else str(error)) from None


def truncated(results: Sequence[str] | Sequence[Mapping[str, str]], limit: int) -> list[str]:
    """The warning that belongs to a result that ``limit`` cuts."""
    return ["results truncated due to limit"] if limit and len(results) > limit else []
