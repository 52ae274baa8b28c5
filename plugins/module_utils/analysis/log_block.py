# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Some lines of a log, as the keys that they have and how often each is there."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping

from .log_parts import TOGETHER

_LONGEST_KEY = 4000
"""Bytes of joined keys: stack traces that are alike so far are alike."""


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
        if self._last is None:
            self._last = dict(zip(self.keys, range(len(self.keys)), strict=True))
        return self._line(self._last[key])

    def _line(self, number: int) -> int:
        """The line at which the key of this number begins."""
        before = bisect_left(self._joined, number)
        return number + self._left[before - 1] if before else number

    def at(self, start: int) -> list[bytes]:
        """The lines of the key that begins at line ``start``."""
        return self.lines[start : self.ends.get(start, start + 1)]

    def give(self, new: Mapping[int, bytes]) -> None:
        """Other keys for some lines, by their numbers."""
        self._count([self.keys[number] for number in new], new.values())
        for number, key in new.items():
            self.keys[number] = key

    def join(self, parts: bytes) -> None:
        """Makes one key of those of lines that belong together. ``parts``: what each line plays."""
        spans: list[tuple[int, int]] = []
        done = left = 0
        for found in TOGETHER.finditer(parts):
            start, end = found.span()
            start -= start > done
            spans.append((start, end))
            self._joined.append(start - left)
            left += end - start - 1
            self._left.append(left)
            done = end
        gone: list[bytes] = []
        new: list[bytes] = []
        for start, end in reversed(spans):
            of_lines = self.keys[start:end]
            key = b"\n".join(of_lines)[:_LONGEST_KEY]
            gone += of_lines
            new.append(key)
            self.keys[start:end] = (key,)
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
