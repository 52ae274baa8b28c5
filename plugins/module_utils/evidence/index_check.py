# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The databases of a service, asked whether they have the indexes that slow statements want."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..clients.postgresql import login_from, postgresql
from ..clients.probes import ProbeFailedError
from ..concurrency import Deadline, map_side_by_side, wait
from ..errors import SourceUnavailableError
from ..model.index_verdict import Verdict
from ..model.service import Dependency, DependencyType, Service
from .dependencies import dsn_of
from .indexes import verdicts

_MOST = 3.0
"""Seconds that one database may take."""


def index_check(service: Service, statements: Sequence[str], deadline: Deadline) -> tuple[Mapping[str, Verdict], Sequence[str]]:
    """What the catalogues of the service's PostgreSQL databases say of each statement; a database that can't be asked is a note."""
    databases = [one for one in service.dependencies if one.type is DependencyType.POSTGRESQL]
    timeout = min(_MOST, max(deadline.left() * 0.8, 0.1))

    def ask(database: Dependency) -> dict[str, Verdict]:
        with postgresql(login_from(database.address, dsn_of(database)), timeout) as connection:
            return verdicts(connection, statements)

    found: dict[str, Verdict] = {}
    notes = []
    for database, future in zip(databases, map_side_by_side(ask, databases, len(databases) or 1, "indexes"), strict=True):
        try:
            said = wait(future, deadline, "It")
        except ImportError as error:
            notes.append(f"indexes of {database.name}: the Python library {error.name} is not installed on this host")
        except (ProbeFailedError, SourceUnavailableError) as error:
            notes.append(f"indexes of {database.name}: {error.message}")
        else:
            found |= {statement: verdict for statement, verdict in said.items() if verdict.known and statement not in found}
    return found, notes
