# SPDX-License-Identifier: GPL-3.0-or-later
"""Get, list, create, update, patch and delete of stored objects."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

import yaml
from aiohttp import web

from . import managed_fields
from .admission import admitted
from .deletion import delete_object, delete_options
from .errors import ApiError, already_exists, bad_request, conflict, not_found, unsupported_media_type
from .patch import APPLY_PATCH, patched
from .protobuf import PROTOBUF, decode
from .request import RequestInfo
from .resources import STORED, Resource
from .responses import Encoder, requested_form
from .selectors import Predicate, field_predicate, label_predicate
from .store import Store, copied
from .timestamps import to_seconds
from .validation import check_shape, validate
from .versions import to_served, to_stored
from .watch import Watch

Object = dict[str, Any]

_SERVER_SET_META = ("creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "generation", "selfLink", "uid")


async def read_object(request: web.Request) -> Object:
    """The JSON or YAML object of a request's body; an empty body is an empty object. Raises ApiErrors (400, 415)."""
    body = await request.read()
    if not body:
        return {}
    if request.content_type == PROTOBUF:
        return decode(body)
    if request.content_type not in ("application/json", "application/yaml", "application/octet-stream", "text/plain"):
        accepted = ("application/json", "application/yaml", "application/vnd.kubernetes.protobuf", "application/cbor")
        raise unsupported_media_type(request.content_type, accepted)
    try:
        found = yaml.safe_load(body) if request.content_type == "application/yaml" else json.loads(body)
    except (ValueError, yaml.YAMLError) as error:
        raise bad_request(
            f"the object provided is unrecognized (must be of type JSON or YAML): couldn't get version/kind; {error}"
        ) from None
    if not isinstance(found, dict):
        raise bad_request("the object provided is unrecognized: json: cannot unmarshal array into Go value of type struct")
    return found


def is_dry_run(query: Mapping[str, str]) -> bool:
    """Raises a 422 ApiError for a value other than All."""
    value = query.get("dryRun", "")
    if value not in ("", "All"):
        raise ApiError(422, "Invalid", f' "" is invalid: dryRun: Unsupported value: "{value}": supported values: "All"', {})
    return value == "All"


def field_manager(request: web.Request) -> str:
    """As the server names a writer who does not name himself: the User-Agent up to its slash."""
    return request.query.get("fieldManager") or request.headers.get("User-Agent", "unknown").partition("/")[0][:128]


