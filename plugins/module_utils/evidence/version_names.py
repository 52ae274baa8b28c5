# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the tag or the commit of a version may be called in its repository."""

from __future__ import annotations

import re

_SHA = re.compile(r"(?:^|[-_.+]g?|^sha-?|^git-?)([0-9a-f]{7,40})(?![^-_.+])")
_VARIANT = re.compile(r"(?:-(?:alpine|slim|debian|ubuntu|bookworm|bullseye|buster|distroless|linux|amd64|arm64|jre|jdk)[\d.]*)+$")
"""What an image is built on or for, which says nothing of the code."""
_DIGEST = re.compile(r"^(?:.*@)?sha(?:256|512):[0-9a-f]{12,}$")


def is_digest(version: str) -> bool:
    """Whether it is an image's digest, which names no commit."""
    return _DIGEST.match(version) is not None


def tag_names(version: str, service: str) -> list[str]:
    """With or without its v, as a release, and with the service's name where several share a repository; the likeliest first."""
    bare = version[1:] if re.match(r"^v\d", version) else version
    names = dict.fromkeys((version, bare, f"v{bare}"))
    own = [f"{service}{separator}{name}" for name in names for separator in ("/", "-", "@", "-v", "_")]
    names.update(dict.fromkeys((stripped, f"v{stripped}")) if (stripped := _VARIANT.sub("", bare)) != bare else {})
    releases = [f"{word}{separator}{name}" for name in names for word in ("release", "rel", "version") for separator in ("-", "/", "_")]
    return list(dict.fromkeys((*names, *own, *releases)))


def commit_ids(version: str) -> tuple[str, ...]:
    """What may be the id of a commit in a version: ``3f9c2ab``, ``sha-3f9c2ab``, ``v1.2.3-5-g3f9c2ab``, ``main-3f9c2ab-1700000000``.

    The likeliest first: that at the end.
    """
    return () if is_digest(version) else tuple(dict.fromkeys(reversed(_SHA.findall(version))))
