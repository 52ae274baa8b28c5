# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts with changing parts: ``took {int:100-900} ms`` becomes a line that is the same each time for the same seed."""

from __future__ import annotations

import hashlib
import re
from functools import cache

_PLACEHOLDER = re.compile(r"\{(int|hex|one|uuid|ip)(?::([^{}]*))?\}")
_DIGEST = 64
"""Bytes of chance for a line."""

_ANY_BRACES = re.compile(r"\{(int|hex|one|uuid|ip)\b[^{}]*\}")


def placeholder_problem(text: str) -> str | None:
    """What is wrong with a placeholder in ``text``, or None."""
    for match in _ANY_BRACES.finditer(text):
        whole = _PLACEHOLDER.fullmatch(match[0])
        if whole is None or not _well_formed(whole[1], whole[2]):
            return f"{match[0]} is none of {{int:100-900}}, {{hex:8}}, {{one:GET|POST}}, {{uuid}}, {{ip}}"
    return None


def _well_formed(kind: str, argument: str | None) -> bool:
    if kind == "int":
        bounds = re.fullmatch(r"(\d+)-(\d+)", argument or "")
        return bounds is not None and int(bounds[1]) <= int(bounds[2])
    if kind == "hex":
        return re.fullmatch(r"[1-9]|[1-5]\d", argument or "") is not None
    return bool(argument) if kind == "one" else argument is None


def fill(text: str, seed: str) -> str:
    """``text`` with its placeholders replaced, always alike for one seed."""
    parts = _parts(text)
    if len(parts) == 1:
        return text
    digest = hashlib.blake2b(seed.encode(), digest_size=_DIGEST).hexdigest()
    values = (_value(kind, argument, digest, position) for position, (_, kind, argument) in enumerate(parts[:-1]))
    return "".join(piece for part, value in zip(parts, values, strict=False) for piece in (part[0], value)) + parts[-1][0]


@cache
def _parts(text: str) -> list[tuple[str, str, str]]:
    """Literal text, and the kind and argument of the placeholder behind it; the last one has none."""
    parts, end = [], 0
    for match in _PLACEHOLDER.finditer(text):
        parts.append((text[end : match.start()], match[1], match[2] or ""))
        end = match.end()
    return [*parts, (text[end:], "", "")]


def hash_share(text: str) -> float:
    """A number in 0..1 that is always the same for a text."""
    return int(fill("{hex:8}", text), 16) / 0xFFFFFFFF


def _value(kind: str, argument: str, digest: str, position: int) -> str:
    """The value of the placeholder at a position of a line, whose chance is ``digest`` (hexadecimal)."""
    start = position * 11 % len(digest)
    digest = digest[start:] + digest[:start]
    random = int(digest[:12], 16)
    match kind:
        case "int":
            low, high = map(int, argument.split("-"))
            return str(low + random % (high - low + 1))
        case "hex":
            return digest[: int(argument)]
        case "one":
            options = argument.split("|")
            return options[random % len(options)]
        case "ip":
            return f"10.{random % 256}.{random // 256 % 256}.{random // 65536 % 254 + 1}"
        case _:
            return f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-a{digest[17:20]}-{digest[20:32]}"
