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
        ("[2025-10-21 14:23:15 +0000] [17] [CRITICAL] WORKER TIMEOUT", "FATAL", "WORKER TIMEOUT"),
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
        ('10.0.0.1 - - "GET /error?exception=1 HTTP/1.1" 200 12', "UNKNOWN", '10.0.0.1 - - "GET /error?exception=1 HTTP/1.1" 200 12'),
        ('10.0.0.1 - - "GET / HTTP/1.1" 200 12 "https://x/error"', "UNKNOWN", '10.0.0.1 - - "GET / HTTP/1.1" 200 12 "https://x/error"'),
        ("GET /pay error: no such card", "ERROR", "GET /pay error: no such card"),
        ("log4j:WARN No appenders could be found", "WARN", "No appenders could be found"),
        ('{"level":"error","msg":"a","error":"Traceback (most recent call last):\\n  x\\nValueError: b"}', "ERROR", "a: ValueError: b"),
        ("\x1b[31mERROR\x1b[0m coloured", "ERROR", "coloured"),
        ("java.lang.IllegalStateException: no", "ERROR", "java.lang.IllegalStateException: no"),
        ("an error occurred", "ERROR", "an error occurred"),
        ("0 errors found", "UNKNOWN", "0 errors found"),
        ("listening on 8080", "UNKNOWN", "listening on 8080"),
        ("{not json", "UNKNOWN", "{not json"),
        ("[1, 2]", "UNKNOWN", "[1, 2]"),
        ('{"level":30,"msg":"pino"}', "INFO", "pino"),
        ('{"level":"60","msg":"bunyan"}', "FATAL", "bunyan"),
        ('{"level":3,"short_message":"GELF counts as syslog does"}', "ERROR", "GELF counts as syslog does"),
        ('{"levelno":40,"message":"Python counts otherwise"}', "ERROR", "Python counts otherwise"),
        ('{"severityNumber":17,"body":{"stringValue":"OpenTelemetry"}}', "ERROR", "OpenTelemetry"),
        ('{"@l":"Error","@mt":"{Id} failed","@x":"System.Exception: boom\\n at X"}', "ERROR", "{Id} failed: System.Exception: boom"),
        ('{"log":"{\\"level\\":\\"error\\",\\"msg\\":\\"inner\\"}","stream":"stdout"}', "ERROR", "inner"),
        ('{"Level":"Warning","Message":"case does not matter"}', "WARN", "case does not matter"),
        ('{"msg":"done","err":"boom"}', "ERROR", "done: boom"),
        ('{"msg":"done","err":null,"error":"none"}', "UNKNOWN", "done"),
        ('{"level":true,"msg":"a truth is no level"}', "UNKNOWN", "a truth is no level"),
        ("F1021 14:23:15.123456       1 main.go:9] out", "FATAL", "out"),
        ("W20251021 14:23:15.123456  1234 main.cc:9] glog", "WARN", "glog"),
        ("2025-10-21 14:23:15.123 UTC [12] ERROR:  duplicate key", "ERROR", "duplicate key"),
        ("2025-10-21 14:23:15.123 UTC [12] STATEMENT:  select error", "INFO", "select error"),
        ("1:M 21 Oct 2025 14:23:15.123 # Out of memory", "WARN", "Out of memory"),
        ("2025-10-21 14:23:15.123 ERROR 1 --- [nio-1] c.e.Api : Payment failed", "ERROR", "Payment failed"),
        ("[2025-10-21 14:23:15] production.ERROR: refused", "ERROR", "refused"),
        ("E, [2025-10-21T14:23:15.123456 #1] ERROR -- : failed", "ERROR", "failed"),
        ("warning: x is deprecated", "WARN", "x is deprecated"),
        ("Error: connect ECONNREFUSED", "ERROR", "Error: connect ECONNREFUSED"),
        ("done without error", "UNKNOWN", "done without error"),
        ("error_count=0 done", "UNKNOWN", "error_count=0 done"),
        ("error_count=5 done", "UNKNOWN", "error_count=5 done"),
        ("error: null pointer", "ERROR", "null pointer"),
        ('GET /x status=503 12ms', "ERROR", "GET /x status=503 12ms"),
        ("  INFO indented by its logger", "INFO", "indented by its logger"),
        ("stdout F ERROR as the runtime's file has it", "ERROR", "as the runtime's file has it"),
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


