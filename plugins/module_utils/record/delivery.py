# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sends messages by HTTP, all at once, each within a time limit. A message that can't be sent never stops a response."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from ..lean import dataclass
from .notification import Message

_PAUSE = 0.3
"""seconds before the second attempt"""
_RETRIED_STATUS = frozenset({408, 429, 500, 502, 503, 504})


class _NoRedirect(HTTPRedirectHandler):
    """A message goes to the address that the team wrote down, and to no other."""

    def redirect_request(self, *_args: Any, **_kwargs: Any) -> None:
        return None


@dataclass(frozen=True, slots=True)
class Outcome:
    """``problem`` is None when it was sent."""

    message: Message
    problem: str | None


Post = Callable[[str, bytes, float], int]


def post(url: str, body: bytes, timeout: float) -> int:
    """The status of one POST. OSError (URLError, time-out) or HTTPException when there is none."""
    request = Request(url, data=body, headers={"Content-Type": "application/json", "User-Agent": "devops.incident_response"}, method="POST")
    try:
        with build_opener(_NoRedirect).open(request, timeout=timeout) as response:
            return int(response.status)
    except HTTPError as error:
        with error:
            return error.code


def deliver(
    messages: Sequence[Message],
    timeout: float,
    retries: int,
    send: Post = post,
    pause: Callable[[float], None] = time.sleep,
) -> tuple[Outcome, ...]:
    """Sends all ``messages`` at once; each attempt takes at most ``timeout`` seconds, each message 1 + ``retries`` attempts."""
    if not messages:
        return ()

    def one(message: Message) -> Outcome:
        body = json.dumps(message.document, ensure_ascii=False).encode()
        problem, again = _attempt(message.url, body, timeout, send)
        for _retry in range(retries if again else 0):
            pause(_PAUSE)
            problem, again = _attempt(message.url, body, timeout, send)
            if not again:
                break
        return Outcome(message, problem)

    with ThreadPoolExecutor(max_workers=len(messages)) as pool:
        return tuple(pool.map(one, messages))


def _attempt(url: str, body: bytes, timeout: float, send: Post) -> tuple[str | None, bool]:
    """What went wrong, and whether it is worth trying again."""
    try:
        status = send(url, body, timeout)
    except TimeoutError:
        return f"no answer within {timeout:g} s", True
    except (OSError, HTTPException) as error:
        reason = error.reason if isinstance(error, URLError) else error
        return f"not reachable ({reason})", True
    if 200 <= status < 300:
        return None, False
    return f"refused with HTTP status {status}", status in _RETRIED_STATUS
