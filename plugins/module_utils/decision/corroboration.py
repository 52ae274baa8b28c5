# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether more than a coincidence in time was seen, and what else somebody should look at who is asked to decide."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..analysis.error_nature import Nature
from ..analysis.waiting import Cause
from ..analysis.wording import version_of
from .rivals import came_late, fills_storage
from .situation import Situation

_MAJOR = re.compile(r"v?(\d{1,4})\.\d+\.\d+(?:\D|$)")


def corroborated(facts: Situation) -> bool:
    """Whether more than the time and the metrics was seen that tells a bad version from trouble that came at the same moment.

    That is evidence in the version, crashing pods (unless they ran well at first, and no other version was started since), pods that filled
    their storage, or errors that are a program's own; where it came with the rollout, also errors that are not such as another's failure
    or slowness makes, traces that do not only show a slow answer, or dependencies that were probed. What they say is weighed by the
    hypotheses and guards; without any of them nobody could tell.
    """
    # A stack trace alone makes no error the program's own where its words name a cause outside: a certificate, a quota ...
    own = facts.clues.nature is Nature.OWN and bool(facts.clues.errors) and facts.clues.named is None
    if facts.code_evidence or (facts.crashing and not facts.untried and not facts.start_lost) or own or fills_storage(facts):
        return True
    traces, dependencies = facts.diagnostics.traces.data, facts.diagnostics.dependencies.data
    errors = bool(facts.clues.errors) and facts.clues.nature not in (Nature.OUTSIDE, Nature.WAITING) and facts.clues.named is None
    traced = traces is not None and (traces.error_traces > 0 or bool(traces.bottlenecks))
    # Whether it answers slowly or is asked for more than before, such a trace does not tell.
    traced = traced and (facts.slowdown is None or facts.slowdown.cause is not Cause.PEER)
    return not came_late(facts) and (errors or traced or bool(dependencies and dependencies.health))


def schema_fits(facts: Situation) -> bool | None:
    """Whether the target works with the database schema as it is, by the catalogue's ``schema_versions``; None where they do not say."""
    if facts.rollouts is None or facts.target is None:
        return None
    known = facts.diagnostics.service.schema_versions
    brought, works_with = (known.get(one.version or "") for one in (facts.rollouts.current, facts.target))
    return brought[0] in works_with if brought and works_with else None


def schema_checked(facts: Situation) -> bool:
    """Whether a team's own check, or what it has written down, tells whether the earlier version copes with the schema."""
    return bool(facts.diagnostics.service.schema_check) or schema_fits(facts) is not None


def migrations_unknown(facts: Situation) -> bool:
    """Whether neither a repository nor anything about the schema tells whether the way back is open."""
    return facts.diagnostics.changes.data is None and not schema_checked(facts)


def new_major_version(facts: Situation) -> bool:
    """Whether the way back leads over a major version, which is how people say that the two do not go together (https://semver.org/)."""
    target = _MAJOR.match(facts.target.version or "") if facts.target else None
    suspect = _MAJOR.match(facts.suspect.version or "") if facts.suspect else None
    return target is not None and suspect is not None and target[1] != suspect[1]


def to_look_at_first(facts: Situation) -> Iterator[str]:
    """What nobody has seen yet before a rollback, each a step: what may be to blame instead, and what may bar the way back."""
    seen, version = facts.diagnostics, version_of(facts.suspect) if facts.suspect else "the current version"
    if not corroborated(facts):
        if seen.logs.data is None:
            yield f"Before it, read the errors in the logs of {version}: are they its own, or somebody else's failure?"
        if seen.dependencies.data is None or not seen.dependencies.data.health:
            yield "Before it, see whether what the service depends on is well: none of it was probed"
    if migrations_unknown(facts):
        yield f"Before it, make sure that no database migration came with {version}: its repository is not known"
