# SPDX-License-Identifier: GPL-3.0-or-later
"""An image registry: manifests and tags of the Distribution HTTP API v2 (https://distribution.github.io/distribution/spec/api/)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from lab.scenario.model import Scenario

_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_CONFIG = "application/vnd.docker.container.image.v1+json"
_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"


def images_of(scenario: Scenario) -> dict[str, list[str]]:
    """Tags by image name: those of the workloads' revisions and the further ones of the scenario, without the missing ones."""
    images: dict[str, set[str]] = {name: set(tags) for name, tags in scenario.registry.images.items()}
    for workload in scenario.workloads.values():
        images.setdefault(workload.image, set()).update(revision.version for revision in workload.revisions)
    missing = set(scenario.registry.missing)
    return {name: sorted(tag for tag in tags if f"{name}:{tag}" not in missing) for name, tags in sorted(images.items())}


class Registry:
    """``images`` are tags by name. With a ``token``, requests must carry it as a bearer token."""

    def __init__(self, images: Mapping[str, Sequence[str]], token: str | None = None) -> None:
        self.images = images
        self._token = token
        self._blobs: dict[str, bytes] = {}
        self._manifests: dict[str, dict[str, bytes]] = {
            name: {tag: self._manifest(name, tag) for tag in tags} for name, tags in images.items()
        }

    def has(self, reference: str) -> bool:
        """Whether an image reference, ``host:port/name:tag``, can be pulled."""
        _, _, rest = reference.partition("/")
        name, _, tag = rest.rpartition(":")
        return tag in self.images.get(name, ())

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self._answering])
        app.router.add_get("/v2/", self._version)
        app.router.add_get("/v2/_catalog", self._catalog, allow_head=False)
        app.router.add_get("/v2/{name:.+}/tags/list", self._tags, allow_head=False)
        app.router.add_get("/v2/{name:.+}/manifests/{reference}", self._get_manifest)
        app.router.add_get("/v2/{name:.+}/blobs/{digest}", self._get_blob)
        return app

    def _manifest(self, name: str, tag: str) -> bytes:
        """A manifest with one layer; alike for the same name and tag."""
        config = json.dumps(
            {"architecture": "amd64", "os": "linux", "config": {"Labels": {"org.opencontainers.image.version": tag}}}
        ).encode()
        layer = f"{name}:{tag}".encode()
        described = [
            {"mediaType": kind, "size": len(content), "digest": self._stored(content)}
            for kind, content in ((_CONFIG, config), (_LAYER, layer))
        ]
        return json.dumps({"schemaVersion": 2, "mediaType": _MANIFEST, "config": described[0], "layers": described[1:]}, indent=3).encode()

    def _stored(self, content: bytes) -> str:
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        self._blobs[digest] = content
        return digest

    @web.middleware
    async def _answering(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if self._token is not None and request.headers.get("Authorization") != f"Bearer {self._token}":
            response: web.StreamResponse = _error(401, "UNAUTHORIZED", "authentication required")
            response.headers["WWW-Authenticate"] = f'Bearer realm="http://{request.host}/token",service="lab"'
        else:
            try:
                response = await handler(request)
            except web.HTTPNotFound:
                response = web.Response(status=404, text="404 page not found\n")
            except web.HTTPMethodNotAllowed:
                response = web.Response(status=405)
        response.headers["Docker-Distribution-Api-Version"] = "registry/2.0"
        return response

    async def _version(self, _request: web.Request) -> web.Response:
        return web.json_response({})

    async def _catalog(self, _request: web.Request) -> web.Response:
        return web.json_response({"repositories": sorted(self.images)})

    async def _tags(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in self.images:
            return _error(404, "NAME_UNKNOWN", "repository name not known to registry", {"name": name})
        return web.json_response({"name": name, "tags": list(self.images[name])})

    async def _get_manifest(self, request: web.Request) -> web.Response:
        name, reference = request.match_info["name"], request.match_info["reference"]
        known = self._manifests.get(name, {})
        by_digest = {f"sha256:{hashlib.sha256(content).hexdigest()}": content for content in known.values()}
        content = known.get(reference) or by_digest.get(reference)
        if content is None:
            return _error(404, "MANIFEST_UNKNOWN", "manifest unknown", {"Name": name, "Tag": reference})
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        headers = {"Docker-Content-Digest": digest, "Etag": f'"{digest}"', "Content-Type": _MANIFEST}
        return web.Response(body=content, headers=headers)

    async def _get_blob(self, request: web.Request) -> web.Response:
        digest = request.match_info["digest"]
        if digest not in self._blobs:
            return _error(404, "BLOB_UNKNOWN", "blob unknown to registry", digest)
        headers = {"Docker-Content-Digest": digest, "Content-Type": "application/octet-stream"}
        return web.Response(body=self._blobs[digest], headers=headers)


def _error(status: int, code: str, message: str, detail: Any = None) -> web.Response:
    return web.json_response({"errors": [{"code": code, "message": message, "detail": detail}]}, status=status)
