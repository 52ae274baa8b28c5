# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.indexes import Verdict
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.repeated import repeated
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.statement_shape import shape
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.trace import Span, Trace
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.traces import _checked
from ansible_collections.devops.incident_response.plugins.module_utils.model.traces import Operation


def trace(*statements: str, service: str = "payment-api") -> Trace:
    return Trace("t", tuple(Span(str(n), None, service, "q", float(n), 0.5, False, text, None) for n, text in enumerate(statements)))


def test_the_same_query_with_other_values_is_the_same() -> None:
    (found,) = repeated([trace(*(f"SELECT * FROM items WHERE id = {n}" for n in range(12)))], [trace("SELECT * FROM items WHERE id = 1")])
    assert (found.statement, found.calls, found.traces, found.baseline_calls) == ("SELECT * FROM items WHERE id = ?", 12, 1, 1)
    assert found.duration == pytest.approx(6.0)


def test_a_few_times_is_no_loop() -> None:
    assert repeated([trace(*["SELECT 1"] * 9), trace(*["SELECT 1"] * 9)], []) == ()


def test_without_traces_of_before_that_is_unknown() -> None:
    assert repeated([trace(*["SELECT 1"] * 20)], [])[0].baseline_calls is None
    assert repeated([trace(*["SELECT 1"] * 20)], [trace("SELECT 2 FROM x")])[0].baseline_calls == 0


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("SELECT * FROM t WHERE a = 'it''s' AND b = -3.5", "SELECT * FROM t WHERE a = ? AND b = ?"),
        ("SELECT * FROM t2 WHERE id IN (1, 2, 3)", "SELECT * FROM t2 WHERE id IN (?)"),
        ("SELECT * FROM t WHERE a = $1\n  AND b = %s", "SELECT * FROM t WHERE a = $1 AND b = %s"),
        ("SELECT a FROM t WHERE b = 7 -- for bob", "SELECT a FROM t WHERE b = ?"),
        ("/* traceparent='00-1f' */ SELECT a--b\nFROM t", "SELECT a FROM t"),
        (r"SELECT E'it\'s' , $x$ to 'bob' $x$, $$7$$, $1", "SELECT ? , ?, ?, $1"),
        ("SELECT a FROM t WHERE b = 'cut o", "SELECT a FROM t WHERE b = ?"),
        ("SELECT '-- no comment', \"it's\" FROM t WHERE j->>'k' = 5", 'SELECT ?, "it\'s" FROM t WHERE j->>? = ?'),
        ('SELECT "col1" FROM t LIMIT 10', 'SELECT "col1" FROM t LIMIT ?'),
    ],
)
def test_shapes(statement: str, expected: str) -> None:
    assert shape(statement) == expected


SLOW = Operation("payment-api", "SELECT transactions", 2.3, 0.05, 9, 0, "SELECT * FROM transactions WHERE user_id = ?")


def checked(operation: Operation, verdict: Verdict) -> tuple[Operation, list[str]]:
    notes: list[str] = []

    def check(statements: Sequence[str]) -> tuple[Mapping[str, Verdict], Sequence[str]]:
        return dict.fromkeys(statements, verdict), ()

    return _checked((operation,), check, notes)[0], notes


def test_the_catalogue_says_that_an_index_is_missing() -> None:
    found, _unused = checked(SLOW, Verdict(known=True, missing="transactions.user_id"))
    assert (found.table_scan, found.checked) == ("transactions.user_id", True)


def test_the_catalogue_knows_better_than_a_span() -> None:
    found, notes = checked(replace(SLOW, table_scan="transactions.user_id"), Verdict(known=True))
    assert (found.table_scan, found.checked) == (None, True)
    assert "the database has an index for it" in notes[0]


def test_without_an_answer_what_the_span_says_stays() -> None:
    found, notes = checked(replace(SLOW, table_scan="transactions.user_id"), Verdict(known=False))
    assert (found.table_scan, found.checked, notes) == ("transactions.user_id", False, [])


def test_a_quick_statement_is_not_looked_up() -> None:
    found, _unused = checked(replace(SLOW, self_time=0.01), Verdict(known=True, missing="transactions.user_id"))
    assert found.table_scan is None
