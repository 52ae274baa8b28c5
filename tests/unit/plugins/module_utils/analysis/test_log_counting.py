# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import random
from collections import Counter

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.analysis import log_counting
from ansible_collections.devops.incident_response.plugins.module_utils.analysis.log_counting import Counting, Kind
from ansible_collections.devops.incident_response.plugins.module_utils.analysis.log_entries import entries
from ansible_collections.devops.incident_response.plugins.module_utils.analysis.log_tokens import generalise, tokenise
from ansible_collections.devops.incident_response.plugins.module_utils.model.logs_raw import RawLog

PYTHON = 'ERROR request {0} failed\nTraceback (most recent call last):\n  File "/app/x.py", line 3, in f\nValueError: {0} is not so'
JAVA = (
    "ERROR call {0} failed\njava.lang.IllegalStateException: no\n\tat a.Bar.baz(Bar.java:12)"
    "\n\nCaused by: java.io.IOException\n\t... 3 more"
)
GO = "panic: boom {0}\n\ngoroutine 1 [running]:\nmain.main()\n\t/app/main.go:12 +0x1d"
ONE_LINE = (
    "INFO POST /payments 201 {0}ms request={1}",
    '{{"level":"warn","msg":"slow","ms":{0},"id":"{1}"}}',
    "level=error msg=refused id={1}",
    "E1021 14:23:15.123456       1 reflector.go:123] Failed to watch {0}",
    "no level at all, {0}",
)


def made(entries_wanted: int) -> list[str]:
    chance = random.Random(5)
    lines = []
    for second in range(entries_wanted):
        text = chance.choice((*ONE_LINE, PYTHON, JAVA, GO)).format(chance.randrange(1000), f"{chance.getrandbits(48):012x}")
        at = f"2025-10-21T14:{second // 60 % 60:02d}:{second % 60:02d}.{chance.randrange(1000):03d}000000Z"
        lines += [f"{at} {line}" for line in text.split("\n")]
    return lines


def counted(*texts: str, size: int | None = None) -> Counting:
    counting = Counting(size if size is not None else sum(map(len, texts)))
    for number, text in enumerate(texts):
        counting.take(RawLog(f"pod-{number}", "api", False, f"v{number}", text.encode()))
    return counting


def by_kind(counting: Counting) -> Counter[tuple[str, tuple[str, ...]]]:
    found: Counter[tuple[str, tuple[str, ...]]] = Counter()
    for kind in counting.kinds():
        found[kind.entry.level, tokenise(generalise(kind.entry.message))] += kind.count
    return found


@pytest.mark.parametrize("coarse_from", [0, 10**9])
@pytest.mark.parametrize("ending", ["", "\n"])
def test_what_is_counted_is_what_reading_each_line_gives(monkeypatch: pytest.MonkeyPatch, coarse_from: int, ending: str) -> None:
    monkeypatch.setattr(log_counting, "COARSE_FROM", coarse_from)
    lines = made(3000)
    slowly = Counter((entry.level, tokenise(generalise(entry.message))) for entry in entries(lines))
    counting = counted("\n".join(lines) + ending)
    assert by_kind(counting) == slowly
    assert counting.lines == len(lines)
    assert counting.uncounted == 0
    assert len(slowly) == 8


# Some of their lines are errors by a number only, which stands where others have one too.
BY_NUMBER = (
    lambda chance: (
        f'10.0.0.{chance.randrange(256)} - - "GET /x{chance.randrange(99)} HTTP/1.1" {status(chance)} {chance.randrange(700)} "-"'
    ),
    lambda chance: f"[GIN] 14:10:11 | {status(chance)} | {chance.randrange(600)}us | 10.0.0.1 | GET /",
    lambda chance: f"INFO handled status={status(chance)} took={chance.randrange(600)} size=5{chance.randrange(99):02d}",
    lambda chance: f"INFO GET /orders/{chance.choice(('500', '7'))} {status(chance)} {chance.randrange(600)}ms",
    lambda chance: f"INFO borrowed connection {chance.randrange(600)} of 512 for {chance.randrange(600)} s",
    lambda chance: f'{{"level":{chance.choice((30, 40, 50))},"msg":"answered","res":{{"statusCode":{status(chance)}}}}}',
)


