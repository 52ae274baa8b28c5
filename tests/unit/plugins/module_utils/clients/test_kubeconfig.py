# SPDX-License-Identifier: GPL-3.0-or-later
"""The own reader of kubeconfigs against the ``kubernetes`` package's: it says the same, or leaves the file to that package."""

from __future__ import annotations

import base64
import json
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.clients import cluster_access
from ansible_collections.devops.incident_response.plugins.module_utils.clients.cluster import ClusterAccess
from ansible_collections.devops.incident_response.plugins.module_utils.clients.cluster_access import enter, load_configuration
from ansible_collections.devops.incident_response.plugins.module_utils.clients.kubeconfig import Login, usual_login

SERVER = {"server": "https://cluster.example.com:6443/"}
TOKEN = {"token": "secret-token"}
# A certificate that signs itself, made for this test, valid for a hundred years.
CERTIFICATE = b"""-----BEGIN CERTIFICATE-----
MIIBdzCCAR2gAwIBAgIUfQBSjUs0uxmA1AOdm3sQPlai8ecwCgYIKoZIzj0EAwIw
EDEOMAwGA1UEAwwFYWxpY2UwIBcNMjYxMTI1MTk0OTEzWhgPMjEyNjExMDExOTQ5
MTNaMBAxDjAMBgNVBAMMBWFsaWNlMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE
1hpxlaMfzcfKivOEmlOldYd3WUtvWUUDMaaw9JoN03RNxwlImFHW8sY3m0fID0yF
HKGvxIYViT17JdmTpdjaaqNTMFEwHQYDVR0OBBYEFNFW14IvyMUrf8bgLygNG8FH
wvjqMB8GA1UdIwQYMBaAFNFW14IvyMUrf8bgLygNG8FHwvjqMA8GA1UdEwEB/wQF
MAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIhANRyeChINBc+9+wg2/DH8sSR8cSISDeX
FK21DGU1JL9iAiAdzewYQ1cESGwuymNVKe848ht8MMQDsu6anJRlGQPy2A==
-----END CERTIFICATE-----
"""
KEY = b"""-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgAq3oKCWhEKLtDZyD
yFlbdY1xbA3zoVtE/sHUakn7q9mhRANCAATWGnGVox/Nx8qK84SaU6V1h3dZS29Z
RQMxprD0mg3TdE3HCUiYUdbyxjebR8gPTIUcoa/EhhWJPXsl2ZOl2Npq
-----END PRIVATE KEY-----
"""


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


def written(directory: Path, cluster: Any = None, user: Any = None, **more: Any) -> str:
    """The path of a kubeconfig, for SERVER and TOKEN where nothing else is given."""
    cluster, user = SERVER if cluster is None else cluster, TOKEN if user is None else user
    config = {
        "current-context": "main",
        "clusters": [{"name": "other", "cluster": {"server": "https://other"}}, {"name": "main", "cluster": cluster}],
        "users": [{"name": "alice", "user": user}],
        "contexts": [{"name": "main", "context": {"cluster": "main", "user": "alice", "namespace": "production"}}],
        **more,
    }
    path = directory / "config"
    path.write_text(json.dumps(config), encoding="utf-8")
    return str(path)


def content(of: str | bytes | None) -> bytes | None:
    return Path(of).read_bytes() if isinstance(of, str) else of


def with_files(directory: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    (directory / "certs").mkdir(exist_ok=True)
    for name, pem in (("ca.crt", CERTIFICATE), ("alice.crt", CERTIFICATE), ("alice.key", KEY)):
        (directory / "certs" / name).write_bytes(pem)
    user = {"client-certificate": "certs/alice.crt", "client-key": str(directory / "certs" / "alice.key")}
    return {**SERVER, "certificate-authority": "certs/ca.crt"}, user


def with_data() -> tuple[dict[str, Any], dict[str, Any]]:
    ca, certificate, key = (base64.b64encode(pem).decode() for pem in (CERTIFICATE, CERTIFICATE, KEY))
    # What is in the file wins over what it names.
    cluster = {**SERVER, "certificate-authority-data": ca, "certificate-authority": "/nowhere"}
    return cluster, {"client-certificate-data": certificate, "client-key-data": key, "client-key": "/nowhere"}


@pytest.mark.parametrize("kind", ["token", "files", "data", "unverified", "named", "plain http", "both"])
def test_it_says_the_same_as_the_package(tmp_path: Path, kind: str) -> None:
    cluster, user = {
        "token": (SERVER, TOKEN),
        "files": with_files(tmp_path),
        "data": with_data(),
        "unverified": ({**SERVER, "insecure-skip-tls-verify": True}, TOKEN),
        "named": ({**SERVER, "tls-server-name": "kube-apiserver"}, TOKEN),
        "plain http": ({"server": "http://localhost:8001"}, TOKEN),
        "both": (SERVER, {**with_data()[1], **TOKEN}),
    }[kind]
    path = written(tmp_path, cluster, user)
    login, theirs = usual_login(path), load_configuration(ClusterAccess(kubeconfig=path))
    assert login is not None
    token = theirs.auth_settings().get("BearerToken", {}).get("value")
    assert (login.host, login.verify, login.server_name) == (theirs.host, theirs.verify_ssl, theirs.tls_server_name)
    assert token == (f"Bearer {login.token}" if login.token else None)
    assert content(login.ca) == content(theirs.ssl_ca_cert)
    assert content(login.certificate) == content(theirs.cert_file)
    assert content(login.key) == content(theirs.key_file)
    entrance = enter(ClusterAccess(kubeconfig=path))
    assert dict(entrance.authorization()) == ({"authorization": token} if token else {})
    assert (entrance.host, entrance.verify, entrance.configuration().host) == (theirs.host, theirs.verify_ssl, theirs.host)


UNUSUAL: Mapping[str, Mapping[str, Any]] = {
    "exec plugin": {"user": {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "get-token"}}},
    "auth provider": {"user": {"auth-provider": {"name": "oidc"}}},
    "password": {"user": {"username": "alice", "password": "secret"}},
    "token in a file": {"user": {"tokenFile": "token"}},
    "impersonation": {"user": {**TOKEN, "as": "bob"}},
    "proxy": {"cluster": {**SERVER, "proxy-url": "http://proxy:3128"}},
    "yet unknown": {"cluster": {**SERVER, "post-quantum-only": True}},
    "no such file": {"cluster": {**SERVER, "certificate-authority": "nowhere.crt"}},
    "not base64": {"cluster": {**SERVER, "certificate-authority-data": "%%%"}},
    "no URL": {"cluster": {"server": "cluster.example.com"}},
    "number for a token": {"user": {"token": 12345}},
    "line break in a token": {"user": {"token": "a\nX-Evil: b"}},
    "two of a name": {"users": [{"name": "alice", "user": TOKEN}, {"name": "alice", "user": {"token": "other"}}]},
    "no user": {"users": []},
    "no current context": {"current-context": None},
    "no lists": {"contexts": "main"},
}


