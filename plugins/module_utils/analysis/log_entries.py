# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Container log lines as entries: level and message out of JSON, logfmt, klog and plain text; a stack trace is one entry."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .log_levels import guessed, level_named, stated
from .stack_frames import files_in

MAX_MESSAGE = 400
MAX_FILES = 20
MAX_PLAIN_LINE = 2000
"""Of a line that is not JSON, what is looked at."""

_RUNTIME_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)(?= |$)")
_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_OWN_TIME = re.compile(
    r"""\s*\[?(?:
        \d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:\s?(?:Z|UTC|[+-]\d\d:?\d\d))?
      | (?:[A-Z][a-z]{2}\s)?[A-Z][a-z]{2}\s+\d{1,2}\s\d\d:\d\d:\d\d(?:[.,]\d+)?(?:\s\d{4})?
      | \d\d:\d\d:\d\d(?:[.,]\d+)?
    )\]?\s*""",
    re.VERBOSE,
)
_KLOG = re.compile(r"([IWEF])\d{4} \d\d:\d\d:\d\d\.\d+\s+\d+ [^\s\]]+\] ?(.*)", re.DOTALL)
_LOGFMT = re.compile(r'(?<![\w.@-])([\w.@-]+)=("(?:[^"\\]|\\.)*"|\S*)')
_LOGFMT_START = re.compile(r"(?:^|\s)(?:level|lvl|severity|msg)=")
_THREAD_OR_LOGGER = re.compile(r"\[[\w .:/$#@-]{1,60}\]\s+(?:-\s+)?")
_PUNCTUATION = re.compile(r"^[\s\])>|:\-]+")

_MESSAGE_KEYS = ("msg", "message", "event", "log", "text", "body", "@message")
_LEVEL_KEYS = ("level", "lvl", "severity", "loglevel", "levelname", "log.level", "@level", "severity_text", "SeverityText")
_ERROR_KEYS = ("error", "err", "exception", "error.message", "exc_info")
_STACK_KEYS = ("stack", "stacktrace", "stack_trace", "traceback", "error.stack", "error.stack_trace", "exc_info", "exception")

_TRACEBACK = "Traceback (most recent call last):"
_CONTINUES = re.compile(r"\s|\}|\)|Caused by:|\.\.\. \d+ more|During handling of|The above exception|goroutine \d+ \[|$")
_EXCEPTION = re.compile(r"(?:Exception in thread \S+ )?(?:[\w$]+\.)*[\w$]*(?:Error|Exception|Throwable|Warning|Interrupt)\b(?::|\s*$)")
_SEVERE = ("FATAL", "ERROR", "WARN")


@dataclass(slots=True)
class Entry:
    """``at`` is when the container runtime got its first line, as it wrote it; ``sample`` that line as it was."""

    at: str | None
    level: str
    message: str
    sample: str
    structured: bool = False
    """It came as JSON, logfmt or klog: nothing below it belongs to it unless it looks like a stack trace."""
    files: set[str] = field(default_factory=set)
    """Source files that its stack trace names."""


def entries(lines: Iterable[str]) -> Iterator[Entry]:
    """The entries of one container's log, whose lines begin with the runtime's time (``kubectl logs --timestamps``)."""
    current: Entry | None = None
    in_traceback = in_dump = False
    for line in lines:
        time = _RUNTIME_TIME.match(line)
        text = line[time.end() + 1 :] if time else line
        if "\x1b" in text:
            text = _COLOURS.sub("", text)
        text = text.rstrip("\r") if text.startswith("{") else text[:MAX_PLAIN_LINE].rstrip("\r")
        if current is not None and in_traceback and not text.startswith((" ", "\t")) and text:
            # The line that ends a Python traceback is the one that says what happened.
            _trace(current, text)
            in_traceback = text.startswith(("During handling", "The above exception", _TRACEBACK))
            if not in_traceback:
                _explain(current, text)
            continue
        if current is not None and (_CONTINUES.match(text) or (in_dump and not _begins(text))):
            in_dump = in_dump or text.startswith("goroutine ")
            _trace(current, text)
            continue
        if current is not None and text.startswith(_TRACEBACK):
            if not current.structured and current.level not in _SEVERE:
                yield current
                current = Entry(time[0] if time else None, "ERROR", "", text[:MAX_MESSAGE])
            in_traceback = True
            continue
        if current is not None and current.level in _SEVERE and _EXCEPTION.match(text) and not _begins(text):
            _explain(current, text)
            continue
        if current is not None:
            yield current
        in_dump = False
        in_traceback = text.startswith(_TRACEBACK)
        current = _entry(time[0] if time else None, text)
        if in_traceback:
            current.level, current.message = "ERROR", ""
        elif text.startswith("panic:"):
            in_dump = True
    if current is not None:
        yield current


