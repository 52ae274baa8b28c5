# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether errors are of the kind that a program makes by itself, or that somebody else's failure makes, in the words of the runtimes.

Neither is a proof: a program may ask a dependency for too much, and strange input may break one that is years old.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum

from ..model.logs import LogPattern

_MOST = 0.6
"""Share of the errors that are a program's own, for all of them to be called so."""
_HALF, _FEW = 0.5, 0.2
"""Share of those of another's failure, and most of the others beside them: what fails in one place is told in several words."""
_CLIENT_SHARE = 0.5
_REPEATED = 5


class Nature(StrEnum):
    OWN = "own"
    OUTSIDE = "outside"
    WAITING = "waiting"
    """Something was given up: whoever was too slow, it does not say."""


_OWN = re.compile(
    "|".join(
        (
            r"NullPointer|NullReference|null pointer|nil pointer|nil map|NoneType",
            r"is (?:null|undefined|not defined|not a function)\b|of (?:undefined|null)\b|must not be (?:null|empty)",
            r"\b(?:Type|Key|Attribute|Index|Value|Reference|Name|Syntax|Import|ModuleNotFound|Unbound|NoMethod|Argument|Range)Error\b",
            r"\b(?:ZeroDivision|Assertion|UnboundLocal|NotImplemented|JSONDecode)Error\b|division by zero|assertion failed|overflow\b",
            r"\bpanic:|segmentation fault|SIGSEGV|StackOverflow|index out of (?:range|bounds)|out of range",
            r"ClassCast|NoSuch(?:Method|Field|Element)|ClassNotFound|NoClassDef|Illegal(?:Argument|State)|Unsupported(?:Operation|Encoding)",
            r"unhandled (?:exception|promise|error)|UnhandledPromiseRejection|Cannot find module|different types",
            r"(?:cannot|can't|failed to|could not|unable to) (?:decode|parse|compare|deserialize|unmarshal|serialize|cast|convert)",
            r"unmarshal|deserializ|unexpected (?:token|end of|field|key)|unknown (?:field|column|property|format|option|flag)",
            r"(?:column|relation|table|function) \S+ does not exist|no such (?:table|column)|missing (?:required|mandatory)",
            r"violates (?:not-null|foreign key|unique|check) constraint",
        )
    ),
    re.IGNORECASE,
)
_OUTSIDE = re.compile(
    "|".join(
        (
            r"connection (?:to \S+ )?(?:was )?(?:refused|reset|timed out|closed by)|connect(?:ion)? (?:error|failed|timeout)",
            r"connection to (?:server|host|database|broker)\b.{0,80} failed",
            r"\b(?:TLS|SSL) (?:error|handshake)|handshake (?:failed|failure|error)",
            r"\bECONN(?:REFUSED|RESET|ABORTED)|\bE(?:TIMEDOUT|HOSTUNREACH|NETUNREACH|PIPE)\b",
            r"no route to host|network is unreachable|broken pipe|dial tcp|i/o timeout|host (?:is )?(?:down|unreachable)",
            r"(?:could not|cannot|can't|failed to|unable to) (?:connect|reach|open a connection)",
            r"no (?:database )?connection(?! from the pool)",
            r"\b50[234]\b|Service Unavailable|Bad Gateway|Gateway Time-?out|temporarily unavailable|\bUNAVAILABLE\b",
            r"upstream (?:connect|request|connection)|did not (?:answer|respond)|no response from|circuit breaker",
            r"not enough in-sync|no leader|leader not available|too many clients|remaining connection slots",
            r"read-?only (?:sql ?)?transaction|--read-only option|NotWritablePrimary|not (?:the )?(?:leader|master|primary)\b",
            r"server (?:has gone away|closed the connection)|lost connection to|terminating connection|socket hang up|Max retries exceeded",
            r"database (?:system )?is (?:starting up|shutting down|in recovery)|Communications link failure|ServerSelectionTimeout",
            r"NoBrokersAvailable|NoHostAvailable|no (?:available|reachable) (?:servers?|nodes?|hosts?|brokers?)\b",
            r"\b(?:LOADING|MISCONF|CLUSTERDOWN|READONLY)\b|OOM command not allowed",
        )
    ),
    re.IGNORECASE,
)
_WAITING = re.compile(
    r"time[d ]?-?out\b|timed out|deadline|took too long|given up after|cancell?(?:ed|ing)\b|exceeded (?:its|the) (?:time|limit of time)"
    r"|did not (?:finish|complete) (?:in|within)|context canceled"
    r"|(?<!pool )\bwithin (?:\d+|<\*>) ?(?:ms|s|sec|seconds?|milliseconds?|minutes?)\b",
    re.IGNORECASE,
)
_CLIENT = re.compile(
    "|".join(
        (
            r"\b4(?:00|01|03|04|05|09|13|15|22|29)\b|bad request|unauthori[sz]ed|forbidden|unprocessable|rejected request",
            r"malformed|invalid (?:request|body|json|payload|signature|input)|is not (?:valid )?JSON",
        )
    ),
    re.IGNORECASE,
)


def nature(errors: Sequence[LogPattern]) -> Nature | None:
    """What most of the errors are; None where they are mixed, or say none of it.

    A stack trace in the service's files makes an error its own, unless it says what else failed: a client's exception has one as well.
    """
    total = sum(one.count for one in errors)
    own = sum(one.count for one in errors if _says(one, _OWN) or (one.files and not _says(one, _OUTSIDE) and not _says(one, _WAITING)))
    outside = sum(one.count for one in errors if _says(one, _OUTSIDE) and not _says(one, _OWN))
    if total and own >= _MOST * total:
        return Nature.OWN
    if total and outside >= _HALF * total and own <= _FEW * total:
        return Nature.OUTSIDE
    waiting = sum(one.count for one in errors if _says(one, _WAITING) and not _says(one, _OWN))
    return Nature.WAITING if waiting and outside + waiting >= _MOST * total and own <= _FEW * total else None


def _says(error: LogPattern, words: re.Pattern[str]) -> bool:
    """The template lacks what varies, and that may be a word that matters: the sample has it."""
    return bool(words.search(error.template) or words.search(error.sample))


def of_clients(patterns: Sequence[LogPattern]) -> LogPattern | None:
    """The warning that tells of requests that clients made wrong, if the logs tell of nothing worse; None where they do."""
    if any(one.level in ("FATAL", "ERROR") and one.count >= _REPEATED for one in patterns):
        return None
    warnings = [one for one in patterns if one.level == "WARN" and one.count >= _REPEATED]
    found = [one for one in warnings if _CLIENT.search(one.template)]
    if not found or sum(one.count for one in found) < _CLIENT_SHARE * sum(one.count for one in warnings):
        return None
    return max(found, key=lambda one: one.count)
