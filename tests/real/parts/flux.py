# SPDX-License-Identifier: GPL-3.0-or-later
"""Flux' own kustomize-controller, which keeps a cluster as a repository says. What its source-controller would fetch is published by the
test: an archive on loopback, and the GitRepository that names it.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from .binaries import program
from .control_plane import ControlPlane
from .processes import HOST, answers, free_port, processes

_GROUP, _VERSION = "source.toolkit.fluxcd.io", "v1"
_SOURCES = {
    "GitRepository": "gitrepositories",
    "OCIRepository": "ocirepositories",
    "Bucket": "buckets",
    "ExternalArtifact": "externalartifacts",
}
_KUSTOMIZATION = Path(__file__).parent / "crds" / "kustomization.yaml"


@dataclass(frozen=True, slots=True)
class Flux:
    plane: ControlPlane
    directory: Path
    url: str
    log: Path

    def publish(self, namespace: str, manifests: list[dict[str, Any]]) -> str:
        """Makes this what the GitRepository ``shop`` of the namespace has; the revision it is."""
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as archive:
            for number, manifest in enumerate(manifests):
                text = json.dumps(manifest).encode()
                entry = tarfile.TarInfo(f"{number}.yaml")
                entry.size = len(text)
                archive.addfile(entry, io.BytesIO(text))
        digest = hashlib.sha256(packed.getvalue()).hexdigest()
        (self.directory / f"{digest}.tar.gz").write_bytes(packed.getvalue())
        revision = f"main@sha1:{digest[:40]}"
        artifact = {
            "digest": f"sha256:{digest}",
            "lastUpdateTime": "2026-01-01T00:00:00Z",
            "path": f"{digest}.tar.gz",
            "revision": revision,
            "url": f"{self.url}/{digest}.tar.gz",
        }
        source = {
            "apiVersion": f"{_GROUP}/{_VERSION}",
            "kind": "GitRepository",
            "metadata": {"name": "shop", "namespace": namespace},
            "spec": {"interval": "1h", "url": "https://git.example.com/shop"},
            "status": {"artifact": artifact, "conditions": []},
        }
        self.plane.apply({key: value for key, value in source.items() if key != "status"})
        patch = json.dumps({"status": source["status"]})
        self.plane.kubectl(
            "patch", f"gitrepositories.{_GROUP}/shop", f"-n={namespace}", "--subresource=status", "--type=merge", f"-p={patch}"
        )
        return revision

    def said(self, namespace: str, words: str) -> int:
        """How often the controller's log has said that of the Kustomizations of a namespace."""
        lines = (json.loads(line) for line in self.log.read_text(encoding="utf-8").splitlines() if line.startswith("{"))
        return sum(words in str(line.get("msg")) and line.get("namespace") == namespace for line in lines)


@contextlib.contextmanager
def flux(plane: ControlPlane, directory: Path) -> Iterator[Flux]:
    """A controller that looks after the Kustomizations of all namespaces of ``plane``."""
    controller = program("kustomize-controller")
    plane.apply(*(_definition(kind, plural) for kind, plural in _SOURCES.items()))
    plane.kubectl("apply", "--server-side", f"-f={_KUSTOMIZATION}")
    plane.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
    archives, health = directory / "archives", free_port()
    archives.mkdir()
    with _served(archives) as url, processes(directory) as running:
        command = [
            controller,
            f"--health-addr={HOST}:{health}",
            f"--metrics-addr={HOST}:{free_port()}",
            "--interval-jitter-percentage=0",
        ]
        running.start("kustomize-controller", command, {"RUNTIME_NAMESPACE": "default", "KUBECONFIG": str(plane.kubeconfig)})
        running.wait("Flux' controller", lambda: answers(f"http://{HOST}:{health}/readyz"))
        yield Flux(plane, archives, url, directory / "kustomize-controller.log")


def _definition(kind: str, plural: str) -> dict[str, Any]:
    """Of a source, as far as somebody needs it who only reads its status."""
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    schema = {"type": "object", "properties": {"spec": anything, "status": anything}}
    version = {"name": _VERSION, "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}, "subresources": {"status": {}}}
    names = {"kind": kind, "listKind": f"{kind}List", "plural": plural, "singular": kind.lower()}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{_GROUP}"},
        "spec": {"group": _GROUP, "names": names, "scope": "Namespaced", "versions": [version]},
    }


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@contextlib.contextmanager
def _served(directory: Path) -> Iterator[str]:
    with ThreadingHTTPServer((HOST, 0), partial(_Quiet, directory=str(directory))) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://{HOST}:{server.server_address[1]}"
        server.shutdown()
        thread.join(10)
