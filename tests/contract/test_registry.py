# SPDX-License-Identifier: GPL-3.0-or-later
"""What an image registry says of an image that is there, and of one that is not."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from lab.registry import Registry
from plugins.module_utils.clients.registry import RegistryClient
from plugins.module_utils.errors import SourceUnavailableError
from tests.contract.serving import served
from tests.real.parts.registry import push, registry
from tests.real.servers import real_part

BCRYPT_OF_SECRET = "$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a"
REPOSITORY, TAGS = "payments/payment-api", ("v2.3.0", "v2.3.1")
_ACCEPT = "application/vnd.docker.distribution.manifest.v2+json"


@dataclass(frozen=True, slots=True)
class Images:
    url: str
    digest: str
    """Of v2.3.0."""


@pytest.fixture(scope="module")
def images(side: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Images]:
    if side == "lab":
        with served(Registry({REPOSITORY: list(TAGS)}).app()) as url:
            yield Images(url, _request("HEAD", f"{url}/v2/{REPOSITORY}/manifests/v2.3.0")[1]["docker-content-digest"])
        return
    with real_part(request, "image registry", registry(tmp_path_factory.mktemp("registry"))) as url:
        digests = [push(url, REPOSITORY, tag) for tag in TAGS]
        yield Images(url, digests[0])


def _request(method: str, url: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers by name in lower case, and body."""
    request = urllib.request.Request(url, headers={"Accept": _ACCEPT}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, {name.lower(): value for name, value in error.headers.items()}, error.read()


def test_images_by_tag_and_by_digest(images: Images) -> None:
    client = RegistryClient(images.url)
    assert client.has_tag(REPOSITORY, "v2.3.0")
    assert client.has_tag(REPOSITORY, images.digest)


@pytest.mark.parametrize(
    ("repository", "tag"),
    [(REPOSITORY, "v9.9.9"), ("payments/other", "v2.3.0"), (REPOSITORY, f"sha256:{'0' * 64}"), ("other", "v1"), (REPOSITORY, "latest")],
)
def test_images_that_are_not_there(images: Images, repository: str, tag: str) -> None:
    assert not RegistryClient(images.url).has_tag(repository, tag)


@pytest.mark.parametrize(
    "path",
    [
        f"{REPOSITORY}/manifests/v2.3.0",
        f"{REPOSITORY}/manifests/v9.9.9",
        "payments/other/manifests/v2.3.0",
        f"{REPOSITORY}/tags/list",
        "payments/other/tags/list",
        "_catalog",
        "",
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_answers_are_those_of_a_registry(images: Images, method: str, path: str) -> None:
    status, headers, body = _request(method, f"{images.url}/v2/{path}")
    assert headers["docker-distribution-api-version"] == "registry/2.0"
    if method == "HEAD" and path.endswith(("list", "_catalog")):
        assert status == 405
        return
    assert status == (404 if "v9.9.9" in path or "other" in path else 200)
    if method == "HEAD":
        assert body == b""
        return
    document = json.loads(body)
    if status == 404:
        code = "MANIFEST_UNKNOWN" if "manifests" in path else "NAME_UNKNOWN"
        assert [error["code"] for error in document["errors"]] == [code]
        assert [set(error) for error in document["errors"]] == [{"code", "message", "detail"}]
    elif "manifests" in path:
        assert (document["schemaVersion"], document["mediaType"]) == (2, _ACCEPT)
        assert headers["docker-content-digest"] == images.digest
        assert headers["content-type"] == _ACCEPT
    elif path:
        assert document in ({"name": REPOSITORY, "tags": list(TAGS)}, {"repositories": [REPOSITORY]})


def test_blobs_of_an_image(images: Images) -> None:
    manifest = json.loads(_request("GET", f"{images.url}/v2/{REPOSITORY}/manifests/v2.3.0")[2])
    status, headers, body = _request("GET", f"{images.url}/v2/{REPOSITORY}/blobs/{manifest['config']['digest']}")
    assert (status, headers["docker-content-digest"], len(body)) == (200, manifest["config"]["digest"], manifest["config"]["size"])


def test_a_login_that_is_missing_or_wrong(side: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Each in its own way: the simulated registry wants a token, the real one is asked with basic authentication."""
    if side == "lab":
        with served(Registry({REPOSITORY: list(TAGS)}, token="right").app()) as url, pytest.raises(SourceUnavailableError):
            RegistryClient(url).has_tag(REPOSITORY, "v2.3.0")
        return
    directory = tmp_path_factory.mktemp("registry")
    passwords = directory / "htpasswd"
    passwords.write_text("robot:" + BCRYPT_OF_SECRET + "\n")
    auth = {"htpasswd": {"realm": "images", "path": str(passwords)}}
    with real_part(request, "image registry", registry(directory, auth)) as url:
        host = url.removeprefix("http://")
        push(url, REPOSITORY, "v2.3.0", authorization="Basic cm9ib3Q6c2VjcmV0")
        assert RegistryClient(f"http://robot:secret@{host}").has_tag(REPOSITORY, "v2.3.0")
        for login in ("", "robot:wrong@"):
            with pytest.raises(SourceUnavailableError, match="put a login into registry_url"):
                RegistryClient(f"http://{login}{host}").has_tag(REPOSITORY, "v2.3.0")
