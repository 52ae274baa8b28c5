# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a rollback may be made without asking anybody."""

from __future__ import annotations

from ..analysis.error_nature import Nature
from ..model.confidence import Confidence
from ..model.incident import Policy
from ..model.recommendation import Action, Guard
from .corroboration import corroborated, migrations_unknown, new_major_version, schema_checked
from .guards import forbidden
from .rivals import came_late, fails_with_others
from .situation import AFTER_FIRST_REQUESTS, Situation

AUTOMATIC, APPROVAL, NEVER = "automatic", "approval", "never"

CAUTIOUS_POLICY = Policy(page=(), rollback=APPROVAL, update_interval=None, mttr_target=None)
"""What holds where no policy is given: nothing happens by itself."""

SURE = 70
"""Probability of the cause, in percent, from which a rollback is urgent, and may be made without asking."""
_NEEDED = frozenset({"deployment_age", "error_rate"})
"""Factors of the score without which nothing is done by itself, whatever the others add up to."""


def automatic(
    action: Action, probability: int, score: Confidence, guards: tuple[Guard, ...], policy: Policy, facts: Situation
) -> tuple[bool, str]:
    """Whether everything but the checks of the rollback itself allows it to happen by itself, and why, or why not, in one sentence."""
    missing = sorted(_NEEDED & set(score.missing))
    needed = policy.automatic_rollback_score
    guard = forbidden(guards)
    obstacles = (
        (not facts.options.rollback_allowed, "Rollbacks are switched off for this run (rollback=false)."),
        (policy.rollback == NEVER, "The policy of this severity offers no rollback."),
        (guard is not None, f"A guard forbids it: {guard.title if guard else ''}."),
        (action is not Action.ROLLBACK, "No rollback is recommended."),
        (policy.rollback != AUTOMATIC, "The policy of this severity asks for approval."),
        (facts.earlier_suspect, "The errors fit an earlier deployment than the current one: a person has to decide how far to go back."),
        (bool(missing), f"Evidence is missing: {', '.join(missing)}."),
        (
            not corroborated(facts),
            "Only the time and the metrics speak for it: no pod, log, trace or dependency tells the version from the rest.",
        ),
        (probability < SURE, f"That the deployment is the cause is {probability}% likely only, less than {SURE}%."),
        (
            came_late(facts) and not facts.code_evidence and not facts.crashing,
            "It began after the rollout was over, and nothing in the version itself was seen to be wrong: something else may have changed.",
        ),
        (
            facts.had_run_for(AFTER_FIRST_REQUESTS)
            and facts.clues.nature is not Nature.OWN
            and not facts.code_evidence
            and not facts.crashing,
            "It began a minute or more after the rollout was over, and no error is such as a program makes by itself: it may be another's.",
        ),
        (
            fails_with_others(facts),
            "Other services began to fail at the same moment, and nobody knows whether they call this one.",
        ),
        (
            any(one.name == "migrations" for one in guards) and not schema_checked(facts),
            "Database migrations came with it, and nothing tells whether the earlier version copes with them.",
        ),
        (
            migrations_unknown(facts) and new_major_version(facts),
            "It is a new major version, and nothing tells whether database migrations came with it that bar the way back.",
        ),
        (score.score < needed, f"The score of {score.score} is below the {needed} that the policy asks for."),
    )
    for holds, sentence in obstacles:
        if holds:
            return False, sentence
    return True, f"The score of {score.score} reaches {needed}, no guard forbids it, and the policy allows it."
