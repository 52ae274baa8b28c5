# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What part a line plays in a log, as far as it shows by itself: does it begin an entry, or belong to the one above?"""

from __future__ import annotations

import re
from enum import StrEnum

from .log_levels import stated


class Part(StrEnum):
    BEGINS = "b"
    """It shows by its form that an entry begins."""
    OTHER = "o"
    """It is an entry, unless a stack trace that is not over yet swallows it."""
    CONTINUES = "c"
    TRACEBACK = "t"
    """The head of a Python traceback; the exception comes last."""
    EXCEPTION = "e"
    """The name of an exception, as it stands above a stack trace, or alone."""
    PANIC = "p"
    """A Go program ends here."""
    GOROUTINE = "g"
    """The head of a goroutine's stack, one line for the function and one for the place in turns."""
    FRAME = "f"
    """The function of a Go stack."""


TOGETHER = re.compile(rb"[ctefpg](?:[ctefpg]|o(?=[ctefpg]))*o?")
"""In the parts of a log's lines: those that must be looked at together with the one above. All others are entries of one line."""

OWN_TIME = re.compile(
    r"""\s*\[?(?:
        \d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:\s?(?:Z|UTC|[+-]\d\d:?\d\d))?
      | (?:[A-Z][a-z]{2}\s)?[A-Z][a-z]{2}\s+\d{1,2}\s\d\d:\d\d:\d\d(?:[.,]\d+)?(?:\s\d{4})?
      | \d{1,2}[ -/][A-Z][a-z]{2}[ -/]\d{4}[ :]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:\s(?:UTC|[A-Z][a-z]+/[A-Z]\w+)(?=\]))?
      | \d\d:\d\d:\d\d(?:[.,]\d+)?
      | [DIWEFAU],\ \[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?\s\#\d+       # Ruby's
    )\]?\s*""",
    re.VERBOSE,
)
KLOG = re.compile(r"([IWEF])(?:\d{4})?\d{4} \d\d:\d\d:\d\d\.\d+\s+\d+ [^\s\]]+\] ?(.*)", re.DOTALL)
LOGFMT_START = re.compile(r"(?:^|\s)(?:level|lvl|severity|msg)=")
DOTNET = re.compile(r"(trce|dbug|info|warn|fail|crit): ([\w.`+<>\[\], ]{1,200}\[\d+\])$")
"""The head of an entry of .NET's console logger; the message is on the next line."""

TRACEBACK = "Traceback (most recent call last):"
GROUP = re.compile(r"\s*\+ Exception Group Traceback \(most recent call last\):")
RUST_PANIC = re.compile(r"thread '.{0,100}' (?:\(\d+\) )?panicked at ")
_INDENTED_ENTRY = re.compile(r"\s{1,8}\[?(?:FATAL|CRITICAL|ERROR|WARN|WARNING|INFO|NOTICE|DEBUG|TRACE)\b[\]:\s]")
_CONTINUES = re.compile(
    r"\s|[})\]]|Caused by:|Suppressed:|\.\.\. \d+ more|During handling of|The above exception|created by |\[signal SIG"
    r"|exit status \d|note: (?:run with|Some details are omitted)|stack backtrace:|(?:PHP )?Stack trace:"
    r"|(?:PHP )?#\d+ (?:\{main\}|\[internal function\]|\S+\(\d+\): )"
    r"|Last message(?: \(from .{1,80}\))?: |runtime stack:|[a-z]\w{1,5}\s+0x[0-9a-f]+$|Node\.js v\d"
    r"|\[SQL: |\[parameters: |\(Background on this error|$"
)
_EXCEPTION = re.compile(
    r"(?:Exception in thread \S+ |Uncaught |Unhandled \w+ )?(?:[\w$]+[.:])*[\w$]*(?:Error|Exception|Throwable|Warning|Interrupt)\b"
    r"(?: \[\w+\])?(?::|\s*\{?$)"
    r"|\*\* \([\w.]+\) |\[?Unhandled\w+: |\S{1,300}\.rb:\d+:in .{1,2000}\(\w+\)$"
)
_PANIC = re.compile(r"panic: |fatal error: (?!.*\.[hc]\b)|runtime: out of memory|SIG(?:QUIT|ABRT|SEGV): ")
_FRAME = re.compile(r"[\w.\-/~]{0,200}[\w)]\.[\w.()*·\[\]]{1,200}(?:\(.{0,300}\))?$|panic\(.{0,300}\)$")


def names_exception(text: str) -> bool:
    """Whether it is the name of an exception, perhaps with what it says."""
    return _EXCEPTION.match(text) is not None


def part(text: str) -> Part:
    """The part of a line without the runtime's time."""
    if text.startswith((" ", "\t")) and _INDENTED_ENTRY.match(text):
        return Part.BEGINS
    if text.startswith((" ", "+")) and GROUP.match(text):
        return Part.TRACEBACK
    if _CONTINUES.match(text):
        return Part.CONTINUES
    if text.startswith("goroutine ") and text.endswith(":"):
        return Part.GOROUTINE
    if text.startswith(TRACEBACK):
        return Part.TRACEBACK
    if _PANIC.match(text) or (text.startswith("thread '") and RUST_PANIC.match(text)):
        return Part.PANIC
    if text.startswith("{") or OWN_TIME.match(text) or KLOG.match(text) or LOGFMT_START.search(text):
        return Part.BEGINS
    if level := stated(text):
        # An exception may say what a server answered, with the level that it had there: "OperationalError: FATAL:  too many clients".
        named = _EXCEPTION.match(text)
        return Part.EXCEPTION if named and named.end() <= level.start(1) else Part.BEGINS
    if DOTNET.match(text):
        return Part.BEGINS
    if _EXCEPTION.match(text):
        return Part.EXCEPTION
    return Part.FRAME if " " not in text.split("(", 1)[0] and _FRAME.match(text) else Part.OTHER
