# SPDX-License-Identifier: GPL-3.0-or-later
"""Against a small registry on a free local port that speaks as the distribution specification says."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.clients.registry import RegistryClient
from ansible_collections.devops.incident_response.plugins.module_utils.errors import SourceUnavailableError

LOGIN = "Basic " + base64.b64encode(b"bot:s3cret").decode()


class Registry(ThreadingHTTPServer):
    """``guard`` is open, basic or token; ``status`` is answered whatever is asked for; every request is kept."""

    guard = "open"
    status: int | None = None
    api = True
    page = False
    token_answer = b'{"token": "t0ken"}'
    challenge = 'Bearer realm="{url}/token",service="registry",scope="repository:shop/payment-api:pull"'

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def with_login(self) -> str:
        return self.url.replace("//", "//bot:s3cret@")


class Handler(BaseHTTPRequestHandler):
    server: Registry

    def do_HEAD(self) -> None:
        self.server.seen.append((self.path, dict(self.headers)))
        wanted = {"open": None, "basic": LOGIN, "token": "Bearer t0ken"}[self.server.guard]
        if self.server.status is not None:
            self.send_response(self.server.status)
        elif wanted is not None and self.headers.get_all("Authorization") != [wanted]:
            self.send_response(401)
            challenge = self.server.challenge.format(url=self.server.url) if self.server.guard == "token" else 'Basic realm="x"'
            self.send_header("WWW-Authenticate", challenge)
        else:
            there = self.path in ("/v2/shop/payment-api/manifests/v2.3.0", "/v2/shop/payment-api/manifests/sha256:ab12")
            self.send_response(200 if there or self.server.page else 404)
            if self.server.page:
                self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()

    def do_GET(self) -> None:
        self.server.seen.append((self.path, dict(self.headers)))
        if self.server.status is not None or self.path == "/v2/":
            there = self.path.endswith("v2.3.0") or (self.path == "/v2/" and self.server.api)
            self.send_response(200 if there else 404)
            self.end_headers()
            return
        refused = self.headers.get("Authorization") != LOGIN
        self.send_response(401 if refused else 200)
        self.end_headers()
        self.wfile.write(b"" if refused else self.server.token_answer)

    def log_message(self, format: str, *arguments: object) -> None:
        """Quiet."""


@pytest.fixture
def registry() -> Iterator[Registry]:
    server = Registry(("127.0.0.1", 0), Handler)
    server.seen = []
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join(5)


def test_a_tag_and_a_digest_are_there_or_not(registry: Registry) -> None:
    client = RegistryClient(registry.url)
    assert client.has_tag("shop/payment-api", "v2.3.0")
    assert client.has_tag("shop/payment-api", "sha256:ab12")
    assert not client.has_tag("shop/payment-api", "v9")
    assert "application/vnd.oci.image.index.v1+json" in registry.seen[0][1]["Accept"]


def test_a_login_in_the_url_is_used_and_not_shown(registry: Registry) -> None:
    registry.guard = "basic"
    assert RegistryClient(registry.with_login).has_tag("shop/payment-api", "v2.3.0")
    with pytest.raises(SourceUnavailableError, match="put a login into registry_url"):
        RegistryClient(registry.url).has_tag("shop/payment-api", "v2.3.0")
    registry.status = 500
    with pytest.raises(SourceUnavailableError) as broken:
        RegistryClient(registry.with_login).has_tag("shop/payment-api", "v2.3.0")
    assert "s3cret" not in broken.value.message


def test_a_token_is_fetched_from_where_the_registry_says(registry: Registry) -> None:
    registry.guard = "token"
    assert RegistryClient(registry.with_login).has_tag("shop/payment-api", "v2.3.0")
    asked = next(urlsplit(path) for path, _unused in registry.seen if path.startswith("/token"))
    assert parse_qs(asked.query) == {"service": ["registry"], "scope": ["repository:shop/payment-api:pull"]}
    assert not RegistryClient(registry.with_login).has_tag("shop/payment-api", "v9")


@pytest.mark.parametrize("answer", [b"<html>login</html>", b"{}", json.dumps({"token": 7}).encode(), b"[]"])
def test_a_token_service_that_talks_nonsense_is_named(registry: Registry, answer: bytes) -> None:
    registry.guard, registry.token_answer = "token", answer
    with pytest.raises(SourceUnavailableError, match="token service"):
        RegistryClient(registry.with_login).has_tag("shop/payment-api", "v2.3.0")


def test_a_token_without_a_login_is_refused_with_what_to_do(registry: Registry) -> None:
    registry.guard = "token"
    with pytest.raises(SourceUnavailableError, match="put a login into registry_url"):
        RegistryClient(registry.url).has_tag("shop/payment-api", "v2.3.0")


@pytest.mark.parametrize("challenge", ['Bearer service="x"', 'Bearer realm="file:///etc/passwd"', 'Bearer realm="nowhere"'])
def test_a_challenge_without_a_usable_realm_is_no_reason_to_go_anywhere(registry: Registry, challenge: str) -> None:
    registry.guard, registry.challenge = "token", challenge
    with pytest.raises(SourceUnavailableError, match="does not say from where"):
        RegistryClient(registry.with_login).has_tag("shop/payment-api", "v2.3.0")


@pytest.mark.parametrize("status", [302, 403, 429, 500, 503])
def test_a_registry_that_does_not_say_is_unavailable_and_not_a_no(registry: Registry, status: int) -> None:
    registry.status = status
    with pytest.raises(SourceUnavailableError, match=str(status)):
        RegistryClient(registry.url).has_tag("shop/payment-api", "v2.3.0")


@pytest.mark.parametrize("page", [False, True])
def test_a_web_server_that_is_no_registry_knows_nothing_of_images(registry: Registry, page: bool) -> None:
    """One that has no page of that name, and one that shows its own for every name."""
    registry.api, registry.page = False, page
    with pytest.raises(SourceUnavailableError, match="does not answer as a registry does"):
        RegistryClient(registry.url).has_tag("shop/payment-api", "v9")


def test_a_registry_that_is_not_there_is_unavailable(registry: Registry) -> None:
    url = registry.url
    registry.shutdown()
    registry.server_close()
    with pytest.raises(SourceUnavailableError, match="connection refused"):
        RegistryClient(url, timeout=60).has_tag("shop/payment-api", "v2.3.0")


@pytest.mark.parametrize("status", [405, 501])
def test_a_proxy_that_knows_no_head_is_asked_by_get(registry: Registry, status: int) -> None:
    registry.status = status
    assert RegistryClient(registry.url).has_tag("shop/payment-api", "v2.3.0")
    assert not RegistryClient(registry.url).has_tag("shop/payment-api", "v9")
