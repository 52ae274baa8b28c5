# SPDX-License-Identifier: GPL-3.0-or-later
"""A log such as a payment API writes in an outage: what ``kubectl logs --timestamps`` gives, always the same for the same arguments."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

_BEGAN = datetime(2025, 10, 21, 14, 10, tzinfo=UTC)
_LINES_A_SECOND = 1100
_USERS = ("alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan", "judy", "mallory", "niaj", "olivia", "peggy")
_JAVA = (
    "java.sql.SQLTransientConnectionException: HikariPool-1 - Connection is not available, request timed out after {ms}ms.",
    "\tat com.zaxxer.hikari.pool.HikariPool.createTimeoutException(HikariPool.java:696)",
    "\tat com.zaxxer.hikari.pool.HikariPool.getConnection(HikariPool.java:197)",
    "\tat com.example.payments.ValidationRepository.findByUser(ValidationRepository.java:88)",
    "\tat com.example.payments.PaymentService.validate(PaymentService.java:141)",
    "Caused by: java.net.SocketTimeoutException: connect timed out",
    "\t... 42 more",
)


def log_lines(count: int, errors: float, seed: int = 7) -> Iterator[str]:
    """``count`` lines, each with the runtime's time in front; ``errors`` is the share of entries at level ERROR, some with a stack trace."""
    chance = random.Random(seed)  # noqa: S311 - made-up text
    quiet, weights = zip(*_QUIET, strict=True)
    made = 0
    while made < count:
        at = _BEGAN + timedelta(seconds=made / _LINES_A_SECOND)
        make = chance.choice(_ERRORS) if chance.random() < errors else chance.choices(quiet, weights)[0]
        for text in make(chance, at).split("\n"):
            if made < count:
                yield f"{at:%Y-%m-%dT%H:%M:%S}.{chance.randrange(10**9):09d}Z {text}"
                made += 1


def _hex(chance: random.Random, digits: int) -> str:
    return f"{chance.getrandbits(4 * digits):0{digits}x}"


def _uuid(chance: random.Random) -> str:
    text = _hex(chance, 32)
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _own(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S},{at.microsecond // 1000:03d}"


def _address(chance: random.Random) -> str:
    return f"10.{chance.randrange(4)}.{chance.randrange(256)}.{chance.randrange(256)}"


_Make = Callable[[random.Random, datetime], str]

_QUIET: tuple[tuple[_Make, int], ...] = (
    (lambda c, t: f"{_own(t)} INFO  [http-{c.randrange(64)}] POST /payments 201 {c.randrange(40, 900)}ms request={_hex(c, 12)}", 30),
    (lambda c, t: f"{_own(t)} INFO  [http-{c.randrange(64)}] GET /payments/{_hex(c, 10)} 200 {c.randrange(3, 90)}ms request={_uuid(c)}", 30),
    (lambda c, t: f"{_own(t)} DEBUG [pool] borrowed connection {c.randrange(50)} of 50 for user {c.choice(_USERS)}, idle={c.randrange(50)}", 15),
    (
        lambda c, t: f'{{"level":"info","ts":"{t:%Y-%m-%dT%H:%M:%S}Z","msg":"payment accepted","amount":{c.randrange(99999) / 100},'
        f'"user":"{c.choice(_USERS)}","trace_id":"{_hex(c, 32)}"}}',
        12,
    ),
    (lambda c, t: f'level=info ts={t:%Y-%m-%dT%H:%M:%S}Z msg="cache refreshed" keys={c.randrange(9999)} took={c.randrange(99)}ms', 8),
    (lambda c, t: f'{_address(c)} - - [{t:%d/%b/%Y:%H:%M:%S} +0000] "GET /health HTTP/1.1" 200 {c.randrange(999)} "-" "kube-probe/1.31"', 10),
    (lambda c, t: f"{_own(t)} WARN  [resilience] Circuit breaker opened for database after {c.randrange(5, 50)} failures", 2),
)  # fmt: skip

_ERRORS: tuple[_Make, ...] = (
    lambda c, t: f"{_own(t)} ERROR [http-{c.randrange(64)}] Database connection timeout after {c.randrange(3000, 9000)} ms request={_hex(c, 12)}",
    lambda c, t: f"{_own(t)} ERROR [http-{c.randrange(64)}] Payment validation failed for user {c.choice(_USERS)}: payment {_uuid(c)}",
    lambda c, t: f"{_own(t)} ERROR [probe] Health check failed /health from {_address(c)}:{c.randrange(1024, 65535)}",
    lambda c, t: f'{{"level":"error","ts":"{t:%Y-%m-%dT%H:%M:%S}Z","msg":"ERROR charge declined","gateway":"gw-{c.randrange(9)}","id":"{_uuid(c)}"}}',
    lambda c, t: "\n".join(
        (f"{_own(t)} ERROR [http-{c.randrange(64)}] Payment {_hex(c, 10)} failed", *_JAVA)
    ).replace("{ms}", str(c.randrange(30000, 31000))),
)  # fmt: skip
