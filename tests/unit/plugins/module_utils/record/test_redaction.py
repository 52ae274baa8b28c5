# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.record.redaction import REDACTED, redact

# Built from parts, so that no scanner of this repository takes them for real ones.
JWT = "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0NTY3ODkwIn0." + "dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
AWS = "AKIA" + "IOSFODNN7EXAMPLE"
GITHUB = "ghp_" + "16C7e42F292c6912E7710c838347Ae178B4a"
CARD = "4111" + "1111" + "1111" + "1111"
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\nxyz\n-----END RSA PRIVATE KEY-----"

SECRET_TEXT = {
    "token in a header": (f"Authorization: Bearer {JWT}", "dozjgNry"),
    "opaque bearer": ("got Bearer abc123def456 from client", "abc123def456"),
    "basic authorization": ("authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
    "authorization in JSON": ('{"Authorization": "Bearer s3cr3t-opaque"}', "s3cr3t-opaque"),
    "json web token": (f"rejected {JWT}.", "eyJzdWI"),
    "aws": (f"using {AWS} for S3", AWS),
    "aws secret": ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "wJalr"),
    "github": (f"clone with {GITHUB}", GITHUB),
    "slack hook": ("https://hooks.slack.com/services/T000/B000/XXXXXXXX failed", "XXXXXXXX"),
    "password assignment": ("connect failed password=hunter2, retrying", "hunter2"),
    "quoted with spaces": ('password: "correct horse battery"', "horse"),
    "single character quote": ("passwd='p w'", "p w"),
    "escaped JSON": ('{\\"password\\": \\"hunter2\\"}', "hunter2"),
    "compound name": ("DB_PASSWORD=hunter2", "hunter2"),
    "query string": ("GET /pay?token=abcdef&user=7", "abcdef"),
    "command line": ("mysqldump --password hunter2 shop", "hunter2"),
    "userinfo": ("postgres://shop:hunter2@db.production:5432/shop", "hunter2"),
    "userinfo without password": ("https://x-token@github.example/r.git", "x-token"),
    "e-mail": ("user jane.doe+shop@example.co.uk failed", "jane.doe"),
    "card": (f"card {CARD} declined", CARD),
    "card with blanks": ("card 4111 1111 1111 1111.", "4111"),
    "american express": ("amex 3782-822463-10005", "822463"),
    "social security number": ("ssn 078-05-1120", "078-05"),
    "private key": (f"loaded {PEM}", "MIIE"),
    "cut private key": ("-----BEGIN PRIVATE KEY-----\nMIIEvQ", "MIIEvQ"),
    "cookie": ("Set-Cookie: sid=31d4d96e407aad42; Path=/", "31d4d96e"),
}

HARMLESS = [
    "registry.example/shop/payment-api@sha256:9b2cf535f27731c974343645a3985328be5b3a4b6a0d3c3b1e6c8b1a4c5d6e7f",
    "payment-api-7d4b9c6f5d-x2x4q",
    "trace 4bf92f3577b34da6a3ce929d0e0e4736, span 00f067aa0ba902b7",
    "8f14e45f-ceea-467f-a2de-1234567890ab",
    "41111111-1111-4111-8111-111111111111",
    "2025-10-21T14:23:15.123456789Z",
    "1761056595000000000",
    "1761056595000 1761056595",
    "order 4111111111111112 rejected",
    "commit 9fceb02d0ae598e95dc970b74767f19372d81f8d",
    "git@github.com:shop/payment-api.git",
    "http://payment-api.production.svc:8080/health",
    "SELECT * FROM users WHERE password = ? AND token = $1",
    "Bearer authentication failed",
    "missing index on transactions.user_id, primary key: id",
    "token=<*> rejected",
    "deployed by @devops-bot",
    "password authentication failed for user shop",
    "10.0.12.7:5432: connection refused",
]


@pytest.mark.parametrize(("text", "secret"), SECRET_TEXT.values(), ids=SECRET_TEXT)
def test_secrets_go(text: str, secret: str) -> None:
    clean = redact(text)
    assert secret not in clean
    assert REDACTED in clean


@pytest.mark.parametrize("text", [text for text, _secret in SECRET_TEXT.values()])
def test_twice_is_once(text: str) -> None:
    assert redact(redact(text)) == redact(text)


@pytest.mark.parametrize("text", HARMLESS)
def test_what_identifies_things_stays(text: str) -> None:
    assert redact(text) == text


def test_only_the_secret_goes() -> None:
    assert redact("postgres://shop:hunter2@db:5432/shop?sslmode=require") == f"postgres://{REDACTED}@db:5432/shop?sslmode=require"
    assert redact("a password=hunter2, b") == f"a password={REDACTED}, b"
    assert redact('{"token": "abc", "user": 7}') == f'{{"token": "{REDACTED}", "user": 7}}'


def test_structure_stays() -> None:
    value = {"lines": ["ok", "password=hunter2"], "pair": ("a", 1), "n": 4.5, "none": None, "yes": True}
    assert redact(value) == {"lines": ["ok", f"password={REDACTED}"], "pair": ("a", 1), "n": 4.5, "none": None, "yes": True}


def test_values_under_a_secret_name_go() -> None:
    given = {
        "name": ["not", "text"],
        "password": "x",
        "apiKey": "y",
        "clientSecret": {"a": 1},
        "token": None,
        "use_token": True,
        "tokens": 5,
        "pin_token": 77,
    }
    assert redact(given) == {
        "name": ["not", "text"],
        "password": REDACTED,
        "apiKey": REDACTED,
        "clientSecret": {"a": 1},
        "token": None,
        "use_token": True,
        "tokens": 5,
        "pin_token": REDACTED,
    }


def test_kubernetes_environment_variables() -> None:
    env = [{"name": "DB_PASSWORD", "value": "hunter2"}, {"name": "MODE", "value": "fast"}]
    assert redact(env) == [{"name": "DB_PASSWORD", "value": REDACTED}, {"name": "MODE", "value": "fast"}]


def test_hostile_text_takes_no_time() -> None:
    """Patterns that backtrack would take minutes here, not fail an assertion."""
    for piece in ("password ", "a@", "eyJ.", "-", "=", "\"'", "://", "4111 ", "x."):
        redact(piece * 20_000)
