# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Causes that log lines name by themselves, in the words of the libraries that everybody uses."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from ..lean import dataclass
from ..model.logs import LogPattern

_REPEATED = 3
"""Lines from which an error is more than a mishap."""
_MAIN_SHARE = 0.2
"""Share of all new errors that one kind needs to explain the trouble."""
_SHORTLY_BEFORE, _SHORTLY_AFTER = timedelta(minutes=10), timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Sign:
    """``cause`` is that of a hypothesis. ``line`` is the template that says so."""

    cause: str
    title: str
    line: str
    count: int
    by_time: bool = False
    """Something has expired or is used up, which it is for every version."""
    of_others: bool = False
    """Whoever answers says it about itself: no version's settings make it so, even where it came with a rollout."""


@dataclass(frozen=True, slots=True)
class _Kind:
    cause: str
    title: str
    words: re.Pattern[str]
    by_time: bool = False
    of_others: bool = False


def _kind(cause: str, title: str, *alternatives: str, by_time: bool = False, of_others: bool = False) -> _Kind:
    return _Kind(cause, title, re.compile("|".join(alternatives), re.IGNORECASE), by_time, of_others)


# A number by itself may count anything, such as the kilobytes of a request: what stands before it makes it a status.
_SAYS_STATUS = (
    r"\b(?:status(?:[ _]?code)?|code|HTTP(?:/[\d.]+)?|answer(?:ed|s)|return(?:ed|s)|respon(?:ded|ds|se)|repl(?:ied|ies)|got|received"
    r"|indicate success|\w*(?:error|exception|exhausted))\b"
    r"[\"')]?(?:\s?[:=(\[]\s?[\"']?|\s)(?:(?:with|was|an?|the|HTTP|status|code)[\s:=]{1,2})*"
    r"|\" |\[|\b(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) \S+ "
)
_COUNTED = r"\s?(?:%|[kmgt]?i?b\b|[mun]?s\b|(?:bytes?|seconds?|minutes?|rows?|items?|results?|records?|entries|messages?|keys?|times|of)\b)"
_STATUS_429 = rf"(?:{_SAYS_STATUS})429\b(?!{_COUNTED})"

