# SPDX-License-Identifier: GPL-3.0-or-later
"""Regular expressions with the syntax and meaning of RE2 (https://github.com/google/re2/wiki/Syntax), run by Python's ``re``.

The differences that matter in selectors are translated: inline flags that apply to the rest of their group, ``$`` and ``\\z`` as the
very end of the text, named groups, POSIX classes, ``\\Q…\\E``, a literal brace, and the refusal of what RE2 does not have.
"""

from __future__ import annotations

import re
from functools import lru_cache

_POSIX_CLASSES = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "ascii": r"\x00-\x7F",
    "blank": r"\t ",
    "cntrl": r"\x00-\x1F\x7F",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\t\n\v\f\r ",
    "upper": "A-Z",
    "word": "0-9A-Za-z_",
}
_REPEAT = re.compile(r"\{(\d+)(,(\d*))?\}")
_FLAGS = re.compile(r"\(\?([imsU]*)(?:-([imsU]+))?([:)])")
_NAMED_GROUP = re.compile(r"\(\?P?<([A-Za-z_]\w*)>")
_MAX_REPEAT = 1000


@lru_cache(maxsize=512)
def compile_anchored(pattern: str) -> re.Pattern[str]:
    """``pattern`` compiled for ``fullmatch``, with ``.`` matching newlines, as Prometheus wraps it: ``^(?s:pattern)$``.

    Raises ``re.error`` for what RE2 refuses.
    """
    return re.compile(_Translation(pattern).run(), re.DOTALL | re.ASCII)


def expand(template: str, match: re.Match[str]) -> str:
    """``template`` with ``$1``, ``$name`` and ``${name}`` replaced as by Go's ``Regexp.Expand``; unknown groups are empty."""

    def group(reference: re.Match[str]) -> str:
        if reference.group(0) == "$$":
            return "$"
        name = reference.group(1) or reference.group(2)
        if name.isdecimal():
            index = int(name)
            return (match.group(index) or "") if index <= match.re.groups else ""
        return (match.group(name) or "") if name in match.re.groupindex else ""

    return re.sub(r"\$(?:\$|\{(\w+)\}|(\w+))", group, template)


class _Translation:
    """One pass over an RE2 pattern that writes the pattern for ``re``.

    ``_open`` holds, for every open group, how many inline-flag groups were opened inside it and with which flags, because RE2's
    ``(?i)`` lasts to the end of its group, across alternations.
    """

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        self._out: list[str] = []
        self._open: list[list[str]] = [[]]

    def run(self) -> str:
        while self._at < len(self._pattern):
            self._step()
        if len(self._open) > 1:
            raise re.error(f"missing closing ): `{self._pattern}`")
        self._out.append(")" * len(self._open[0]))
        return "".join(self._out)

    def _step(self) -> None:
        char = self._pattern[self._at]
        if char == "\\":
            self._escape()
        elif char == "[":
            self._character_class()
        elif char == "(":
            self._group()
        elif char == ")":
            if len(self._open) == 1:
                raise re.error(f"unexpected ): `{self._pattern}`")
            self._emit(")" * (len(self._open.pop()) + 1), 1)
        elif char == "|":
            flags = self._open[-1]
            self._emit(")" * len(flags) + "|" + "".join(f"(?{flag}:" for flag in flags), 1)
        elif char in "*+?":
            self._repetition(char, 1)
        elif char == "{":
            self._brace()
        elif char == "$":
            self._emit(r"\Z", 1)
        else:
            self._emit(char, 1)

    def _emit(self, text: str, consumed: int) -> None:
        self._out.append(text)
        self._at += consumed

    def _escape(self) -> None:
        following = self._pattern[self._at + 1 : self._at + 2]
        if following == "Q":
            end = self._pattern.find(r"\E", self._at)
            literal = self._pattern[self._at + 2 : end if end >= 0 else len(self._pattern)]
            self._emit(re.escape(literal), len(literal) + (4 if end >= 0 else 2))
        elif following == "z":
            self._emit(r"\Z", 2)
        elif not following or following.isdecimal() or following in "ZGEkX":
            raise re.error(f"invalid escape sequence: `\\{following}`")
        else:
            self._emit("\\" + following, 2)

    def _character_class(self) -> None:
        start = self._at
        end = start + 1
        if self._pattern[end : end + 1] == "^":
            end += 1
        if self._pattern[end : end + 1] == "]":
            end += 1
        out = [self._pattern[start:end].replace("[]", r"[\]").replace("^]", r"^\]")]
        while end < len(self._pattern) and self._pattern[end] != "]":
            posix = re.compile(r"\[:(\w+):\]").match(self._pattern, end)
            if posix:
                if posix.group(1) not in _POSIX_CLASSES:
                    raise re.error(f"invalid character class range: `{posix.group(0)}`")
                out.append(_POSIX_CLASSES[posix.group(1)])
                end = posix.end()
            elif self._pattern[end] == "\\":
                out.append(self._pattern[end : end + 2])
                end += 2
            else:
                out.append("\\[" if self._pattern[end] == "[" else self._pattern[end])
                end += 1
        if end >= len(self._pattern):
            raise re.error(f"missing closing ]: `{self._pattern[start:]}`")
        self._emit("".join(out) + "]", end + 1 - start)

    def _group(self) -> None:
        named = _NAMED_GROUP.match(self._pattern, self._at)
        flags = _FLAGS.match(self._pattern, self._at)
        if named:
            self._open.append([])
            self._emit(f"(?P<{named.group(1)}>", len(named.group(0)))
        elif flags:
            self._flags(flags)
        elif self._pattern.startswith("(?", self._at):
            raise re.error(f"invalid or unsupported Perl syntax: `{self._pattern[self._at : self._at + 3]}`")
        else:
            self._open.append([])
            self._emit("(", 1)

    def _flags(self, found: re.Match[str]) -> None:
        on, off, end = found.group(1), found.group(2) or "", found.group(3)
        if "U" in on + off:
            raise re.error(f"invalid or unsupported Perl syntax: `{found.group(0)}`")
        flags = on + (f"-{off}" if off else "")
        if end == ":":
            self._open.append([])
            self._emit(f"(?{flags}:", len(found.group(0)))
        elif flags:
            self._open[-1].append(flags)
            self._emit(f"(?{flags}:", len(found.group(0)))
        else:
            self._emit("", len(found.group(0)))

    def _repetition(self, text: str, consumed: int) -> None:
        """A repetition operator with its optional ``?``; RE2 refuses a second one, which ``re`` would read as possessive."""
        following = self._pattern[self._at + consumed : self._at + consumed + 1]
        if following == "?":
            text += "?"
            consumed += 1
            following = self._pattern[self._at + consumed : self._at + consumed + 1]
        if following and (following in "*+?" or _REPEAT.match(self._pattern, self._at + consumed)):
            raise re.error(f"invalid nested repetition operator: `{text}{following}`")
        self._emit(text, consumed)

    def _brace(self) -> None:
        repeat = _REPEAT.match(self._pattern, self._at)
        if not repeat:
            self._emit(r"\{", 1)
            return
        if max(int(bound) for bound in (repeat.group(1), repeat.group(3) or "0")) > _MAX_REPEAT:
            raise re.error(f"invalid repeat count: `{repeat.group(0)}`")
        self._repetition(repeat.group(0), len(repeat.group(0)))
