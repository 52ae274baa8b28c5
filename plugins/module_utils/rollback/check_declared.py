# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the target fits, by what its team has written down: schemas by version in the catalogue, and OpenAPI documents."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from ..clients.answers import excerpt
from ..clients.http import HttpClient
from ..clients.libraries import load
from ..clients.repository import Repository
from ..errors import SourceUnavailableError
from ..model.check import Check, Verdict
from ..model.service import Service
from .check_command import API, SCHEMA
from .openapi import breaking_changes, is_openapi
from .plan import Change

_SHOWN = 5
"""Differences that are named; the others are counted."""
_LARGEST = 8 * 2**20
"""Bytes of a document that are read."""


def check_declared_schema(service: Service, change: Change) -> Check | None:
    """By ``schema_versions``; None where the catalogue says nothing about the two versions."""
    now, then = change.plan.from_version, change.plan.to_version
    current, known = (service.schema_versions.get(version or "") for version in (now, then))
    if not current or not known:
        return None
    if current[0] in known:
        return Check(SCHEMA.name, Verdict.PASS, SCHEMA.passed, f"The catalogue says that {then} works with schema {current[0]} of {now}.")
    detail = (
        f"The catalogue says that {now} brought schema {current[0]}, and that {then} works with {', '.join(known)}. "
        "Prefer a hotfix to a rollback."
    )
    return Check(SCHEMA.name, Verdict.FAIL, SCHEMA.failed, detail)


def check_openapi(service: Service, change: Change, timeout: float) -> Check | None:
    """By the OpenAPI documents of both versions; None where the catalogue names none."""
    if not service.openapi:
        return None
    now, then = change.plan.from_version, change.plan.to_version
    if not now or not then:
        return Check(API.name, Verdict.UNKNOWN, API.unknown, "The OpenAPI documents can't be compared: a version is not known.")
    try:
        found = breaking_changes(_document(service, now, timeout), _document(service, then, timeout))
    except SourceUnavailableError as error:
        return Check(API.name, Verdict.UNKNOWN, API.unknown, error.message)
    if not found:
        return Check(API.name, Verdict.PASS, API.passed, f"Callers of {now} can do with {then}, by their OpenAPI documents.")
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    detail = f"With {then}: {'; '.join(excerpt(line, 120) for line in found[:_SHOWN])}{more}. Callers that use it would fail."
    return Check(API.name, Verdict.FAIL, API.failed, detail)


def _document(service: Service, version: str, timeout: float) -> Mapping[str, Any]:
    text, where = _text(service, version, timeout)
    yaml = load("yaml")
    try:
        document = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, RecursionError) as error:
        raise SourceUnavailableError(f"The OpenAPI document {where} can't be read: {excerpt(str(error))}.") from error
    if not is_openapi(document):
        raise SourceUnavailableError(f"{where} is no OpenAPI document. Correct 'openapi' of {service.name}.")
    found: Mapping[str, Any] = document
    return found


def _text(service: Service, version: str, timeout: float) -> tuple[str, str]:
    """The document's text, and what to call it in a message."""
    place = service.openapi or ""
    if place.startswith("git:"):
        path = place.removeprefix("git:")
        if not service.repository:
            raise SourceUnavailableError(f"The OpenAPI document {path} is in git, but 'repository' of {service.name} is not set.")
        return Repository(service.repository, timeout).show(version, path), f"{path} of {version}"
    if "{version}" not in place:
        raise SourceUnavailableError(
            f"'openapi' of {service.name} has no {{version}} in it, so both versions would have the same document."
        )
    parts = urlsplit(place)
    if parts.scheme in ("http", "https"):
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        client = HttpClient("The OpenAPI documents", f"{parts.scheme}://{parts.netloc}", "openapi", timeout=timeout)
        answer = client.request(path.replace("{version}", quote(version, safe="")), headers={"Accept": "*/*"})
        if answer.status != 200:
            raise SourceUnavailableError(f"The OpenAPI document of {version} is not at {client.url} (HTTP status {answer.status}).")
        return answer.body.decode("utf-8", "replace"), f"{client.url} ({version})"
    file = Path(place.replace("{version}", version.replace("/", "_"))).expanduser()
    try:
        return file.read_bytes()[:_LARGEST].decode("utf-8", "replace"), str(file)
    except OSError as error:
        raise SourceUnavailableError(f"The OpenAPI document {file} can't be read: {error.strerror}.") from error
