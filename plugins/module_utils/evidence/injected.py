# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Containers that webhooks put into pods as they are made (a mesh's proxy, an agent), and the pods that were made without them.

A webhook that did not answer, and that Kubernetes was told to go on without (failurePolicy Ignore), leaves such a pod behind: it runs, is
ready, and is cut off from whoever talks to the others by their proxy.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..model.workload import NotInjected
from .objects import Object, mapping, metadata, name_of, revision_hash_of, sequence


def not_injected(template: Object, pods: Sequence[Object]) -> tuple[NotInjected, ...]:
    """The containers that some of the running pods of one revision were given, and others were not."""
    of_template = _containers(mapping(template.get("spec")))
    revisions: dict[str, list[Object]] = {}
    for pod in pods:
        if mapping(pod.get("status")).get("phase") == "Running" and not metadata(pod).get("deletionTimestamp"):
            revisions.setdefault(revision_hash_of(pod) or "", []).append(pod)
    found: list[NotInjected] = []
    for alike in revisions.values():
        given = {name_of(pod): _containers(mapping(pod.get("spec"))) for pod in alike}
        for container in sorted(frozenset().union(*given.values()) - of_template):
            without = tuple(name for name, containers in given.items() if container not in containers and of_template <= containers)
            if without:
                found.append(NotInjected(container, without, len(alike) - len(without)))
    return tuple(found)


def _containers(spec: Object) -> frozenset[str]:
    """The names of the containers that go on running, which a sidecar among the init containers does."""
    inits = [mapping(one) for one in sequence(spec.get("initContainers"))]
    every = [*(one for one in inits if one.get("restartPolicy") == "Always"), *map(mapping, sequence(spec.get("containers")))]
    return frozenset(str(one.get("name")) for one in every)
