# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a pod template names and the API server wants to see before it makes a pod: a ServiceAccount, a PriorityClass, a RuntimeClass.

One that was deleted since is noticed only when the next pod is made: by a rollback, or once a node goes away.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..model.surroundings import MissingReference
from .neighbourhood import Neighbourhood
from .objects import Object, mapping

_OF_KUBERNETES = "system-"
"""PriorityClasses of this prefix are Kubernetes' own: https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/"""


class Needed:
    """Whether they are there is asked once it is made, each in one request."""

    def __init__(self, around: Neighbourhood, template: Object) -> None:
        self._around = around
        self._named = tuple(_named(template, around.namespace))
        for kind, name, path, _unused in self._named:
            around.ask(f"{kind} {name}", path, fieldSelector=f"metadata.name={name}")

    def missing(self) -> tuple[MissingReference, ...]:
        """Those that are not there. One that can't be asked for is left out."""
        return tuple(
            MissingReference(kind, name, field) for kind, name, _unused, field in self._named if self._around.listed(f"{kind} {name}") == ()
        )


def _named(template: Object, namespace: str) -> Iterator[tuple[str, str, str, str]]:
    """Kind, name, where it is listed, and the field of the template."""
    spec = mapping(template.get("spec"))
    account = str(spec.get("serviceAccountName") or "default")
    if account != "default":  # which its controller makes anew
        yield "ServiceAccount", account, f"/api/v1/namespaces/{namespace}/serviceaccounts", "serviceAccountName"
    priority, runtime = str(spec.get("priorityClassName") or ""), str(spec.get("runtimeClassName") or "")
    if priority and not priority.startswith(_OF_KUBERNETES):
        yield "PriorityClass", priority, "/apis/scheduling.k8s.io/v1/priorityclasses", "priorityClassName"
    if runtime:
        yield "RuntimeClass", runtime, "/apis/node.k8s.io/v1/runtimeclasses", "runtimeClassName"
