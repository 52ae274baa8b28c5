# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names that go into selectors, paths and PromQL strings are checked first, once, here."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from .errors import InvalidOptionError

_DNS_LABEL = re.compile(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
_REFERENCE = re.compile(r"^(?=.*[:/])[a-z0-9][A-Za-z0-9_.:/@-]{0,511}$")
_VERSION = re.compile(r"^[A-Za-z0-9_][A-Za-z0-9_.+-]{0,127}$")


def check_name(value: object, option: str) -> str:
    """``value`` when it is an RFC 1123 label (as Kubernetes wants names of services and namespaces), else InvalidOptionError."""
    text = str(value) if value is not None else ""
    if len(text) > 63 or not _DNS_LABEL.match(text):
        raise InvalidOptionError(option, text, "a name of lower-case letters, digits and '-', at most 63 long, such as payment-api")
    return text


def check_version(value: object, option: str) -> str:
    """``value`` when it may be an image tag (OCI: 128 of ``[A-Za-z0-9_.-]``) or a SemVer, else InvalidOptionError."""
    text = str(value) if value is not None else ""
    if not _VERSION.match(text):
        raise InvalidOptionError(option, text, "a version such as v2.3.0")
    return text


def check_reference(value: object, option: str) -> str:
    """``value`` when it may be what ``check_version`` takes, or an image with its registry, tag and digest, else InvalidOptionError."""
    text = str(value) if value is not None else ""
    if not (_VERSION.match(text) or _REFERENCE.match(text)):
        raise InvalidOptionError(option, text, "a version such as v2.3.0, or an image")
    return text


def near(name: str, known: Iterable[str], limit: int = 3) -> tuple[str, ...]:
    """Those of ``known`` that look like ``name``, best first."""
    return tuple(difflib.get_close_matches(name, sorted(set(known)), n=limit, cutoff=0.5))
