# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Counting the entries of many logs while looking at few of their lines.

Each line gets a key (``log_keys``), keys are counted, and only one line of each is read as an entry; of lines that must be looked at
together, such as a stack trace, the keys in a row are one. A million lines have some hundred keys.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..model.codec import parse_time
from ..model.logs_raw import RawLog
from .log_entries import Entry, entries, split_time
from .log_keys import COARSE_FROM, blocks, coarsest_keys, keys, refined, tells
from .log_parts import BLOCK, Part, part
from .log_tokens import generalise, tokenise

MAX_KEYS = 30_000
"""Keys whose lines are read; lines of yet other keys are only counted."""
MAX_KEY_BYTES = 16 * 2**20
_FOR_BAD_LINES = 1.3
"""Multiple of these bounds up to which lines that look bad are read all the same."""
MAX_MESSAGES = 8
"""Different messages of one kind that are kept."""
_ALL_SAMPLED = 8
"""Blocks in which one line of each key is compared with its first one; after that, ever fewer are."""
_TIME = 64
"""Bytes of a line in which the runtime's time stands."""

_LONGEST_KEY = 4000
"""Bytes of joined keys: stack traces that are alike so far are alike."""
_TOO_MANY = b"\0"
"""The key of lines that were too many."""
_BAD = re.compile(rb"ERR|FATAL|CRIT|WARN|PANIC|panic|[Ee]rror|[Ee]xception|fatal|warn")
_ALONE = f"{Part.BEGINS}{Part.OTHER}".encode()
_REFINED = b"r"
"""Stands for the part of a line whose key is not enough."""
_FEW, _MOST_DIFFERENT = 20, 0.4
"""Share of a block's lines with keys of their own above which coarser ones are made, where there are more than a few lines."""


@dataclass(slots=True)
class Kind:
    """Entries that are alike: the first of them, and what was seen of all. Times are those of the runtime, in UTC, as it wrote them."""

    entry: Entry
    count: int = 0
    first: str | None = None
    last: str | None = None
    versions: set[str] = field(default_factory=set)
    containers: set[str] = field(default_factory=set)
    messages: set[str] = field(default_factory=set)

    def seen(self, count: int, at: str | None) -> None:
        self.count += count
        if at:
            # All are RFC 3339 in one time zone: they sort as text.
            self.first = min(self.first or at, at)
            self.last = max(self.last or at, at)

    def add(self, other: Kind) -> None:
        """Takes in what was seen of ``other``."""
        self.seen(other.count, other.first)
        self.seen(0, other.last)
        self.versions |= other.versions
        self.containers |= other.containers
        self.messages |= other.messages
        self.entry.files |= other.entry.files


@dataclass(slots=True)
class _Key:
    """The entries that lines of one key are, mostly one."""

    kinds: list[Kind]
    counted: int = 0
    """Of this log."""
    last: bytes = b""
    """The line of this log that was met last, its beginning."""
    log: int = -1
    """Number of this log."""
    blocks: int = 0
    """In which it was met, of all logs."""

    def end_log(self) -> None:
        at = _utc(self.last)
        for kind in self.kinds:
            kind.seen(self.counted, at)
        self.counted = 0


