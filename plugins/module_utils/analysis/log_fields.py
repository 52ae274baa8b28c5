# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Level and message of one log line: JSON, logfmt, klog, or plain text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .log_levels import guessed, level_named, level_numbered, stated
from .log_parts import DOTNET, KLOG, LOGFMT_START, OWN_TIME
from .stack_frames import files_in

MAX_MESSAGE = 400
MAX_FILES = 20
_MAX_NESTED = 3

_LOGFMT = re.compile(r'(?<![\w.@-])([\w.@-]+)=("(?:[^"\\]|\\.)*"|\S*)')
_THREAD_OR_LOGGER = re.compile(r"\[[\w .:/$#@-]{1,60}\]\s+(?:-\s+)?")
_SPRING = re.compile(r"\d+ --- (?:\[[^\]]{0,80}\]\s*){1,3}[\w.$/\[\]-]{1,80}\s*: ")
_REDIS = re.compile(r"\d+:[A-Z] \d\d [A-Z][a-z]{2} \d{4} [\d:.]{8,12} ([.*#-]) ")
_REDIS_LEVELS = {".": "DEBUG", "-": "DEBUG", "*": "INFO", "#": "WARN"}
_PUNCTUATION = re.compile(r"^[\s\])>|:\-]+")

_MESSAGE_KEYS = (
    "msg",
    "message",
    "@message",
    "short_message",
    "@m",
    "renderedmessage",
    "event",
    "log",
    "text",
    "body",
    "@mt",
    "messagetemplate",
)
_LEVEL_KEYS = (
    "level",
    "lvl",
    "severity",
    "loglevel",
    "log_level",
    "levelname",
    "log.level",
    "@level",
    "@l",
    "severity_text",
    "severitytext",
)
_ERROR_KEYS = ("error", "err", "exception", "error.message", "exc_info", "@x")
_STACK_KEYS = (
    "stack", "stacktrace", "stack_trace", "traceback", "error.stack", "error.stack_trace", "exc_info", "exception", "@x", "full_message",
)  # fmt: skip
_NO_ERROR = frozenset(("null", "none", "nil", "false", "<nil>", "-", "undefined", "ok", "0"))


@dataclass(slots=True)
class Entry:
    """``at`` is when the container runtime got its first line, as it wrote it; ``sample`` that line as it was."""

    at: str | None
    level: str
    message: str
    sample: str
    files: set[str] = field(default_factory=set)
    """Source files that its stack trace names."""
    wants_message: bool = False
    """Its message is on the line below."""


def entry_of(at: str | None, text: str) -> Entry:
    """The entry that ``text``, a line without the runtime's time, is or begins."""
    sample = text[:MAX_MESSAGE]
    if text.startswith("{"):
        fields = _json_object(text)
        if fields is not None:
            return _from_fields(at, fields, sample)
    klog = KLOG.match(text) if text[:1] in ("I", "W", "E", "F") else None
    if klog:
        return Entry(at, level_named(klog[1]) or "UNKNOWN", short(klog[2]), sample)
    if "=" in text and LOGFMT_START.search(text):
        fields = {name: value[1:-1].replace('\\"', '"') if value[:1] == '"' else value for name, value in _LOGFMT.findall(text)}
        return _from_fields(at, fields, sample)
    dotnet = DOTNET.match(text)
    if dotnet:
        return Entry(at, level_named(dotnet[1]) or "UNKNOWN", dotnet[2], sample, wants_message=True)
    return _from_plain(at, text, sample)


def short(text: str) -> str:
    return text.strip()[:MAX_MESSAGE]


def _json_object(text: str) -> Mapping[str, Any] | None:
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return fields if isinstance(fields, dict) else None


def _from_fields(at: str | None, given: Mapping[str, Any], sample: str, depth: int = 0) -> Entry:
    fields = {str(name).lower(): value for name, value in given.items()}
    said = _first(fields, _MESSAGE_KEYS)
    named = _level(fields)
    error = _first(fields, _ERROR_KEYS)
    if error and error.lower() in _NO_ERROR:
        error = None
    if said and named is None and not error and said.startswith("{") and depth < _MAX_NESTED:
        inner = _json_object(said)
        if inner is not None:
            return _from_fields(at, inner, sample, depth + 1)
    files = {path for line in _stack_lines(fields) for path in files_in(line)}
    message = said or error or sample
    if said and error and error not in said:
        message = f"{said}: {error}"
    if named is None and said and not error:
        return _from_plain(at, message, sample)
    return Entry(at, named or ("ERROR" if error else guessed(message)), short(message), sample, files=files)


def _level(fields: Mapping[str, Any]) -> str | None:
    for key in _LEVEL_KEYS:
        if key in fields and (named := level_named(fields[key])):
            return named
    nested = fields.get("log")
    if isinstance(nested, Mapping) and (named := level_named(nested.get("level"))):
        return named
    return level_numbered(fields.get("levelno"), "python") or level_numbered(fields.get("severitynumber"), "opentelemetry")


def _stack_lines(fields: Mapping[str, Any]) -> Iterator[str]:
    for key in _STACK_KEYS:
        value = fields.get(key)
        if isinstance(value, Mapping):
            value = value.get("stack") or value.get("stacktrace") or value.get("stack_trace")
        if isinstance(value, str):
            yield from value.split("\n", MAX_FILES * 2)[: MAX_FILES * 2]


def _first(fields: Mapping[str, Any], keys: tuple[str, ...]) -> str | None:
    """The first of ``keys`` that holds text, or an object with a message in it."""
    for key in keys:
        value = fields.get(key)
        if isinstance(value, Mapping):
            value = value.get("message") or value.get("msg") or value.get("stringValue")
        if isinstance(value, str) and value.strip():
            return value.strip().split("\n", 1)[0]
    return None


def _from_plain(at: str | None, text: str, sample: str) -> Entry:
    time = OWN_TIME.match(text)
    rest = text[time.end() :] if time else text
    match = stated(rest)
    if match is None:
        redis = _REDIS.match(text)
        if redis:
            return Entry(at, _REDIS_LEVELS[redis[1]], short(text[redis.end() :]), sample)
        return Entry(at, guessed(rest), short(rest), sample)
    before = rest[: match.start()].strip(" [](|<>")
    if before.isdecimal():
        before = ""  # the number of the process
    after = _PUNCTUATION.sub("", rest[match.end() :])
    if (named := _SPRING.match(after) or _THREAD_OR_LOGGER.match(after)) and named.end() < len(after):
        after = after[named.end() :]
    message = f"{before} {after}" if before else after
    return Entry(at, level_named(match[1]) or "UNKNOWN", short(message), sample)
