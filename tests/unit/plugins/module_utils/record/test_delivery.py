# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.error import URLError

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.record.delivery import deliver, post
from ansible_collections.devops.incident_response.plugins.module_utils.record.notification import Message

MESSAGE = Message("on_call", "http://pages.example/", {"text": "5 → 4"})


class Answers:
    """Stands for the network: each attempt gets the next answer; an exception is raised."""

    def __init__(self, *answers: int | Exception) -> None:
        self.answers = list(answers)
        self.pauses: list[float] = []

    def send(self, url: str, body: bytes, timeout: float) -> int:
        del url, timeout
        assert json.loads(body) == {"text": "5 → 4"}
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def outcome(answers: Answers, retries: int = 1) -> str | None:
    (one,) = deliver([MESSAGE], 4.0, retries, answers.send, answers.pauses.append)
    return one.problem


@pytest.mark.parametrize(
    ("answers", "problem", "pauses"),
    [
        ((200,), None, 0),
        ((202,), None, 0),
        ((503, 200), None, 1),
        ((503, 503), "refused with HTTP status 503", 1),
        ((403,), "refused with HTTP status 403", 0),
        ((302,), "refused with HTTP status 302", 0),
        ((URLError("connection refused"), 200), None, 1),
        ((URLError("connection refused"), URLError("connection refused")), "not reachable (connection refused)", 1),
        ((TimeoutError(), TimeoutError()), "no answer within 4 s", 1),
        ((TimeoutError(), 404), "refused with HTTP status 404", 1),
    ],
)
def test_what_may_pass_is_tried_once_more(answers: tuple[int | Exception, ...], problem: str | None, pauses: int) -> None:
    network = Answers(*answers)
    assert outcome(network) == problem
    assert len(network.pauses) == pauses
    assert network.answers == []


def test_one_that_fails_keeps_no_other_from_being_sent() -> None:
    def send(url: str, body: bytes, timeout: float) -> int:
        del body, timeout
        return 500 if "bad" in url else 200

    messages = [Message("a", "http://bad.example", {}), Message("b", "http://good.example", {})]
    assert [one.problem for one in deliver(messages, 1.0, 0, send)] == ["refused with HTTP status 500", None]


def test_nothing_to_send_is_fine() -> None:
    assert deliver([], 1.0, 1) == ()


@pytest.fixture
def mailbox() -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    received: list[tuple[str, bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(302 if self.path == "/moved" else 200)
            if self.path == "/moved":
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", received
    server.shutdown()
    thread.join()
    server.server_close()


def test_over_the_wire(mailbox: tuple[str, list[tuple[str, bytes]]]) -> None:
    url, received = mailbox
    assert post(f"{url}/page", b'{"a": 1}', 5.0) == 200
    assert received == [("/page", b'{"a": 1}')]


def test_a_redirect_is_not_followed(mailbox: tuple[str, list[tuple[str, bytes]]]) -> None:
    url, received = mailbox
    assert post(f"{url}/moved", b"{}", 5.0) == 302
    assert [path for path, _body in received] == ["/moved"]