def status(chance: random.Random) -> int:
    return chance.choice((200, 201, 404, 500, 503))


@pytest.mark.parametrize("coarse_from", [0, 10**9])
@pytest.mark.parametrize("seed", range(3))
def test_errors_by_a_number_are_those_that_reading_each_line_gives(monkeypatch: pytest.MonkeyPatch, coarse_from: int, seed: int) -> None:
    monkeypatch.setattr(log_counting, "COARSE_FROM", coarse_from)
    chance = random.Random(seed)
    lines = [f"2025-10-21T14:{second // 60:02d}:{second % 60:02d}Z {chance.choice(BY_NUMBER)(chance)}" for second in range(3000)]
    slowly: dict[str, list[str | None]] = {}
    for entry in entries(lines):
        slowly.setdefault(entry.level, []).append(entry.at)
    quickly: dict[str, Kind] = {}
    for kind in counted("\n".join(lines)).kinds():
        if kind.entry.level in quickly:
            quickly[kind.entry.level].add(kind)
        else:
            quickly[kind.entry.level] = kind
    found = {level: (kind.count, kind.first, kind.last) for level, kind in quickly.items()}
    assert found == {level: (len(times), times[0], times[-1]) for level, times in slowly.items()}


def test_first_and_last_are_told_over_logs_and_offsets() -> None:
    early = "2025-10-21T14:00:02Z ERROR a 1\n2025-10-21T14:00:09Z ERROR a 2\n2025-10-21T14:00:05Z INFO b"
    offset = "2025-10-21T16:00:01.5+02:00 ERROR a 3"
    (error, info, other) = counted(early, offset).kinds()
    error.add(other)
    assert (error.count, error.first, error.last) == (3, "2025-10-21T14:00:01.500000Z", "2025-10-21T14:00:09Z")
    assert (error.versions, error.containers, info.versions) == ({"v0", "v1"}, {"api"}, {"v0"})
    assert (info.first, info.last) == ("2025-10-21T14:00:05Z", "2025-10-21T14:00:05Z")


def test_when_it_was_last_seen_is_exact_also_where_lines_were_only_counted() -> None:
    lines = []
    for number in range(5000):
        at = f"2025-10-21T14:{number // 60:02d}:{number % 60:02d}Z"
        lines.append(f"{at} INFO a {number}")
        if number < 3210:
            lines.append(f"{at} ERROR b {number}")
    last = {kind.entry.level: kind.last for kind in counted("\n".join(lines)).kinds()}
    assert last == {"INFO": "2025-10-21T14:83:19Z", "ERROR": "2025-10-21T14:53:29Z"}


@pytest.mark.parametrize("coarse_from", [0, 10**9])
def test_numbers_that_tell_an_error_from_a_success_are_kept(monkeypatch: pytest.MonkeyPatch, coarse_from: int) -> None:
    monkeypatch.setattr(log_counting, "COARSE_FROM", coarse_from)
    levels = ['{"level":30,"msg":"done"}'] * 50 + ['{"level":50,"msg":"done"}'] * 5
    statuses = ['10.0.0.1 - - "GET /x HTTP/1.1" 200 15'] * 50 + ['10.0.0.1 - - "GET /x HTTP/1.1" 503 15'] * 5
    random.Random(5).shuffle(lines := levels + statuses)
    text = "\n".join(f"2025-10-21T14:00:00Z {line}" for line in lines)
    found = Counter(kind.entry.level for kind in counted(text).kinds() for _unused in range(kind.count))
    assert found == {"INFO": 50, "ERROR": 10, "UNKNOWN": 50}