SPRING = """2025-10-21 14:23:15.123 ERROR 1 --- [nio-8080] c.e.PaymentController : Payment failed

org.springframework.dao.DataAccessResourceFailureException: no connection
\tat com.example.payments.PaymentService.validate(PaymentService.java:141)

Caused by: java.sql.SQLTransientConnectionException: not available
\t... 42 common frames omitted
\tSuppressed: java.lang.RuntimeException: x
2025-10-21 14:23:16.123  INFO 1 --- [main] c.e.Payment : ok"""

GO_DUMP = """fatal error: all goroutines are asleep - deadlock!

goroutine 1 [chan receive]:
main.main()
\t/app/main.go:8 +0x2c

goroutine 18 [select]:
net/http.(*conn).serve(0xc0001)
\t/usr/local/go/src/net/http/server.go:20 +0x3
created by net/http.(*Server).Serve in goroutine 1
\t/usr/local/go/src/net/http/server.go:3285 +0x4b4
exit status 2"""

GO_RECOVERED = """2025/10/21 14:23:15 http: panic serving 10.0.0.1:4242: boom
goroutine 34 [running]:
panic({0x1234, 0x5678})
\t/usr/local/go/src/runtime/panic.go:770 +0x132
main.(*Server).validate(0xc000123)
\t/app/validate.go:88 +0x1d
level=info msg=next"""

ZAP = """2025-10-21T14:23:15.000Z\tERROR\tvalidate.go:88\tfailed
main.validate
\t/app/validate.go:88
main.main
\t/app/main.go:10
2025-10-21T14:23:15.000Z\tINFO\tok"""

NODE = """/app/server.js:42
    throw new Error("boom");
    ^

TypeError: Cannot read properties of undefined
    at validate (/app/src/validate.js:10:15) {
  code: 'E'
}

Node.js v20.1.0
ready"""

DOTNET = """fail: Payments.Api.Controller[0]
      Payment failed
      System.TimeoutException: The operation has timed out.
         at Payments.Validate() in /src/Validate.cs:line 42
info: Microsoft.Hosting.Lifetime[14]
      ready"""

RUBY = """E, [2025-10-21T14:23:15.123456 #1] ERROR -- : Payment failed
app/models/payment.rb:10:in `validate': boom (RuntimeError)
\tfrom app/controllers/payments.rb:5:in `create'
I, [2025-10-21T14:23:15.123456 #1]  INFO -- : ok"""

ANSWERED = """2025-10-21 14:23:15,123 ERROR [django.request] Internal Server Error: /seats
Traceback (most recent call last):
  File "/app/seats/views.py", line 12, in list_seats
django.db.utils.OperationalError: FATAL:  too many clients
INFO next"""

CUT_OFF = """ERROR request failed
Traceback (most recent call last):
  File "/app/x.py", line 1, in <module>
{"level":"info","msg":"restarted"}"""

UNCAUGHT = """{"level":"info","msg":"all is well"}
Traceback (most recent call last):
  File "/app/x.py", line 1, in <module>
ValueError: not so"""


