# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a PostgreSQL says of itself: connections, transactions, locks, replication, and the statements that take long."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ..clients.answers import excerpt
from ..clients.postgresql import Login, Postgresql, QueryFailedError, RefusedError, TooManyConnectionsError, postgresql
from ..clients.probes import ProbeFailedError
from ..lean import dataclass
from ..model.dependencies import Measure, SlowStatement
from ..model.finding import Level
from ..units import describe_duration, format_value
from .indexes import verdicts
from .objects import mapping, sequence
from .postgresql_questions import HAS_STATISTICS, RUNNING, STATE, STATISTICS, TOGETHER
from .probed import Probed, Problem, judged
from .statement_shape import shape

IDLE_IN_TRANSACTION = 60.0
LONG_TRANSACTION = 600.0
BLOCKED = 5.0
"""Seconds from which each of these is trouble."""
MANY_BLOCKED = 5
LAG = 30.0
MUCH_KEPT = 2.0**30
"""Bytes of write-ahead log for one replication slot from which on it is trouble: as much as max_wal_size allows by default."""
TRANSACTIONS, LAST_TRANSACTIONS, OLD_TRANSACTIONS = 2_147_483_648, 40_000_000, 1_500_000_000
"""Transaction ids there are; left when PostgreSQL itself warns; used when autovacuum, which begins at 200 million, must have failed."""
SLOW_AVERAGE = 0.5
SLOW_NOW = 1.0
"""Seconds from which a statement is slow, on average and at the moment."""
MAX_STATEMENTS = 5
_SHOWN = 300
_CANCELLED = "57014"
"""SQLSTATE of a question that took longer than it may."""
_MEASURES = {
    "used": ("connections", "number"),
    "active": ("active_sessions", "number"),
    "idle_in_transaction": ("idle_in_transaction", "number"),
    "oldest_idle": ("oldest_idle_in_transaction", "seconds"),
    "oldest_transaction": ("oldest_transaction", "seconds"),
    "blocked": ("blocked_sessions", "number"),
    "longest_blocked": ("longest_blocked", "seconds"),
    "replicas": ("replicas", "number"),
    "replica_lag": ("replication_lag", "seconds"),
    "standby_lag": ("replication_lag", "seconds"),
    "deadlocks": ("deadlocks", "number"),
    "transaction_age": ("transaction_age", "number"),
    "hidden": ("hidden_sessions", "number"),
}


@dataclass(frozen=True, slots=True)
class _Heard:
    state: Mapping[str, Any]
    statements: tuple[SlowStatement, ...] = ()


def probe_postgresql(login: Login, timeout: float, primary: bool = False) -> Probed:
    """Asks PostgreSQL how it is. Raises ProbeFailedError when it does not answer as one."""
    try:
        with postgresql(login, timeout) as database:
            heard = _ask(database)
            return judge_postgresql(heard.state, database.latency, heard.statements, primary)
    except TooManyConnectionsError as error:
        detail = f"Connections exhausted ({error.message})"
        return Probed(Level.CRITICAL, detail, problems=(detail,))
    except QueryFailedError as error:
        if error.state == _CANCELLED:
            detail = f"answers too slowly: {error.message}"
            return Probed(Level.WARNING, detail, problems=(detail,))
        return Probed(Level.UNKNOWN, f"answers, but refuses to tell more: {error.message}")
    except RefusedError as error:
        return Probed(Level.UNKNOWN, f"answers, but refuses to tell more: {error.message}")


def _ask(database: Postgresql) -> _Heard:
    """The state and the slow statements, in as few round trips as there can be."""
    try:
        told = mapping(_document(database, TOGETHER))
    except QueryFailedError as error:
        if error.state == _CANCELLED:
            raise
        # One of them is refused: the state counts without the others.
        told = {"state": _document(database, STATE), "running": _try(database, RUNNING), "statistics": _try(database, HAS_STATISTICS)}
    return _Heard(mapping(told.get("state")), _statements(database, told.get("running"), mapping(told.get("statistics"))))


