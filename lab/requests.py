# SPDX-License-Identifier: GPL-3.0-or-later
"""How often each thing was asked for, by server, so that a client's appetite can be told."""

from __future__ import annotations

import re
from collections import Counter

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

_API_PATH = re.compile(r"^/apis?/(?:[^/]+/)?v\w+/(?:namespaces/[^/]+/)?([^/]+)(?:/[^/]+(?:/([^/]+))?)?$")


def resource(path: str) -> str:
    """``pods``, ``pods/log``, ``deployments``, ``query``: what a request to an API is about; any other path as it is."""
    found = _API_PATH.match(path)
    return "/".join(part for part in found.groups() if part) if found else path


class RequestCounts:
    """``counts`` are requests by server, then by what was asked for."""

    def __init__(self) -> None:
        self.counts: dict[str, Counter[str]] = {}

    def counting(self, server: str) -> Middleware:
        counted = self.counts.setdefault(server, Counter())

        @web.middleware
        async def count(request: web.Request, handler: Handler) -> web.StreamResponse:
            counted[f"{request.method} {resource(request.path)}"] += 1
            return await handler(request)

        return count
