# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Container log lines as entries: level and message out of JSON, logfmt, klog and plain text; a stack trace is one entry."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from .log_fields import MAX_CAUSE, MAX_FILES, MAX_MESSAGE, Entry, entry_of, short
from .log_parts import TRACEBACK, Part, part
from .stack_frames import files_in

__all__ = ["MAX_MESSAGE", "Entry", "entries", "split_time"]

MAX_PLAIN_LINE = 2000
"""Of a line that is not JSON, what is looked at."""

# Where a collector read the runtime's files as they are, the stream and a mark for complete lines stand behind the time.
_RUNTIME_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d))(?: std(?:out|err) [FP](?= |$))?(?: |$)")
_COLOURS = re.compile(r"\x1b(?:\[[0-9;:?]*[A-Za-z]|\][^\x07\x1b]{0,300}(?:\x07|\x1b\\))")
"""And other sequences for terminals."""
_GROUPED = re.compile(r"[\s|]*((?:\w+\.)*\w*ExceptionGroup: .*)")
_CAUSE = re.compile(r"\s*(?:Caused by: |\[cause\]: |---> )(.+?)(?:\s*\{)?$")
_NAMED = re.compile(r"\s{2,}((?:\w+\.){1,8}\w*(?:Exception|Error)(?: \(\w+\))?: .+)")
"""The exception that .NET's console logger writes below the message, indented as that is."""
_SOURCE_LINE = re.compile(r"\S{1,300}:\d+(?::\d+)?$")
"""What Node writes above the exception that it ends with: the place in the source."""

_SEVERE = ("FATAL", "ERROR", "WARN")
_MORE_TRACE = ("During handling", "The above exception", TRACEBACK)


def split_time(line: str) -> tuple[str | None, str]:
    """The runtime's time in front of ``line``, and what the program wrote, without colours and cut to what is looked at."""
    time = _RUNTIME_TIME.match(line)
    text = line[time.end() :] if time else line
    if "\x1b" in text:
        text = _COLOURS.sub("", text)
    text = text.rstrip("\r") if text.startswith("{") else text[:MAX_PLAIN_LINE].rstrip("\r")
    return (time[1] if time else None), text


def entries(lines: Iterable[str]) -> Iterator[Entry]:
    """The entries of one container's log, whose lines begin with the runtime's time (``kubectl logs --timestamps``)."""
    current: Entry | None = None
    in_traceback = traced = False
    for line in lines:
        at, text = split_time(line)
        kind = part(text)
        if current is not None:
            if in_traceback and kind not in (Part.CONTINUES, Part.BEGINS):
                # The line that ends a Python traceback is the one that says what happened.
                in_traceback = text.startswith(_MORE_TRACE)
                if not in_traceback:
                    _explain(current, text)
                continue
            if kind in (Part.CONTINUES, Part.GOROUTINE):
                _trace(current, text)
                if text.startswith(_MORE_TRACE):
                    in_traceback = True
                    # What stood between was the rest of an exception's message.
                    current.level = current.level if current.level in _SEVERE else "ERROR"
                continue
            if kind is Part.OTHER and current.wants_message:
                _trace(current, text)
                continue
            if kind is Part.TRACEBACK and current.level in _SEVERE and not traced:
                in_traceback = traced = True
                continue
            if kind is Part.FRAME and current.level in _SEVERE:
                continue
            if kind is Part.EXCEPTION and (current.level in _SEVERE or _SOURCE_LINE.match(current.message)):
                if current.level not in _SEVERE:
                    current.level, current.message = "ERROR", ""
                _explain(current, text)
                continue
            yield _whole(current)
        current = entry_of(at, text)
        # A second one without the words that tell of the first is of something else.
        in_traceback = traced = kind is Part.TRACEBACK and TRACEBACK in text[: len(TRACEBACK)]
        if kind is Part.TRACEBACK:
            current.level, current.message = "ERROR", ""
        elif kind is Part.PANIC:
            current.level = "FATAL"
            current.files.update(files_in(text))
            # Rust says what happened on the line below.
            current.wants_message = text.startswith("thread '") and text.endswith(":")
    if current is not None:
        yield _whole(current)


def _whole(entry: Entry) -> Entry:
    """With the cause at the bottom of its stack trace, which says more than what came of it."""
    if entry.cause and entry.cause not in entry.message:
        behind = f" (caused by {entry.cause})"
        entry.message = f"{entry.message[: MAX_MESSAGE - len(behind)]}{behind}"
    return entry


def _trace(entry: Entry, text: str) -> None:
    """Notes what a line below the first says: the message, where it is there; the source files that a stack trace names."""
    if not entry.message and (group := _GROUPED.match(text)):
        entry.message = short(group[1])
    if entry.level in _SEVERE and (cause := _CAUSE.match(text)):
        entry.cause = cause[1][:MAX_CAUSE]
    elif entry.level in _SEVERE and not (entry.cause or entry.wants_message) and (named := _NAMED.match(text)):
        entry.cause = named[1][:MAX_CAUSE]
    if entry.wants_message and text.strip():
        entry.message, entry.wants_message = short(text), False
    elif entry.level in _SEVERE and len(entry.files) < MAX_FILES:
        entry.files.update(files_in(text))


def _explain(entry: Entry, text: str) -> None:
    """Adds the exception that a stack trace is about to the entry's message."""
    said = text.strip().removesuffix("{").rstrip()
    entry.message = (f"{entry.message}: {said}" if entry.message else said)[:MAX_MESSAGE]
