# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists of the cluster, page by page up to a bound."""

from __future__ import annotations

from typing import Any

from ..clients.cluster import ClusterClient, ServerError
from ..lean import dataclass
from .objects import Object, mapping, sequence

PAGE = 500
"""Objects in one answer."""
PAGES = 4
"""Answers that are read of one list; what lies behind is left and said."""
_JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Listed:
    """Objects of a list; ``cut`` when there were more than are read."""

    found: tuple[Object, ...]
    cut: bool = False


def list_all(client: ClusterClient, path: str, accept: str = _JSON, **query: str) -> Listed:
    """The objects at ``path``. Raises the ClusterError that came instead; ServerError when it is no list."""
    found: list[Any] = []
    token = ""
    for _unused in range(PAGES):
        asked: dict[str, str | int | bool] = {**query, "limit": PAGE, **({"continue": token} if token else {})}
        answer = client.get(path, asked, accept=accept) if accept != _JSON else client.get(path, asked)
        if "items" not in answer:
            raise ServerError(f"GET {path}: the cluster at {client.host} answered with something that is not a list.", 200)
        found += [entry for entry in sequence(answer.get("items")) if isinstance(entry, dict)]
        token = str(mapping(answer.get("metadata")).get("continue") or "")
        if not token:
            return Listed(tuple(found))
    return Listed(tuple(found), cut=True)
