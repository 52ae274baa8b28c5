# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Counting the entries of many logs while looking at few of their lines.

Each line gets a key (``log_keys``), keys are counted, and only one line of each is read as an entry; of lines that must be looked at
together, such as a stack trace, the keys in a row are one. A million lines have some hundred keys.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

from ..model.codec import parse_time
from ..model.logs_raw import RawLog
from .log_block import Block
from .log_entries import MAX_MESSAGE, Entry, entries, split_time
from .log_keys import (
    COARSE_FROM,
    blocks,
    coarse_keys,
    frequent_words,
    has_level,
    is_server_error,
    keys,
    maybe_server_errors,
    refined,
    server_error,
    status_marks,
    without_rare_words,
)
from .log_parts import Part, part
from .log_tokens import generalise, tokenise

MAX_KEYS = 10_000
"""Keys that are told apart by all of their words; of lines of yet other keys, only the frequent words count."""
MAX_KEY_BYTES = 16 * 2**20
MAX_READ = 100_000
"""Lines that are read as entries: those of one key may be many."""
MAX_MESSAGES = 8
"""Different messages of one kind that are kept."""
_ALL_SAMPLED = 8
"""Blocks in which one line of each key is compared with its first one; after that, ever fewer are."""
_TIME = 64
"""Bytes of a line in which the runtime's time stands."""

_TOO_MANY = b"\0"
"""The key of lines that were too many."""
_RARE = b"\0r"
"""Begins a key in which rare words are left out."""
_MOST_OF_REST = 2
"""Multiple of MAX_KEYS up to which such keys are made."""
_ALONE = f"{Part.BEGINS}{Part.OTHER}".encode()
_REFINED = b"r"
"""Stands for the part of a line whose key is not enough."""
_FEW, _MOST_DIFFERENT = 20, 0.4
"""Share of a block's lines with keys of their own above which other ones are made, where there are more than a few lines."""


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
    vague: bool = False
    """Words that were too rare are left out of its messages."""

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
        self.vague |= other.vague
        self.entry.files |= other.entry.files


