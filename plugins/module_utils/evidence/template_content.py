# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a pod template says, without what is written into it only to have its pods replaced."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator

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
    spec, about = mapping(template.get("spec")), mapping(template.get("metadata"))
    if not spec or any(_moves(image) for image in _images(spec)):
        return None
    labels = {key: value for key, value in mapping(about.get("labels")).items() if key not in _MADE_BY_CONTROLLERS}
    annotations = {key: value for key, value in mapping(about.get("annotations")).items() if not _RESTART.fullmatch(key.rpartition("/")[2])}
    said = json.dumps([labels, annotations, spec], sort_keys=True, default=str)
    return hashlib.sha256(said.encode()).hexdigest()[:_SHOWN]


def _images(spec: Object) -> Iterator[str]:
    for kind in ("initContainers", "containers"):
        for container in sequence(spec.get(kind)):
            yield str(mapping(container).get("image") or "")


def _moves(image: str) -> bool:
    """Whether the image's tag may mean another image tomorrow."""
    if "@" in image:
        return False
    tag = image.rpartition("/")[2].partition(":")[2]
    return not any(character.isdigit() for character in tag)
