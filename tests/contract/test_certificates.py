# SPDX-License-Identifier: GPL-3.0-or-later
"""What a probe makes of a server's certificate."""

from __future__ import annotations

import contextlib
import datetime
import http.server
import ipaddress
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from plugins.module_utils.evidence.dependencies import probe_from_here
from plugins.module_utils.evidence.probed import Probed
from plugins.module_utils.model.finding import Level
from plugins.module_utils.model.service import Dependency, DependencyType


class _Healthy(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        pass


def _certificate(directory: Path, address: str, days: float) -> Path:
    """A certificate that signs itself, with its key."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "auth")])
    end = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=days)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(end - datetime.timedelta(days=100))
        .not_valid_after(end)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = directory / "server.pem"
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    return path


@contextlib.contextmanager
def server(certificate: Path) -> Iterator[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Healthy)
    running.socket = context.wrap_socket(running.socket, server_side=True)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    try:
        yield f"https://127.0.0.1:{running.server_address[1]}/health"
    finally:
        running.shutdown()
        running.server_close()


def probe(directory: Path, address: str = "127.0.0.1", days: float = 90, trusted: bool = True) -> Probed:
    certificate = _certificate(directory, address, days)
    with server(certificate) as url:
        dependency = Dependency("auth", DependencyType.HTTP, url, ca_cert=str(certificate) if trusted else None)
        return probe_from_here(dependency, 5.0)


def test_one_that_is_well(tmp_path: Path) -> None:
    found = probe(tmp_path)
    assert (found.level, found.detail) == (Level.OK, "Healthy")
    left = next(measure.value for measure in found.measures if measure.name == "certificate_expires_in")
    assert left == pytest.approx(90 * 86400, abs=120)


def test_one_that_expires_soon(tmp_path: Path) -> None:
    found = probe(tmp_path, days=2.5)
    assert (found.level, found.detail.startswith("its TLS certificate expires in 2 days")) == (Level.WARNING, True)


def test_one_that_has_expired(tmp_path: Path) -> None:
    found = probe(tmp_path, days=-1)
    assert (found.level, found.detail) == (Level.CRITICAL, "its TLS certificate has expired")


def test_one_for_another_host(tmp_path: Path) -> None:
    found = probe(tmp_path, address="192.0.2.1")
    assert found.level is Level.CRITICAL
    assert found.detail.startswith("its TLS certificate is for another")


def test_one_that_signs_itself_answers_all_the_same(tmp_path: Path) -> None:
    found = probe(tmp_path, trusted=False)
    assert (found.level, found.detail) == (Level.WARNING, "answers, but its TLS certificate is self-signed")
