# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A key for each line of a log: lines that only differ in numbers and identifiers have the same one.

Keys are made for many lines at once, which takes a tenth of the time of looking at each; what a key means is found out from one of its
lines. Where there is much to read, the letters a to f are left out like digits, since identifiers are mostly hexadecimal. Messages that
differ in nothing else then share a key ("fail", "failed"): whoever uses coarse keys looks at samples, and refines the keys of those.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cache

COARSE_FROM = 4 * 2**20
"""Bytes of all logs from which keys are coarse."""
_BLOCKS = 64
_SMALLEST_BLOCK, _LARGEST_BLOCK = 4 * 2**10, 128 * 2**10
_LINE_BREAK = ord("\n")
_LINES_TO_A_BEGINNING = 200

# A word with a digit in it, and those that hang on it: a number with its unit, a time, an address, an identifier. What klog begins with is
# none: its letter is the level.
_WORD_WITH_DIGIT = re.compile(rb"\b(?![IWEF]\d{4}(?:\d{4})? \d\d:)[A-Za-z_]*+\d[\w+/]*+=*+(?:[.:-](?:[A-Za-z_]*+\d|[0-9a-f]{4}\b)\w*+)*+")
_WORD = re.compile(rb"[A-Za-z_]{2,}")
_LEVELS = frozenset(
    b"FATAL PANIC CRITICAL CRIT EMERG ALERT SEVERE ERROR ERR EXCEPTION FAIL WARNING WARN INFO NOTICE DEBUG TRACE TRACEBACK"
    b" LEVEL LVL SEVERITY MSG MESSAGE".split()
)
"""Words, with those that announce them, which are kept however rare they are."""
_FREQUENT_IN, _FREQUENT_SHARE = 10, 0.002
_HEXADECIMAL = b"0123456789abcdef"
# Numbers that tell an error from a success: the level that bunyan and pino, OpenTelemetry and systemd write, the status in an access log.
_LEVELS_BY_NUMBER = (
    re.compile(rb'"(?:level|lvl|severity|log_?level|levelno|severity_?[nN]umber)"\s?:\s?"?(\d{1,3})\b'),
    re.compile(rb'(?<!\S)(?:level|lvl|severity)="?(\d{1,3})\b'),
    re.compile(rb"^(?:\S+ (?:std(?:out|err) [FP] )?)?<(\d{1,3})\b"),
)
# The status stands behind the request, between bars, or in a field of that name.
_FIELD = rb'(?:" |\| |(?:[sS]tatus(?:_?[cC]ode)?|response_code)"?\s?[:=]\s?"?)'
_METHODS = (b"GET", b"POST", b"PUT", b"PATCH", b"DELETE", b"HEAD", b"OPTIONS")
_REQUEST = rb"(?:%b) \S+ " % b"|".join(_METHODS)
_STATUS = re.compile(rb"(?:%b|%b)\d\d\d\b" % (_FIELD, _REQUEST))
_FIELD_BEFORE, _REQUEST_BEFORE = re.compile(_FIELD + rb"$"), re.compile(_REQUEST + rb"$")
_LONGEST_FIELD = 20
_SEPARATORS = b' \t|:="'
_SURE = (b'" ', b"| ")
"""Behind which a number of three digits is a status."""