def judge_postgresql(
    state: Mapping[str, Any], latency: float | None, statements: tuple[SlowStatement, ...] = (), primary: bool = False
) -> Probed:
    """What the answer to ``STATE`` means; ``primary`` says whether the service writes to it."""
    used, capacity = _connections(state)
    problems = [
        *_sessions(state),
        *_replication(state, primary),
        *_slots(state),
        *_wraparound(state),
        *(_slow(one) for one in statements if one.missing_index),
    ]
    seen = " (the sessions of others are hidden from this login: grant it pg_monitor)" if _number(state.get("hidden")) else ""
    level, detail, all_of_them = judged(problems, f"Healthy{' (a replica)' if state.get('recovery') else ''}{seen}")
    measures = [Measure(name, value, unit) for key, (name, unit) in _MEASURES.items() if (value := _number(state.get(key))) is not None]
    kept = [value for slot in sequence(state.get("slots")) if (value := _number(mapping(slot).get("kept"))) is not None]
    measures += [Measure("slots_kept", max(kept), "bytes")] if kept else []
    return Probed(level, detail, latency, used, capacity, "connections", all_of_them, tuple(measures), statements)


def _connections(state: Mapping[str, Any]) -> tuple[float | None, float | None]:
    """Used and allowed, of the server or of the database, whichever is nearer to its end. Reserved ones are not the service's."""
    used, most, reserved = (_number(state.get(key)) for key in ("used", "max_connections", "reserved"))
    if used is None or not most:
        return None, None
    server = (used, max(most - (reserved or 0.0), 1.0))
    limit, mine = _number(state.get("database_limit")), _number(state.get("database_used"))
    if limit is None or limit < 1 or mine is None or mine / limit <= server[0] / server[1]:
        return server
    return mine, limit


def _sessions(state: Mapping[str, Any]) -> list[Problem]:
    problems = []
    blocked, longest = _number(state.get("blocked")) or 0.0, _number(state.get("longest_blocked")) or 0.0
    if blocked and longest >= BLOCKED:
        level = Level.CRITICAL if blocked >= MANY_BLOCKED else Level.WARNING
        blocker = _blocker(mapping(state.get("blocker")))
        problems.append(Problem(level, f"{_sessions_of(blocked)} blocked by locks for up to {describe_duration(longest)}{blocker}"))
    idle, oldest = _number(state.get("idle_in_transaction")) or 0.0, _number(state.get("oldest_idle")) or 0.0
    if idle and oldest >= IDLE_IN_TRANSACTION:
        text = f"{_sessions_of(idle)} idle in transaction, the oldest for {describe_duration(oldest)}"
        problems.append(Problem(Level.WARNING, text))
    running = _number(state.get("oldest_transaction")) or 0.0
    if running >= LONG_TRANSACTION and running > oldest + 1:
        problems.append(Problem(Level.WARNING, f"a transaction has been open for {describe_duration(running)}"))
    return problems


def _blocker(session: Mapping[str, Any]) -> str:
    """The session that all of them wait for at last, which itself waits for nothing: what it ran, and whether it does anything still."""
    if not session.get("query"):
        return ""
    idle, since = str(session.get("state") or "").startswith("idle in transaction"), _number(session.get("idle"))
    doing = f" (idle in transaction for {describe_duration(since)})" if idle and since is not None else ""
    return f" by {excerpt(shape(str(session['query'])), 120)}{doing}"


def _slots(state: Mapping[str, Any]) -> list[Problem]:
    """Replication slots that nobody reads keep write-ahead log until the disk is full (PostgreSQL's manual, chapter 27.2.6)."""
    problems = []
    for slot in map(mapping, sequence(state.get("slots"))):
        name, kept = excerpt(str(slot.get("name") or ""), 60), _number(slot.get("kept")) or 0.0
        if slot.get("status") == "lost":
            problems.append(Problem(Level.WARNING, f"the replication slot {name} has lost write-ahead log: its replica must be made anew"))
        elif kept >= MUCH_KEPT:
            whose = "is far behind" if slot.get("active") else "is read by nobody"
            kept_for = f"the replication slot {name} {whose}, and {format_value(kept, 'bytes')} of write-ahead log are kept for it"
            problems.append(Problem(Level.WARNING, kept_for))
    return problems


