# SPDX-License-Identifier: GPL-3.0-or-later
"""The mailbox: takes whatever is posted to it (pages, chat messages, tickets) and shows what came."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from aiohttp import web

from lab.cluster.timestamps import to_micros


class Mailbox:
    """``messages`` are in the order in which they came: when, to which path, and the body (JSON, or text where it is none)."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.messages: list[dict[str, Any]] = []
        self._clock = clock

    def app(self) -> web.Application:
        """``POST`` anywhere delivers, ``GET /messages`` lists (``?to=/pages`` those below a path), ``DELETE /messages`` empties."""
        app = web.Application()
        app.router.add_get("/", self._list)
        app.router.add_get("/messages", self._list)
        app.router.add_delete("/messages", self._empty)
        app.router.add_post("/{path:.*}", self._deliver)
        return app

    async def _list(self, request: web.Request) -> web.Response:
        below = request.query.get("to", "")
        found = [message for message in self.messages if message["to"].startswith(below)]
        return web.json_response(found, dumps=lambda value: json.dumps(value, indent=2, ensure_ascii=False) + "\n")

    async def _empty(self, _request: web.Request) -> web.Response:
        self.messages.clear()
        return web.Response(status=204)

    async def _deliver(self, request: web.Request) -> web.Response:
        text = await request.text()
        try:
            body: Any = json.loads(text)
        except ValueError:
            body = text
        self.messages.append({"at": to_micros(self._clock()), "to": request.path, "body": body})
        if request.path.startswith("/chat"):
            return web.Response(text="ok")  # as Slack's incoming webhooks answer
        return web.json_response({"status": "success", "message": "Event processed", "id": len(self.messages)}, status=202)
