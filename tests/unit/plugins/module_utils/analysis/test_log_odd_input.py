# SPDX-License-Identifier: GPL-3.0-or-later
"""Logs as programs really write them, from the bytes of a container to the patterns that are shown."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.analysis.log_summary import logs
from ansible_collections.devops.incident_response.plugins.module_utils.model.logs_raw import RawLog, RawLogs

NOW = datetime(2026, 11, 25, 20, 5, tzinfo=UTC)


def patterns(text: str | bytes) -> list[tuple[str, int, str]]:
    """Level, count and template of what a container wrote."""
    raw = text.encode() if isinstance(text, str) else text
    log = b"".join(b"2026-11-25T20:00:00.%09dZ %b\n" % (number, line) for number, line in enumerate(raw.split(b"\n")))
    found = logs(RawLogs(900.0, (RawLog("pod", "app", False, "v1", log),)), None, NOW)
    assert found.lines == raw.count(b"\n") + 1
    return [(pattern.level, pattern.count, pattern.template) for pattern in found.patterns]


RUST = """\
thread 'tokio-runtime-worker' (17) panicked at ./src/pay.rs:10:9:
called `Result::unwrap()` on an `Err` value: Timeout
stack backtrace:
   0: rust_begin_unwind
             at /rustc/abc/library/std/src/panicking.rs:645:5
   1: api::pay::charge
             at ./src/pay.rs:10:9
note: Some details are omitted, run with `RUST_BACKTRACE=full` for a verbose backtrace.
INFO next"""
RUST_SHORT = """\
thread 'main' panicked at src/main.rs:4:5:
no configuration
note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace
INFO next"""
NODE_CAUSE = """\
Error: charge failed
    at pay (/srv/pay.js:3:4)
    at async handle (/srv/h.js:10:2) {
  [cause]: Error: connect ECONNREFUSED 10.0.0.1:5432
      at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1555:16) {
    errno: -111
  }
}
info: next"""
JAVA_CAUSES = """\
2026-11-25 20:00:00.123 ERROR 1 --- [exec-1] c.e.Pay : Charge failed
java.lang.IllegalStateException: no connection
\tat com.example.Pay.charge(Pay.java:12)
\tSuppressed: java.io.IOException: close
\t\tat com.example.Pay.close(Pay.java:30)
Caused by: java.lang.RuntimeException: pool
\tat com.example.Pool.get(Pool.java:3)
Caused by: java.sql.SQLException: Connection refused
\tat org.postgresql.Driver.connect(Driver.java:1)
\t... 3 more
INFO next"""
DOTNET_CAUSE = """\
Unhandled exception. System.InvalidOperationException: no charge
 ---> System.TimeoutException: slow
   at Api.Db.Open() in /src/Db.cs:line 3
   --- End of inner exception stack trace ---
INFO next"""
PYTHON_LONG = """\
Traceback (most recent call last):
  File "/srv/a.py", line 3, in pay
ValueError: first
second line of it

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/srv/b.py", line 5, in handle
RuntimeError: boom
INFO next"""
PYTHON_GROUP = """\
INFO before
  + Exception Group Traceback (most recent call last):
  |   File "/srv/a.py", line 3, in pay
  |     raise ExceptionGroup("many", [ValueError(1)])
  | ExceptionGroup: many (1 sub-exception)
  +-+---------------- 1 ----------------
    | ValueError: 1
    +------------------------------------
INFO next"""
PHP = """\
[25-Nov-2026 20:00:00 UTC] PHP Fatal error:  Uncaught PDOException: refused in /var/www/pay.php:3
Stack trace:
#0 /var/www/pay.php(3): PDO->__construct()
#1 {main}
  thrown in /var/www/pay.php on line 3
[25-Nov-2026 20:00:00 UTC] PHP Warning:  Undefined variable $x in /var/www/a.php on line 2"""
ELIXIR = """\
20:00:00.123 [error] GenServer Pay terminating
** (RuntimeError) boom
    (pay 0.1.0) lib/pay.ex:3: Pay.handle/1
Last message: :x
20:00:01.123 [info] ok"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (RUST, [("FATAL", 1, "called `Result::unwrap()` on an `Err` value: Timeout"), ("INFO", 1, "next")]),
        (RUST_SHORT, [("FATAL", 1, "no configuration"), ("INFO", 1, "next")]),
        (
            "thread 'main' panicked at 'no config', src/main.rs:2:5\nready",
            [("FATAL", 1, "thread 'main' panicked at 'no config', src/main.rs:2:5"), ("UNKNOWN", 1, "ready")],
        ),
        (
            NODE_CAUSE,
            [("ERROR", 1, "Error: charge failed (caused by Error: connect ECONNREFUSED 10.0.0.1:5432)"), ("INFO", 1, "next")],
        ),
        (
            JAVA_CAUSES,
            [
                (
                    "ERROR",
                    1,
                    "Charge failed: java.lang.IllegalStateException: no connection (caused by java.sql.SQLException: Connection refused)",
                ),
                ("INFO", 1, "next"),
            ],
        ),
        (
            DOTNET_CAUSE,
            [
                (
                    "ERROR",
                    1,
                    "Unhandled exception. System.InvalidOperationException: no charge (caused by System.TimeoutException: slow)",
                ),
                ("INFO", 1, "next"),
            ],
        ),
        (
            PYTHON_LONG,
            [
                ("ERROR", 1, "ValueError: first"),
                ("ERROR", 1, "second line of it: RuntimeError: boom"),
                ("INFO", 1, "next"),
            ],
        ),
        (PYTHON_GROUP, [("ERROR", 1, "ExceptionGroup: many (1 sub-exception)"), ("INFO", 1, "before"), ("INFO", 1, "next")]),
        (
            PHP,
            [
                ("FATAL", 1, "Uncaught PDOException: refused in /var/www/pay.php:3"),
                ("WARN", 1, "Undefined variable $x in /var/www/a.php on line 2"),
            ],
        ),
        (ELIXIR, [("ERROR", 1, "GenServer Pay terminating: ** (RuntimeError) boom"), ("INFO", 1, "ok")]),
    ],
    ids=lambda value: value.split("\n")[0][:30] if isinstance(value, str) else "",
)
def test_stack_traces(text: str, expected: list[tuple[str, int, str]]) -> None:
    assert patterns(text) == expected


