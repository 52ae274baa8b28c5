# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.certificates import covers, issuers_validity, validity

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

OF_SEVERAL_NAMES = b"""-----BEGIN CERTIFICATE-----
MIIB+DCCAZ6gAwIBAgIUcLZk58jFj6y/r3WrkJbBm4l4D3UwCgYIKoZIzj0EAwIw
LTENMAsGA1UECgwEU2hvcDEcMBoGA1UEAwwTaWdub3JlZC5leGFtcGxlLmNvbTAe
Fw0yNjExMjUyMzQ1MTRaFw0yNzAyMjMyMzQ1MTRaMC0xDTALBgNVBAoMBFNob3Ax
HDAaBgNVBAMME2lnbm9yZWQuZXhhbXBsZS5jb20wWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAASiVpcVdXQg4XqYbquo8tzbu6/PVSAxfdFPgyBOFwZDnvmAMJGyLnyc
Zln1KH0gSsTUi2KVXKWrtafzUEsZl4sao4GbMIGYMB0GA1UdDgQWBBQfu98kOZUW
dyS8HPO6e8eLiVhLFzAfBgNVHSMEGDAWgBQfu98kOZUWdyS8HPO6e8eLiVhLFzAP
BgNVHRMBAf8EBTADAQH/MEUGA1UdEQQ+MDyCD3BheS5leGFtcGxlLmNvbYISKi5z
aG9wLmV4YW1wbGUuY29thwTAAAIHgQ9vcHNAZXhhbXBsZS5jb20wCgYIKoZIzj0E
AwIDSAAwRQIgBsm6AGNkpwaDYJLki9np9gipRzsQvZBRFkIvfqhkGlgCIQCOUsUx
KDYzz0zEZ43/iBp8QEU7UBdJ280azl6Lucp4hg==
-----END CERTIFICATE-----
"""
"""For DNS:pay.example.com, DNS:*.shop.example.com, IP:192.0.2.7 and an address of mail."""

LEAF = b"""-----BEGIN CERTIFICATE-----
MIIBBjCBrgIBAzAKBggqhkjOPQQDAjARMQ8wDQYDVQQDDAZpc3N1ZXIwHhcNMjYx
MTAxMDAwMDAwWhcNMjcwNjAxMDAwMDAwWjAPMQ0wCwYDVQQDDARsZWFmMFkwEwYH
KoZIzj0CAQYIKoZIzj0DAQcDQgAEx+U12Q55m7gmUkYXvfxnoVDof1TVQf4vTgsb
Yr3IwyXQrU+TOz75CUmW0I/xotT/h2oYfWGwFmndyoVId/4fODAKBggqhkjOPQQD
AgNHADBEAiABBIlPUHpsRgw9mXAv3da2veWybElmA4b4lnhjz8fpCgIgDMFpewIb
BkCEpFCAGuPTclYnLfmumv/yowgEs7k2mps=
-----END CERTIFICATE-----
"""
ISSUER = b"""-----BEGIN CERTIFICATE-----
MIIBCDCBrgIBAjAKBggqhkjOPQQDAjAPMQ0wCwYDVQQDDARyb290MB4XDTIxMDEw
MTAwMDAwMFoXDTI2MTEyMDAwMDAwMFowETEPMA0GA1UEAwwGaXNzdWVyMFkwEwYH
KoZIzj0CAQYIKoZIzj0DAQcDQgAEx+U12Q55m7gmUkYXvfxnoVDof1TVQf4vTgsb
Yr3IwyXQrU+TOz75CUmW0I/xotT/h2oYfWGwFmndyoVId/4fODAKBggqhkjOPQQD
AgNJADBGAiEA2iaiF1WX9qL6vKyyESDRe4z4L3CgNhGkQQtUKhrl9IICIQDTuu2o
e7TCBA90tdq5BSnue0Jj0X04/bwjXyTagp/lCA==
-----END CERTIFICATE-----
"""
ROOT = b"""-----BEGIN CERTIFICATE-----
MIIBBjCBrAIBATAKBggqhkjOPQQDAjAPMQ0wCwYDVQQDDARyb290MB4XDTIwMDEw
MTAwMDAwMFoXDTQwMDEwMTAwMDAwMFowDzENMAsGA1UEAwwEcm9vdDBZMBMGByqG
SM49AgEGCCqGSM49AwEHA0IABMflNdkOeZu4JlJGF738Z6FQ6H9U1UH+L04LG2K9
yMMl0K1Pkzs++QlJltCP8aLU/4dqGH1hsBZp3cqFSHf+HzgwCgYIKoZIzj0EAwID
SQAwRgIhAJq4Yls/MutzBq6baSa/Djwn2gbdQRCjVGdhp6yr4NhtAiEAsoRRmPf5
D9BNq6DXpTA/aZ+duGRA6wywwp6VGOn1F2s=
-----END CERTIFICATE-----
"""
"""The root issued that of the issuer (until 2026-11-20), and the issuer that of the leaf; all have the same key."""


def test_of_ninety_days() -> None:
    period = validity(NINETY_DAYS)
    assert period.not_before == datetime(2026, 11, 25, 16, 59, 52, tzinfo=UTC)
    assert period.not_after == datetime(2027, 2, 23, 16, 59, 52, tzinfo=UTC)


def test_of_a_time_that_two_digits_do_not_hold() -> None:
    assert validity(UNTIL_2067).not_after == datetime(2067, 12, 20, 16, 59, 35, tzinfo=UTC)


def test_the_first_of_a_chain_is_the_servers_own() -> None:
    assert validity(NINETY_DAYS + UNTIL_2067) == validity(NINETY_DAYS)


@pytest.mark.parametrize(
    ("chain", "expires"),
    [
        (LEAF + ISSUER, datetime(2026, 11, 20, tzinfo=UTC)),
        (LEAF + ROOT + ISSUER, datetime(2026, 11, 20, tzinfo=UTC)),
        (ISSUER + ROOT, None),  # a root is nothing that a server has to show
        (LEAF + ROOT, None),
        (LEAF, None),
        (ROOT + ROOT, None),
        (LEAF + b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", None),
        (b"", None),
    ],
)
def test_the_issuers_behind_it(chain: bytes, expires: datetime | None) -> None:
    found = issuers_validity(chain)
    assert (found and found.not_after) == expires


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


def test_the_names_that_it_is_for() -> None:
    assert validity(NINETY_DAYS).names == ("pay.example.com",)
    assert validity(UNTIL_2067).names == ("x",)
    assert validity(OF_SEVERAL_NAMES).names == ("pay.example.com", "*.shop.example.com", "192.0.2.7")


@pytest.mark.parametrize(
    ("host", "covered"),
    [
        ("pay.example.com", True),
        ("PAY.example.com.", True),
        ("api.shop.example.com", True),
        ("192.0.2.7", True),
        ("shop.example.com", False),
        ("a.b.shop.example.com", False),
        ("example.com", False),
        ("com", False),
    ],
)
def test_hosts_that_it_is_for(host: str, covered: bool) -> None:
    assert covers(validity(OF_SEVERAL_NAMES).names, host) is covered
