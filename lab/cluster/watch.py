# SPDX-License-Identifier: GPL-3.0-or-later
"""Watching: the changes of one kind as a stream of JSON lines."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aiohttp import web

from .errors import ApiError, bad_request, expired
from .request import flag
from .store import Change, Expired, Store

Object = dict[str, Any]

_BOOKMARK_SECONDS = 30.0
_DEFAULT_SECONDS = 1800.0


class Watch:
    """One watch of one kind. `accepts` says which objects are seen, `encode` turns one into the JSON bytes of what is sent for it."""

    def __init__(
        self, store: Store, kind: str, accepts: Callable[[Object], bool], encode: Callable[[Object], bytes], empty: Object
    ) -> None:
        self._store = store
        self._kind = kind
        self._accepts = accepts
        self._encode = encode
        self._empty = empty
        self._pending: asyncio.Queue[Change] = asyncio.Queue()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Streams until `timeoutSeconds` are over or the client goes. Raises ApiErrors before anything is sent."""
        query = request.query
        seconds = _seconds(query)
        backlog, initial = self._backlog(query)
        self._store.subscribe(self._on_change)
        try:
            response = web.StreamResponse(headers={"Content-Type": "application/json"})
            response.enable_chunked_encoding()
            await response.prepare(request)
            for obj in initial:
                await response.write(self._line("ADDED", obj))
            if flag(query, "sendInitialEvents"):
                await response.write(self._bookmark({"k8s.io/initial-events-end": "true"}))
            for change in backlog:
                await self._send(response, change)
            await self._follow(response, seconds, flag(query, "allowWatchBookmarks"))
            await response.write_eof()
        except ConnectionError:
            pass  # the client is gone, which is how most watches end
        except ApiError as error:
            await response.write(_frame("ERROR", json.dumps(error.status()).encode()))
        finally:
            self._store.unsubscribe(self._on_change)
        return response

    def _on_change(self, change: Change) -> None:
        if change.kind == self._kind:
            self._pending.put_nowait(change)

    def _backlog(self, query: Mapping[str, str]) -> tuple[Sequence[Change], Sequence[Object]]:
        """Changes to replay, and objects to announce first when the watch starts from now instead of from a revision."""
        revision = query.get("resourceVersion", "")
        send_initial = query.get("sendInitialEvents")
        if send_initial is not None and query.get("resourceVersionMatch") != "NotOlderThan":
            raise bad_request("resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")
        if revision not in ("", "0") and not revision.isdigit():
            raise bad_request(f'Invalid value: "{revision}": strconv.ParseUint: parsing "{revision}": invalid syntax')
        if flag(query, "sendInitialEvents") or (revision in ("", "0") and send_initial is None):
            return [], self._store.list(self._kind, where=self._accepts)
        if revision in ("", "0"):
            return [], []
        try:
            return self._store.changes_after(self._kind, int(revision)), []
        except Expired:
            raise expired(f"too old resource version: {revision} ({self._store.revision})") from None

    async def _follow(self, response: web.StreamResponse, seconds: float, bookmarks: bool) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        next_bookmark = loop.time() + _BOOKMARK_SECONDS
        while (left := end - loop.time()) > 0:
            try:
                async with asyncio.timeout(min(left, max(next_bookmark - loop.time(), 0.0)) if bookmarks else left):
                    change = await self._pending.get()
            except TimeoutError:
                if bookmarks:
                    await response.write(self._bookmark({}))
                    next_bookmark = loop.time() + _BOOKMARK_SECONDS
                continue
            await self._send(response, change)

    async def _send(self, response: web.StreamResponse, change: Change) -> None:
        """An object that starts or stops to fit the selectors is added or deleted as far as this watch can see."""
        seen = change.previous is not None and self._accepts(change.previous)
        sees = change.type != "DELETED" and self._accepts(change.object)
        if sees:
            await response.write(self._line("MODIFIED" if seen else "ADDED", change.object))
        elif seen:
            await response.write(self._line("DELETED", change.object))

    def _line(self, event_type: str, obj: Object) -> bytes:
        return _frame(event_type, self._encode(obj))

    def _bookmark(self, annotations: dict[str, str]) -> bytes:
        meta = {"resourceVersion": str(self._store.revision), "creationTimestamp": None}
        body = self._empty | {"metadata": meta | ({"annotations": annotations} if annotations else {})}
        return _frame("BOOKMARK", json.dumps(body).encode())


def _seconds(query: Mapping[str, str]) -> float:
    text = query.get("timeoutSeconds", "")
    if not text or text == "0":
        return _DEFAULT_SECONDS
    try:
        return float(int(text))
    except ValueError:
        raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax') from None


def _frame(event_type: str, body: bytes) -> bytes:
    return b'{"type":"' + event_type.encode() + b'","object":' + body + b"}\n"
