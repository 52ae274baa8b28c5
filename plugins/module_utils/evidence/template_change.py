# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs between the pod templates of two revisions: a new version is another matter than a restart."""

from __future__ import annotations

from .objects import Object, mapping, sequence

RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"
_HASH = "pod-template-hash"


def what_changed(before: Object, after: Object) -> str | None:
    """``image``, ``configuration`` (anything else in the pods), ``restart`` (only the note that they were restarted), or None: nothing."""
    if _images(before) != _images(after):
        return "image"
    if mapping(before.get("spec")) != mapping(after.get("spec")) or _metadata(before) != _metadata(after):
        return "configuration"
    return "restart" if _restarted(before) != _restarted(after) else None


def _images(template: Object) -> list[tuple[str, str]]:
    spec = mapping(template.get("spec"))
    containers = [mapping(one) for key in ("initContainers", "containers") for one in sequence(spec.get(key))]
    return [(str(one.get("name")), str(one.get("image"))) for one in containers]


def _metadata(template: Object) -> tuple[dict[str, object], dict[str, object]]:
    """Labels and annotations, without what Kubernetes and ``kubectl rollout restart`` write."""
    found = mapping(template.get("metadata"))
    labels = {key: value for key, value in mapping(found.get("labels")).items() if key != _HASH}
    return labels, {key: value for key, value in mapping(found.get("annotations")).items() if key != RESTARTED_AT}


def _restarted(template: Object) -> object:
    return mapping(mapping(template.get("metadata")).get("annotations")).get(RESTARTED_AT)
