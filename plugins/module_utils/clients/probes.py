# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all probes of dependencies share, and the plainest of them: does something listen there?"""

from __future__ import annotations

import socket
import time
from urllib.parse import urlsplit

from ..errors import SourceUnavailableError
from ..lean import dataclass
from ..tally import count_request
from .answers import NAME_SERVER_FAILS, NAME_UNKNOWN, connection_problem, excerpt


@dataclass(frozen=True, slots=True)
class TcpAnswer:
    latency: float
    """seconds until the connection stood"""


class ProbeFailedError(SourceUnavailableError):
    """The dependency did not answer as one of its kind should. The message is short enough for a line of the report."""


class ProbeImpossibleError(ProbeFailedError):
    """Nothing could be asked from here, which says nothing about the dependency: its name is not known here, its address is none."""


def parse_address(address: str, port: int | None = None) -> tuple[str, int]:
    """Host and port of ``host:port``, ``[ipv6]:port`` or a URL; ``port`` where it gives none. ProbeImpossibleError for anything else."""
    try:
        parts = urlsplit(address if "://" in address else f"//{address}")
        given = parts.port if parts.port is not None else port
    except ValueError:
        given = None
    if given is None or not parts.hostname:
        raise ProbeImpossibleError(f"its address {excerpt(address, 80)!r} is not host:port; correct the service's catalogue entry")
    return parts.hostname, given


def probe_tcp(address: str, timeout: float) -> TcpAnswer:
    """Connects to ``host:port`` and hangs up."""
    began = time.monotonic()
    with connect(*parse_address(address), timeout):
        return TcpAnswer(time.monotonic() - began)


def connect(host: str, port: int, timeout: float) -> socket.socket:
    """A connection whose every step may take ``timeout`` seconds. ProbeFailedError when there is none."""
    count_request()
    try:
        return socket.create_connection((host, port), timeout=timeout)
    except (OSError, UnicodeError) as error:
        raise failed(error, timeout) from error


def failed(error: BaseException, timeout: float) -> ProbeFailedError:
    """A cluster's own names (``redis.production.svc``) are not known outside of it: such a failure is about this place."""
    problem = connection_problem(error, timeout)
    if problem in (NAME_UNKNOWN, NAME_SERVER_FAILS):
        why = problem.removeprefix(NAME_UNKNOWN)
        return ProbeImpossibleError(f"{NAME_UNKNOWN} from here{why}; with probe_from=pod the service's own pods are asked")
    return ProbeFailedError(problem)