ENCODED = (
    '{"level":"ERROR","message":"read failed","stack_trace":"com.example.driver.UnavailableException: Not enough replicas available'
    '\\n\\tat com.example.Dao.page(Dao.java:120)"}'
)
STACK_ALONE = '{"level":"error","msg":"read failed","stacktrace":"github.com/example/dao.Page\\n\\t/src/dao/page.go:120"}'
BARE = """Traceback (most recent call last):
  File "/app/a.py", line 3, in f
KeyError: 'id'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/app/b.py", line 9, in g
app.PaymentError: x"""
MEANT = "KeyError: 'id': app.PaymentError: x"
PHP = """PHP Fatal error:  Uncaught TypeError: pay(): no
Stack trace:
#0 /app/index.php(3): pay()
#1 {main}
  thrown in /app/pay.php on line 12"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            JAVA,
            [
                ("ERROR", "Payment failed: java.sql.SQLTimeoutException: timeout (caused by java.net.SocketTimeoutException)"),
                ("INFO", "ok"),
            ],
        ),
        (PYTHON, [("INFO", "start"), ("ERROR", "ValueError: bad"), ("INFO", "next")]),
        (CHAINED, [("ERROR", "request failed: KeyError: 'a': RuntimeError: b"), ("INFO", "next")]),
        (GO, [("FATAL", "panic: runtime error: index out of range"), ("INFO", "restarted")]),
        (
            SPRING,
            [
                (
                    "ERROR",
                    (
                        "Payment failed: org.springframework.dao.DataAccessResourceFailureException: no connection"
                        " (caused by java.sql.SQLTransientConnectionException: not available)"
                    ),
                ),
                ("INFO", "ok"),
            ],
        ),
        (GO_DUMP, [("FATAL", "fatal error: all goroutines are asleep - deadlock!")]),
        (GO_RECOVERED, [("FATAL", "http: panic serving 10.0.0.1:4242: boom"), ("INFO", "next")]),
        (ZAP, [("ERROR", "failed"), ("INFO", "ok")]),
        (NODE, [("ERROR", "TypeError: Cannot read properties of undefined"), ("UNKNOWN", "ready")]),
        (DOTNET, [("ERROR", "Payment failed (caused by System.TimeoutException: The operation has timed out.)"), ("INFO", "ready")]),
        (
            ANSWERED,
            [("ERROR", "Internal Server Error: /seats: django.db.utils.OperationalError: FATAL:  too many clients"), ("INFO", "next")],
        ),
        (RUBY, [("ERROR", "Payment failed: app/models/payment.rb:10:in `validate': boom (RuntimeError)"), ("INFO", "ok")]),
        (CUT_OFF, [("ERROR", "request failed"), ("INFO", "restarted")]),
        (ENCODED, [("ERROR", "read failed: com.example.driver.UnavailableException: Not enough replicas available")]),
        (STACK_ALONE, [("ERROR", "read failed")]),
        (UNCAUGHT, [("INFO", "all is well"), ("ERROR", "ValueError: not so")]),
        (f"{BARE}\n{BARE}", [("ERROR", "KeyError: 'id': app.PaymentError: x")] * 2),
        (f"ERROR request failed\n{BARE}\n{BARE}", [("ERROR", f"request failed: {MEANT}"), ("ERROR", MEANT)]),
        ("ERROR a\nERROR b", [("ERROR", "a"), ("ERROR", "b")]),
        ("", [("UNKNOWN", "")]),
    ],
)
def test_a_stack_trace_is_one_entry(text: str, expected: list[tuple[str, str]]) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(
    ("text", "files"),
    [
        (GO_DUMP, {"/app/main.go"}),
        (GO_RECOVERED, {"/app/validate.go"}),
        (NODE, {"/app/src/validate.js"}),
        (SPRING, {"PaymentService.java"}),
        (DOTNET, {"/src/Validate.cs"}),
        (UNCAUGHT, {"/app/x.py"}),
        (PHP, {"/app/index.php", "/app/pay.php"}),
    ],
)
def test_the_services_own_files_are_noted(text: str, files: set[str]) -> None:
    assert set().union(*(entry.files for entry in entries(f"{AT} {line}" for line in text.split("\n")))) == files


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