@pytest.mark.parametrize("coarse_from", [0, 2**40])
@pytest.mark.parametrize(
    ("well", "failed"),
    [
        ("INFO GET /orders/ 200 15ms", "INFO GET /orders/42 500 15ms"),
        ("INFO GET /users/x 200 15ms", "INFO GET /users/x7 503 15ms"),
    ],
)
def test_a_server_error_is_found_however_its_path_ends(monkeypatch: pytest.MonkeyPatch, coarse_from: int, well: str, failed: str) -> None:
    """Also where the line that its key was first met in ends it otherwise, in what a coarse key leaves out."""
    monkeypatch.setattr(log_counting, "COARSE_FROM", coarse_from)
    lines = [well] * 200 + [failed] * 20 + [well] * 200
    counting = counted("".join(f"2025-10-21T14:00:01.000000000Z {line}\n" for line in lines))
    assert sum(kind.count for kind in counting.kinds() if kind.entry.level == "ERROR") == 20


def test_coarse_keys_are_refined_where_they_are_not_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the letters a to f, "fail" and "failed" are the same."""
    monkeypatch.setattr(log_counting, "COARSE_FROM", 0)
    lines = [f"2025-10-21T14:00:00Z ERROR payment {number:x} {'fail' if number % 3 else 'failed'}" for number in range(3000)]
    found = by_kind(counted("\n".join(lines)))
    of_word: Counter[str] = Counter()
    for (_level, words), count in found.items():
        of_word[words[-1]] += count
    assert of_word["fail"] == pytest.approx(2000, rel=0.1)
    assert of_word["failed"] == pytest.approx(1000, rel=0.1)


def test_identifiers_in_other_alphabets_are_few_keys_too() -> None:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    chance = random.Random(5)
    tokens = ["".join(chance.choices(alphabet, k=22)) for _unused in range(5000)]
    counting = counted("\n".join(f"2025-10-21T14:00:00Z INFO session {token} opened" for token in tokens))
    assert len(counting.kinds()) < 300
    assert sum(kind.count for kind in counting.kinds()) == 5000


def rare(count: int) -> list[str]:
    chance = random.Random(5)
    words = ["".join(chance.choices("ghijklmnop", k=12)) for _unused in range(count)]
    return [f"2025-10-21T14:00:00Z ERROR {word} failed for {word[::-1]}" for word in words]


def test_where_too_many_lines_differ_only_their_frequent_words_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_counting, "MAX_KEYS", 100)
    text = "\n".join([*rare(2000), "2025-10-21T14:00:00Z FATAL it ends"])
    counting = counted(text)
    assert counting.uncounted == 0
    assert sum(kind.count for kind in counting.kinds() if kind.entry.level == "ERROR") == 2000
    most = max(counting.kinds(), key=lambda kind: kind.count)
    assert (most.entry.message, most.vague) == ("0 failed for 0", True)
    assert most.count > 1800
    assert " failed for " in most.entry.sample
    assert "0 failed" not in most.entry.sample
    assert [kind.count for kind in counting.kinds() if kind.entry.level == "FATAL"] == [1]


def test_lines_that_are_not_counted_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_counting, "MAX_KEYS", 100)
    monkeypatch.setattr(log_counting, "_MOST_OF_REST", 0)
    counting = counted("\n".join(rare(2000)))
    assert counting.uncounted + sum(kind.count for kind in counting.kinds()) == 2000
    assert counting.uncounted > 1800


def test_a_stack_trace_is_one_entry_wherever_a_block_ends() -> None:
    trace = JAVA.format(7).split("\n")
    text = "\n".join(f"2025-10-21T14:00:00Z {line}" for line in trace * 2000)
    (kind,) = counted(text).kinds()
    assert kind.count == 2000
    assert kind.entry.files == {"Bar.java"}


@pytest.mark.parametrize(
    "text",
    ["", "\n", "\n\n\n", "x", "\0", "no time\n\tat all", "\xff" * 100_000, "panic: x\n" + "y\n" * 100_000, "\t\n" * 100_000, "{" * 100_000],
)
def test_hostile_text_is_taken(text: str) -> None:
    counting = counted(text, text)
    text = text.replace("\0", "")
    assert counting.lines == 2 * (text.count("\n") + (text[-1:] not in ("", "\n")))
    assert all(kind.count > 0 for kind in counting.kinds())
