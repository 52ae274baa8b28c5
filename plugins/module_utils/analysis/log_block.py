# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Some lines of a log, as the keys that they have and how often each is there."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from .log_parts import TOGETHER

_LONGEST_KEY = 4000
"""Bytes of joined keys: stack traces that are alike so far are alike."""

_MANY = 4
"""Where more than one line of so many gets another key, all are counted again."""


class Block:
    """Some lines. They are only taken apart when one of them is looked at, since mostly their keys are enough.

    Keys are counted once: whatever gives some lines other keys corrects the counts.
    """

    __slots__ = ("_joined", "_last", "_left", "_lines", "counts", "ends", "keys", "size", "text")

    def __init__(self, text: bytes, of_lines: list[bytes]) -> None:
        self.text = text
        self.size = len(of_lines)
        """Lines."""
        self.ends: Mapping[int, int] = {}
        """Where those end that are for several lines."""
        self._lines: list[bytes] | None = None
        self._last: dict[bytes, int] | None = None
        self._joined: list[int] = []
        """Which of the keys are for several lines, and how many lines up to each have no key of their own."""
        self._left: list[int] = []
        self.take_keys(of_lines)

    def take_keys(self, of_lines: list[bytes]) -> None:
        self.keys = of_lines
        """One a line, or for several lines that belong together."""
        self.counts = Counter(of_lines)

    @property
    def taken_apart(self) -> bool:
        return self._lines is not None

    @property
    def lines(self) -> list[bytes]:
        if self._lines is None:
            self._lines = self.text.split(b"\n")
        return self._lines

    def first(self, key: bytes) -> int:
        return self._line(self.keys.index(key))

    def last(self, key: bytes) -> int:
        return self._line(self._lasts()[key])

    def last_lines(self) -> Iterator[tuple[bytes, bytes]]:
        """Each key with the line at which the last of it begins."""
        lines, line_of = self.lines, self._line
        for key, number in self._lasts().items():
            yield key, lines[line_of(number) if self._joined else number]

    def _lasts(self) -> dict[bytes, int]:
        if self._last is None:
            self._last = dict(zip(self.keys, range(len(self.keys)), strict=True))
        return self._last

    def _line(self, number: int) -> int:
        """The line at which the key of this number begins."""
        before = bisect_left(self._joined, number)
        return number + self._left[before - 1] if before else number

    def at(self, start: int) -> list[bytes]:
        """The lines of the key that begins at line ``start``."""
        return self.lines[start : self.ends.get(start, start + 1)]

    def give(self, new: Mapping[int, bytes]) -> None:
        """Other keys for some lines, by their numbers."""
        gone = [self.keys[number] for number in new]
        for number, key in new.items():
            self.keys[number] = key
        if _MANY * len(new) > self.size:
            self.counts = Counter(self.keys)
        else:
            self._count(gone, new.values())

    def join(self, parts: bytes) -> None:
        """Makes one key of those of lines that belong together. ``parts``: what each line plays."""
        of_lines = self.keys
        spans: list[tuple[int, int]] = []
        kept: list[bytes] = []
        gone: list[bytes] = []
        new: list[bytes] = []
        done = 0
        for found in TOGETHER.finditer(parts):
            start, end = found.span()
            start -= start > done
            together = of_lines[start:end]
            key = b"\n".join(together)[:_LONGEST_KEY]
            kept += of_lines[done:start]
            self._joined.append(len(kept))
            kept.append(key)
            self._left.append(end - len(kept))
            gone += together
            new.append(key)
            spans.append((start, end))
            done = end
        kept += of_lines[done:]
        self.keys = kept
        self._count(gone, new)
        self.ends = dict(spans)

    def _count(self, gone: Iterable[bytes], new: Iterable[bytes]) -> None:
        counts = self.counts
        counts.update(new)
        for key, count in Counter(gone).items():
            if counts[key] == count:
                del counts[key]
            else:
                counts[key] -= count
