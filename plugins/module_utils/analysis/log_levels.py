# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The level of a log entry, under the names of this collection."""

from __future__ import annotations

import re
from typing import Any

LEVELS = ("FATAL", "ERROR", "WARN", "UNKNOWN", "INFO", "DEBUG")
"""Worst first. An entry without a level may be anything: it stands between warnings and information."""

_NAMES = {
    "FATAL": "FATAL", "PANIC": "FATAL", "CRITICAL": "FATAL", "CRIT": "FATAL", "EMERG": "FATAL", "EMERGENCY": "FATAL", "ALERT": "FATAL",
    "DPANIC": "FATAL", "F": "FATAL", "ERROR": "ERROR", "ERR": "ERROR", "SEVERE": "ERROR", "E": "ERROR", "WARNING": "WARN", "WARN": "WARN",
    "W": "WARN", "INFO": "INFO", "INFORMATION": "INFO", "NOTICE": "INFO", "I": "INFO", "DEBUG": "DEBUG", "TRACE": "DEBUG", "FINE": "DEBUG",
    "VERBOSE": "DEBUG", "D": "DEBUG",
}  # fmt: skip

# A level stands at the beginning of a line, behind the time and perhaps a thread's or a logger's name.
_STATED = re.compile(
    r"(?:^|[\s\[(<|])(FATAL|PANIC|CRITICAL|CRIT|EMERG|ALERT|ERROR|ERR|SEVERE|WARNING|WARN|INFO|NOTICE|DEBUG|TRACE)(?=[\s\])>|:]|$)"
)
_STATED_IN_BRACKETS = re.compile(
    r"^[^\[]{0,40}\[(?:\w+:)?(emerg|alert|crit|critical|fatal|error|err|warning|warn|notice|info|debug|trace)\]", re.IGNORECASE
)
_BAD_WORDS = re.compile(r"\b(?:(fatal|panic)|(error|exception))\b|\w(?:Error|Exception)\b", re.IGNORECASE)
_SERVER_ERROR = re.compile(r"\" 5\d\d(?: |$)")
_SEARCHED = 80


def level_named(value: Any) -> str | None:
    """The level for what a structured entry calls it: a name, or a number of pino and bunyan (10, 20 … 60)."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return next(
            (name for limit, name in ((60, "FATAL"), (50, "ERROR"), (40, "WARN"), (30, "INFO"), (10, "DEBUG")) if value >= limit), None
        )
    return _NAMES.get(str(value).strip().upper()) if value is not None else None


def stated(text: str) -> re.Match[str] | None:
    """Where a plain line says its level, as group 1."""
    return _STATED.search(text, 0, _SEARCHED) or _STATED_IN_BRACKETS.match(text, 0, _SEARCHED)


def guessed(text: str) -> str:
    """The level of a plain line that does not say it: ERROR where it speaks of an error, an exception or an HTTP status 5xx."""
    match = _BAD_WORDS.search(text)
    if match:
        return "FATAL" if match[1] else "ERROR"
    return "ERROR" if _SERVER_ERROR.search(text) else "UNKNOWN"
