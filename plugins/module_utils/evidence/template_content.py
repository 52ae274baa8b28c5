# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a pod template says, and what differs between two: a new version is another matter than pods that were only to be replaced."""

from __future__ import annotations

import hashlib
import json
import re

from .objects import Object, mapping, sequence

_RESTART = re.compile(
    r"(?:force-?)?(?:restart(?:ed)?|redeploy(?:ed)?|roll(?:ed)?-?out|rollme)(?:-?(?:at|on|time|timestamp|date|by))?", re.IGNORECASE
)
"""Names, behind the domain, of annotations that do nothing else: ``kubectl.kubernetes.io/restartedAt`` of ``kubectl rollout restart``,
``rollme`` of Helm's tips, and what others call the same."""
_MADE_BY_CONTROLLERS = frozenset({"pod-template-hash", "controller-revision-hash"})
_SHOWN = 16


def content_of(template: Object) -> str | None:
    """A fingerprint that two templates share if they run the same; None where that can't be told from the template.

    A tag without a digit (``latest``, ``main``) is moved from image to image: pods that are merely restarted may run something new.
    """
    spec = mapping(template.get("spec"))
    if not spec or any(_moves(image) for _unused, image in _images(template)):
        return None
    said = json.dumps([*_notes(template), spec], sort_keys=True, default=str)
    return hashlib.sha256(said.encode()).hexdigest()[:_SHOWN]


def what_changed(before: Object, after: Object) -> str | None:
    """``image``, ``configuration`` (anything else in the pods), ``restart`` (only that they were restarted), or None: nothing."""
    if _images(before) != _images(after):
        return "image"
    if mapping(before.get("spec")) != mapping(after.get("spec")) or _notes(before) != _notes(after):
        return "configuration"
    return "restart" if _restarts(before) != _restarts(after) else None


def _images(template: Object) -> list[tuple[str, str]]:
    """Name and image of every container."""
    spec = mapping(template.get("spec"))
    containers = [mapping(one) for kind in ("initContainers", "containers") for one in sequence(spec.get(kind))]
    return [(str(one.get("name") or ""), str(one.get("image") or "")) for one in containers]


def _notes(template: Object) -> tuple[dict[str, object], dict[str, object]]:
    """Labels and annotations, without those of controllers and of restarts."""
    about = mapping(template.get("metadata"))
    labels = {key: value for key, value in mapping(about.get("labels")).items() if key not in _MADE_BY_CONTROLLERS}
    return labels, {key: value for key, value in mapping(about.get("annotations")).items() if not _is_restart(key)}


def _restarts(template: Object) -> dict[str, object]:
    annotations = mapping(mapping(template.get("metadata")).get("annotations"))
    return {key: value for key, value in annotations.items() if _is_restart(key)}


def _is_restart(annotation: str) -> bool:
    return _RESTART.fullmatch(annotation.rpartition("/")[2]) is not None


def _moves(image: str) -> bool:
    """Whether the image's tag may mean another image tomorrow."""
    if "@" in image:
        return False
    tag = image.rpartition("/")[2].partition(":")[2]
    return not any(character.isdigit() for character in tag)
