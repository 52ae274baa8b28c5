# SPDX-License-Identifier: GPL-3.0-or-later
"""What the Accept header asks for, and the encoding of objects and lists in that form."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Literal

from aiohttp import web

from . import tables
from .resources import STORED, Resource
from .store import Store, encode_item
from .versions import to_served

Object = dict[str, Any]
Form = Literal["Object", "Table", "PartialObjectMetadata"]


def requested_form(accept: str) -> Form:
    """The first form of the Accept header that the server can give."""
    for media_type in accept.split(","):
        name, *parameters = (part.strip() for part in media_type.split(";"))
        if name not in ("application/json", "*/*", "application/*"):
            continue
        named = dict(part.partition("=")[::2] for part in parameters)
        as_ = named.get("as", "")
        known = named.get("g") == "meta.k8s.io" and named.get("v") in ("v1", "v1beta1")
        if as_ == "Table" and known:
            return "Table"
        if as_ in ("PartialObjectMetadata", "PartialObjectMetadataList") and known:
            return "PartialObjectMetadata"
        if not as_:
            return "Object"
    return "Object"


def json_response(body: Any, status: int = 200) -> web.Response:
    return web.Response(body=json.dumps(body, separators=(",", ":")).encode(), status=status, content_type="application/json")


class Encoder:
    """Encodes objects of one resource in one form."""

    def __init__(self, store: Store, resource: Resource, form: Form, now: float, include: str) -> None:
        self._store = store
        self._resource = resource
        self._form = form
        self._now = now
        self._include = include or "Metadata"
        self._table_columns = True

    def one(self, obj: Object) -> bytes:
        """An object by itself, or in a watch: there, only the first Table names its columns."""
        served = self._served(obj)
        if self._form == "Table":
            meta = {"resourceVersion": obj["metadata"].get("resourceVersion", "")}
            body = tables.table(self._resource.kind, [obj], meta, self._now, self._include, columns=self._table_columns)
            self._table_columns = False
            return json.dumps(body).encode()
        if self._form == "PartialObjectMetadata":
            return json.dumps(tables.partial(served)).encode()
        item = self._store.encoded(obj) if served is obj else encode_item(served)
        return self._head(self._resource.kind, self._resource.api_version) + item[1:]

    def many(self, objects: Sequence[Object], meta: Object) -> bytes:
        """A list; items of built-in kinds carry no kind and apiVersion of their own."""
        if self._form == "Table":
            return json.dumps(tables.table(self._resource.kind, objects, meta, self._now, self._include)).encode()
        if self._form == "PartialObjectMetadata":
            items = [tables.partial(obj) for obj in objects]
            body = {"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": meta, "items": items}
            return json.dumps(body).encode()
        stored = self._resource is STORED[self._resource.kind]
        parts = [self._store.encoded(obj) if stored else encode_item(self._served(obj)) for obj in objects]
        head = self._head(f"{self._resource.kind}List", self._resource.api_version) + b'"metadata":' + json.dumps(meta).encode()
        return head + b',"items":[' + b",".join(parts) + b"]}"

    def _served(self, obj: Object) -> Object:
        return to_served(self._resource, obj)

    @staticmethod
    def _head(kind: str, api_version: str) -> bytes:
        return f'{{"kind":"{kind}","apiVersion":"{api_version}",'.encode()
