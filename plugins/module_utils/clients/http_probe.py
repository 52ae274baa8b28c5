# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What answers at a URL, how fast, and with which certificate."""

from __future__ import annotations

import socket
import ssl
import time
from urllib.parse import SplitResult, urlsplit

from ..errors import SourceUnavailableError
from ..lean import dataclass
from .answers import excerpt
from .http import HttpClient
from .probes import ProbeFailedError, ProbeImpossibleError, failed

_UNTRUSTED = frozenset({18, 19, 20, 21})
"""OpenSSL's X509_V_ERR_* for certificates whose issuer is not known here; the service's own pods may know it."""
_REASONS = {
    9: "its TLS certificate is not valid yet",
    10: "its TLS certificate has expired",
    18: "its TLS certificate is self-signed",
    19: "its TLS certificate is signed by an issuer that is not trusted here",
    20: "its TLS certificate is signed by an issuer that is not known here",
    21: "its TLS certificate is signed by an issuer that is not known here",
    62: "its TLS certificate is for another host",
    64: "its TLS certificate is for another address",
}


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """``certificate_left`` is seconds until the certificate expires, where there is one that could be checked;
    ``untrusted`` says why its issuer is not trusted here."""

    status: int
    latency: float
    certificate_left: float | None = None
    untrusted: str | None = None


def probe_http(url: str, timeout: float, now: float | None = None, ca_cert: str | None = None) -> HttpAnswer:
    """GET ``url``; any status is an answer. Redirects are not followed. ``now`` is unix seconds, for the certificate.

    ProbeFailedError for a certificate that has expired or is for another host; one whose issuer is not known here is no failure.
    """
    parts = urlsplit(url)
    try:
        client = HttpClient("It", f"{parts.scheme}://{parts.netloc}", "its address", ca_cert=ca_cert, timeout=timeout)
    except (SourceUnavailableError, ValueError) as error:
        raise ProbeImpossibleError(f"its address {excerpt(url, 80)!r} is not a URL; correct the service's catalogue entry") from error
    left, untrusted = (
        _certificate(parts, timeout, time.time() if now is None else now, ca_cert) if parts.scheme == "https" else (None, None)
    )
    if untrusted:
        client = HttpClient("It", f"{parts.scheme}://{parts.netloc}", "its address", timeout=timeout, verify=False)
    began = time.monotonic()
    try:
        answer = client.request((parts.path or "/") + (f"?{parts.query}" if parts.query else ""))
    except SourceUnavailableError as error:
        raise failed(error.__cause__ or error, timeout) from error
    return HttpAnswer(answer.status, time.monotonic() - began, left, untrusted)


def _certificate(parts: SplitResult, timeout: float, now: float, ca_cert: str | None) -> tuple[float | None, str | None]:
    """Seconds until it expires, and why it is not trusted here."""
    host = parts.hostname or ""
    try:
        context = ssl.create_default_context(cafile=ca_cert)
        with (
            socket.create_connection((host, parts.port or 443), timeout=timeout) as plain,
            context.wrap_socket(plain, server_hostname=host) as secure,
        ):
            end = (secure.getpeercert() or {}).get("notAfter")
    except ssl.SSLCertVerificationError as error:
        reason = _REASONS.get(error.verify_code, f"its TLS certificate is not trusted ({excerpt(error.verify_message or str(error))})")
        if error.verify_code in _UNTRUSTED:
            return None, reason
        raise ProbeFailedError(reason) from error
    except (OSError, UnicodeError) as error:
        raise failed(error, timeout) from error
    return (ssl.cert_time_to_seconds(end) - now if isinstance(end, str) else None), None