@pytest.mark.parametrize("kind", UNUSUAL)
def test_what_is_not_usual_is_left_to_the_package(tmp_path: Path, kind: str) -> None:
    assert usual_login(written(tmp_path, **UNUSUAL[kind])) is None


@pytest.mark.parametrize("text", ["", "[1, 2]", "just text", "{: :", "\x00\x01"])
def test_so_is_what_is_no_kubeconfig(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config"
    path.write_text(text, encoding="utf-8")
    assert usual_login(str(path)) is None


def test_another_context_than_the_current_one(tmp_path: Path) -> None:
    contexts = [{"name": name, "context": {"cluster": name, "user": "alice"}} for name in ("main", "other")]
    assert usual_login(written(tmp_path, contexts=contexts), "other") == Login("https://other", "secret-token")
    assert usual_login(written(tmp_path, contexts=contexts), "nowhere") is None


def used(monkeypatch: pytest.MonkeyPatch, access: ClusterAccess) -> bool:
    """Whether the package is used for ``access``."""
    asked: list[ClusterAccess] = []

    def load(given: ClusterAccess) -> Any:
        asked.append(given)
        return load_configuration(given)

    monkeypatch.setattr(cluster_access, "load_configuration", load)
    enter(access)
    return bool(asked)


def test_the_package_is_only_used_where_it_is_needed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = written(tmp_path)
    assert not used(monkeypatch, ClusterAccess(kubeconfig=path))
    assert not used(monkeypatch, ClusterAccess(host="https://cluster", api_key="secret"))
    assert used(monkeypatch, ClusterAccess(host="cluster:6443", api_key="secret"))
    assert used(monkeypatch, ClusterAccess(kubeconfig=f"{path}:{written(tmp_path)}"))
    monkeypatch.setenv("NO_PROXY", "localhost")
    assert not used(monkeypatch, ClusterAccess(kubeconfig=path))
    monkeypatch.setenv("https_proxy", "http://proxy:3128")
    assert used(monkeypatch, ClusterAccess(kubeconfig=path))


def test_a_certificate_that_cannot_be_read_is_left_to_the_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    data = base64.b64encode(b"no certificate").decode()
    assert used(monkeypatch, ClusterAccess(kubeconfig=written(tmp_path, {**SERVER, "certificate-authority-data": data})))


def test_options_come_before_the_kubeconfig(tmp_path: Path) -> None:
    ca = tmp_path / "own.crt"
    ca.write_bytes(CERTIFICATE)
    path = written(tmp_path, {**SERVER, "insecure-skip-tls-verify": True})
    context = enter(ClusterAccess(kubeconfig=path, ca_cert=str(ca), validate_certs=True)).pool.connection_pool_kw["ssl_context"]
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert [dict(one[0] for one in found["subject"])["commonName"] for found in context.get_ca_certs()] == ["alice"]
    unverified = enter(ClusterAccess(kubeconfig=written(tmp_path), validate_certs=False))
    assert (unverified.verify, unverified.pool.connection_pool_kw["ssl_context"].verify_mode) == (False, ssl.CERT_NONE)


def test_what_connections_share_is_not_changed_while_others_are_made(tmp_path: Path) -> None:
    """A connection that is just being made would greet the server with rubbish."""
    context = enter(ClusterAccess(kubeconfig=written(tmp_path))).pool.connection_pool_kw["ssl_context"]
    context.set_alpn_protocols(["h2"])
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        context.wrap_bio(incoming, outgoing, server_hostname="kube.example.com").do_handshake()
    greeting = outgoing.read()
    assert (b"\x08http/1.1" in greeting, b"\x02h2" in greeting) == (True, False)
