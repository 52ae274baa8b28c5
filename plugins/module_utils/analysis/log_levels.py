# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The level of a log entry, under the names of this collection."""

from __future__ import annotations

import re
from typing import Any

LEVELS = ("FATAL", "ERROR", "WARN", "UNKNOWN", "INFO", "DEBUG")
"""Worst first. An entry without a level may be anything: it stands between warnings and information."""

_BY_LEVEL = {
    "FATAL": "FATA PANI FATAL PANIC DPANIC CRITICAL CRIT EMERG EMERGENCY ALERT F FTL PNC",
    "ERROR": "ERRO ERROR ERR SEVERE E EROR FAIL FAILURE",
    "WARN": "WARNING WARN W WRN",
    "INFO": "INFO INFORMATION INFORMATIONAL NOTICE I INF LOG CONFIG DETAIL HINT CONTEXT STATEMENT",
    "DEBUG": "DEBU TRAC DEBUG TRACE FINE FINER FINEST VERBOSE D DBG DBUG TRC TRCE VRB T V",
}
_NAMES = {name: level for level, names in _BY_LEVEL.items() for name in names.split()}

_SCALES: dict[str, tuple[tuple[int, str], ...]] = {
    "bunyan": ((60, "FATAL"), (50, "ERROR"), (40, "WARN"), (30, "INFO"), (10, "DEBUG")),  # pino's too
    "python": ((50, "FATAL"), (40, "ERROR"), (30, "WARN"), (20, "INFO"), (1, "DEBUG")),
    "opentelemetry": ((21, "FATAL"), (17, "ERROR"), (13, "WARN"), (9, "INFO"), (1, "DEBUG")),
    "syslog": ((7, "DEBUG"), (5, "INFO"), (4, "WARN"), (3, "ERROR"), (0, "FATAL")),  # worst is 0; GELF's too
}

# A level stands at the beginning of a line, behind the time and perhaps a thread's or a logger's name.
_STATED = re.compile(
    r"(?:^|[\s\[(<|])(?:\w+\.(?=[A-Z]+:)|log4j:)?"
    r"(FATAL|PANIC|CRITICAL|CRIT|EMERG|ALERT|ERROR|ERR|SEVERE|WARNING|WARN|WRN|INFO|INF|NOTICE|DEBUG|DBG|TRACE|(?:LOG|DETAIL|HINT|CONTEXT|STATEMENT)(?=:))"
    r"(?=[\s\])>|:]|$)"
)
_STATED_IN_BRACKETS = re.compile(
    r"^[^\[]{0,40}\[(?:\w+:)?(emerg|alert|crit|critical|fatal|error|err|warning|warn|notice|info|debug|trace|[EWID])\]", re.IGNORECASE
)
# "Error: …" is what an exception looks like, and stays as it is.
_STATED_FIRST = re.compile(r"([Ff]atal|[Cc]ritical|error|[Ww]arning|[Ww]arn|[Ii]nfo|[Nn]otice|[Dd]ebug|[Tt]race)(?=:\s|\s*\|)")
_STATED_BY_PHP = re.compile(r"PHP (Fatal|Warning|Notice)(?: error)?(?=:\s)")
_STATED_BY_LOGRUS = re.compile(r"(PANI|FATA|ERRO|WARN|INFO|DEBU|TRAC)\[\d{4,}\](?=\s)")
_STATED_BY_NUMBER = re.compile(r"<(\d{1,3})>")
"""systemd's and syslog's: the level is what is left of a division by eight."""
_NOTHING_BAD = re.compile(
    r"\b(?:no|without|zero|0) (?:\w+ )?(?:errors?|exceptions?)\b"
    r"|\b(?:errors?|exceptions?)(?:[_ ](?:count|rate))?\"?\s?[=:]\s?\"?(?:0|null|nil|none|false|-)(?![\w.])"
    r"|\b(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) /\S*|\bhttps?://[^\s\"]*",
    re.IGNORECASE,
)
"""Words that tell of none, and what somebody asked for: a page may be called error."""
_BAD_WORDS = re.compile(r"\b(?:(fatal|panic|panicked)|(error|exception))\b|\w(?:Error|Exception)\b", re.IGNORECASE)
_SERVER_ERROR = re.compile(
    r"\" 5\d\d(?= |$)|\| 5\d\d \||\b(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) \S+ 5\d\d\b"
    r"|\b[sS]tatus(?:_?[cC]ode)?\"?\s?[:=]\s?\"?5\d\d\b"
)
_DIES = re.compile(
    r"Segmentation fault\b|Aborted\b(?= \(core|$)|Killed$|terminate called (?:after|without)|free\(\): invalid|double free or corruption"
    r"|\*\*\* stack smashing|malloc\(\): |Out of memory\b|Killed process \d"
)
"""What is written, mostly by the C library, when a program dies."""
_SEARCHED = 80


def level_named(value: Any) -> str | None:
    """The level for what a structured entry calls it: a name, or a number of pino and bunyan (10, 20 … 60) or of syslog (0 … 7)."""
    if value is None or isinstance(value, bool):
        return None
    text = str(value).strip()
    if text.isdecimal() and len(text) < 4:
        return level_numbered(int(text), "bunyan" if int(text) >= 10 else "syslog")
    return _NAMES.get(text.upper())


def level_numbered(value: Any, scale: str) -> str | None:
    """The level for a number of a ``scale``; None for what is no number of it."""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return None
    return next((name for limit, name in _SCALES[scale] if value >= limit), None)


def stated(text: str) -> re.Match[str] | None:
    """Where a plain line says its level, as group 1."""
    return (
        _STATED.search(text, 0, _SEARCHED)
        or _STATED_IN_BRACKETS.match(text, 0, _SEARCHED)
        or _STATED_FIRST.match(text)
        or (_STATED_BY_PHP.match(text) if text[:4] == "PHP " else None)
        or _STATED_BY_LOGRUS.match(text)
        or (_STATED_BY_NUMBER.match(text) if text[:1] == "<" else None)
    )


def level_stated(match: re.Match[str]) -> str:
    """The level that was found by ``stated``."""
    if match.re is _STATED_BY_NUMBER:
        return level_numbered(int(match[1]) % 8, "syslog") or "UNKNOWN"
    return level_named(match[1]) or "UNKNOWN"


def guessed(text: str) -> str:
    """The level of a plain line that does not say it: ERROR where it speaks of an error, an exception or an HTTP status 5xx, FATAL where
    a program dies."""
    if _DIES.match(text):
        return "FATAL"
    match = _BAD_WORDS.search(text)
    if match:
        match = _BAD_WORDS.search(_NOTHING_BAD.sub("", text))
    if match:
        return "FATAL" if match[1] else "ERROR"
    return "ERROR" if server_error(text) else "UNKNOWN"


def server_error(text: str) -> bool:
    """Whether a line, as of an access log, tells of an HTTP status 5xx."""
    return _SERVER_ERROR.search(text) is not None