_KINDS = (
    _kind(
        "certificate",
        "A certificate has expired",
        r"certificate (?:has |is )?expired|certificate_expired|CERT_HAS_EXPIRED|tls: expired certificate|CertificateExpiredException",
        # Java's path validation, .NET's chain status, Windows' and rustls' words for the same.
        r"validity check failed|\bNotTimeValid\b|not within its validity period|BADCERT_EXPIRED",
        r"invalid ?(?:peer )?certificate\W{1,2}Expired",
        by_time=True,
    ),
    _kind(
        "licence",
        "A licence has expired",
        r"licen[sc]e\b[^.:]{0,40}\bexpired|expired licen[sc]e|licen[sc]e (?:is )?no longer valid",
        by_time=True,
    ),
    _kind(
        "certificate",
        "A certificate is not trusted",
        r"certificate is not yet valid|x509: certificate|certificate[_ ]verif(?:y|ication)[_ ]failed|tls: (?:bad|unknown) certificate",
        r"PKIX path (?:building|validation) failed|SSLHandshakeException",
        r"unable to (?:get|verify)[\w ]{0,30} certificate|self[- ]signed certificate|UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    ),
    _kind(
        "storage",
        "The numbers of a table are used up",
        r"reached maximum value of sequence|Duplicate entry '(?:2147483647|4294967295|9223372036854775807)'",
        r"Failed to read auto-increment value|avoid wraparound",
        by_time=True,
    ),
    _kind(
        "name_resolution",
        "The name server does not answer (DNS)",
        r"Temporary failure in name resolution|\bEAI_AGAIN\b|SERVFAIL|server misbehaving",
        r"lookup \S+ on \S+: (?:read udp|no answer|i/o timeout|dial)",
        of_others=True,
    ),
    _kind(
        "name_resolution",
        "Names are not resolved (DNS)",
        r"no such host|Name or service not known|nodename nor servname",
        r"\bENOTFOUND\b|UnknownHostException|NXDOMAIN|getaddrinfo (?:failed|error)|could not translate host name",
        r"Name resolution failed|Could not resolve host",
    ),
    _kind(
        "credentials",
        "Credentials are refused",
        r"password authentication failed|Access denied for user|WRONGPASS|NOAUTH Authentication required|invalid_client|invalid_grant",
        r"SASL authentication failed|Authentication failed for|login failed for user|InvalidAccessKeyId|ExpiredToken",
        r"\bAccess ?Denied(?:Exception)?\b|\bnot authori[sz]ed to (?:perform|access)|UnauthorizedOperation|SignatureDoesNotMatch",
        r"InvalidClientTokenId|UnrecognizedClientException|\bPERMISSION_DENIED\b|permission denied for (?:table|relation|schema|database)",
        r"token (?:is )?(?:expired|used before issued|not (?:yet )?valid)|jwt (?:expired|not active|issued in the future)|\bnbf\b",
        r"\b(?:token|secret|credential|password|api key)s? (?:is|was|are|were|has|have) (?:been )?(?:revoked|rotated|rejected|invalid)",
    ),
    _kind(
        "quota",
        "A quota or rate limit is used up",
        _STATUS_429,
        r"Too Many Requests|rate limit(?:ed)? (?:is |was )?(?:exceeded|reached|hit)|quota (?:is |was )?exceeded|RESOURCE_EXHAUSTED",
        r"\bThrottl(?:ed|ing)(?:Exception)?\b|RequestLimitExceeded|TooManyRequestsException|ProvisionedThroughputExceeded",
        r"\bSlowDown\b|reduce your request rate|rate exceeded|usage limit|insufficient_quota|ServiceQuotaExceeded|daily limit",
    ),
    _kind(
        "storage",
        "A disk or volume is full",
        r"flood[- ]stage|read[- ]only[- ]allow[- ]delete",
        r"no space left on device|\bENOSPC\b|disk (?:is )?full|could not extend (?:file|relation)|disk quota exceeded",
        r"Read-only file system",
    ),
    _kind(
        "dependency",
        "A dependency says that it is not available",
        r"database system is (?:starting up|shutting down|in recovery)|Redis is loading the dataset|\bMASTERDOWN\b|\bCLUSTERDOWN\b",
        r"vault is sealed|\bReplicaSetNoPrimary\b",
        r"not enough in-sync replicas|NotEnoughReplicas(?:AfterAppend)?|(?:scheduled|planned|down for|under) maintenance",
        of_others=True,
    ),
)
_SETTINGS = r"\b(?:config(?:uration)?s?|settings?|(?:feature )?(?:flags?|toggles?))\b"
_CHANGED = r"\b(?:changed|reload(?:ed|ing)?|updated|refreshed|modified|applied|switched|toggled)\b"
_FILE = r"[\w./-]+\.(?:ya?ml|toml|ini|conf|cfg|properties|json|env)\b"
_RELOADED = re.compile(
    rf"{_SETTINGS}[^.]{{0,40}}{_CHANGED}|{_CHANGED}[^.]{{0,20}}{_SETTINGS}|\b(?:re-?(?:load|read))(?:ed|ing)?\b.{{0,20}}{_FILE}|{_FILE}.{{0,20}}{_CHANGED}",
    re.IGNORECASE,
)
_ERRORS = ("FATAL", "ERROR")


def main_errors(patterns: Sequence[LogPattern], onset: datetime | None) -> tuple[LogPattern, ...]:
    """The errors that came with the trouble, most frequent first; all repeated ones where it is not known when it began."""
    found = [one for one in patterns if one.level in _ERRORS and one.count >= (_REPEATED if one.level == "ERROR" else 1)]
    if onset is not None:
        found = [one for one in found if one.last_seen is None or one.last_seen >= onset]
        recent = [one for one in found if one.first_seen is not None and one.first_seen >= onset - timedelta(minutes=2)]
        found = recent or found
    return tuple(sorted(found, key=lambda one: -one.count))


def named_cause(patterns: Sequence[LogPattern], onset: datetime | None) -> Sign | None:
    """The cause that the errors name; None when they name none, or only a few of them do."""
    errors = [*main_errors(patterns, onset)]
    errors += [one for one in patterns if one.level == "WARN" and one.count >= _REPEATED and not errors]
    total = sum(one.count for one in errors)
    for kind in _KINDS:
        named = [one for one in errors if kind.words.search(one.template) or kind.words.search(one.sample)]
        count = sum(one.count for one in named)
        if named and count >= _MAIN_SHARE * total:
            return Sign(kind.cause, kind.title, named[0].template, count, kind.by_time, kind.of_others)
    return None


def configuration_change(patterns: Sequence[LogPattern], onset: datetime | None) -> Sign | None:
    """The line that tells of a changed configuration just before the trouble began; None when there is none."""
    if onset is None:
        return None
    for one in patterns:
        seen = one.last_seen if one.last_seen and one.last_seen <= onset + _SHORTLY_AFTER else one.first_seen
        near = seen is not None and onset - _SHORTLY_BEFORE <= seen <= onset + _SHORTLY_AFTER
        new = one.first_seen is not None and onset - _SHORTLY_BEFORE <= one.first_seen
        if near and new and one.level not in _ERRORS and _RELOADED.search(one.template):
            return Sign("configuration", "A changed configuration", one.template, one.count)
    return None
