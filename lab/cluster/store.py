# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects of the cluster, their versions, and the changes that watches follow."""

from __future__ import annotations

import json
import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple
from uuid import UUID

from . import defaults
from .errors import already_exists, conflict, not_found
from .resources import STORED
from .timestamps import to_seconds

Object = dict[str, Any]
ChangeType = Literal["ADDED", "MODIFIED", "DELETED"]

_NAME_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"  # of k8s.io/apimachinery/pkg/util/rand
_HISTORY = 20_000
_WITHOUT_GENERATION = {
    "ConfigMap",
    "ControllerRevision",
    "Endpoints",
    "Event",
    "Lease",
    "LimitRange",
    "MutatingWebhookConfiguration",
    "PriorityClass",
    "RuntimeClass",
    "ValidatingWebhookConfiguration",
    "Namespace",
    "Node",
    "ResourceQuota",
    "Secret",
    "Service",
    "ServiceAccount",
    "PersistentVolume",
    "PersistentVolumeClaim",
}


class Change(NamedTuple):
    revision: int
    type: ChangeType
    kind: str
    object: Object
    previous: Object | None


@dataclass(slots=True)
class _Entry:
    object: Object
    encoded: bytes | None = field(default=None)


class Expired(Exception):
    """The changes after a revision are no longer all known."""


def copied(obj: Any) -> Any:
    """A deep copy of JSON data (several times as fast as `copy.deepcopy`)."""
    return json.loads(json.dumps(obj))


def encode_item(obj: Object) -> bytes:
    """JSON of an object without its kind and apiVersion, as list items of built-in kinds are sent."""
    return json.dumps({k: v for k, v in obj.items() if k not in ("kind", "apiVersion")}, separators=(",", ":")).encode()


