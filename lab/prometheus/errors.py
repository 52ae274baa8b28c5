# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a query failed, in the classes that the HTTP API tells apart (web/api/v1/api.go, ``errorType``)."""

from __future__ import annotations


class PrometheusError(Exception):
    """A request failed; ``error_type`` and ``status`` are what the HTTP API answers with."""

    error_type = "internal"
    status = 500


class BadData(PrometheusError):
    """The request itself is wrong: a parameter or the query's text."""

    error_type = "bad_data"
    status = 400


class ParseError(BadData):
    """The query is not PromQL, or uses what is not enabled."""


class ExecutionError(PrometheusError):
    """The query is well-formed, but evaluating it is not possible with these series."""

    error_type = "execution"
    status = 422


class QueryTimeout(PrometheusError):
    """Evaluating the query took longer than the request allows."""

    error_type = "timeout"
    status = 503
