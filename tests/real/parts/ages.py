# SPDX-License-Identifier: GPL-3.0-or-later
"""Gives objects of a real cluster an age, in etcd: the API server always stamps creationTimestamp itself."""

from __future__ import annotations

import base64
import json
import urllib.request
from datetime import datetime
from typing import Any


def born(etcd_url: str, resource: str, namespace: str, name: str, at: datetime) -> None:
    """As if the object had been created `at` that moment. Needs `--storage-media-type=application/json`."""
    key = _encoded(f"/registry/{resource}/{namespace}/{name}".encode())
    while True:
        (kept,) = _ask(f"{etcd_url}/v3/kv/range", {"key": key})["kvs"]
        document = json.loads(base64.b64decode(kept["value"]))
        document["metadata"]["creationTimestamp"] = f"{at:%Y-%m-%dT%H:%M:%SZ}"
        put = {"request_put": {"key": key, "value": _encoded(json.dumps(document).encode())}}
        unchanged = {"key": key, "target": "MOD", "result": "EQUAL", "mod_revision": kept["mod_revision"]}
        if _ask(f"{etcd_url}/v3/kv/txn", {"compare": [unchanged], "success": [put]}).get("succeeded"):
            return


def _encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _ask(url: str, question: dict[str, Any]) -> dict[str, Any]:
    """etcd's gateway for JSON (https://etcd.io/docs/v3.6/dev-guide/api_grpc_gateway/)."""
    with urllib.request.urlopen(urllib.request.Request(url, json.dumps(question).encode()), timeout=10) as answer:
        found: dict[str, Any] = json.load(answer)
        return found