@dataclass(slots=True)
class Counting:
    """Takes in one log after the other. ``total`` is their size in bytes."""

    total: int
    lines: int = 0
    uncounted: int = 0
    """Lines that were not read, since too many were different."""
    _keys: dict[bytes, _Key] = field(default_factory=dict)
    _parts: dict[bytes, int] = field(default_factory=lambda: {_TOO_MANY: ord(Part.BEGINS)})
    _refined: dict[bytes, bool] = field(default_factory=dict)
    """Keys that are not enough to tell their lines apart, and whether only the whole line is."""
    _key_bytes: int = 0
    _logs: int = 0

    def kinds(self) -> list[Kind]:
        """What was counted so far."""
        for key in self._keys.values():
            key.end_log()
        return [kind for key in self._keys.values() for kind in key.kinds]

    def take(self, log: RawLog) -> None:
        self._logs += 1
        for block in blocks(log.text, self.total, _begins):
            self._block(block, log)

    def _block(self, block: bytes, log: RawLog) -> None:
        lines = block.split(b"\n")
        self.lines += len(lines)
        of_lines = keys(block, self._coarse)
        last = dict(zip(of_lines, range(len(lines)), strict=True))
        if len(last) > _MOST_DIFFERENT * len(lines) > _MOST_DIFFERENT * _FEW:
            of_lines = coarsest_keys(block)
            last = dict(zip(of_lines, range(len(lines)), strict=True))
        of_lines, parts = self._parts_of(of_lines, last, lines)
        if _REFINED in parts:
            for found in re.finditer(_REFINED, parts):
                number = found.start()
                of_lines[number] = refined(of_lines[number], lines[number], self._refined[of_lines[number]])
            last = dict(zip(of_lines, range(len(lines)), strict=True))
            of_lines, parts = self._parts_of(of_lines, last, lines)
        starts: Sequence[int] = range(len(lines))
        ends: Mapping[int, int] = {}
        if parts.translate(None, _ALONE):
            of_lines, starts, ends = _joined(of_lines, parts)
            last = dict(zip(of_lines, starts, strict=True))
        for key, count in Counter(of_lines).items():
            start = last[key]
            seen = self._keys.get(key)
            if seen is None or seen.log != self._logs:
                first = start if count == 1 else starts[of_lines.index(key)]
                if seen is None:
                    if key is _TOO_MANY or len(self._keys) > _FOR_BAD_LINES * MAX_KEYS:
                        self.uncounted += count
                        continue
                    seen = self._read(key, lines[first : ends.get(first, first + 1)])
                self._meet(seen, lines[first], log)
            if seen.blocks < _ALL_SAMPLED or not seen.blocks & (seen.blocks - 1):
                self._sample(key, seen, lines[start : ends.get(start, start + 1)])
            seen.counted += count
            seen.blocks += 1
            seen.last = lines[start][:_TIME]

    @property
    def _coarse(self) -> bool:
        return self.total >= COARSE_FROM

    def _parts_of(self, of_lines: list[bytes], last: dict[bytes, int], lines: list[bytes]) -> tuple[list[bytes], bytes]:
        """The part that each line plays. Where there are too many keys, those of the rest are made one. ``last``: a line of each key."""
        parts = self._parts
        known = True
        for key in last.keys() - parts.keys():
            line = lines[last[key]]
            if not self._room(key, line):
                known = False
                continue
            self._key_bytes += len(key)
            if b"\0" not in key and tells(line):
                self._refine(key, exact=False)
            else:
                parts[key] = ord(part(split_time(_decoded(line))[1]))
        if not known:
            of_lines = [key if key in parts else _TOO_MANY for key in of_lines]
            last[_TOO_MANY] = 0
        return of_lines, bytes(map(parts.__getitem__, of_lines))

    def _refine(self, key: bytes, exact: bool) -> None:
        self._refined[key] = exact
        self._parts[key] = ord(_REFINED)

    def _room(self, key: bytes, line: bytes) -> bool:
        """Whether one more key may be read. Some room is left for lines that look bad."""
        share = max(len(self._parts) / MAX_KEYS, (self._key_bytes + len(key)) / MAX_KEY_BYTES)
        return share < 1 or (share < _FOR_BAD_LINES and _BAD.search(line) is not None)

    def _read(self, key: bytes, lines: Sequence[bytes]) -> _Key:
        """A key that is new, with the entries that its ``lines`` are."""
        found = _Key([Kind(entry, messages={entry.message}) for entry in entries(map(_decoded, lines)) if entry.message])
        self._keys[key] = found
        return found

    def _meet(self, seen: _Key, line: bytes, log: RawLog) -> None:
        """``line`` is the first of its key in ``log``."""
        seen.end_log()
        seen.log = self._logs
        at = _utc(line)
        for kind in seen.kinds:
            kind.seen(0, at)
            kind.containers.add(log.container)
            if log.version:
                kind.versions.add(log.version)

    def _sample(self, key: bytes, seen: _Key, lines: Sequence[bytes]) -> None:
        """Looks at one more line of ``key``: what it says may vary, and a coarse key may turn out not to be enough."""
        found = [entry for entry in entries(map(_decoded, lines)) if entry.message]
        for kind, entry in zip(seen.kinds, found, strict=False):
            kind.entry.files |= entry.files
            if entry.message in kind.messages:
                continue
            if len(kind.messages) < MAX_MESSAGES:
                kind.messages.add(entry.message)
            if self._coarse and len(lines) == 1 and b"\0" not in key and _differ(entry.message, kind.entry.message):
                self._refine(key, exact=True)


def _joined(of_lines: list[bytes], parts: bytes) -> tuple[list[bytes], list[int], dict[int, int]]:
    """The keys, where lines belong together one for all of them; the line at which each begins; and where those of several lines end."""
    starts = list(range(len(of_lines)))
    spans = [found.span() for found in BLOCK.finditer(parts)]
    for start, end in reversed(spans):
        of_lines[start:end] = (b"\n".join(of_lines[start:end])[:_LONGEST_KEY],)
        starts[start:end] = (start,)
    return of_lines, starts, dict(spans)


def _differ(one: str, other: str) -> bool:
    """Whether two messages differ in more than their variable parts."""
    one, other = generalise(one), generalise(other)
    return one != other and tokenise(one) != tokenise(other)


def _begins(line: bytes) -> bool:
    return part(split_time(_decoded(line.rstrip(b"\n")))[1]) in (Part.BEGINS, Part.OTHER)


def _decoded(line: bytes) -> str:
    return line.decode("utf-8", "replace")


def _utc(line: bytes) -> str | None:
    """The runtime's time in front of ``line``."""
    at = split_time(line[:_TIME].decode("ascii", "replace"))[0]
    if at is None or at.endswith("Z"):
        return at
    try:
        return parse_time(at).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    except ValueError:
        return None
