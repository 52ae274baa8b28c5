# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a certificate is valid and for which names, read from its encoding: no library does it that every user has."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from ..lean import dataclass

_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----\s*([A-Za-z0-9+/=\s]{1,60000})-----END CERTIFICATE-----")
_SEQUENCE, _VERSION, _UTC_TIME, _GENERALIZED_TIME = 0x30, 0xA0, 0x17, 0x18
_OBJECT, _EXTENSIONS, _DNS_NAME, _IP_ADDRESS = 0x06, 0xA3, 0x82, 0x87
_COMMON_NAME, _ALTERNATIVE_NAMES = b"\x55\x04\x03", b"\x55\x1d\x11"
_MOST_LENGTH_BYTES = 4


@dataclass(frozen=True, slots=True)
class Validity:
    """``names`` are the hosts and addresses that it was issued for."""

    not_before: datetime
    not_after: datetime
    names: tuple[str, ...] = ()
    issuer: bytes = b""
    """The name of who issued it, and its own: as they are encoded, to be compared."""
    subject: bytes = b""


def validity(pem: bytes) -> Validity:
    """When the first certificate of ``pem`` (the server's own) is valid. ValueError, saying what is wrong, where there is none.

    https://www.rfc-editor.org/rfc/rfc5280#section-4.1
    """
    match = _PEM.search(pem)
    if match is None:
        raise ValueError("there is no certificate in it")
    return _decoded(match[1])


def issuers_validity(pem: bytes) -> Validity | None:
    """When the certificate of who issued the first one is valid, where it stands behind it; None where none does, or only a root.

    What stands higher in a chain may be gone around by clients that know another way.
    """
    try:
        first, *others = [_decoded(one) for one in _PEM.findall(pem)]
    except ValueError:
        return None
    return next((one for one in others if one.subject == first.issuer and one.issuer != one.subject), None)


def _decoded(encoded: bytes) -> Validity:
    try:
        der = base64.b64decode(b"".join(encoded.split()), validate=True)
    except binascii.Error:
        raise ValueError("its certificate is not base64") from None
    try:
        return _validity(der)
    except (IndexError, ValueError):
        raise ValueError("its certificate is not encoded as certificates are") from None


def _validity(der: bytes) -> Validity:
    certificate = _expect(der, _SEQUENCE)
    fields = _expect(certificate, _SEQUENCE)
    tag, _unused, rest = _element(fields)
    if tag == _VERSION:  # else a certificate of version 1, that begins with its serial number
        _unused_tag, _unused, rest = _element(rest)
    for _field in ("signature", "issuer"):
        _unused_tag, _unused, rest = _element(rest)
    period = _expect(rest, _SEQUENCE)
    first, begin, rest = _element(period)
    second, end, _unused_rest = _element(rest)
    parts = [content for _unused, content in _elements(fields)]
    # Serial number, signature, issuer, validity and subject, behind the version where there is one.
    behind = 1 if tag == _VERSION else 0
    return Validity(_time(first, begin), _time(second, end), _names(fields), parts[behind + 2], parts[behind + 4])


def covers(names: Sequence[str], host: str) -> bool:
    """Whether a certificate for ``names`` is one for ``host``. A wildcard stands for one label.

    https://www.rfc-editor.org/rfc/rfc9525#section-6.3
    """
    wanted = host.lower().rstrip(".")
    parent = wanted.partition(".")[2]
    return any(name.lower() == wanted or (bool(parent) and name.lower() == f"*.{parent}") for name in names)


def _names(fields: bytes) -> tuple[str, ...]:
    """The alternative names; of a certificate that has none, the common name of its subject."""
    parts = list(_elements(fields))
    for tag, content in parts:
        if tag == _EXTENSIONS:
            for _unused, extension in _elements(_expect(content, _SEQUENCE)):
                inside = list(_elements(extension))
                if inside and inside[0] == (_OBJECT, _ALTERNATIVE_NAMES):
                    return tuple(_alternative_names(_expect(inside[-1][1], _SEQUENCE)))
    # Version, where there is one, and serial number, signature and issuer stand before the validity and the subject.
    subject = parts[5 if parts[0][0] == _VERSION else 4][1]
    return tuple(_common_names(subject))


def _alternative_names(content: bytes) -> Iterator[str]:
    for tag, name in _elements(content):
        if tag == _DNS_NAME:
            yield name.decode("ascii", "replace")
        elif tag == _IP_ADDRESS and len(name) in (4, 16):
            yield str(ipaddress.ip_address(name))


def _common_names(subject: bytes) -> Iterator[str]:
    for _unused, relative in _elements(subject):
        for _unused_tag, attribute in _elements(relative):
            inside = list(_elements(attribute))
            if inside and inside[0] == (_OBJECT, _COMMON_NAME):
                yield inside[-1][1].decode("utf-8", "replace")


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The elements of DER one after the other: tag and content of each."""
    while data:
        tag, content, data = _element(data)
        yield tag, content


def _expect(data: bytes, wanted: int) -> bytes:
    tag, content, _unused = _element(data)
    if tag != wanted:
        raise ValueError("another element was expected")
    return content


def _element(data: bytes) -> tuple[int, bytes, bytes]:
    """The first element of DER: its tag, its content, and what follows it."""
    tag, length, start = data[0], data[1], 2
    if length & 0x80:
        size = length & 0x7F
        if not 0 < size <= _MOST_LENGTH_BYTES:
            raise ValueError("a length that is none")
        length = int.from_bytes(data[2 : 2 + size], "big")
        start = 2 + size
    if start + length > len(data):
        raise ValueError("it ends too early")
    return tag, data[start : start + length], data[start + length :]


def _time(tag: int, content: bytes) -> datetime:
    written = content.decode("ascii")
    if tag == _UTC_TIME:
        # Two digits of a year: below 50 they mean this century.
        written = ("20" if int(written[:2]) < 50 else "19") + written
    elif tag != _GENERALIZED_TIME:
        raise ValueError("no time")
    return datetime.strptime(written, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
