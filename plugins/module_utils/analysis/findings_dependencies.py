# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings from what the service depends on."""

from __future__ import annotations

from collections.abc import Iterator

from ..model.diagnostics import Diagnostics
from ..model.evidence import Source
from ..model.finding import Finding, Level


def dependency_findings(diagnostics: Diagnostics) -> Iterator[Finding]:
    """One finding for each dependency, ``dependencies.<name>``; ``observed`` is the share of its capacity in use.

    And one for a statement that lacks an index in a database, ``dependencies.<name>.missing_index``.
    """
    known = diagnostics.dependencies.data
    for one in known.health if known else ():
        share = one.used / one.capacity if one.used is not None and one.capacity else None
        others = [problem for problem in one.problems if problem != one.detail]
        yield Finding(
            id=f"dependencies.{one.name}",
            source=Source.DEPENDENCIES,
            level=one.level,
            title=one.title,
            detail="; ".join((one.detail, *others)),
            observed=share,
            unit="share" if share is not None else None,
        )
        slow = next((statement for statement in one.statements if statement.missing_index), None)
        if slow is not None:
            yield Finding(
                id=f"dependencies.{one.name}.missing_index",
                source=Source.DEPENDENCIES,
                level=Level.CRITICAL if slow.running >= 3 else Level.WARNING,
                title=f"Missing index on {slow.missing_index}",
                detail=f"full table scan by {slow.statement}",
            )