def blocks(text: bytes, total: int, begins: Callable[[bytes], bool]) -> Iterator[tuple[int, int]]:
    """Where pieces of ``text`` begin and end that fit into the processor's cache, without a last line break. ``total``: size of all logs.

    A piece ends where the next line ``begins`` an entry, unless that is far away.
    """
    size = min(max(total // _BLOCKS, _SMALLEST_BLOCK), _LARGEST_BLOCK)
    start = 0
    while start < len(text):
        end = _after_line(text, start + size)
        for _unused in range(_LINES_TO_A_BEGINNING):
            after = _after_line(text, end)
            if end == len(text) or begins(text[end:after]):
                break
            end = after
        yield start, end - 1 if text[end - 1] == _LINE_BREAK else end
        start = end


def _after_line(text: bytes, start: int) -> int:
    """Where the line that ``start`` is in has ended."""
    end = text.find(b"\n", start)
    return len(text) if end < 0 else end + 1


def keys(block: bytes) -> list[bytes]:
    """The key of each line of ``block``, which does not end with a line break: the line without words that have a digit in them."""
    return _WORD_WITH_DIGIT.sub(b"0", block).split(b"\n")


def coarse_keys(block: bytes) -> list[bytes]:
    """Keys of which one may stand for lines that differ in the letters a to f, made in a tenth of the time."""
    return block.translate(None, _HEXADECIMAL).split(b"\n")


def frequent_words(some: Collection[bytes]) -> frozenset[bytes]:
    """Words that are in many of the keys."""
    found = Counter(word for key in some for word in set(_WORD.findall(key)))
    least = max(_FREQUENT_IN, _FREQUENT_SHARE * len(some))
    return frozenset(word for word, count in found.items() if count >= least)


def without_rare_words(line: bytes, frequent: frozenset[bytes]) -> bytes:
    """``line`` with a digit for each word that is not ``frequent``, as if it were a number; the time in front stays."""
    time, space, rest = line.partition(b" ")
    return time + space + _WORD.sub(lambda word: word[0] if word[0] in frequent or _says_how_bad(word[0]) else b"0", rest)


def _says_how_bad(word: bytes) -> bool:
    return word.upper() in _LEVELS or word.endswith((b"Error", b"Exception"))


def has_level(line: bytes) -> bool:
    """Whether the line holds a number that is its level: its key must not lose it."""
    return _level_in(line) is not None


def _level_in(line: bytes) -> re.Pattern[bytes] | None:
    """What finds the number that is the line's level; None where there is none."""
    return next((one for one in _LEVELS_BY_NUMBER if one.search(line)), None)


def status_marks(line: bytes) -> tuple[bytes, ...]:
    """What a status 5xx would begin with in lines of the same key: what stands before it in each, and the 5. Empty: no access log.

    Of a path only the space behind it is taken, since it may end in what keys leave out.
    """
    found = (one[0][:-3] for one in _STATUS.finditer(line))
    return tuple({(b" " if _REQUEST_BEFORE.search(one) else one[len(one.rstrip(_SEPARATORS)) :]) + b"5" for one in found})


def maybe_server_errors(marks: Collection[bytes], block: bytes) -> list[int]:
    """Where in ``block`` numbers stand that begin with one of ``marks`` and look like a status 5xx: the places of their 5."""
    found: list[int] = []
    for mark in marks:
        # What ends in another mark is found with it.
        if not any(mark != other and mark.endswith(other) for other in marks):
            behind = len(mark) - 1
            found += [one.start() + behind for one in _status_after(mark).finditer(block)]
    return sorted(found)


@cache
def _status_after(mark: bytes) -> re.Pattern[bytes]:
    """Begins with what is fixed, for which the text is searched several times faster than for a choice."""
    return re.compile(re.escape(mark) + rb"\d\d(?![\w.])")


def is_server_error(text: bytes, place: int) -> bool:
    """Whether the 5 at ``place`` begins a status, by what stands before it in its line."""
    before = text[max(place - 2, 0) : place]
    if before in _SURE:
        return True
    begins = text.rfind(b"\n", 0, place) + 1
    if before.strip(_SEPARATORS) != before and _FIELD_BEFORE.search(text, max(begins, place - _LONGEST_FIELD), place):
        return True
    # The method of most requests is told by a look, without the pattern that makes sure of it.
    method = text.rfind(b" ", begins, max(place - 1, begins))
    return method >= 0 and text.endswith(_METHODS, begins, method) and _REQUEST_BEFORE.search(text, begins, place) is not None


def refined(of_lines: Sequence[bytes], lines: Sequence[bytes], exact: Mapping[bytes, bool]) -> list[bytes]:
    """Their keys with the level of each line; with its own key too for those that are ``exact``."""
    own = iter(keys(b"\n".join([line for key, line in zip(of_lines, lines, strict=True) if exact[key]])))
    by_level: dict[tuple[bytes, bytes], bytes] = {}
    # Where a line of a key has its level, the others have theirs.
    levels = {key: _level_in(line) for key, line in dict(zip(of_lines, lines, strict=True)).items()}
    found = []
    for key, line in zip(of_lines, lines, strict=True):
        by = levels[key]
        level = by.search(line) if by else None
        if exact[key]:
            found.append(b"%b\0%b\0%b" % (key, next(own), level[1]) if level else b"%b\0%b" % (key, next(own)))
        elif level:
            # Lines of one level share the object, so that it is hashed once.
            found.append(by_level.get((key, level[1])) or by_level.setdefault((key, level[1]), b"%b\0%b" % (key, level[1])))
        else:
            found.append(key)
    return found


def server_error(key: bytes) -> bytes:
    """The key of those lines of ``key`` that tell of a server error."""
    return key + b"\0005"
