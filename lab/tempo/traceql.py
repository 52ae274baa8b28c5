# SPDX-License-Identifier: GPL-3.0-or-later
"""What is simulated of TraceQL (https://grafana.com/docs/tempo/latest/traceql/): one set of braces with conditions joined by ``&&``.

All of them hold for one and the same span; ``traceDuration`` is that of the trace the span is in, however long the span itself took.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lab.jaeger.store import Query

_QUERY = re.compile(r"\s*\{(?P<conditions>.*)\}\s*(?:with\s*\(\s*most_recent\s*=\s*(?:true|false)\s*\))?\s*", re.DOTALL)
_CONDITION = re.compile(
    r"""\s*(?:
        (?:resource)?\.service\.name\s*=\s*"(?P<service>(?:[^"\\]|\\.)*)"
      | (?:name|span:name)\s*=\s*"(?P<name>(?:[^"\\]|\\.)*)"
      | (?:status|span:status)\s*=\s*(?P<status>error)
      | (?P<whose>traceDuration|trace:duration|duration|span:duration)\s*(?P<operator>>=?)\s*
        (?P<amount>\d+(?:\.\d+)?)(?P<unit>ns|us|µs|ms|s|m|h)
    )\s*(?:&&|$)""",
    re.VERBOSE,
)
_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


class TraceQlError(Exception):
    """Not of the part of TraceQL that is simulated, or not of TraceQL."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """Durations are the least seconds of the span and of its trace."""

    service: str | None = None
    operation: str | None = None
    failed: bool = False
    least: float | None = None
    least_whole: float | None = None

    def query(self, start: float, end: float, limit: int) -> Query:
        """The newest traces that have such a span."""
        tags = {"error": "true"} if self.failed else {}
        return Query(self.service, start, end, limit, self.operation, tags, self.least, min_whole=self.least_whole)

    def hold(self, span: Mapping[str, Any], service: str) -> bool:
        """For a span of a trace in Jaeger's JSON that was found for them."""
        failed = any(tag["key"] == "error" and tag["value"] is True for tag in span["tags"])
        return (
            self.service in (None, service)
            and self.operation in (None, span["operationName"])
            and (failed or not self.failed)
            and (self.least is None or span["duration"] / 1e6 >= self.least)
        )


def parse(text: str) -> Conditions:
    """Raises TraceQlError."""
    whole = _QUERY.fullmatch(text)
    if whole is None:
        raise TraceQlError("parse error at line 1: syntax error")
    found: dict[str, Any] = {}
    conditions, at = whole["conditions"].strip(), 0
    while at < len(conditions):
        condition = _CONDITION.match(conditions, at)
        if condition is None:
            raise TraceQlError(f"parse error at line 1, col {at + 1}: syntax error")
        at = condition.end()
        if condition["service"] is not None:
            found["service"] = re.sub(r"\\(.)", r"\1", condition["service"])
        elif condition["name"] is not None:
            found["operation"] = re.sub(r"\\(.)", r"\1", condition["name"])
        elif condition["status"]:
            found["failed"] = True
        else:
            seconds = float(condition["amount"]) * _UNITS[condition["unit"]]
            least = seconds if condition["operator"] == ">=" else math.nextafter(seconds, math.inf)
            found["least_whole" if condition["whose"].startswith("trace") else "least"] = least
    return Conditions(**found)
