# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sync windows of an Argo CD project: whether an application may sync now, and from when on it may.

An active deny window keeps it from syncing, and so does an allow window that is not active, where no other is.
https://argo-cd.readthedocs.io/en/stable/user-guide/sync_windows/
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from fnmatch import fnmatchcase
from typing import Any

from ..analysis.cron import Schedule, parse_schedule
from ..clients.answers import excerpt
from ..clients.cluster import ClusterClient, ClusterError
from ..evidence.objects import mapping, metadata, name_of, sequence
from ..lean import dataclass

_PROJECTS = "/apis/argoproj.io/v1alpha1/appprojects"
_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)")
_MOST_CHANGES = 500
"""Of windows that open and close, before it is said that no end is known."""


@dataclass(frozen=True, slots=True)
class Held:
    """What keeps an application from syncing by itself now. ``until`` is None where no end is known; ``by_hand`` says that a sync by hand
    is let through all the same."""

    window: str
    until: datetime | None
    by_hand: bool


@dataclass(frozen=True, slots=True)
class _Window:
    kind: str
    schedule: Schedule
    duration: timedelta
    zone: tzinfo
    by_hand: bool
    told: str

    def start_of(self, at: datetime) -> datetime | None:
        """When it opened that is open at ``at``."""
        start = self.schedule.after(at - self.duration, self.zone)
        return start if start is not None and start <= at else None

    def changes_after(self, at: datetime) -> datetime | None:
        start = self.start_of(at)
        return start + self.duration if start is not None else self.schedule.after(at, self.zone)


def held_by_windows(client: ClusterClient, application: Mapping[str, Any], now: datetime) -> Held | None:
    """None where it may sync. ClusterError where its project can't be read, ValueError where a window can't be understood."""
    windows = [_window(one) for one in _of_project(client, application) if _is_about(one, application)]
    held = _holding(windows, now)
    if held is None:
        return None
    at: datetime | None = now
    for _unused in range(_MOST_CHANGES):
        times = [change for one in windows if at is not None and (change := one.changes_after(at)) is not None]
        at = min(times, default=None)
        if at is None or _holding(windows, at) is None:
            break
    else:
        at = None
    return Held("; ".join(dict.fromkeys(one.told for one in held)), at, all(one.by_hand for one in held))


def _holding(windows: Sequence[_Window], at: datetime) -> list[_Window] | None:
    """Those that keep it from syncing at that time; None where none does."""
    active = [one for one in windows if one.start_of(at) is not None]
    denying = [one for one in active if one.kind == "deny"]
    if denying:
        return denying
    allowing = [one for one in windows if one.kind == "allow"]
    return allowing if allowing and not any(one.kind == "allow" for one in active) else None


def _of_project(client: ClusterClient, application: Mapping[str, Any]) -> Sequence[Any]:
    name, space = str(mapping(application.get("spec")).get("project") or "default"), metadata(application).get("namespace")
    listed = [
        one for one in sequence(client.get(_PROJECTS, {"fieldSelector": f"metadata.name={name}"}).get("items")) if name_of(one) == name
    ]
    # Applications may be in any namespace; projects are in Argo CD's own.
    found = [one for one in listed if metadata(one).get("namespace") == space] or listed
    if len(found) != 1:
        raise ValueError(f"its project {excerpt(name, 63)} is {'not in this cluster' if not found else 'there more than once'}")
    return sequence(mapping(found[0].get("spec")).get("syncWindows"))


def _is_about(window: Any, application: Mapping[str, Any]) -> bool:
    place = mapping(mapping(application.get("spec")).get("destination"))
    names = {
        "applications": (name_of(application),),
        "clusters": (place.get("server"), place.get("name")),
        "namespaces": (place.get("namespace"),),
    }
    given = {key: sequence(mapping(window).get(key)) for key in names}
    found = [
        any(fnmatchcase(str(value), str(pattern)) for pattern in patterns for value in names[key] if value)
        for key, patterns in given.items()
        if patterns
    ]
    return bool(found) and (all(found) if mapping(window).get("andOperator") else any(found))


def _window(found: Any) -> _Window:
    window = mapping(found)
    schedule, duration, zone = (str(window.get(key) or "") for key in ("schedule", "duration", "timeZone"))
    kind = str(window.get("kind"))
    told = excerpt(f"{kind} {schedule} for {duration}" + (f" {zone}" if zone else ""), 100)
    try:
        opens, length, place = parse_schedule(schedule), _length(duration), _zone(zone)
    except ValueError as error:
        raise ValueError(f"its sync window '{told}' can't be understood ({error})") from None
    return _Window(kind, opens, length, place, bool(window.get("manualSync")), told)


def _zone(name: str) -> tzinfo:
    """ValueError where this machine does not know it."""
    if not name:
        return UTC
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # few need it

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError):
        raise ValueError(f"no time zone {name!r} is known here") from None


def _length(text: str) -> timedelta:
    """A duration as Go writes it (``1h30m``)."""
    if not re.fullmatch(f"(?:{_DURATION.pattern})+", text):
        raise ValueError(f"{text!r} is no duration")
    return timedelta(seconds=sum(float(number) * _UNITS[unit] for number, unit in _DURATION.findall(text)))


def told_of(client: ClusterClient, application: Mapping[str, Any], now: datetime) -> tuple[Held | None, str | None]:
    """What holds it, or why that is not known."""
    try:
        return held_by_windows(client, application, now), None
    except ClusterError as error:
        return None, error.message
    except ValueError as error:
        return None, str(error)
