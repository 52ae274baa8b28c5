# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the API server says when it says no, as one error type per meaning."""

from __future__ import annotations

from typing import Any

from ..errors import SourceUnavailableError
from .answers import NotJsonError, excerpt, parse_json, status_problem


class ClusterError(SourceUnavailableError):
    """The API server did not do what it was asked.

    ``status`` is the HTTP status; None when there was no answer. ``retry_after`` is the seconds that the server asks to wait.
    """

    def __init__(self, message: str, status: int | None = None, retry_after: float | None = None, **details: Any) -> None:
        super().__init__(message, **details)
        self.status = status
        self.retry_after = retry_after


class ClusterUnreachable(ClusterError):
    """There was no answer, or no cluster to ask."""


class Unauthorized(ClusterError):
    """401: the credentials are missing, wrong or expired."""


class Forbidden(ClusterError):
    """403: these credentials may not do this."""


class ObjectNotFound(ClusterError):
    """404: the object, or the API, is not there."""


class Conflict(ClusterError):
    """409: somebody else changed the object meanwhile, or it exists already."""


class Invalid(ClusterError):
    """400 or 422: the API server rejects the request as it stands."""


class TooManyRequests(ClusterError):
    """429: the API server, or a disruption budget, asks to wait."""


class ServerError(ClusterError):
    """5xx: the API server, or something it depends on, is broken."""


_BY_STATUS: dict[int, type[ClusterError]] = {
    400: Invalid,
    401: Unauthorized,
    403: Forbidden,
    404: ObjectNotFound,
    409: Conflict,
    422: Invalid,
    429: TooManyRequests,
}


def error_for(status: int, body: bytes, asked: str, host: str, retry_after: str | None = None) -> ClusterError:
    """The error for an answer with a ``status`` that is no success.

    ``asked`` is what was asked for (``GET /api/v1/…``), ``retry_after`` the answer's header of that name.
    """
    words = _status_message(body)
    kind = _BY_STATUS.get(status, ServerError if status >= 500 else ClusterError)
    if kind is Unauthorized:
        message = (
            f"The cluster at {host} refuses the credentials (401 Unauthorized): the token or certificate is missing, wrong or expired. "
            "Log in again, or give another 'kubeconfig', 'context' or 'api_key'."
        )
    elif kind is Forbidden:
        message = f"Not allowed (403): {excerpt(words or asked, 400)}. Grant it by a Role, or use other credentials."
    elif kind is ObjectNotFound:
        message = f"Not found (404): {excerpt(words, 400)}" if words else f"{asked}: the cluster has no such object or API (404)."
    else:
        message = f"{asked}: the cluster at {host} {status_problem(status, body, words)}"
    return kind(message, status, _seconds(retry_after))


def _seconds(retry_after: str | None) -> float | None:
    """Kubernetes sends whole seconds; the header's other form, a date, says nothing without the server's clock."""
    return float(retry_after) if retry_after and retry_after.strip().isdigit() else None


def _status_message(body: bytes) -> str | None:
    """The message of the Status object that Kubernetes answers errors with."""
    try:
        status = parse_json(body)
    except NotJsonError:
        return None
    message = status.get("message") if isinstance(status, dict) else None
    return message if isinstance(message, str) and message else None
