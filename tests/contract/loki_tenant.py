# SPDX-License-Identifier: GPL-3.0-or-later
"""One tenant of a Loki, simulated or real, as tests fill and ask it."""

from __future__ import annotations

import itertools
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass

from plugins.module_utils.clients.loki import LokiClient

MOST = 40
"""Lines in one answer, so that few lines take several."""
SECOND = 10**9
_tenants = (f"tenant-{number}" for number in itertools.count())


@dataclass(frozen=True, slots=True)
class Loki:
    """One tenant of a server. ``now`` is nanoseconds."""

    url: str
    tenant: str
    now: int

    def push(self, labels: dict[str, str], *lines: tuple[int, str] | tuple[int, str, dict[str, str]]) -> None:
        """Lines by nanoseconds from ``now``, oldest first, some with metadata of their own."""
        body = {"streams": [{"stream": labels, "values": [[str(self.now + at), *rest] for at, *rest in lines]}]}
        request = urllib.request.Request(
            f"{self.url}/loki/api/v1/push", json.dumps(body).encode(), {"Content-Type": "application/json", "X-Scope-OrgID": self.tenant}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.status == 204

    def ask(self, path: str, tenant: str | None = None, **query: str | int) -> tuple[int, str]:
        headers = {"X-Scope-OrgID": tenant or self.tenant} if tenant != "" else {}
        request = urllib.request.Request(f"{self.url}/loki/api/v1/{path}?{urllib.parse.urlencode(query)}", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read().decode()

    def select(self, query: str, start: int = -60 * SECOND, end: int = SECOND, limit: int = MOST, **more: str) -> list[tuple[int, str]]:
        """(nanoseconds from ``now``, line) in the order of the answer."""
        status, body = self.ask("query_range", query=query, start=self.now + start, end=self.now + end, limit=limit, **more)
        assert status == 200, body
        data = json.loads(body)["data"]
        assert data["resultType"] == "streams"
        return [(int(at) - self.now, line) for stream in data["result"] for at, line in stream["values"]]

    def client(self) -> LokiClient:
        return LokiClient(self.url, self.tenant)


def tenant_of(url: str) -> Loki:
    """A new one."""
    return Loki(url, next(_tenants), int(time.time()) * SECOND)
