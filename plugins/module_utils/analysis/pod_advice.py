# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a container's end means, and what to do about what a kubelet says: in words of whoever is called at night."""

from __future__ import annotations

import re

from ..model.workload import Pod
from .pods import failed_probe, stuck_at

_EXIT_CODES = {
    0: "it ended by itself, as a job does",
    1: "the program ended with an error",
    2: "the program ended with an error, often for its arguments",
    126: "its command can't be executed",
    127: "its command was not found",
    134: "it aborted (SIGABRT)",
    137: "it was killed (SIGKILL): by the memory limit, a probe or the node",
    139: "it crashed (SIGSEGV)",
    143: "it was asked to end (SIGTERM)",
}
"""https://tldp.org/LDP/abs/html/exitcodes.html: 128 and the number of the signal."""
_SIGNALS = range(129, 128 + 65)
_ASKED_TO_END = frozenset({137, 143})

_IMAGE: tuple[tuple[str, str], ...] = (
    (r"pull policy of Never", "Put the image on the nodes, or change imagePullPolicy"),
    (r"too ?many ?requests|rate.?limit|\b429\b", "The registry limits how often it is asked: pull with credentials, by a mirror, or later"),
    (r"no match(?:ing manifest)? for platform|no matching manifest", "It is not built for the nodes' architecture: build it for that"),
    (r"x509|certificate", "The node does not trust the registry's certificate: see whether it expired, and which authority issued it"),
    (r"unauthori[sz]ed|denied|forbidden|authentication|\b40[13]\b", "Check the pull secret, and the repository's name"),
    (
        r"no such host|i/o timeout|connection refused|dial tcp|handshake timeout|deadline exceeded",
        "The node can't reach the registry: check its name, DNS and the way there",
    ),
    (r"no space left", "The node's disk is full"),
    (r"not ?found|manifest unknown|does not exist", "Check the tag, and whether the build pushed it"),
    (r"[Ff]ailed to inspect", "Have it pulled anew, or see what the container runtime says on the node"),
    (r"couldn't parse|invalid reference", "Correct the image's name in the pod template"),
)
"""Of what kubelet, containerd and registries say, and what helps. https://github.com/opencontainers/distribution-spec, Error Codes"""
_FORBIDDEN = re.compile(r"runAsNonRoot|run as root|non-numeric user")


def image_advice(said: str) -> str:
    for words, advice in _IMAGE:
        if re.search(words, said):
            return advice
    return "Check the tag, whether the registry answers, and the pull secret"


def may_not_run(said: str) -> bool:
    """Whether it is the security context that keeps a container from being made, and nothing that is missing."""
    return _FORBIDDEN.search(said) is not None


def end_of(pod: Pod) -> str | None:
    """What the exit code of its container's last run means; None where it says nothing."""
    code = pod.exit_code
    if code is None:
        return None
    probe, hook = failed_probe(pod, ("Liveness", "Startup")), stuck_at(pod)
    if code in _ASKED_TO_END and pod.reason != "OOMKilled" and probe is not None:
        return f"the kubelet ended it since its {probe.message.partition(' ')[0].lower()} probe failed"
    if code in _ASKED_TO_END and hook is not None and hook.reason == "FailedPostStartHook":
        return "the kubelet ended it since its postStart hook failed"
    return _EXIT_CODES.get(code) or (f"it was ended by signal {code - 128}" if code in _SIGNALS else None)
