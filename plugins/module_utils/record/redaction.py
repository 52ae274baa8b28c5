# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets and personal data taken out of text that came from outside, before it is stored, shown or sent.

What identifies things in production stays: image digests, pod names, UUIDs, trace ids, commit hashes, addresses of hosts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, TypeVar, Union, cast

T = TypeVar("T")

REDACTED = "[REDACTED]"

_SECRET_WORD = (
    r"passw(?:or)?d|passphrase|pwd|client-key-data|credentials?|session[_-]?id|sessionid|"
    r"(?:api|access|private|signing|encryption|account|shared|master)[_-]?key|secret[_-]?(?:access[_-]?)?key|secret|token"
)
_SECRET_NAME = re.compile(rf"(?:{_SECRET_WORD}|authorization|cookie)$", re.IGNORECASE)
_NOT_A_SECRET = r"(?!\?|\$\d|%s|null\b|none\b|nil\b|undefined\b)"

_Replacement = Union[str, Callable[[re.Match[str]], str]]  # noqa: UP007 (ansible-test's pylint takes the other form for an operation)


def _luhn(digits: str) -> bool:
    """ISO/IEC 7812-1 Annex B: the check digit that every payment card number ends in."""
    doubled = (int(digit) * (1 + index % 2) for index, digit in enumerate(reversed(digits)))
    return sum(amount - 9 if amount > 9 else amount for amount in doubled) % 10 == 0


def _card(match: re.Match[str]) -> str:
    return REDACTED if _luhn(re.sub(r"\D", "", match[0])) else match[0]


def _assignment(match: re.Match[str]) -> str:
    quote = match["quote"] or ""
    return f"{match['before']}{quote}{REDACTED}{quote}"


# In this order: what has a form of its own before what is only recognised by the word in front of it.
_RULES: tuple[tuple[re.Pattern[str], _Replacement], ...] = (
    (re.compile(r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,40}PRIVATE KEY-----|\Z)", re.DOTALL), REDACTED),
    (re.compile(r"\bLS0tLS1CRUdJTi[\w+/=]{20,}"), REDACTED),  # the same in Base64, as kubeconfig files and Secrets have it
    (re.compile(r"\beyJ[\w-]{5,}\.eyJ[\w-]{5,}(?:\.[\w-]*)?"), REDACTED),  # JSON Web Token
    (re.compile(r"\b(?:AKIA|ASIA|AGPA|AROA|AIDA)[A-Z0-9]{16}\b"), REDACTED),  # AWS
    (re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{20,})"), REDACTED),
    (re.compile(r"\b(?:xox[abeprs]-[\w-]{10,}|[sprk]{2}_(?:live|test)_\w{10,}|AIza[\w-]{35}|npm_\w{30,}|pypi-[\w-]{30,})"), REDACTED),
    (re.compile(r"(https://hooks\.slack(?:-gov)?\.com/)[\w/-]+"), rf"\1{REDACTED}"),
    (re.compile(r"(\b[a-z][a-z0-9+.-]{1,20}://)[^\s/@\"'<>]{1,256}@", re.IGNORECASE), rf"\1{REDACTED}@"),
    (
        re.compile(
            r"(\b(?:proxy-)?authorization\\*[\"']?\s{0,3}[:=]\s{0,3}\\*[\"']?(?:(?:bearer|basic|digest|token|apikey)\s+)?)[^\s\"',;\\]+",
            re.IGNORECASE,
        ),
        rf"\1{REDACTED}",
    ),
    (re.compile(r"\b(bearer\s+)(?:(?=[\w.~+/=-]*\d)[\w.~+/=-]{8,}|[\w.~+/=-]{24,})", re.IGNORECASE), rf"\1{REDACTED}"),
    (re.compile(r"(\b(?:set-)?cookie\\*[\"']?\s{0,3}[:=]\s{0,3})[^\"'\r\n]+", re.IGNORECASE), rf"\1{REDACTED}"),
    (
        re.compile(
            rf"(?P<before>(?:{_SECRET_WORD})(?:\\*[\"']?\s{{0,3}}(?:=>|[:=])\s{{0,3}}))"
            rf"(?:(?P<quote>\\*[\"']){_NOT_A_SECRET}[^\r\n]{{1,512}}?(?P=quote)|{_NOT_A_SECRET}[^\s,;&\"'<>(){{}}\[\]\\]+)",
            re.IGNORECASE,
        ),
        _assignment,
    ),
    (re.compile(rf"(--(?:{_SECRET_WORD})\s)(?!-)\S+", re.IGNORECASE), rf"\1{REDACTED}"),
    # Local part and domain of RFC 5321 as they occur in practice; not git@host:path, not name@sha256:digest.
    (re.compile(r"(?<![\w.+/-])(?!git@)[\w.+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,24}\b"), REDACTED),
    # Payment cards by the ranges of their issuers, which leaves Unix times (17…) alone.
    (re.compile(r"(?<![\w.-])(?:4\d{3}|5[1-5]\d\d|2[2-7]\d\d|6(?:011|5\d\d))([ -]?)\d{4}\1\d{4}\1\d{4}(?![\w-]|\.\d)"), _card),
    (re.compile(r"(?<![\w.-])3[47]\d\d([ -]?)\d{6}\1\d{5}(?![\w-]|\.\d)"), _card),
    (re.compile(r"(?<![\w.-])(?!000|666|9)\d{3}-(?!00)\d\d-(?!0000)\d{4}(?![\w-]|\.\d)"), REDACTED),  # US social security number
)