@pytest.mark.parametrize(
    ("line", "level", "template"),
    [
        ("ERRO[0003] failed to connect", "ERROR", "failed to connect"),
        ("WARN[0003] retry", "WARN", "retry"),
        ("<3>no disk", "ERROR", "no disk"),
        ("<30>fine", "INFO", "fine"),
        ("Segmentation fault (core dumped)", "FATAL", "Segmentation fault (core dumped)"),
        ("terminate called after throwing an instance of 'x'", "FATAL", "terminate called after throwing an instance of 'x'"),
        ("Killed", "FATAL", "Killed"),
        ("Killed by nothing in particular", "UNKNOWN", "Killed by nothing in particular"),
        ("2026-11-25T20:00:00Z\tERROR\tpay.service\tsvc/h.go:33\tcharge failed", "ERROR", "charge failed"),
        ('{"level":"ERROR","fields":{"message":"charge failed","error":"timeout"},"target":"api"}', "ERROR", "charge failed: timeout"),
        ('{"severity":"ERROR","jsonPayload":{"message":"no card"}}', "ERROR", "no card"),
        ('{"textPayload":"ERROR no card"}', "ERROR", "no card"),
        ('{"level":{"name":"warn","value":40},"msg":"slow"}', "WARN", "slow"),
        ('{"level":"error","msg":["no","card"]}', "ERROR", "no card"),
        ('{"level":"error","message":{"text":"no card"}}', "ERROR", "no card"),
        (
            '{"level":"ERROR","message":"Charge failed","stack_trace":"a.B: x\\n\\tat a.B(B.java:1)\\nCaused by: c.D: refused\\n"}',
            "ERROR",
            "Charge failed (caused by c.D: refused)",
        ),
        ("\x1b]0;title\x07\x1b[38;5;196mERROR\x1b[K charge failed", "ERROR", "charge failed"),
        ("ERROR cha\0rge fail\0ed", "ERROR", "charge failed"),
        ("ERROR charge failed\r", "ERROR", "charge failed"),
    ],
)
def test_levels_and_messages(line: str, level: str, template: str) -> None:
    assert patterns(line) == [(level, 1, template)]


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ('10.0.0.1 - - [25/Nov/2026:20:00:00 +0000] "GET /pay HTTP/1.1" %d 157 "-" "curl/8"', "UNKNOWN"),
        ('10.0.0.1 - - [25/Nov/2026:20:00:00 +0000] "GET /pay HTTP/1.1" %d', "UNKNOWN"),
        ('[2026-11-25T20:00:00.000Z] "GET /pay HTTP/1.1" %d UF 0 91', "UNKNOWN"),
        ('[GIN] 2026/11/25 - 20:00:00 | %d |     1.2ms |  10.0.0.1 | GET      "/pay"', "UNKNOWN"),
        ('INFO:     10.0.0.1:333 - "GET /pay HTTP/1.1" %d Words', "INFO"),
        ("GET /pay %d 12.3 ms - 12", "UNKNOWN"),
        ('{"level":"info","path":"/pay","status":%d,"msg":"request completed"}', "INFO"),
        ('{"level":30,"req":{"method":"GET"},"res":{"statusCode":%d},"msg":"request completed"}', "INFO"),
        ('{"status":%d,"method":"GET","uri":"/"}', "UNKNOWN"),
        ("level=info method=GET path=/pay status=%d msg=request", "INFO"),
    ],
)
def test_in_an_access_log_a_status_5xx_is_an_error(line: str, level: str) -> None:
    """Also where both kinds of lines differ in nothing but numbers."""
    found = patterns("\n".join((line % 200, line % 503) * 10 + (line % 404,)))
    assert [(one[0], one[1]) for one in found if one[0] == "ERROR"] == [("ERROR", 10)]
    assert {one[0] for one in found} == {"ERROR", level}
    assert sum(one[1] for one in found) == 21


def test_bytes_that_are_no_text() -> None:
    assert patterns(b"ERROR caf\xe9 \xff failed\nERROR caf\xe9 \xff failed\n\xff\xfeE\0R\0") == [
        ("ERROR", 2, "caf\ufffd \ufffd failed"),
        ("UNKNOWN", 1, "\ufffd\ufffdER"),
    ]


def test_lines_of_megabytes() -> None:
    text = "ERROR " + "x" * 3_000_000 + '\n{"level":"error","msg":"' + "y" * 1_000_000 + '","z":1}'
    assert [(level, count, template[0]) for level, count, template in patterns(text)] == [("ERROR", 1, "x"), ("ERROR", 1, "y")]


@pytest.mark.parametrize("text", [b"", b"\n\n\n", b"\r\n\r\n", b"\0\0\0"])
def test_nothing(text: bytes) -> None:
    assert patterns(text) == []
