# SPDX-License-Identifier: GPL-3.0-or-later
"""A proxy that stands before a healthy server and spoils its answers the way that networks, proxies and servers in trouble do."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from lab.cluster.tls import make_certificates

HOST = "127.0.0.1"
FAULTS = ("late", "drip", "cut", "half", "garbage", "nonsense", "429", "500", "certificate")
"""`late`: no answer; `drip`: a few bytes at a time; `cut`: reset in the middle; `half`: closed in the middle; `garbage`: no HTTP;
`nonsense`: HTTP without sense; a status; `certificate`: one that nobody signed."""
_STATUS = {"429": "429 Too Many Requests\r\nRetry-After: 1", "500": "500 Internal Server Error"}
_HEAD_END = b"\r\n\r\n"


@dataclass(slots=True)
class Proxy:
    """`url` leads to the server behind it. Requests whose path `spoiled` picks get the fault; `requests` are the paths that were asked."""

    url: str
    requests: list[str]


@contextlib.contextmanager
def faulty_proxy(target: str, fault: str | None, spoiled: Callable[[str], bool] = lambda _path: True) -> Iterator[Proxy]:
    """Serves in a thread of its own until the block ends. `target` is the URL of the server behind it."""
    loop, ready, stop = asyncio.new_event_loop(), threading.Event(), asyncio.Event()
    proxy = Proxy("", [])

    async def run() -> None:
        handler = _Handler(target, fault, spoiled, proxy.requests, stop)
        tls = _unsigned() if fault == "certificate" else None
        server = await asyncio.start_server(handler.serve, HOST, 0, ssl=tls, limit=2**20)
        scheme = "https" if tls else "http"
        proxy.url = f"{scheme}://{HOST}:{server.sockets[0].getsockname()[1]}"
        ready.set()
        await stop.wait()
        server.close()
        under_way = asyncio.all_tasks() - {asyncio.current_task()}
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),), daemon=True)
    thread.start()
    assert ready.wait(60)
    try:
        yield proxy
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(60)
        loop.close()


def _unsigned() -> ssl.SSLContext:
    """A server whose certificate comes from an authority that no client knows."""
    return make_certificates().server_context()


class _Handler:
    def __init__(self, target: str, fault: str | None, spoiled: Callable[[str], bool], seen: list[str], stop: asyncio.Event) -> None:
        parts = urlsplit(target)
        self._host, self._port = parts.hostname or HOST, parts.port or 80
        # The server behind is the lab's own, on loopback.
        self._tls = ssl._create_unverified_context() if parts.scheme == "https" else None
        self._fault, self._spoiled, self._seen, self._stop = fault, spoiled, seen, stop

    async def serve(self, client: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = await client.readuntil(_HEAD_END)
            path = head.split(b" ", 2)[1].decode()
            self._seen.append(path)
            if self._fault in (None, "certificate") or not self._spoiled(path):
                back.write(await self._answer(head, client))
            else:
                await self._spoil(head, client, back)
            await back.drain()
            back.close()
            await back.wait_closed()

    async def _answer(self, head: bytes, client: asyncio.StreamReader) -> bytes:
        """The whole answer of the server behind, on a connection for this request alone."""
        forward, out = await asyncio.open_connection(self._host, self._port, ssl=self._tls)
        try:
            length = next((int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
            lines = [line for line in head[:-4].split(b"\r\n") if not line.lower().startswith((b"connection:", b"accept-encoding:"))]
            out.write(b"\r\n".join([*lines, b"Connection: close"]) + _HEAD_END + await client.readexactly(length))
            return await forward.read(-1)
        finally:
            out.close()

    async def _spoil(self, head: bytes, client: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        if self._fault == "late":
            await self._stop.wait()
        elif self._fault == "garbage":
            back.write(bytes(range(256)) * 4)
        elif self._fault == "nonsense":
            back.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\nConnection: close\r\n\r\n{ [ what?")
        elif self._fault in _STATUS:
            back.write(f"HTTP/1.1 {_STATUS[self._fault]}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        else:
            answer = await self._answer(head, client)
            start = answer.find(_HEAD_END) + len(_HEAD_END)
            middle = start + (len(answer) - start) // 2
            if self._fault == "drip":
                await self._drip(answer[:middle], back)
                return
            back.write(answer[:middle])
            await back.drain()
            if self._fault == "cut":
                back.transport.abort()

    async def _drip(self, answer: bytes, back: asyncio.StreamWriter) -> None:
        for start in range(0, len(answer), 7):
            back.write(answer[start : start + 7])
            await back.drain()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), 0.2)
                return
        await self._stop.wait()