# Text without any of these holds nothing that a rule could match. Looking for them costs a microsecond a line, the rules fifty.
_HINTS = (
    *("@", "pass", "pwd", "secret", "token", "key", "cred", "bearer", "authorization", "cookie", "session", "hooks.slack", "eyj"),
    *("ls0tls1", "akia", "asia", "agpa", "aroa", "aida", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "xox"),
    *("_live_", "_test_", "aiza", "npm_", "pypi-"),
)
_SHORTEST = 8
_OFTEN_REPEATED = 100
"""Characters up to which a text is likely to come again: names of pods and versions, times, kinds."""
_NO_TEXT = frozenset({bool, int, float})
_NUMBER_HINT = re.compile(r"\d{15}|\d{4}[ -]\d{4,6}[ -]|\d{3}-\d\d-")


def redact(value: T) -> T:
    """``value`` with every secret replaced by ``[REDACTED]``: text, and plain lists, tuples and mappings of it, however deep.

    The shape stays. Under a key such as ``password`` or ``apiKey``, and in Kubernetes' ``{"name": "DB_PASSWORD", "value": ...}``, the
    whole value goes. What holds nothing secret is given back as it is; doing it twice is the same as doing it once.
    """
    return cast("T", _redact(value))


@lru_cache(maxsize=1024)
def _names_a_secret(name: str) -> bool:
    return _SECRET_NAME.search(name) is not None


def _redact(value: Any) -> Any:
    if value is None or type(value) in _NO_TEXT:
        return value
    if value.__class__ is str and len(value) <= _OFTEN_REPEATED:
        return _redact_again(value) if len(value) >= _SHORTEST else value
    if isinstance(value, str):
        return _redact_text(value)
    if isinstance(value, (dict, Mapping)):
        named_secret = isinstance(value.get("name"), str) and _names_a_secret(value["name"])
        return {
            key: _hide(item) if (named_secret and key == "value") or _names_a_secret(str(key)) else _redact(item)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_redact(item) for item in value]
    if isinstance(value, tuple):
        return tuple(_redact(item) for item in value)
    return value


def _hide(value: Any) -> Any:
    """A value that is secret because of its name. Containers keep their shape; nothing, true and false are no secrets."""
    if isinstance(value, (Mapping, list, tuple)):
        return _redact(value)
    return value if value in (None, "") or isinstance(value, bool) else REDACTED


@lru_cache(maxsize=1024)
def _redact_again(text: str) -> str:
    return _redact_text(text)


def _redact_text(text: str) -> str:
    if len(text) < _SHORTEST:
        return text
    folded = text.lower()
    for hint in _HINTS:
        if hint in folded:
            break
    else:
        if not _NUMBER_HINT.search(text):
            return text
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text