class ObjectHandlers:
    """The verbs of one cluster's stored resources."""

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock

    async def handle(self, request: web.Request, info: RequestInfo) -> web.StreamResponse:
        if info.verb == "watch":
            return await self._watch(request, info)
        if info.verb == "list":
            return self._list(request, info)
        if info.verb == "get":
            return self._respond(request, info, self._current(info))
        if info.verb == "create":
            return await self._create(request, info)
        if info.verb in ("delete", "deletecollection"):
            return await self._delete(request, info)
        return await self._write(request, info)

    def _encoder(self, request: web.Request, resource: Resource) -> Encoder:
        form = requested_form(request.headers.get("Accept", "*/*"))
        return Encoder(self._store, resource, form, self._clock(), request.query.get("includeObject", ""))

    def _respond(self, request: web.Request, info: RequestInfo, obj: Object, status: int = 200) -> web.Response:
        assert info.resource is not None
        body = self._encoder(request, info.resource).one(obj)
        return web.Response(body=body, status=status, content_type="application/json")

    def _current(self, info: RequestInfo) -> Object:
        assert info.resource is not None
        namespace = info.namespace if info.resource.namespaced else None
        found = self._store.get(info.resource.kind, namespace, info.name)
        if found is None:
            raise not_found(info.resource, info.name)
        return found

    def _selected(self, request: web.Request, info: RequestInfo) -> Predicate:
        assert info.resource is not None
        by_label = label_predicate(request.query.get("labelSelector", ""))
        by_field = field_predicate(request.query.get("fieldSelector", ""), info.resource)
        namespace = info.namespace if info.resource.namespaced else ""
        name = info.name

        def accepts(obj: Mapping[str, Any]) -> bool:
            meta = obj["metadata"]
            in_place = (not namespace or meta.get("namespace") == namespace) and (not name or meta["name"] == name)
            return in_place and by_label(obj) and by_field(obj)

        return accepts

    async def _watch(self, request: web.Request, info: RequestInfo) -> web.StreamResponse:
        resource = info.resource
        assert resource is not None
        empty = {"kind": resource.kind, "apiVersion": resource.api_version}
        watch = Watch(self._store, resource.kind, self._selected(request, info), self._encoder(request, resource).one, empty)
        return await watch.serve(request)

    def _list(self, request: web.Request, info: RequestInfo) -> web.Response:
        resource = info.resource
        assert resource is not None
        namespace = info.namespace if resource.namespaced else None
        found = self._store.list(resource.kind, namespace, self._selected(request, info))
        page, meta = self._page(found, request.query)
        return web.Response(body=self._encoder(request, resource).many(page, meta), content_type="application/json")

    def _page(self, found: list[Object], query: Mapping[str, str]) -> tuple[list[Object], Object]:
        """The part of the list that `limit` and `continue` ask for; pages show the present state, not that of the first page."""
        meta: Object = {"resourceVersion": str(self._store.revision)}
        if query.get("continue"):
            start = _continue_key(query["continue"])
            found = [obj for obj in found if _key(obj) > start]
        limit = query.get("limit", "0")
        if not limit.isdigit():
            raise bad_request(f'strconv.ParseInt: parsing "{limit}": invalid syntax')
        if 0 < int(limit) < len(found):
            token = json.dumps({"v": "meta.k8s.io/v1", "rv": self._store.revision, "start": _key(found[int(limit) - 1])})
            meta["continue"] = base64.urlsafe_b64encode(token.encode()).decode().rstrip("=")
            if not query.get("labelSelector") and not query.get("fieldSelector"):
                meta["remainingItemCount"] = len(found) - int(limit)
            found = found[: int(limit)]
        return found, meta

    async def _create(self, request: web.Request, info: RequestInfo) -> web.Response:
        resource = info.resource
        assert resource is not None
        obj = await read_object(request)
        obj = self._accepted(resource, obj, info)
        meta = obj["metadata"]
        for field in ("resourceVersion", "managedFields", *_SERVER_SET_META):
            meta.pop(field, None)
        if meta.get("name") and self._store.get(resource.kind, meta.get("namespace"), meta["name"]):
            raise already_exists(resource, meta["name"])
        if resource.namespaced and self._store.get("Namespace", None, info.namespace) is None:
            raise not_found(STORED["Namespace"], info.namespace)
        if resource.status:
            obj.pop("status", None)
        stored = self._store_new(resource, obj, field_manager(request), dry_run=is_dry_run(request.query))
        return self._respond(request, info, stored, 201)

    def _store_new(self, resource: Resource, obj: Object, manager: str, *, dry_run: bool, applied: bool = False) -> Object:
        if not obj["metadata"].get("name") and not obj["metadata"].get("generateName"):
            validate(resource, obj, None)
        if resource.kind == "Pod":
            obj = admitted(self._store, obj)
        complete = self._store.create(obj, dry_run=True)
        validate(STORED[resource.kind], complete, None)
        if not applied:
            managed_fields.track_update(None, obj, manager, to_seconds(self._clock()))
        return self._store.create(obj, dry_run=dry_run)

    def _accepted(self, resource: Resource, obj: Object, info: RequestInfo) -> Object:
        """A body checked against the path it came by, in the stored version. Raises ApiErrors (400)."""
        obj = {"kind": resource.kind, "apiVersion": resource.api_version} | {
            k: v for k, v in obj.items() if v or k not in ("kind", "apiVersion")
        }
        if (obj["kind"], obj["apiVersion"]) != (resource.kind, resource.api_version):
            if obj["kind"] == resource.kind:
                found, expected = obj["apiVersion"], resource.api_version
                raise bad_request(f"the API version in the data ({found}) does not match the expected API version ({expected})")
            raise bad_request(
                f'{obj["kind"]} in version "{resource.version}" cannot be handled as a {resource.kind}: converting '
                f"({obj['apiVersion']}.{obj['kind']}) to ({resource.group or 'core'}.{resource.kind}): unknown conversion"
            )
        if obj.get("metadata") is None:
            obj["metadata"] = {}
        check_shape(resource, obj)
        meta = obj["metadata"]
        if resource.namespaced and info.namespace and meta.setdefault("namespace", info.namespace) != info.namespace:
            raise bad_request("the namespace of the provided object does not match the namespace sent on the request")
        if info.name and meta.setdefault("name", info.name) != info.name:
            raise bad_request(f"the name of the object ({meta['name']}) does not match the name on the URL ({info.name})")
        return to_stored(resource, obj)

    async def _write(self, request: web.Request, info: RequestInfo) -> web.Response:
        resource = info.resource
        assert resource is not None
        manager, at = field_manager(request), to_seconds(self._clock())
        if info.verb == "patch" and request.content_type == APPLY_PATCH:
            return await self._apply(request, info, at)
        if info.verb == "patch":
            body = await request.read()
            current = self._current(info)
            obj = patched(request.content_type, to_served(resource, current), body)
        else:
            obj = await read_object(request)
            current = self._current(info)
        obj = self._accepted(resource, obj, info)
        updated = self._replace(resource, current, obj, info.subresource)
        managed_fields.track_update(current, updated, manager, at, info.subresource)
        stored = self._store.update(updated, status_only=info.subresource == "status", dry_run=is_dry_run(request.query))
        return self._respond(request, info, stored)

    def _replace(self, resource: Resource, current: Object, obj: Object, subresource: str) -> Object:
        """What an update leaves of the object sent: the server's own metadata stays, spec and status are written apart."""
        meta, old = obj["metadata"], current["metadata"]
        if meta.get("uid") and meta["uid"] != old["uid"]:
            why = f"Precondition failed: UID in precondition: {meta['uid']}, UID in object meta: {old['uid']}"
            raise conflict(resource, old["name"], why)
        if meta.get("resourceVersion") and meta["resourceVersion"] != old["resourceVersion"]:
            raise conflict(resource, old["name"])
        for field in _SERVER_SET_META:
            meta.pop(field, None)
            if field in old:
                meta[field] = old[field]
        if "managedFields" in old:
            meta.setdefault("managedFields", old["managedFields"])
        if subresource == "status":
            kept_meta = old | {key: meta[key] for key in ("annotations", "labels", "managedFields", "resourceVersion") if key in meta}
            return current | {"metadata": kept_meta, "status": obj.get("status") or {}}
        updated: Object = copied(obj)
        if resource.status:
            updated["status"] = copied(current.get("status") or {})
        complete = self._store.update(updated, dry_run=True)
        validate(STORED[resource.kind], complete, current)
        return updated

    async def _apply(self, request: web.Request, info: RequestInfo, at: str) -> web.Response:
        """Server-side apply; creates what is not there."""
        resource = info.resource
        assert resource is not None
        manager, dry_run = request.query.get("fieldManager", ""), is_dry_run(request.query)
        if not manager:
            raise ApiError(
                422, "Invalid", 'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch', {}
            )
        try:
            config = yaml.safe_load(await request.read())
        except yaml.YAMLError as error:
            raise bad_request(f"error decoding YAML: {error}") from None
        if not isinstance(config, dict):
            raise bad_request("error decoding YAML: the configuration is no object")
        config = self._accepted(resource, config, info)
        if config["metadata"].get("managedFields"):
            raise bad_request("metadata.managedFields must be nil")
        current = self._store.get(resource.kind, config["metadata"].get("namespace"), config["metadata"]["name"])
        force = request.query.get("force", "") == "true"
        if current is None:
            empty: Object = {key: config[key] for key in ("kind", "apiVersion")} | {"metadata": {}}
            created = managed_fields.apply(empty, config, manager, at, force=force)
            created["metadata"] |= {key: config["metadata"][key] for key in ("name", "namespace") if key in config["metadata"]}
            return self._respond(request, info, self._store_new(resource, created, manager, dry_run=dry_run, applied=True), 201)
        merged = managed_fields.apply(current, config, manager, at, force=force)
        if merged["metadata"].get("managedFields") and _same_but_times(merged, current):
            return self._respond(request, info, current)
        updated = self._replace(resource, current, merged, info.subresource)
        stored = self._store.update(updated, status_only=info.subresource == "status", dry_run=dry_run)
        return self._respond(request, info, stored)

    async def _delete(self, request: web.Request, info: RequestInfo) -> web.Response:
        resource = info.resource
        assert resource is not None
        options = delete_options(await read_object(request), request.query)
        now = self._clock()
        if info.verb == "delete":
            body, code = delete_object(self._store, resource, self._current(info), options, now)
            return web.Response(body=json.dumps(body).encode(), status=code, content_type="application/json")
        namespace = info.namespace if resource.namespaced else None
        found = self._store.list(resource.kind, namespace, self._selected(request, info))
        for obj in found:
            delete_object(self._store, resource, obj, options, now)
        meta: Object = {"resourceVersion": str(self._store.revision)}
        return web.Response(body=self._encoder(request, resource).many(found, meta), content_type="application/json")


def _same_but_times(one: Object, other: Object) -> bool:
    def timeless(obj: Object) -> Object:
        meta = obj["metadata"]
        entries = [{k: v for k, v in entry.items() if k != "time"} for entry in meta.get("managedFields") or ()]
        return obj | {"metadata": meta | {"managedFields": sorted(entries, key=json.dumps)}}

    return timeless(one) == timeless(other)


def _key(obj: Object) -> str:
    return f"{obj['metadata'].get('namespace', '')}/{obj['metadata']['name']}"


def _continue_key(token: str) -> str:
    try:
        decoded = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        return str(decoded["start"])
    except (ValueError, KeyError, TypeError):
        raise bad_request("continue key is not valid: illegal base64 data") from None
