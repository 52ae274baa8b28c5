# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.certificates import validity

NINETY_DAYS = b"""-----BEGIN CERTIFICATE-----
MIIBijCCAS+gAwIBAgIUA8LnsnmVsAKGZHuvsZMLW9tMmxcwCgYIKoZIzj0EAwIw
GjEYMBYGA1UEAwwPcGF5LmV4YW1wbGUuY29tMB4XDTI2MTEyNTE2NTk1MloXDTI3
MDIyMzE2NTk1MlowGjEYMBYGA1UEAwwPcGF5LmV4YW1wbGUuY29tMFkwEwYHKoZI
zj0CAQYIKoZIzj0DAQcDQgAEnCY6EbHZ1C6zDNeVUOUYN0TftEFY7I6qSRh+o5Vy
KcJaeKeCaNHmCiBpiI9ZlIQJEoUtfBmyf84rVUVwFmIfRKNTMFEwHQYDVR0OBBYE
FKUl1eeon1QIusphZjzUc0xX/cXNMB8GA1UdIwQYMBaAFKUl1eeon1QIusphZjzU
c0xX/cXNMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSQAwRgIhAMvCS6ZK
JnzpPVF8nXdotUqorozNpz3b+dgoGY4/yFinAiEAvGvwhktdGz8Cc1gPXZP1MvCC
+NltQbxsE8oYcTqdfRI=
-----END CERTIFICATE-----
"""
UNTIL_2067 = b"""-----BEGIN CERTIFICATE-----
MIIBbzCCARWgAwIBAgIUdV6ZV4jeNj43mwtFpEd7ewZhHxkwCgYIKoZIzj0EAwIw
DDEKMAgGA1UEAwwBeDAgFw0yNjExMjUxNjU5MzVaGA8yMDY3MTIyMDE2NTkzNVow
DDEKMAgGA1UEAwwBeDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABJwmOhGx2dQu
swzXlVDlGDdE37RBWOyOqkkYfqOVcinCWningmjR5gogaYiPWZSECRKFLXwZsn/O
K1VFcBZiH0SjUzBRMB0GA1UdDgQWBBSlJdXnqJ9UCLrKYWY81HNMV/3FzTAfBgNV
HSMEGDAWgBSlJdXnqJ9UCLrKYWY81HNMV/3FzTAPBgNVHRMBAf8EBTADAQH/MAoG
CCqGSM49BAMCA0gAMEUCIHtOh7NPvPwLcQGW93cIl2ZxhcCOc8H1v/vmZRDSsJxs
AiEA+aiN/RVXD4o+EgfMXrS60M8GYQao5m/D8KRL19cPPS4=
-----END CERTIFICATE-----
"""
"""Beyond 2049 certificates write their times in another way."""


def test_of_ninety_days() -> None:
    period = validity(NINETY_DAYS)
    assert period.not_before == datetime(2026, 11, 25, 16, 59, 52, tzinfo=UTC)
    assert period.not_after == datetime(2027, 2, 23, 16, 59, 52, tzinfo=UTC)


def test_of_a_time_that_two_digits_do_not_hold() -> None:
    assert validity(UNTIL_2067).not_after == datetime(2067, 12, 20, 16, 59, 35, tzinfo=UTC)


def test_the_first_of_a_chain_is_the_servers_own() -> None:
    assert validity(NINETY_DAYS + UNTIL_2067) == validity(NINETY_DAYS)


def broken(change: int) -> bytes:
    lines = NINETY_DAYS.strip().split(b"\n")
    der = bytearray(base64.b64decode(b"".join(lines[1:-1])))
    der[change] ^= 0xFF
    return lines[0] + b"\n" + base64.encodebytes(bytes(der)) + lines[-1]


@pytest.mark.parametrize(
    "given",
    [
        b"",
        b"nonsense",
        b"-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
        b"-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----",
        broken(0),
        broken(2),
        broken(5),
    ],
)
def test_what_is_no_certificate_is_an_error_that_says_so(given: bytes) -> None:
    with pytest.raises(ValueError, match="certificate"):
        validity(given)
