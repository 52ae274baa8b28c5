# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An image registry (OCI distribution specification): is there such an image?

Open registries, basic authentication, and tokens from the service that a registry names in its challenge
(https://distribution.github.io/distribution/spec/auth/token/).
"""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

from ..errors import SourceUnavailableError
from .answers import NotJsonError, parse_json, status_problem
from .http import Answer, HttpClient

_MANIFESTS = ", ".join(
    (
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    )
)
_NO_HEAD = (405, 501)
"""What some proxies in front of a registry answer to HEAD."""
_PARAMETER = re.compile(r'(\w+)="([^"]*)"')


class RegistryClient:
    """Asks one registry. A login in ``url`` is used for basic authentication and to get tokens. Thread-safe."""

    def __init__(self, url: str, ca_cert: str | None = None, timeout: float = 10.0) -> None:
        self._http = HttpClient("The image registry", url, "registry_url", ca_cert=ca_cert, timeout=timeout)
        self._login = urlsplit(url).netloc.rpartition("@")[0]
        self._ca_cert = ca_cert

    def has_tag(self, repository: str, tag: str) -> bool:
        """Whether ``repository`` (``team/payment-api``) has ``tag``, which may be a digest (``sha256:…``).

        SourceUnavailableError when the registry can't or won't say.
        """
        path = f"/v2/{quote(repository.strip('/'), safe='/')}/manifests/{quote(tag, safe=':')}"
        answer = self._manifest(path, repository, "HEAD")
        if answer.status in _NO_HEAD:
            answer = self._manifest(path, repository, "GET")
        if answer.status == 200 and not answer.headers.get("content-type", "").startswith("text/html"):
            return True
        if answer.status == 404 and self._is_registry():
            return False
        problem = "it does not answer as a registry does" if answer.status in (200, 404) else status_problem(answer.status, b"")
        if answer.status in (401, 403):
            problem += "; put a login into registry_url (https://user:token@host)"
        raise SourceUnavailableError(f"The image registry at {self._http.url}: {problem} (asked for {repository}:{tag}).")

    def _is_registry(self) -> bool:
        """Whether it is one at all: any web server says 404 to what it does not know, and a registry never to ``/v2/``.

        https://github.com/opencontainers/distribution-spec/blob/main/spec.md#determining-support
        """
        return self._http.request("/v2/", headers={"Accept": "*/*"}).status in (200, 401, 403)

    def _manifest(self, path: str, repository: str, method: str) -> Answer:
        answer = self._http.request(path, method=method, headers={"Accept": _MANIFESTS})
        challenge = answer.headers.get("www-authenticate", "")
        if answer.status == 401 and challenge.lower().startswith("bearer "):
            token = self._token(dict(_PARAMETER.findall(challenge)), repository)
            answer = self._http.request(path, method=method, headers={"Accept": _MANIFESTS, "authorization": f"Bearer {token}"})
        return answer

    def _token(self, challenge: dict[str, str], repository: str) -> str:
        """A token that may pull ``repository``, from the service that the registry named."""
        realm = urlsplit(challenge.get("realm", ""))
        if realm.scheme not in ("http", "https") or not realm.hostname:
            raise SourceUnavailableError(f"The image registry at {self._http.url} wants a token but does not say from where.")
        if realm.scheme == "http" and self._http.url.startswith("https:"):
            raise SourceUnavailableError(
                f"The image registry at {self._http.url} would have the login sent unencrypted to {realm.hostname}."
            )
        login = f"{self._login}@" if self._login else ""
        service = HttpClient(
            "The registry's token service",
            f"{realm.scheme}://{login}{realm.netloc.rpartition('@')[2]}",
            "registry_url",
            ca_cert=self._ca_cert,
            timeout=self._http.timeout,
        )
        query: dict[str, str | int] = {"scope": challenge.get("scope") or f"repository:{repository}:pull"}
        if "service" in challenge:
            query["service"] = challenge["service"]
        return self._read_token(service.request(realm.path or "/", query), service.url)

    def _read_token(self, answer: Answer, url: str) -> str:
        if answer.status != 200:
            hint = "; put a login into registry_url (https://user:token@host)" if answer.status in (401, 403) else ""
            raise SourceUnavailableError(f"The registry's token service at {url} {status_problem(answer.status, b'')}{hint}.")
        try:
            granted = parse_json(answer.body)
        except NotJsonError as error:
            raise SourceUnavailableError(f"The registry's token service at {url} {error}.") from error
        token = (granted.get("token") or granted.get("access_token")) if isinstance(granted, dict) else None
        if not isinstance(token, str):
            raise SourceUnavailableError(f"The registry's token service at {url} answered without a token.")
        return token
