# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is the target's image still in the registry, so that a node that lacks it can pull it?"""

from __future__ import annotations

from ..clients.registry import RegistryClient
from ..errors import SourceUnavailableError
from ..model.check import Check, Verdict
from ..model.rollout import Revision
from .target import describe

NAME = "image"
_DOCKER_HUB_NAMES = ("docker.io", "index.docker.io")


def check_image(revision: Revision, registry: RegistryClient | None) -> Check:
    """``registry`` is the one that holds the service's images; None where none is configured."""
    what = revision.version or describe(revision)
    unknown = f"Whether {what} exists in the registry is unknown"
    if registry is None:
        return Check(NAME, Verdict.UNKNOWN, unknown, "No registry is configured: set 'registry_url'.")
    repository, reference = split_image(revision.image or "")
    if not repository or not reference:
        return Check(
            NAME, Verdict.UNKNOWN, unknown, f"The image of {describe(revision)} ({revision.image or 'none'}) has no tag or digest."
        )
    try:
        there = registry.has_tag(repository, reference)
    except SourceUnavailableError as error:
        return Check(NAME, Verdict.UNKNOWN, unknown, error.message)
    if there:
        return Check(NAME, Verdict.PASS, f"Target version {what} exists in registry", f"{repository}:{reference} is there.")
    detail = f"The registry has no {repository}:{reference}. Nodes that do not hold it already could not start a pod; push it again first."
    return Check(NAME, Verdict.FAIL, f"Target version {what} is not in the registry", detail)


def split_image(image: str) -> tuple[str, str]:
    """Repository without its registry, and digest or else tag, of an image reference; empty text for what is missing.

    ``registry.example.com:5000/shop/api:v1`` is ``shop/api`` and ``v1``; on Docker Hub, ``nginx:1.27`` is ``library/nginx`` and ``1.27``.
    """
    name, _unused, digest = image.partition("@")
    first, slash, rest = name.partition("/")
    has_host = bool(slash) and ("." in first or ":" in first or first == "localhost")
    path = rest if has_host else name
    head, colon, tag = path.rpartition(":")
    repository = head if colon else path
    if repository and "/" not in repository and (not has_host or first in _DOCKER_HUB_NAMES):
        repository = f"library/{repository}"
    return repository, digest or (tag if colon else "")
