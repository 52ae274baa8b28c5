# SPDX-License-Identifier: GPL-3.0-or-later
"""A log such as a payment API writes in an outage: what ``kubectl logs --timestamps`` gives, always the same for the same arguments."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

_BEGAN = datetime(2025, 10, 21, 14, 10, tzinfo=UTC)
_LINES_A_SECOND = 1100
_USERS = ("alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan", "judy", "mallory", "niaj", "olivia", "peggy")
_TRACE = """java.sql.SQLTransientConnectionException: HikariPool-1 - Connection is not available, request timed out after 30001ms.
\tat com.zaxxer.hikari.pool.HikariPool.createTimeoutException(HikariPool.java:696)
\tat com.zaxxer.hikari.pool.HikariPool.getConnection(HikariPool.java:197)
\tat com.example.payments.ValidationRepository.findByUser(ValidationRepository.java:88)
\tat com.example.payments.PaymentService.validate(PaymentService.java:141)
Caused by: java.net.SocketTimeoutException: connect timed out
\t... 42 more"""


def log_lines(count: int, errors: float, seed: int = 7) -> Iterator[str]:
    """``count`` lines, each with the runtime's time in front.

    ``errors`` is the share of entries of level ERROR, of which each fifth has a stack trace.
    """
    line = _Line(random.Random(seed))
    quiet, weights = zip(*_QUIET, strict=True)
    made = 0
    while made < count:
        line.at = _BEGAN + timedelta(seconds=made / _LINES_A_SECOND)
        make = line.chance.choice(_ERRORS) if line.chance.random() < errors else line.chance.choices(quiet, weights)[0]
        for text in make(line).split("\n")[: count - made]:
            yield f"{line.at:%Y-%m-%dT%H:%M:%S}.{line.number(10**9):09d}Z {text}"
            made += 1


class _Line:
    """What varies in lines."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.at = _BEGAN

    def number(self, below: int, least: int = 0) -> int:
        return self.chance.randrange(least, below)

    def hex(self, digits: int) -> str:
        return f"{self.chance.getrandbits(4 * digits):0{digits}x}"

    def uuid(self) -> str:
        text = self.hex(32)
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def user(self) -> str:
        return self.chance.choice(_USERS)

    def address(self) -> str:
        return f"10.{self.number(4)}.{self.number(256)}.{self.number(256)}"

    def plain(self, level: str, logger: str) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S},{self.at.microsecond // 1000:03d} {level:<5} [{logger}]"

    def request(self, level: str) -> str:
        return self.plain(level, f"http-{self.number(64)}")

    def seconds(self) -> str:
        return f"{self.at:%Y-%m-%dT%H:%M:%S}Z"


_Make = Callable[[_Line], str]

_QUIET: tuple[tuple[_Make, int], ...] = (
    (lambda it: f"{it.request('INFO')} POST /payments 201 {it.number(900, 40)}ms request={it.hex(12)}", 30),
    (lambda it: f"{it.request('INFO')} GET /payments/{it.hex(10)} 200 {it.number(90, 3)}ms request={it.uuid()}", 30),
    (lambda it: f"{it.plain('DEBUG', 'pool')} borrowed connection {it.number(50)} of 50 for user {it.user()}, idle={it.number(50)}", 15),
    (
        lambda it: (
            f'{{"level":"info","ts":"{it.seconds()}","msg":"payment accepted","amount":{it.number(99999) / 100},'
            f'"user":"{it.user()}","trace_id":"{it.hex(32)}"}}'
        ),
        12,
    ),
    (lambda it: f'level=info ts={it.seconds()} msg="cache refreshed" keys={it.number(9999)} took={it.number(99)}ms', 8),
    (
        lambda it: (
            f'{it.address()} - - [{it.at:%d/%b/%Y:%H:%M:%S} +0000] "GET /health HTTP/1.1" 200 {it.number(999)} "-" "kube-probe/1.31"'
        ),
        10,
    ),
    (lambda it: f"{it.plain('WARN', 'resilience')} Circuit breaker opened for database after {it.number(50, 5)} failures", 2),
)

_ERRORS: tuple[_Make, ...] = (
    lambda it: f"{it.request('ERROR')} Database connection timeout after {it.number(9000, 3000)} ms request={it.hex(12)}",
    lambda it: f"{it.request('ERROR')} Payment validation failed for user {it.user()}: payment {it.uuid()}",
    lambda it: f"{it.plain('ERROR', 'probe')} Health check failed /health from {it.address()}:{it.number(65535, 1024)}",
    lambda it: f'{{"level":"ERROR","ts":"{it.seconds()}","msg":"charge declined","gateway":"gw-{it.number(9)}","id":"{it.uuid()}"}}',
    lambda it: f"{it.request('ERROR')} Payment {it.hex(10)} failed\n{_TRACE}",
)