def _begins(text: str) -> bool:
    """Whether a line shows by itself that a new entry begins."""
    return text.startswith("{") or _OWN_TIME.match(text) is not None or _KLOG.match(text) is not None or stated(text) is not None


def _trace(entry: Entry, text: str) -> None:
    """Notes the source files that a line of a stack trace names."""
    if entry.level in _SEVERE and len(entry.files) < MAX_FILES:
        entry.files.update(files_in(text))


def _explain(entry: Entry, text: str) -> None:
    """Adds the exception that a stack trace is about to the entry's message."""
    said = text.strip()
    entry.message = (f"{entry.message}: {said}" if entry.message else said)[:MAX_MESSAGE]


def _entry(at: str | None, text: str) -> Entry:
    sample = text[:MAX_MESSAGE]
    if text.startswith("{"):
        fields = _json_object(text)
        if fields is not None:
            return _from_fields(at, fields, sample)
    klog = _KLOG.match(text) if text[:1] in ("I", "W", "E", "F") else None
    if klog:
        return Entry(at, level_named(klog[1]) or "UNKNOWN", _short(klog[2]), sample, structured=True)
    if "=" in text and _LOGFMT_START.search(text):
        fields = {name: value[1:-1].replace('\\"', '"') if value[:1] == '"' else value for name, value in _LOGFMT.findall(text)}
        return _from_fields(at, fields, sample)
    return _from_plain(at, text, sample)


def _json_object(text: str) -> Mapping[str, Any] | None:
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return fields if isinstance(fields, dict) else None


def _from_fields(at: str | None, fields: Mapping[str, Any], sample: str) -> Entry:
    said = _first(fields, _MESSAGE_KEYS)
    named = next((name for key in _LEVEL_KEYS if (name := level_named(fields.get(key)))), None)
    nested = fields.get("log")
    if named is None and isinstance(nested, Mapping):
        named = level_named(nested.get("level"))
    error = _first(fields, _ERROR_KEYS)
    stack = (text for key in _STACK_KEYS if isinstance(text := fields.get(key), str))
    files = {path for text in stack for line in text.split("\n")[:MAX_FILES] for path in files_in(line)}
    message = said or error or sample
    if said and error and error not in said:
        message = f"{said}: {error}"
    if named is None and said:
        return _from_plain(at, message, sample)
    return Entry(at, named or guessed(message), _short(message), sample, structured=True, files=files)


def _first(fields: Mapping[str, Any], keys: tuple[str, ...]) -> str | None:
    """The first of ``keys`` that holds text, or an object with a message in it."""
    for key in keys:
        value = fields.get(key)
        if isinstance(value, Mapping):
            value = value.get("message") or value.get("msg")
        if isinstance(value, str) and value.strip():
            return value.strip().split("\n", 1)[0]
    return None


def _from_plain(at: str | None, text: str, sample: str) -> Entry:
    time = _OWN_TIME.match(text)
    rest = text[time.end() :] if time else text
    match = stated(rest)
    if match is None:
        return Entry(at, guessed(rest), _short(rest), sample)
    before = rest[: match.start()].strip(" [](|<>")
    after = _PUNCTUATION.sub("", rest[match.end() :])
    if (named := _THREAD_OR_LOGGER.match(after)) and named.end() < len(after):
        after = after[named.end() :]
    message = f"{before} {after}" if before else after
    return Entry(at, level_named(match[1]) or "UNKNOWN", _short(message), sample)


def _short(text: str) -> str:
    return text.strip()[:MAX_MESSAGE]
