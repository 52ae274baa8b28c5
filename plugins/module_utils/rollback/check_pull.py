# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Can the nodes get the target's image: is it there already, and has anything been pulled with these credentials?

The registry says whether the image exists (check_image); only what the nodes have done says whether they may have it. Of secrets, the
metadata is read only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..clients.answers import excerpt
from ..clients.cluster import ClusterClient, ClusterError, ObjectNotFound
from ..concurrency import start
from ..evidence.objects import main_container, mapping, name_of, sequence
from ..model.check import Check, Verdict
from ..model.service import Service
from .plan import Change
from .pods import pods_of
from .target import describe

NAME = "pull"
_REFUSED = frozenset({"ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName"})


@dataclass(slots=True)
class _Seen:
    """``nodes`` have run the image; ``pulled`` is an image of the same repository that a pod runs with the same credentials."""

    nodes: set[str] = field(default_factory=set)
    pulled: str | None = None
    refused: str | None = None


def check_pull(client: ClusterClient, service: Service, change: Change) -> Check:
    """Fails when nodes were refused the image, or a secret to pull it with is gone and no node holds it; unknown without any sign."""
    pod = mapping(change.after.get("spec"))
    image, what = str(main_container(pod, service.container).get("image") or ""), describe(change.target)
    unknown = f"Whether the nodes can pull the image of {what} is unknown"
    secrets = start(lambda: _missing_secrets(client, change, pod), "pull secrets")
    held = start(lambda: _nodes_with(client, image), "node images")
    try:
        seen = _seen(pods_of(client, service.namespace, change.workload), service, change, image)
    except ClusterError as error:
        return Check(NAME, Verdict.UNKNOWN, unknown, error.message)
    nodes = seen.nodes | held.result()
    missing, unread = secrets.result()
    if seen.refused and not seen.nodes:
        detail = f"{seen.refused} Push the image again, or correct its imagePullSecrets, first."
        return Check(NAME, Verdict.FAIL, f"Nodes can't pull the image of {what}", detail)
    if missing:
        gone = f"Gone: Secret {', '.join(missing)}, with which it is pulled."
        if nodes and main_container(pod, service.container).get("imagePullPolicy") != "Always":
            return Check(NAME, Verdict.UNKNOWN, unknown, f"{gone} {_held(nodes)}; no other node could get it. Create the secret again.")
        return Check(NAME, Verdict.FAIL, f"Nodes can't pull the image of {what}", f"{gone} Create it again first.")
    title = f"Nodes can pull the image of {what}"
    if nodes:
        return Check(NAME, Verdict.PASS, title, f"{_held(nodes)}.")
    if seen.pulled:
        detail = f"Pods run {excerpt(seen.pulled, 200)}, which comes from the same repository with the same credentials."
        return Check(NAME, Verdict.PASS, title, detail)
    reason = unread or "No node is known to hold it, and no pod runs an image of its repository that was pulled with its credentials."
    return Check(NAME, Verdict.UNKNOWN, unknown, reason)


def _held(nodes: set[str]) -> str:
    return f"{len(nodes)} {'node holds' if len(nodes) == 1 else 'nodes hold'} it already ({', '.join(sorted(nodes)[:3])})"


def _seen(pods: Sequence[Mapping[str, Any]], service: Service, change: Change, image: str) -> _Seen:
    ours, seen = _credentials(mapping(change.after.get("spec"))), _Seen()
    for pod in pods:
        spec = mapping(pod.get("spec"))
        container = main_container(spec, service.container)
        for status in map(mapping, sequence(mapping(pod.get("status")).get("containerStatuses"))):
            if status.get("name") != container.get("name"):
                continue
            waiting = mapping(mapping(status.get("state")).get("waiting"))
            if container.get("image") == image and waiting.get("reason") in _REFUSED:
                words = f"{waiting.get('reason')} ({name_of(pod)}): {waiting.get('message') or 'no message'}"
                seen.refused = seen.refused or f"{excerpt(words, 300).rstrip('.')}."
            elif status.get("imageID") and container.get("image") == image:
                seen.nodes.add(str(spec.get("nodeName")))
            elif status.get("imageID") and _repository(str(container.get("image"))) == _repository(image) and _credentials(spec) == ours:
                seen.pulled = str(container.get("image"))
    return seen


def _credentials(pod: Mapping[str, Any]) -> tuple[tuple[str, ...], str]:
    """What decides whether a pull is allowed: secrets of the pod, and its service account, whose secrets are added when it has none."""
    names = tuple(sorted(str(mapping(secret).get("name")) for secret in sequence(pod.get("imagePullSecrets"))))
    return names, "" if names else str(pod.get("serviceAccountName") or pod.get("serviceAccount") or "default")


def _repository(image: str) -> str:
    """``registry.example.com/shop/api`` of ``registry.example.com/shop/api:v1``, and of the same with a digest."""
    name = image.partition("@")[0]
    head, _slash, tail = name.rpartition("/")
    return f"{head}/{tail.partition(':')[0]}"


def _nodes_with(client: ClusterClient, image: str) -> set[str]:
    """Nodes that say that they hold ``image``. A node names its 50 largest images only, so that none says nothing."""
    try:
        nodes = sequence(client.get("/api/v1/nodes", {"limit": 200}).get("items"))
    except ClusterError:
        return set()  # nodes belong to no namespace, and few may read them
    return {name_of(node) for node in nodes if any(image in sequence(entry.get("names")) for entry in _images(node))}


def _images(node: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [mapping(entry) for entry in sequence(mapping(node.get("status")).get("images"))]


def _missing_secrets(client: ClusterClient, change: Change, pod: Mapping[str, Any]) -> tuple[list[str], str | None]:
    """Secrets to pull with that are gone, and why that can't be told. Those that only the target names are left to check_references."""
    before = {str(mapping(secret).get("name")) for secret in sequence(mapping(change.before.get("spec")).get("imagePullSecrets"))}
    wanted = {str(mapping(secret).get("name")) for secret in sequence(pod.get("imagePullSecrets"))} & before
    space, missing, unread = change.plan.namespace, [], None
    for name in sorted(wanted):
        try:
            client.metadata(f"/api/v1/namespaces/{space}/secrets/{name}")
        except ObjectNotFound:
            missing.append(name)
        except ClusterError as error:
            unread = error.message
    return missing, unread