def _replication(state: Mapping[str, Any], primary: bool) -> list[Problem]:
    problems = []
    if state.get("recovery") and primary:
        problems.append(Problem(Level.CRITICAL, "is a replica, and refuses writes; the service needs the primary"))
    if state.get("recovery") and state.get("follows") and state.get("receiving") == 0:
        problems.append(Problem(Level.WARNING, "is a replica that receives nothing from its primary: what it says is old"))
    for key, whose in (("standby_lag", "this replica is"), ("replica_lag", "a replica is")):
        lag = _number(state.get(key))
        if lag is not None and lag >= LAG:
            problems.append(Problem(Level.WARNING, f"{whose} {describe_duration(lag)} behind its primary"))
    return problems


def _wraparound(state: Mapping[str, Any]) -> list[Problem]:
    """Whether transaction ids run out, after which nothing can be written (PostgreSQL's manual, chapter 25.1.5)."""
    age = _number(state.get("transaction_age")) or 0.0
    if age < OLD_TRANSACTIONS:
        return []
    level = Level.CRITICAL if age >= TRANSACTIONS - LAST_TRANSACTIONS else Level.WARNING
    return [Problem(level, f"{TRANSACTIONS - age:,.0f} transaction ids are left before it refuses writes: VACUUM is far behind")]


def _slow(one: SlowStatement) -> Problem:
    level = Level.CRITICAL if one.running >= 3 else Level.WARNING
    return Problem(level, f"Missing index on {one.missing_index}")


def _statements(database: Postgresql, running: Any, there: Mapping[str, Any]) -> tuple[SlowStatement, ...]:
    """The slowest at this moment and by the statistics that are ``there``, each with the index that it lacks."""
    slow: dict[str, SlowStatement] = {}
    whole: dict[str, str] = {}
    for raw in map(mapping, sequence(running)):
        _add(slow, whole, raw, running=int(_number(raw.get("running")) or 0), longest=_number(raw.get("longest")))
    for raw in map(mapping, sequence(_statistics(database, there))):
        calls = _number(raw.get("calls"))
        _add(slow, whole, raw, average=_number(raw.get("average")), calls=int(calls) if calls is not None else None)
    worst = sorted(
        (one for one in slow.values() if (one.longest or 0.0) >= SLOW_NOW or (one.average or 0.0) >= SLOW_AVERAGE),
        key=lambda one: -max(one.longest or 0.0, one.average or 0.0),
    )[:MAX_STATEMENTS]
    try:
        known = verdicts(database, [whole[one.statement] for one in worst]) if worst else {}
    except (ProbeFailedError, ImportError):
        known = {}
    return tuple(_shown(one, known[whole[one.statement]].missing if whole[one.statement] in known else None) for one in worst)


def _add(
    slow: dict[str, SlowStatement],
    whole: dict[str, str],
    raw: Mapping[str, Any],
    *,
    running: int = 0,
    longest: float | None = None,
    average: float | None = None,
    calls: int | None = None,
) -> None:
    text = str(raw.get("query") or "")
    if not text or text.startswith("<insufficient"):
        return
    key = shape(text)
    before = slow.get(key)
    slow[key] = SlowStatement(
        key,
        running + (before.running if before else 0),
        max((one for one in (longest, before.longest if before else None) if one is not None), default=None),
        average if average is not None else before.average if before else None,
        calls if calls is not None else before.calls if before else None,
    )
    whole.setdefault(key, text)


def _shown(one: SlowStatement, missing: str | None) -> SlowStatement:
    return SlowStatement(excerpt(one.statement, _SHOWN), one.running, one.longest, one.average, one.calls, missing)


def _statistics(database: Postgresql, there: Mapping[str, Any]) -> Any:
    if not there.get("view"):
        return ()
    # PostgreSQL 13 renamed the columns.
    mean, total = ("mean_exec_time", "total_exec_time") if there.get("new_names") else ("mean_time", "total_time")
    return _try(database, STATISTICS.format(mean=mean, total=total))


def _try(database: Postgresql, question: str) -> Any:
    """What is only an extra: without the permission or the extension for it, the rest counts all the same."""
    try:
        return _document(database, question)
    except QueryFailedError:
        return None


def _document(database: Postgresql, question: str) -> Any:
    rows: Sequence[Sequence[Any]] = database.rows(question)
    value = rows[0][0] if rows and rows[0] else None
    return json.loads(value) if isinstance(value, str) else value


def _sessions_of(count: float) -> str:
    return "1 session" if count == 1 else f"{count:,.0f} sessions"


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
