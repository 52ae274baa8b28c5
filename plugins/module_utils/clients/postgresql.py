# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A PostgreSQL server, asked in transactions that read only.

The library is pg8000: pure Python, so that it is there wherever this runs, and under the BSD licence.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import field
from typing import Any, Literal
from urllib.parse import parse_qs, unquote, urlsplit

from ..lean import dataclass
from ..tally import count_request
from .answers import excerpt
from .libraries import load
from .probes import ProbeFailedError, ProbeImpossibleError, connect, failed, parse_address

_PORT = 5432
_DEFAULT_USER = "postgres"
_LOCK_TIMEOUT = 300
"""Milliseconds: who looks on must not stand in a queue of those who work."""
_TOO_MANY = "53300"
_LOGIN = ("28", "3D", "42501")
"""Classes of SQLSTATE for a login that does not fit, a database that is not there, and a missing permission."""


class RefusedError(ProbeFailedError):
    """PostgreSQL answers, but does not let us in: that says nothing about its health."""


class TooManyConnectionsError(ProbeFailedError):
    """PostgreSQL takes no further connection."""


class QueryFailedError(ProbeFailedError):
    """A question was refused; ``state`` is its SQLSTATE."""

    def __init__(self, message: str, state: str) -> None:
        super().__init__(message)
        self.state = state


@dataclass(frozen=True, slots=True)
class Login:
    host: str
    port: int
    user: str
    database: str
    password: str | None = field(default=None, repr=False)
    ssl: str = "prefer"
    """libpq's sslmode"""


def login_from(address: str, dsn: str | None = None) -> Login:
    """Where to go and who to be: ``address`` is ``host:port[/database]``; what ``dsn`` says (``postgresql://user:password@host:port/database``)
    goes first. ProbeImpossibleError, without the password, for what is neither."""
    text = dsn if dsn and "://" in dsn else f"postgresql://{address.partition('://')[2] or address}"
    try:
        parts = urlsplit(text)
        if dsn and "://" not in dsn:
            raise ValueError
        if parts.scheme not in ("postgresql", "postgres"):
            raise ValueError
        host, port = (parts.hostname, parts.port or _PORT) if parts.hostname else parse_address(address, _PORT)
        if not isinstance(host, str):
            raise ValueError
    except ValueError:
        what = "its dsn is not" if dsn else f"its address {excerpt(address, 80)!r} is not"
        raise ProbeImpossibleError(
            f"{what} like postgresql://user:password@host:5432/database; correct the service's catalogue entry"
        ) from None
    user = unquote(parts.username or "") or _DEFAULT_USER
    return Login(
        host=host,
        port=port,
        user=user,
        database=unquote(parts.path.strip("/")) or user,
        password=unquote(parts.password) if parts.password else None,
        ssl=(parse_qs(parts.query).get("sslmode") or ["prefer"])[0],
    )


class Postgresql:
    """One connection, in one transaction that only reads. ``latency`` is seconds until it stood. Not thread-safe."""

    def __init__(self, connection: Any, latency: float, timeout: float) -> None:
        self._connection = connection
        self._timeout = timeout
        self.latency = latency
        # SET LOCAL ends with the transaction, also behind a pooler that gives the same connection to others.
        limits = f"SET LOCAL statement_timeout = {max(int(timeout * 900), 1)}; SET LOCAL lock_timeout = {_LOCK_TIMEOUT}"
        self._first = f"BEGIN TRANSACTION READ ONLY; {limits}; "

    def rows(self, sql: str) -> list[list[Any]]:
        """The rows of a question. QueryFailedError when it is refused or takes too long.

        It takes one round trip: what needs no answer of its own goes with it.
        """
        begin, self._first = self._first, ""
        try:
            found: list[list[Any]] = self._run(f"{begin}SAVEPOINT question; {sql}") or []
        except QueryFailedError:
            self._run("ROLLBACK TO SAVEPOINT question")
            raise
        return found

    def _run(self, sql: str) -> Any:
        library = load("pg8000.native")
        count_request()
        try:
            return self._connection.run(sql)
        except library.DatabaseError as error:
            said, state = _words(error)
            raise QueryFailedError(said, state) from error
        except (OSError, library.InterfaceError) as error:
            raise failed(error, self._timeout) from error


@contextmanager
def postgresql(login: Login, timeout: float) -> Iterator[Postgresql]:
    """A connection for as long as it is needed. Each of its steps may take ``timeout`` seconds.

    Raises TooManyConnectionsError, RefusedError and ProbeFailedError; ImportError where the library is missing.
    """
    load("pg8000.native")  # before the clock starts
    began = time.monotonic()
    connection = _connection(login, timeout)
    try:
        yield Postgresql(connection, time.monotonic() - began, timeout)
    finally:
        _close(connection)


def _connection(login: Login, timeout: float) -> Any:
    library = load("pg8000.native")
    try:
        return _open(login, timeout, _context(login.ssl))
    except library.Error as error:
        raise _refusal(error, timeout) from error


def _open(login: Login, timeout: float, context: ssl.SSLContext | Literal[False] | None) -> Any:
    library = load("pg8000.native")
    plain = connect(login.host, login.port, timeout)
    try:
        return library.Connection(
            login.user,
            host=login.host,
            port=login.port,
            database=login.database,
            password=login.password,
            ssl_context=context,
            timeout=timeout,
            application_name="incident_response",
            sock=plain,
        )
    except BaseException as error:
        plain.close()
        if isinstance(error, library.Error):
            raise
        if isinstance(error, OSError):
            raise failed(error, timeout) from error
        if isinstance(error, Exception):
            # What is not PostgreSQL on the other side makes the library stumble in many ways.
            raise ProbeFailedError("what answers there is not PostgreSQL") from error
        raise


def _context(mode: str) -> ssl.SSLContext | Literal[False] | None:
    """As libpq understands sslmode: only verify-ca and verify-full look at who signed (https://www.postgresql.org/docs/current/libpq-ssl.html).

    False is without TLS, None with it where the server has it, on the same connection.
    """
    if mode == "disable":
        return False
    if mode in ("allow", "prefer"):
        return None
    context = ssl.create_default_context()
    if mode != "verify-full":
        context.check_hostname = False
    if mode not in ("verify-full", "verify-ca"):
        context.verify_mode = ssl.CERT_NONE
    return context


def _refusal(error: Any, timeout: float) -> ProbeFailedError:
    said, state = _words(error)
    if state == _TOO_MANY:
        return TooManyConnectionsError(said)
    if state.startswith(_LOGIN):
        return RefusedError(said)
    if state:
        return ProbeFailedError(said)
    text = str(error)
    if "password" in text:
        return RefusedError("it asks for a password; give the dependency a dsn or dsn_env in the service's catalogue entry")
    cause = error.__cause__ or error.__context__
    if isinstance(cause, OSError):
        return failed(cause, timeout)
    if "network error" in text:
        return ProbeFailedError("the connection was closed before the answer was complete")
    return ProbeFailedError(excerpt(text, 120))


def _words(error: Any) -> tuple[str, str]:
    """The server's message and its SQLSTATE; an empty state for what the server did not say."""
    told = error.args[0] if error.args and isinstance(error.args[0], dict) else {}
    return excerpt(str(told.get("M") or error), 160), str(told.get("C") or "")


def _close(connection: Any) -> None:
    try:
        connection.close()
    except Exception:  # noqa: BLE001 - it may be broken, which has been said by then
        return
