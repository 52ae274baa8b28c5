# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of incidents: one JSON document each, written so that nobody ever reads half of one.

A record is ``<incidents_dir>/<date>-<service>-outage.json``; the date is the UTC day on which the incident was declared, and a later
incident of the same service on the same day gets ``-2``, ``-3`` … behind it.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ..errors import IncidentResponseError, NotFoundError
from ..model.codec import DocumentError, from_result, to_result
from ..model.incident import SCHEMA_VERSION, Incident, IncidentStatus
from .redaction import redact

CONTINUED_FOR = timedelta(hours=12)
"""An unresolved incident that is older than this is somebody's forgotten one: the next run declares its own."""

_FILE_MODE = 0o640
_DIRECTORY_MODE = 0o750
_STEM = re.compile(r"(?P<date>\d{4}-\d\d-\d\d)-(?P<service>[a-z0-9][a-z0-9-]*)-outage(?:-(?P<number>\d+))?")


def read(path: Path) -> Incident:
    """The incident that ``path`` records. IncidentResponseError, naming the file, when it is none."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NotFoundError(f"There is no incident record {path}.") from None
    except (OSError, ValueError) as error:
        raise IncidentResponseError(f"The incident record {path} can't be read: {error}.") from error
    version = document.get("schema_version") if isinstance(document, dict) else None
    if not isinstance(version, int) or version > SCHEMA_VERSION:
        raise IncidentResponseError(
            f"The incident record {path} has schema version {version!r}; this release reads up to {SCHEMA_VERSION}. Use a newer release."
        )
    try:
        return from_result(Incident, document)
    except DocumentError as error:
        raise IncidentResponseError(f"The incident record {path} is not a valid record: {error.message}") from error


def write(incident: Incident, path: Path) -> None:
    """Writes the record, redacted, in one step."""
    write_text(path, json.dumps(redact(to_result(incident)), ensure_ascii=False, indent=1) + "\n")


def write_text(path: Path, text: str) -> None:
    """Replaces ``path`` by ``text`` in one step: a reader sees the old file or the new one, also after a crash."""
    try:
        path.parent.mkdir(mode=_DIRECTORY_MODE, parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as file:
                file.write(text)
                file.flush()
                os.fchmod(file.fileno(), _FILE_MODE)
                os.fsync(file.fileno())
            Path(temporary).replace(path)
        except BaseException:
            with suppress(FileNotFoundError):
                Path(temporary).unlink()
            raise
        _sync(path.parent)
    except OSError as error:
        raise IncidentResponseError(f"{path} can't be written: {error.strerror}. Set incidents_dir to a directory that can.") from error


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Holds ``directory`` against other runs while a record in it is read, changed and written."""
    try:
        directory.mkdir(mode=_DIRECTORY_MODE, parents=True, exist_ok=True)
        descriptor = os.open(directory, os.O_RDONLY)
    except OSError as error:
        raise IncidentResponseError(f"incidents_dir {directory} can't be used: {error.strerror}.") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def new_path(directory: Path, service: str, at: datetime) -> Path:
    """Where an incident of ``service`` that is declared at ``at`` is recorded."""
    stem = f"{at.astimezone(UTC):%Y-%m-%d}-{service}-outage"
    number = 1
    while (path := directory / f"{stem if number == 1 else f'{stem}-{number}'}.json").exists():
        number += 1
    return path


def open_incident(directory: Path, service: str, namespace: str, now: datetime) -> Path | None:
    """The record that a run for ``service`` continues: its newest, when it is unresolved and was declared less than 12 h ago."""
    paths = records(directory, service)
    if not paths:
        return None
    try:
        incident = read(paths[0])
    except IncidentResponseError:
        # An unreadable record stays as it is; the incident at hand gets one of its own.
        return None
    recent = now - incident.declared_at < CONTINUED_FOR
    going_on = incident.status is not IncidentStatus.RESOLVED and incident.service.namespace == namespace
    return paths[0] if recent and going_on else None


def records(directory: Path, service: str) -> list[Path]:
    """The records of ``service``, newest first."""
    found = []
    for path in directory.glob(f"*-{service}-outage*.json") if directory.is_dir() else ():
        match = _STEM.fullmatch(path.stem)
        if match and match["service"] == service:
            found.append((match["date"], int(match["number"] or 1), path))
    return [path for _date, _number, path in sorted(found, reverse=True)]


def newest(directory: Path, service: str, incident_id: str | None = None) -> Path:
    """The record of the incident ``incident_id``, else the newest of ``service``. NotFoundError says where it looked."""
    paths = records(directory, service)
    if incident_id is None:
        if not paths:
            raise NotFoundError(
                f"There is no record of an incident of {service} in {directory.absolute()}. Set incidents_dir if they lie elsewhere."
            )
        return paths[0]
    for path in paths:
        if path.stem == incident_id:
            return path
    known = ", ".join(path.stem for path in paths[:5]) or "none"
    raise NotFoundError(f"There is no record of the incident {incident_id} of {service} in {directory.absolute()}. There are: {known}.")


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
