# SPDX-License-Identifier: GPL-3.0-or-later
"""A real image registry (CNCF Distribution) on loopback, with images that the test pushes."""

from __future__ import annotations

import contextlib
import hashlib
import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .binaries import program
from .processes import HOST, free_port, processes

_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


@contextlib.contextmanager
def registry(directory: Path, auth: Mapping[str, Any] | None = None) -> Iterator[str]:
    """Its URL. `auth` is the part of its configuration of that name (https://distribution.github.io/distribution/about/configuration/#auth)."""
    server = program("docker-registry")
    directory.mkdir(parents=True, exist_ok=True)
    address = f"{HOST}:{free_port()}"
    document: dict[str, Any] = {
        "version": 0.1,
        "storage": {"filesystem": {"rootdirectory": str(directory / "images")}},
        "http": {"addr": address},
    }
    settings = directory / "config.yml"
    settings.write_text(json.dumps({**document, **({"auth": auth} if auth else {})}))  # JSON is YAML
    with processes(directory) as running:
        running.start("registry", [server, "serve", settings])
        running.wait("registry", lambda: _status(f"http://{address}/v2/") in (200, 401))
        yield f"http://{address}"


def push(url: str, repository: str, tag: str, authorization: str | None = None) -> str:
    """Pushes a tiny image, and gives its digest."""
    headers = {"Authorization": authorization} if authorization else {}
    layers = [
        {"mediaType": media, "size": len(content), "digest": _upload(url, repository, content, headers)}
        for media, content in (
            ("application/vnd.docker.container.image.v1+json", b'{"architecture":"amd64","os":"linux","rootfs":{"type":"layers"}}'),
            ("application/vnd.docker.image.rootfs.diff.tar.gzip", f"{repository}:{tag}".encode()),
        )
    ]
    manifest = {"schemaVersion": 2, "mediaType": _MANIFEST, "config": layers[0], "layers": layers[1:]}
    content = json.dumps(manifest).encode()
    answer = _send(f"{url}/v2/{repository}/manifests/{tag}", "PUT", content, {**headers, "Content-Type": _MANIFEST})
    return str(answer["Docker-Content-Digest"])


def _upload(url: str, repository: str, content: bytes, headers: Mapping[str, str]) -> str:
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    place = _send(f"{url}/v2/{repository}/blobs/uploads/", "POST", b"", headers)["Location"]
    joint = "&" if "?" in place else "?"
    _send(f"{place}{joint}digest={digest}", "PUT", content, {**headers, "Content-Type": "application/octet-stream"})
    return digest


def _send(url: str, method: str, content: bytes, headers: Mapping[str, str]) -> Mapping[str, str]:
    request = urllib.request.Request(url, content, dict(headers), method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return dict(answer.headers.items())


def _status(url: str) -> int | None:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return None