class Store:
    """Objects by kind, namespace and name.

    What `get`, `list`, `create` and `update` return is the stored object itself, read only. To change one, change a copy (`copied`) and
    `update` it.
    """

    def __init__(self, clock: Callable[[], float], rng: random.Random) -> None:
        self._clock = clock
        self._rng = rng
        self._entries: dict[str, dict[tuple[str, str], _Entry]] = {kind: {} for kind in STORED}
        self._subscribers: list[Callable[[Change], None]] = []
        self._changes: deque[Change] = deque(maxlen=_HISTORY)
        self.revision = 1000

    def create(self, obj: Object, *, dry_run: bool = False) -> Object:
        """Stores a copy with defaults filled in; a given uid, creationTimestamp, generation and status are kept.

        Raises an ApiError (AlreadyExists) when the name is taken, KeyError for a kind that the server does not know.
        """
        obj = copied(obj)
        kind = obj["kind"]
        resource = STORED[kind]
        meta = obj.setdefault("metadata", {})
        if not resource.namespaced:
            meta.pop("namespace", None)
        else:
            meta.setdefault("namespace", "default")
        if not meta.get("name") and meta.get("generateName"):
            meta["name"] = meta["generateName"] + self.random_suffix(5)
        key = (meta.get("namespace", ""), meta["name"])
        if key in self._entries[kind]:
            raise already_exists(resource, key[1])
        meta.setdefault("uid", str(UUID(int=self._rng.getrandbits(128), version=4)))
        meta.setdefault("creationTimestamp", to_seconds(self._clock()))
        if kind not in _WITHOUT_GENERATION:
            meta.setdefault("generation", 1)
        defaults.fill(obj)
        defaults.count_templates(obj, None)
        if dry_run:
            meta.pop("resourceVersion", None)
            return obj
        return self._commit("ADDED", obj, None)

    def update(self, obj: Object, *, status_only: bool = False, dry_run: bool = False) -> Object:
        """Replaces an object; nothing happens when nothing changes. `status_only` leaves the generation alone.

        A resourceVersion in `obj` must be the current one. An object marked for deletion goes with its last finalizer.
        Raises ApiErrors (NotFound, Conflict).
        """
        obj = copied(obj)
        meta = obj["metadata"]
        current = self.require(obj["kind"], meta.get("namespace"), meta["name"])
        resource = STORED[obj["kind"]]
        if meta.get("resourceVersion") and meta["resourceVersion"] != current["metadata"]["resourceVersion"]:
            raise conflict(resource, meta["name"])
        meta["resourceVersion"] = current["metadata"]["resourceVersion"]
        defaults.fill(obj)
        defaults.count_templates(obj, current)
        if not status_only and obj["kind"] not in _WITHOUT_GENERATION and self._desire_changed(current, obj):
            meta["generation"] = int(current["metadata"].get("generation", 0)) + 1
        if obj == current or dry_run:
            return obj if dry_run else current
        if meta.get("deletionTimestamp") and not meta.get("finalizers") and obj["kind"] != "Pod":
            return self._commit("DELETED", obj, current)
        return self._commit("MODIFIED", obj, current)

    def delete(self, kind: str, namespace: str | None, name: str) -> Object:
        """Removes an object at once and returns its last state. Raises an ApiError (NotFound)."""
        current = self.require(kind, namespace, name)
        return self._commit("DELETED", copied(current), current)

    def get(self, kind: str, namespace: str | None, name: str) -> Object | None:
        entry = self._entries[kind].get((namespace or "", name))
        return entry.object if entry else None

    def require(self, kind: str, namespace: str | None, name: str) -> Object:
        """Like `get`; raises an ApiError (NotFound) when the object is not there."""
        found = self.get(kind, namespace, name)
        if found is None:
            raise not_found(STORED[kind], name)
        return found

    def list(self, kind: str, namespace: str | None = None, where: Callable[[Object], bool] | None = None) -> list[Object]:
        """Objects of a kind, by namespace and name; of one namespace, and only those for which `where` holds, if given."""
        return [
            entry.object
            for key, entry in sorted(self._entries[kind].items())
            if (not namespace or key[0] == namespace) and (where is None or where(entry.object))
        ]

    def encoded(self, obj: Object) -> bytes:
        """`encode_item` of a stored object, remembered until the object changes."""
        meta = obj["metadata"]
        entry = self._entries[obj["kind"]].get((meta.get("namespace", ""), meta["name"]))
        if entry is None or entry.object is not obj:
            return encode_item(obj)
        if entry.encoded is None:
            entry.encoded = encode_item(obj)
        return entry.encoded

    def changes_after(self, kind: str, revision: int) -> Sequence[Change]:
        """Raises Expired when changes that old are forgotten."""
        if len(self._changes) == _HISTORY and revision < self._changes[0].revision - 1:
            raise Expired
        return [change for change in self._changes if change.revision > revision and change.kind == kind]

    def subscribe(self, callback: Callable[[Change], None]) -> None:
        """Calls back at every change, in order, before the call that makes the change returns."""
        self._subscribers.append(callback)

    def unsubscribe(self, callback: Callable[[Change], None]) -> None:
        self._subscribers.remove(callback)

    def random_suffix(self, length: int) -> str:
        return "".join(self._rng.choice(_NAME_ALPHABET) for _ in range(length))

    def random_bits(self, bits: int) -> int:
        return self._rng.getrandbits(bits)

    def _commit(self, change_type: ChangeType, obj: Object, previous: Object | None) -> Object:
        self.revision += 1
        meta = obj["metadata"]
        meta["resourceVersion"] = str(self.revision)
        key = (meta.get("namespace", ""), meta["name"])
        if change_type == "DELETED":
            del self._entries[obj["kind"]][key]
        else:
            self._entries[obj["kind"]][key] = _Entry(obj)
        change = Change(self.revision, change_type, obj["kind"], obj, previous)
        self._changes.append(change)
        for callback in tuple(self._subscribers):
            callback(change)
        return obj

    @staticmethod
    def _desire_changed(old: Object, new: Object) -> bool:
        """What raises the generation: the spec, and for Deployments annotations too (`registry/apps/deployment/strategy.go`)."""
        annotated = bool(old["metadata"].get("annotations") != new["metadata"].get("annotations"))
        return bool(old.get("spec") != new.get("spec")) or (new["kind"] == "Deployment" and annotated)