@dataclass(slots=True)
class _Key:
    """The entries that lines of one key are, mostly one."""

    kinds: list[Kind]
    log: int = -1
    """Number of the log in which it was met last."""
    counted: int = 0
    """In that log."""
    last: bytes = b""
    """The line of that log that was met last, its beginning."""
    place: tuple[int, int] | None = None
    """Where the block with that line is, when the line was not looked at."""
    blocks: int = 0
    """In which it was met, of all logs."""


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
    _statuses: dict[bytes, tuple[bytes, ...]] = field(default_factory=dict)
    """Keys of access logs, which are not enough where there are server errors among their lines, and the marks of those."""
    _key_bytes: int = 0
    _read_lines: int = 0
    _frequent: frozenset[bytes] = frozenset()
    """Words that are in many keys; found out when there are too many keys."""
    _logs: int = 0

    def kinds(self) -> list[Kind]:
        """What was counted so far."""
        return [kind for key in self._keys.values() for kind in key.kinds]

    def take(self, log: RawLog) -> None:
        self._logs += 1
        if b"\0" in log.text:  # which marks keys, and comes out of files that were cut, and of UTF-16
            log = replace(log, text=log.text.replace(b"\0", b""))
        for start, end in blocks(log.text, self.total, _begins):
            block = self._block(log.text[start:end])
            self.lines += block.size
            self._count(block, (start, end), log)
        self._end(log)

    def _block(self, text: bytes) -> Block:
        block = Block(text, coarse_keys(text) if self._coarse else keys(text))
        self._learn(block, may_differ=not self._coarse)
        if self._refine_keys(block):
            self._learn(block, may_differ=True)
        parts = self._parts
        if any(parts[key] not in _ALONE for key in block.counts):
            block.join(bytes(map(parts.__getitem__, block.keys)))
        return block

    def _refine_keys(self, block: Block) -> bool:
        """Whether a line got a key of its own: for its level, or for a server error."""
        of_lines = block.keys
        new: dict[int, bytes] = {}
        if wanted := block.counts.keys() & self._refined.keys():
            lines = block.lines
            numbers = [number for number, key in enumerate(of_lines) if key in wanted]
            own = refined([of_lines[number] for number in numbers], [lines[number] for number in numbers], self._refined)
            new = dict(zip(numbers, own, strict=True))
        for number in self._server_errors(block):
            new[number] = server_error(new.get(number) or of_lines[number])
        if new:
            block.give(new)
        return bool(new)

    def _server_errors(self, block: Block) -> set[int]:
        """The lines that tell of one, of those whose keys do not say so."""
        found: set[int] = set()
        if statuses := {key: self._statuses[key] for key in block.counts if key in self._statuses}:
            number = counted = 0
            text, of_lines, marks = block.text, block.keys, frozenset(chain.from_iterable(statuses.values()))
            for place in maybe_server_errors(marks, text):
                # Before its line is looked for, since most are none, and that is to read all that is before it.
                if is_server_error(text, place):
                    number, counted = number + text.count(b"\n", counted, place), place
                    if text.endswith(statuses.get(of_lines[number], ()), 0, place + 1):
                        found.add(number)
        return found

    def _count(self, block: Block, place: tuple[int, int], log: RawLog) -> None:
        for key, count in block.counts.items():
            seen = self._keys.get(key)
            if seen is None or seen.log != self._logs:
                first = block.first(key) if count > 1 else block.last(key)
                if seen is None:
                    if key is _TOO_MANY or self._read_lines > MAX_READ:
                        self.uncounted += count * len(block.at(first))
                        continue
                    seen = self._read(key, block.at(first))
                self._meet(seen, block.lines[first], log)
            if seen.blocks < _ALL_SAMPLED or not seen.blocks & (seen.blocks - 1):
                self._sample(key, seen, block.at(block.last(key)))
            seen.counted += count
            seen.blocks += 1
            seen.place = place
        if block.taken_apart:
            for key, line in block.last_lines():
                if (seen := self._keys.get(key)) is not None:
                    seen.last, seen.place = line[:_TIME], None

    def _end(self, log: RawLog) -> None:
        """Puts down what was counted in ``log``, and when each key was met last."""
        by_place: dict[tuple[int, int], list[tuple[bytes, _Key]]] = defaultdict(list)
        for key, seen in self._keys.items():
            if seen.log == self._logs and seen.place is not None:
                by_place[seen.place].append((key, seen))
        for (start, end), there in by_place.items():
            block = self._block(log.text[start:end])
            known = block.counts
            for key, seen in there:
                # Since the block was counted, the key may have turned out not to be enough; then another line of the block has to do.
                seen.last = block.lines[block.last(key) if key in known else -1][:_TIME]
        for seen in self._keys.values():
            if seen.log == self._logs:
                at = _utc(seen.last)
                for kind in seen.kinds:
                    kind.seen(seen.counted, at)
                seen.counted = 0

    @property
    def _coarse(self) -> bool:
        return self.total >= COARSE_FROM

    def _learn(self, block: Block, may_differ: bool) -> None:
        """Finds out what part the lines of new keys play. Where there are too many keys, those of the rest become one.

        Unless keys ``may_differ`` much, other ones are made when they do: identifiers are not hexadecimal everywhere.
        """
        parts = self._parts
        if block.counts.keys() <= parts.keys():
            return
        if not may_differ and block.size > _FEW and len(block.counts) > _MOST_DIFFERENT * block.size:
            block.take_keys(keys(block.text))
        too_many = False
        where = dict(zip(block.keys, block.lines, strict=True))
        for key in where.keys() - parts.keys():
            line = where[key]
            if len(parts) > MAX_KEYS or self._key_bytes > MAX_KEY_BYTES:
                too_many = True
                continue
            self._key_bytes += len(key)
            parts[key] = ord(part(split_time(_decoded(line))[1]))
            if b"\0" not in key:
                if has_level(line):
                    self._refine(key, exact=False)
                if marks := status_marks(line):
                    self._statuses[key] = marks
        if too_many:
            self._frequent = self._frequent or frequent_words(parts)
            block.take_keys([key if key in parts else self._key_of_rest(line) for key, line in zip(block.keys, block.lines, strict=True)])

    def _key_of_rest(self, line: bytes) -> bytes:
        """A key for a line that has too rare a key: its frequent words."""
        key = _RARE + keys(without_rare_words(line, self._frequent))[0]
        if key not in self._parts:
            if len(self._parts) > _MOST_OF_REST * MAX_KEYS:
                return _TOO_MANY
            self._parts[key] = ord(part(split_time(_decoded(line))[1]))
        return key

    def _entries(self, key: bytes, lines: Sequence[bytes]) -> list[Entry]:
        """The entries that ``lines`` of a key are, without empty ones."""
        if _RARE in key:
            lines = [without_rare_words(line, self._frequent) for line in lines]
        return [entry for entry in entries(map(_decoded, lines)) if entry.message]

    def _refine(self, key: bytes, exact: bool) -> None:
        self._refined[key] = exact
        self._parts[key] = ord(_REFINED)

    def _read(self, key: bytes, lines: Sequence[bytes]) -> _Key:
        """A key that is new, with the entries that its ``lines`` are."""
        self._read_lines += len(lines)
        vague = _RARE in key
        found = _Key([Kind(entry, messages={entry.message}, vague=vague) for entry in self._entries(key, lines)])
        if vague and found.kinds:
            found.kinds[0].entry.sample = split_time(_decoded(lines[0]))[1][:MAX_MESSAGE]
        self._keys[key] = found
        return found

    def _meet(self, seen: _Key, line: bytes, log: RawLog) -> None:
        """``line`` is the first of its key in ``log``."""
        seen.log = self._logs
        at = _utc(line)
        for kind in seen.kinds:
            kind.seen(0, at)
            kind.containers.add(log.container)
            if log.version:
                kind.versions.add(log.version)

    def _sample(self, key: bytes, seen: _Key, lines: Sequence[bytes]) -> None:
        """Looks at one more line of ``key``: what it says may vary, and a coarse key may turn out not to be enough."""
        for kind, entry in zip(seen.kinds, self._entries(key, lines), strict=False):
            kind.entry.files |= entry.files
            if entry.message in kind.messages:
                continue
            if len(kind.messages) < MAX_MESSAGES:
                kind.messages.add(entry.message)
            if self._coarse and len(lines) == 1 and b"\0" not in key and _differ(entry.message, kind.entry.message):
                self._refine(key, exact=True)


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
