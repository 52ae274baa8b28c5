# SPDX-License-Identifier: GPL-3.0-or-later
"""Logs of every shape: counting keys gives what reading each line by itself gives."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.analysis import log_counting
from ansible_collections.devops.incident_response.plugins.module_utils.analysis.log_counting import Counting
from ansible_collections.devops.incident_response.plugins.module_utils.analysis.log_entries import entries
from ansible_collections.devops.incident_response.plugins.module_utils.analysis.log_tokens import generalise, tokenise
from ansible_collections.devops.incident_response.plugins.module_utils.model.logs_raw import RawLog

Make = Callable[[random.Random], str]
LINES = 1200


def status(chance: random.Random) -> int:
    return chance.choice((200, 200, 200, 404, 500, 503))


JSON: tuple[Make, ...] = (
    lambda it: f'{{"level":{it.choice((20, 30, 40, 50))},"time":{it.getrandbits(40)},"msg":"order taken","ms":{it.randrange(999)}}}',
    lambda it: f'{{"severity":"ERROR","message":"charge {it.getrandbits(32):08x} refused","code":{it.randrange(99)}}}',
    lambda it: f'{{"level":"info","msg":"answered","status":{status(it)},"trace":"{it.getrandbits(64):016x}"}}',
)
LOGFMT: tuple[Make, ...] = (
    lambda it: f'ts=2025-10-21T14:10:00Z level=info msg="answered" status={status(it)} took={it.randrange(999)}ms',
    lambda it: f'level=error msg="cannot reach 10.0.{it.randrange(256)}.{it.randrange(256)}:5432" attempt={it.randrange(9)}',
)
KLOG: tuple[Make, ...] = (
    lambda it: (
        f"{it.choice('IIWE')}1021 14:10:11.{it.randrange(10**6):06d}       1 reflector.go:{it.randrange(400)}] watching {it.randrange(99)}"
    ),
)
PLAIN: tuple[Make, ...] = (
    lambda it: f"{it.choice(('INFO', 'WARN', 'ERROR'))} job {it.getrandbits(40):010x} took {it.randrange(9999)} ms",
    lambda it: (
        f'10.0.0.{it.randrange(256)} - - [21/Oct/2025:14:10:00] "GET /x/{it.randrange(99)} HTTP/1.1" {status(it)} {it.randrange(600)}'
    ),
    lambda it: f"INFO GET /orders/{it.choice(('500', '7', 'xyz'))} {status(it)} {it.randrange(600)}ms",
)
NUMBERED: tuple[Make, ...] = (
    lambda it: f"<{it.choice((3, 4, 6))}>unit {it.randrange(99)} changed",
    lambda it: f"level={it.choice((30, 40, 50))} msg=changed id={it.randrange(99)}",
    lambda it: f'{{"severityNumber":{it.choice((9, 13, 17))},"body":"changed {it.randrange(99)}"}}',
    lambda it: f'{{"levelno":{it.choice((20, 30, 40))},"message":"changed {it.randrange(99)}"}}',
)
TRACES: tuple[Make, ...] = (
    lambda it: (
        f"2025-10-21 14:10:00,123 ERROR call {it.randrange(999)} refused\njava.io.IOException: no {it.randrange(9)}\n"
        f"\tat a.Bar.baz(Bar.java:{it.randrange(99)})\n\t... 3 more"
    ),
    lambda it: f"panic: boom {it.randrange(99)}\n\ngoroutine {it.randrange(99)} [running]:\nmain.main()\n\t/app/main.go:12 +0x1d",
    lambda it: f"INFO fine {it.randrange(99)}",
)
LONG: tuple[Make, ...] = (
    lambda it: f"INFO body {'x' * it.randrange(3000)} ends",
    lambda it: f'{{"level":"error","msg":"too big","body":"{"y" * it.randrange(3000)}"}}',
)
NO_UTF8: tuple[Make, ...] = (
    lambda it: f"ERROR \udcff\udcfe caf\udce9 {it.randrange(999)}",
    lambda it: f"INFO na\u00efve \u201c{it.randrange(9)}\u201d",
)
SHAPES = {
    "json": JSON,
    "logfmt": LOGFMT,
    "klog": KLOG,
    "plain": PLAIN,
    "numbered": NUMBERED,
    "traces": TRACES,
    "long": LONG,
    "no utf-8": NO_UTF8,
    "mixed": (*JSON, *LOGFMT, *KLOG, *PLAIN, *TRACES),
}


def made(shape: str, ending: str) -> bytes:
    chance = random.Random(shape)
    lines: list[str] = []
    while len(lines) < LINES:
        for text in chance.choice(SHAPES[shape])(chance).split("\n"):
            number = len(lines)
            lines.append(f"2025-10-21T14:{number // 60 % 60:02d}:{number % 60:02d}.{chance.randrange(10**9):09d}Z {text}{ending}")
    return "".join(lines).encode("utf-8", "surrogateescape")


@pytest.mark.parametrize("coarse_from", [0, 2**40], ids=["coarse", "fine"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("shape", SHAPES)
def test_counted_is_as_read_line_by_line(monkeypatch: pytest.MonkeyPatch, shape: str, ending: str, coarse_from: int) -> None:
    monkeypatch.setattr(log_counting, "COARSE_FROM", coarse_from)
    text = made(shape, ending)
    slowly: Counter[tuple[str, tuple[str, ...]]] = Counter()
    files: set[str] = set()
    for entry in entries(text.decode("utf-8", "replace").removesuffix("\n").split("\n")):
        if entry.message:
            slowly[entry.level, tokenise(generalise(entry.message))] += 1
            files |= entry.files
    counting = Counting(len(text))
    counting.take(RawLog("pod", "api", False, "v1", text))
    quickly: Counter[tuple[str, tuple[str, ...]]] = Counter()
    for kind in counting.kinds():
        quickly[kind.entry.level, tokenise(generalise(kind.entry.message))] += kind.count
    if shape == "long":
        # What a message is cut to ends in the middle of a word.
        assert Counter(level for level, _words in quickly.elements()) == Counter(level for level, _words in slowly.elements())
    else:
        assert quickly == slowly
    assert files == {file for kind in counting.kinds() for file in kind.entry.files}
    assert (counting.lines, counting.uncounted) == (text.count(b"\n"), 0)
