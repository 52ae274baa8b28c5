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

from .log_levels import guessed, level_named, level_numbered, level_stated, server_error, stated
from .log_parts import DOTNET, KLOG, LOGFMT_START, OWN_TIME, TRACEBACK, names_exception
from .stack_frames import files_in

MAX_MESSAGE = 400
MAX_FILES = 20
MAX_CAUSE = 135
_MAX_NESTED = 3

_LOGFMT = re.compile(r'(?<![\w.@-])([\w.@-]+)=("(?:[^"\\]|\\.)*"|\S*)')
_THREAD_OR_LOGGER = re.compile(r"\[[\w .:/$#@-]{1,60}\]\s+(?:-\s+)?")
_SPRING = re.compile(r"\d+ --- (?:\[[^\]]{0,80}\]\s*){1,3}[\w.$/\[\]-]{1,80}\s*: ")
_REDIS = re.compile(r"\d+:[A-Z] \d\d [A-Z][a-z]{2} \d{4} [\d:.]{8,12} ([.*#-]) ")
_REDIS_LEVELS = {".": "DEBUG", "-": "DEBUG", "*": "INFO", "#": "WARN"}
_CALLER = re.compile(r"(?:[\w.-]{1,60}\t)?[\w./@-]{1,120}\.go:\d+\t")
"""Zap's, perhaps with the logger's name in front."""
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
    "textpayload",
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
_NESTED_KEYS = ("fields", "jsonpayload", "payload", "data", "attributes", "record", "event", "body", "log")
"""Objects in which loggers put what else would stand at the top."""
_STATUS_KEYS = (
    "status", "status_code", "statuscode", "http_status", "http.status_code", "http.response.status_code", "response_status",
    "response_code",
)  # fmt: skip
_RESPONSE_KEYS = ("res", "response", "http", "httprequest")
_CALM = ("INFO", "DEBUG", "UNKNOWN")
_ERROR_KEYS = ("error", "err", "exception", "error.message", "exc_info", "@x")
_STACK_KEYS = (
    "stack", "stacktrace", "stack_trace", "traceback", "error.stack", "error.stack_trace", "exc_info", "exception", "@x", "full_message",
    "err", "error",
)  # fmt: skip
_TRACE_KEYS = ("stack_trace", "stacktrace", "stack", "traceback", "error.stack_trace", "error.stack")
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
    cause: str | None = None
    """The last one that its stack trace names, which the others come of."""


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
    if said is None:
        fields = _with_nested(fields)
        said = _first(fields, _MESSAGE_KEYS)
    named = _level(fields)
    error = _first(fields, _ERROR_KEYS)
    if error and error.lower() in _NO_ERROR:
        error = None
    error = error or _thrown(fields)
    if said and named is None and not error and said.startswith("{") and depth < _MAX_NESTED:
        inner = _json_object(said)
        if inner is not None:
            return _from_fields(at, inner, sample, depth + 1)
    files = {path for line in _stack_lines(fields) for path in files_in(line)}
    status = _server_error(fields)
    if status is not None and named in (None, *_CALM):
        named = "ERROR"
        said = f"{said}: status {status}" if said else None
    message = said or error or sample
    if said and error and error not in said:
        message = f"{said}: {error}"
    if named is None and said and not error:
        return _from_plain(at, message, sample)
    return Entry(at, named or ("ERROR" if error else guessed(message)), short(message), sample, files=files, cause=_cause(fields))


def _with_nested(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields, with those of objects in them, which do not stand above what is at the top."""
    found = dict(fields)
    for key in _NESTED_KEYS:
        value = fields.get(key)
        if isinstance(value, Mapping):
            for name, inner in value.items():
                found.setdefault(str(name).lower(), inner)
    return found


def _server_error(fields: Mapping[str, Any]) -> int | None:
    """The HTTP status 5xx of the answer that the line is about."""
    answers = [fields, *(value for key in _RESPONSE_KEYS if isinstance(value := fields.get(key), Mapping))]
    for answer in answers:
        for key, value in answer.items():
            if str(key).lower() in _STATUS_KEYS and not isinstance(value, bool) and str(value).isdecimal() and 500 <= int(value) <= 599:
                return int(value)
    return None


def _thrown(fields: Mapping[str, Any]) -> str | None:
    """The exception above a stack trace: Logback's and ECS' encoders write it nowhere else. Go's stacks begin with a function."""
    said = _first(fields, _TRACE_KEYS)
    return said if said and names_exception(said) else None


def _cause(fields: Mapping[str, Any]) -> str | None:
    """The cause at the bottom of the stack trace, as Java writes it."""
    found = [line.removeprefix("Caused by: ") for line in _stack_lines(fields) if line.startswith("Caused by: ")]
    return found[-1].strip()[:MAX_CAUSE] if found else None


def _level(fields: Mapping[str, Any]) -> str | None:
    for key in _LEVEL_KEYS:
        value = fields.get(key)
        if isinstance(value, Mapping):
            value = value.get("name") or value.get("value")
        if named := level_named(value):
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
            value = next((value[name] for name in ("message", "msg", "stringValue", "text") if value.get(name)), None)
        if isinstance(value, list) and value and all(isinstance(one, (str, int, float)) for one in value):
            value = " ".join(map(str, value))
        if isinstance(value, str) and (text := value.strip()):
            # A Python traceback says last what happened.
            return text.rpartition("\n")[2] if text.startswith(TRACEBACK) else text.split("\n", 1)[0]
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
    if "\t" in after and (caller := _CALLER.match(after)):
        after = after[caller.end() :]
    if (named := _SPRING.match(after) or _THREAD_OR_LOGGER.match(after)) and named.end() < len(after):
        after = after[named.end() :]
    message = f"{before} {after}" if before else after
    level = level_stated(match)
    if level in _CALM and server_error(rest):
        level = "ERROR"
    return Entry(at, level, short(message), sample)
