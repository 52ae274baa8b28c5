# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A command in a container, by the API's exec subresource over a WebSocket."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from .answers import connection_problem, excerpt
from .cluster_errors import ClusterError, ClusterUnreachable, error_for
from .libraries import load

_ERROR_CHANNEL = 3
"""Where the exit status comes (v4.channel.k8s.io)."""


def run_in_container(
    configuration: Any,
    authorization: Mapping[str, str],
    namespace: str,
    pod: str,
    container: str | None,
    command: Sequence[str],
    timeout: float,
) -> tuple[int, str]:
    """Exit code and output of ``command``. ClusterError when it could not run or did not end within ``timeout`` seconds."""
    websockets = load("kubernetes.stream.ws_client")

    asked = f"exec {' '.join(command)!r} in pod {namespace}/{pod}"
    query: list[tuple[str, Any]] = [("stdout", "true"), ("stderr", "true"), ("command", list(command))]
    if container:
        query.append(("container", container))
    url = websockets.get_websocket_url(f"{configuration.host.rstrip('/')}/api/v1/namespaces/{namespace}/pods/{pod}/exec", query)
    try:
        session = websockets.WSClient(configuration, url, dict(authorization), True)
    except Exception as error:  # the websocket library raises its own, unrelated types; all mean that there is no session
        raise _refused(error, asked, configuration.host, timeout) from error
    try:
        end = time.monotonic() + timeout
        session.sock.settimeout(timeout)
        while session.is_open() and (left := end - time.monotonic()) > 0:
            session.update(timeout=left)
        if session.is_open():
            raise ClusterError(f"{asked}: did not end within {timeout:g} s.")
        return _exit_code(session.read_channel(_ERROR_CHANNEL), asked), session.read_all()
    finally:
        session.close()


def _exit_code(status: str, asked: str) -> int:
    try:
        outcome = load("yaml").safe_load(status) if status else None
    except load("yaml").YAMLError:
        outcome = None
    if not isinstance(outcome, dict):
        raise ClusterError(f"{asked}: the session ended without an exit status.")
    if outcome.get("status") == "Success":
        return 0
    causes = (outcome.get("details") or {}).get("causes") or []
    for cause in causes:
        if cause.get("reason") == "ExitCode" and str(cause.get("message")).isdigit():
            return int(cause["message"])
    raise ClusterError(f"{asked}: {excerpt(str(outcome.get('message') or outcome), 300)}")


def _refused(error: Exception, asked: str, host: str, timeout: float) -> ClusterError:
    status = getattr(error, "status_code", None)
    if isinstance(status, int) and status >= 300:
        body = getattr(error, "resp_body", None) or b""
        return error_for(status, body if isinstance(body, bytes) else str(body).encode(), asked, host)
    return ClusterUnreachable(f"{asked}: the cluster at {host}: {connection_problem(error, timeout)}.")
