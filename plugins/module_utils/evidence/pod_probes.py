# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probes that run inside a pod of the service: the network as the service itself sees it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlsplit

from ..clients.answers import excerpt
from ..clients.http_probe import HttpAnswer
from ..clients.postgresql import login_from
from ..clients.probes import ProbeFailedError, ProbeImpossibleError, parse_address
from ..clients.redis_probe import RedisAnswer, parse_info
from ..errors import SourceUnavailableError
from ..model.finding import Level
from ..model.service import Dependency, DependencyType, Service
from .dependencies import Probe, judge_answer
from .objects import Object, main_container, mapping, name_of, sequence
from .postgresql import judge_postgresql
from .postgresql_questions import STATE
from .probed import Probed
from .redis import judge_redis
from .snapshot import ClusterSnapshot

_NOT_FOUND = (126, 127)
"""Exit codes of a shell for a command that can't be run, or is not there."""

_CURL = {
    6: "its host name cannot be resolved in the pod",
    7: "connection refused",
    28: "it took too long",
    35: "no TLS connection could be made",
    51: "its TLS certificate is for another host",
    60: "its TLS certificate is not trusted in the pod",
}
_LOGIN_REFUSED = ("no password supplied", "authentication failed", "no pg_hba.conf entry", "does not exist", "permission denied")


def probe_from_pod(snapshot: Callable[[], ClusterSnapshot], service: Service) -> Probe:
    """A probe that runs ``nc``, ``redis-cli``, ``psql``, ``getent`` or ``curl`` in a running pod of the service, a ready one if any."""

    def probe(dependency: Dependency, timeout: float) -> Probed:
        try:
            shared = snapshot()
            pod = _running(shared)
            inside = str(main_container(mapping(pod.get("spec")), service.container).get("name") or "") or None
            code, output = shared.client.exec(service.namespace, name_of(pod), inside, _command(dependency, timeout), timeout + 1)
        except ProbeFailedError as error:
            return Probed(Level.UNKNOWN if isinstance(error, ProbeImpossibleError) else Level.CRITICAL, error.message)
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
    if dependency.type is DependencyType.DNS:
        return ("getent", "ahosts", _host(dependency.address.partition("@")[0], dependency))
    if dependency.type is DependencyType.POSTGRESQL:
        # Without a password: that is in the pod's own environment (PGPASSWORD) or nowhere; arguments can be seen by others.
        login = login_from(dependency.address)
        where = ("-h", _host(login.host, dependency), "-p", str(login.port))
        who = ("-U", login.user, "-d", login.database) if "/" in dependency.address else ()
        return ("psql", "-X", "-w", "-A", "-t", "-q", *where, *who, "-c", " ".join(STATE.split()))
    host, port = parse_address(dependency.address)
    _host(host, dependency)
    if dependency.type is DependencyType.REDIS:
        return ("redis-cli", "-h", host, "-p", str(port), "INFO")
    return ("nc", "-z", "-v", "-w", seconds, host, str(port))


def _host(host: str, dependency: Dependency) -> str:
    """A host that no program takes for an option."""
    if not host or host.startswith("-"):
        raise ProbeFailedError(f"its address {excerpt(dependency.address, 80)!r} is not a host; correct the service's catalogue entry")
    return host


def _judge(dependency: Dependency, code: int, output: str) -> Probed:
    if dependency.type is DependencyType.HTTP:
        return _judge_http(dependency, code, output)
    if dependency.type is DependencyType.POSTGRESQL:
        return _judge_postgresql(dependency, code, output)
    if dependency.type is DependencyType.DNS:
        addresses = tuple(dict.fromkeys(line.split()[0] for line in output.splitlines() if line.strip()))[:8] if code == 0 else ()
        if not addresses:
            # getent ends with 2 for a name that is not there, and for a name server that does not answer.
            return Probed(Level.CRITICAL, "its name cannot be resolved in the pod")
        return Probed(Level.OK, f"Healthy (resolves to {', '.join(addresses[:3])})", addresses=addresses)
    if code != 0:
        return Probed(Level.CRITICAL, excerpt(output, 120) or f"the probe ended with {code}")
    if dependency.type is DependencyType.REDIS:
        said = output.strip()
        refusal = excerpt(said.removeprefix("(error) "), 120) if ":" not in said.partition("\n")[0] and not said.startswith("#") else None
        return judge_redis(RedisAnswer(0.0, {} if refusal else parse_info(output), refusal), dependency.primary)
    return Probed(Level.OK, "Healthy")


def _judge_http(dependency: Dependency, code: int, output: str) -> Probed:
    status, _unused, seconds = output.strip().partition(" ")
    if not status.isdigit() or int(status) == 0:
        # https://curl.se/docs/manpage.html#EXIT
        reason = _CURL.get(code, f"curl ended with {code}")
        return Probed(Level.CRITICAL, f"no answer ({reason})")
    latency = _number(seconds)
    probed = judge_answer(HttpAnswer(int(status), latency or 0.0), dependency.slow_at)
    return replace(probed, latency=latency)


def _judge_postgresql(dependency: Dependency, code: int, output: str) -> Probed:
    if code == 0:
        try:
            return judge_postgresql(mapping(json.loads(output.strip())), None, (), dependency.primary)
        except ValueError:
            return Probed(Level.UNKNOWN, f"psql answered with something unforeseen: {excerpt(output, 80)}")
    said = excerpt(output.partition("FATAL:")[2] or output, 120) or f"psql ended with {code}"
    if "too many clients" in said or "remaining connection slots" in said:
        return Probed(Level.CRITICAL, f"Connections exhausted ({said})")
    if any(words in said for words in _LOGIN_REFUSED):
        return Probed(Level.UNKNOWN, f"answers, but refuses to tell more: {said}")
    return Probed(Level.CRITICAL, said)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
