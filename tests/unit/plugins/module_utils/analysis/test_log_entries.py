# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.analysis.log_entries import entries

AT = "2025-10-21T14:23:15.123456789Z"


def read(text: str) -> list[tuple[str, str]]:
    return [(entry.level, entry.message) for entry in entries(f"{AT} {line}" for line in text.split("\n"))]


@pytest.mark.parametrize(
    ("line", "level", "message"),
    [
        ("ERROR: Database connection timeout", "ERROR", "Database connection timeout"),
        ("2025-10-21 14:23:15,123 WARN  [resilience] Circuit breaker opened", "WARN", "Circuit breaker opened"),
        ("2025-10-21T14:23:15.000Z ERROR Health check failed /health", "ERROR", "Health check failed /health"),
        ("[2025-10-21 14:23:15 +0000] [17] [CRITICAL] WORKER TIMEOUT", "FATAL", "17 WORKER TIMEOUT"),
        ('{"level":"error","msg":"Payment validation failed","error":"deadline"}', "ERROR", "Payment validation failed: deadline"),
        ('{"level":50,"msg":"pino says so"}', "ERROR", "pino says so"),
        ('{"severity":"WARNING","message":"cloud"}', "WARN", "cloud"),
        ('{"log":{"level":"warn"},"message":"ecs"}', "WARN", "ecs"),
        ('{"log":"2025-10-21 ERROR inner\\n","stream":"stderr"}', "ERROR", "2025-10-21 inner"),
        ('{"level":"info","msg":"a","exception":{"message":"b"}}', "INFO", "a: b"),
        ('level=warn msg="Circuit breaker \\"db\\" opened" n=3', "WARN", 'Circuit breaker "db" opened'),
        ("time=2025-10-21T14:23:15Z level=error msg=failed", "ERROR", "failed"),
        ("E1021 14:23:15.123456       1 reflector.go:123] Failed to watch", "ERROR", "Failed to watch"),
        ("2025/10/21 14:23:15 [error] 12#12: *1 upstream timed out", "ERROR", "12#12: *1 upstream timed out"),
        ('10.0.0.1 - - "GET /x HTTP/1.1" 503 12', "ERROR", '10.0.0.1 - - "GET /x HTTP/1.1" 503 12'),
        ("\x1b[31mERROR\x1b[0m coloured", "ERROR", "coloured"),
        ("java.lang.IllegalStateException: no", "ERROR", "java.lang.IllegalStateException: no"),
        ("an error occurred", "ERROR", "an error occurred"),
        ("0 errors found", "UNKNOWN", "0 errors found"),
        ("listening on 8080", "UNKNOWN", "listening on 8080"),
        ("{not json", "UNKNOWN", "{not json"),
        ("[1, 2]", "UNKNOWN", "[1, 2]"),
    ],
)  # fmt: skip
def test_a_line(line: str, level: str, message: str) -> None:
    assert read(line) == [(level, message)]


JAVA = """2025-10-21 14:23:15 ERROR [main] Payment failed
java.sql.SQLTimeoutException: timeout
\tat com.foo.Bar(Bar.java:12)
Caused by: java.net.SocketTimeoutException
\t... 12 more
2025-10-21 14:23:16 INFO ok"""

PYTHON = """INFO start
Traceback (most recent call last):
  File "x.py", line 1, in <module>
    foo()
ValueError: bad
INFO next"""

CHAINED = """ERROR request failed
Traceback (most recent call last):
  File "x.py"
KeyError: 'a'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "y.py"
RuntimeError: b
INFO next"""

GO = """panic: runtime error: index out of range

goroutine 1 [running]:
main.main()
\t/app/main.go:12 +0x1d
{"level":"info","msg":"restarted"}"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (JAVA, [("ERROR", "Payment failed: java.sql.SQLTimeoutException: timeout"), ("INFO", "ok")]),
        (PYTHON, [("INFO", "start"), ("ERROR", "ValueError: bad"), ("INFO", "next")]),
        (CHAINED, [("ERROR", "request failed: KeyError: 'a': RuntimeError: b"), ("INFO", "next")]),
        (GO, [("FATAL", "panic: runtime error: index out of range"), ("INFO", "restarted")]),
        ("ERROR a\nERROR b", [("ERROR", "a"), ("ERROR", "b")]),
        ("", [("UNKNOWN", "")]),
    ],
)
def test_a_stack_trace_is_one_entry(text: str, expected: list[tuple[str, str]]) -> None:
    assert read(text) == expected


def test_times_are_those_of_the_runtime_and_may_be_missing() -> None:
    found = list(entries([f"{AT} ERROR a", "ERROR b"]))
    assert [(entry.at, entry.message) for entry in found] == [(AT, "a"), (None, "b")]


@pytest.mark.parametrize(
    "line",
    [
        "x" * 100_000,
        "a=" * 20_000,
        "[" * 20_000,
        '{"a":' * 5_000,
        "at " * 20_000,
        " " * 50_000 + "x",
        "w.w." * 20_000 + "!",
        "level=a " + "x" * 100_000,
    ],
)
def test_hostile_lines_are_read_in_no_time_and_cut(line: str) -> None:
    (entry,) = entries([f"{AT} {line}"])
    assert len(entry.message) <= 400
    assert len(entry.sample) <= 400
