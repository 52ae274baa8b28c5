# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probes that run inside a pod of the service: the network as the service itself sees it."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from ..clients.answers import excerpt
from ..clients.probes import ProbeFailedError, parse_address
from ..errors import SourceUnavailableError
from ..model.finding import Level
from ..model.service import Dependency, DependencyType, Service
from .dependencies import Probe, Probed, judge_http, redis_detail, redis_memory
from .objects import Object, main_container, mapping, name_of, sequence
from .snapshot import ClusterSnapshot

_NOT_FOUND = (126, 127)
"""Exit codes of a shell for a command that can't be run, or is not there."""


def probe_from_pod(snapshot: Callable[[], ClusterSnapshot], service: Service) -> Probe:
    """A probe that runs ``nc``, ``redis-cli`` or ``curl`` in a running pod of the service, a ready one where there is any."""

    def probe(dependency: Dependency, timeout: float) -> Probed:
        try:
            shared = snapshot()
            pod = _running(shared)
            inside = str(main_container(mapping(pod.get("spec")), service.container).get("name") or "") or None
            code, output = shared.client.exec(service.namespace, name_of(pod), inside, _command(dependency, timeout), timeout + 1)
        except ProbeFailedError as error:
            return Probed(Level.CRITICAL, error.message)
        except SourceUnavailableError as error:
            return Probed(Level.UNKNOWN, f"could not be probed from a pod: {error.message}")
        if code in _NOT_FOUND:
            return Probed(Level.UNKNOWN, f"could not be probed from a pod: its image has no {_command(dependency, timeout)[0]}")
        return _judge(dependency, code, output)

    return probe


def _running(snapshot: ClusterSnapshot) -> Object:
    pods = [pod for pod in snapshot.pods().found if mapping(pod.get("status")).get("phase") == "Running"]
    if not pods:
        raise SourceUnavailableError("no pod of the service is running.")
    return max(pods, key=_is_ready)


def _is_ready(pod: Object) -> bool:
    conditions = map(mapping, sequence(mapping(pod.get("status")).get("conditions")))
    return any(condition.get("type") == "Ready" and condition.get("status") == "True" for condition in conditions)


def _command(dependency: Dependency, timeout: float) -> tuple[str, ...]:
    """The command as its arguments; no shell ever sees them."""
    seconds = str(max(1, int(timeout)))
    if dependency.type is DependencyType.HTTP:
        if urlsplit(dependency.address).scheme not in ("http", "https"):
            raise ProbeFailedError(f"its address {excerpt(dependency.address, 80)!r} is not a URL; correct the service's catalogue entry")
        return ("curl", "-s", "-o", "/dev/null", "-m", seconds, "-w", "%{http_code} %{time_total}", dependency.address)
    host, port = parse_address(dependency.address)
    if host.startswith("-"):
        raise ProbeFailedError(f"its address {excerpt(dependency.address, 80)!r} is not a host; correct the service's catalogue entry")
    if dependency.type is DependencyType.REDIS:
        return ("redis-cli", "-h", host, "-p", str(port), "INFO")
    return ("nc", "-z", "-v", "-w", seconds, host, str(port))


def _judge(dependency: Dependency, code: int, output: str) -> Probed:
    if dependency.type is DependencyType.HTTP:
        status, _unused, seconds = output.strip().partition(" ")
        if not status.isdigit() or int(status) == 0:
            return Probed(Level.CRITICAL, f"no answer (curl ended with {code})")
        return Probed(*judge_http(int(status)), latency=_number(seconds))
    if code != 0:
        return Probed(Level.CRITICAL, excerpt(output, 120) or f"the probe ended with {code}")
    if dependency.type is DependencyType.REDIS:
        if output.startswith("NOAUTH"):
            return Probed(Level.UNKNOWN, "answers, but refuses to tell more: it asks for a password")
        info = {name: value for line in output.splitlines() for name, colon, value in [line.strip().partition(":")] if colon}
        return Probed(Level.OK, redis_detail(info), None, *redis_memory(info))
    return Probed(Level.OK, "Healthy")


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
