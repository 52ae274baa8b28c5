# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What probably happened, and what to do about it.

The score says how well the evidence fits a bad deployment. The recommendation's own confidence is the probability, in percent, that the
action is what somebody who knew everything would do. It is

- the probability of the likeliest hypothesis, after everything that competes with it, where the action follows from that one;
- where a recent deployment is in question and something else speaks against a rollback: what the probability of a bad deployment leaves of
  100, 93 at most, if that is more;
- what the probability of a bad deployment leaves of 100, 93 at most, where all that can be said is to look further: that is wrong when a
  rollback would have been right;
- 90 where nothing is wrong, and 50 where too little is known to say even that.

What the rules say so is turned into what was measured on scenarios with a known truth (``calibration``, ``make evaluate``): of the answers
that are given 80, eight in ten should be right. A rollback is recommended when

- there is an outage or something close to it, and not merely a degradation; or the rollout stands still at pods that are never ready; or
  requests take three times as long since the rollout, and watching them for a quarter of an hour did not help,
- a deployment is the likeliest cause, with 60 % at least,
- the score reaches 60, or could if the missing evidence were there, or the fault is shown in the version itself, or it is 70 % likely,
  or requests stay slow as above, for which alone the score gives less,
- and no guard forbids it.
"""

from __future__ import annotations

from datetime import datetime

from ..analysis.monitoring import monitoring_time
from ..analysis.stability import PROVEN_AFTER
from ..analysis.wording import version_of
from ..model.confidence import Confidence
from ..model.diagnostics import Diagnostics
from ..model.incident import Policy
from ..model.recommendation import Action, Guard, Hypothesis, Recommendation
from ..units import describe_duration
from .advice import concluded_about, next_steps, remedies
from .confidence import score
from .corroboration import corroborated
from .guards import forbidden, guards
from .hypotheses import SUDDEN_LOAD, hypotheses
from .knowledge import inferred, known, unknown
from .observations import observe
from .policy import NEVER, SURE, automatic
from .reasoning import reasoning
from .rivals import origin_elsewhere, slow_peer, stays_slow
from .situation import Options, Situation, situation, unreachable
from .stuck import STUCK
from .walk import Walk, walk

LIKELY = 60
"""The score, and the probability, from which a rollback is recommended."""
POSSIBLE = 40
_UNRELATED = 20
"""Up to this probability a deployment is not part of the story."""
_NOTHING_WRONG = 90
_BLIND = 50
_LOOK_FURTHER = 93
_NO_ROLLBACK = 93
_DEFAULTS = Options()

_SAID_OTHERWISE = frozenset({Action.ROLLBACK.value, Action.INVESTIGATE.value})
"""Actions of a conclusion that need words of their own: what to investigate is told by the hypothesis, a rollback by guards and score."""
_NO_WAY_BACK = frozenset(
    {"no_target", "migration_undone", "schema_incompatible", "target_is_current", "target_rolled_back", "target_failing"}
)


def recommend(diagnostics: Diagnostics, policy: Policy, now: datetime, options: Options = _DEFAULTS) -> Recommendation:
    """The recommendation for what ``diagnostics`` shows at ``now``, under ``policy``. Never fails for lack of evidence."""
    facts = situation(diagnostics, now, options)
    points = score(observe(facts), options.scoring)
    causes, found, walked = hypotheses(facts), guards(facts), walk(facts)
    leader = causes[0] if causes and facts.symptoms.any else None
    allowed = options.rollback_allowed and policy.rollback != NEVER
    action, headline = _decide(causes, points, found, allowed, facts, walked)
    confidence = _confidence(action, leader, causes, found, facts)
    does_it, why = automatic(action, confidence, points, found, policy, facts)
    return Recommendation(
        action=action,
        headline=headline,
        confidence=confidence if _as_specified(leader, facts) else options.calibration.percent(confidence),
        target_version=facts.target.version if facts.target else None,
        target_revision=facts.target.number if facts.target else None,
        reasoning=reasoning(action, leader, found, facts),
        hypotheses=causes,
        guards=found,
        tree=walked.steps,
        score=points,
        remedies=remedies(leader, facts, walked),
        next_steps=next_steps(action, leader, facts, walked),
        automatic=does_it,
        automatic_reason=why,
        known=known(facts),
        inferred=inferred(leader, facts),
        unknown=unknown(facts),
    )


def _as_specified(leader: Hypothesis | None, facts: Situation) -> bool:
    """Whether the specification says itself how sure such an answer is, which it does of a dependency that still works.

    Where nothing is known, or nothing is wrong, there is nothing that was weighed.
    """
    if leader is None:
        return True
    return leader.cause == "dependency" and bool(facts.unhealthy_dependencies) and not unreachable(facts.unhealthy_dependencies[0])


def _confidence(
    action: Action, leader: Hypothesis | None, causes: tuple[Hypothesis, ...], found: tuple[Guard, ...], facts: Situation
) -> int:
    if leader is None:
        return _BLIND if facts.symptoms.blind or facts.symptoms.any else _NOTHING_WRONG
    undecided = leader.cause == "unknown" or (leader.cause == "deployment" and leader.confidence < LIKELY)
    undecided = undecided or (leader.cause == "dependency" and not _known_elsewhere(facts))
    blamed = next((one.confidence for one in causes if one.cause == "deployment"), 0)
    if action is Action.INVESTIGATE and leader.cause != "deployment" and facts.implicated and forbidden(found) is not None:
        return max(leader.confidence, min(_NO_ROLLBACK, 100 - blamed))
    if action is not Action.INVESTIGATE or not undecided:
        return leader.confidence
    if forbidden(found) is not None and facts.implicated:
        return _LOOK_FURTHER
    return max(leader.confidence, min(_LOOK_FURTHER, 100 - blamed))


def _known_elsewhere(facts: Situation) -> bool:
    """Whether a dependency was seen to be in trouble: by a probe, or in the traces."""
    return bool(facts.unhealthy_dependencies) or origin_elsewhere(facts) is not None or slow_peer(facts) is not None


def _decide(
    causes: tuple[Hypothesis, ...], points: Confidence, found: tuple[Guard, ...], allowed: bool, facts: Situation, walked: Walk
) -> tuple[Action, str]:
    if not facts.symptoms.any or not causes:
        blind = facts.symptoms.blind or facts.symptoms.any
        return (Action.INVESTIGATE, "INVESTIGATE FURTHER (too little is known)") if blind else (Action.NONE, "NO ACTION (nothing is wrong)")
    leader = causes[0]
    if leader.cause == "deployment":
        return _about_deployment(leader, points, found, allowed, facts)
    concluded = concluded_about(leader.cause, facts, walked)
    if concluded is not None and concluded.action is not None and concluded.action not in _SAID_OTHERWISE:
        action = Action(concluded.action)
        if leader.title == STUCK:
            return action, f"{action.value.replace('_', ' ').upper()} pods (workers are stuck)"
        if leader.cause == "load" and action is Action.SCALE and leader.title != SUDDEN_LOAD:
            return action, f"SCALE UP ({leader.title[0].lower()}{leader.title[1:]})"
        return action, concluded.headline or f"{action.value.replace('_', ' ').upper()} ({leader.title})"
    if leader.cause == "unknown":
        return Action.INVESTIGATE, "INVESTIGATE FURTHER (cause not yet known)"
    if leader.cause == "recurring":
        return Action.MONITOR, "MONITOR (it was so a week ago at this time)"
    blamed = next((one.confidence for one in causes if one.cause == "deployment"), 0)
    how = "not deployment-related" if blamed < _UNRELATED else "before any rollback"
    return Action.INVESTIGATE, f"INVESTIGATE {leader.title} ({how})"


def _about_deployment(
    leader: Hypothesis, points: Confidence, found: tuple[Guard, ...], allowed: bool, facts: Situation
) -> tuple[Action, str]:
    version = version_of(facts.suspect) if facts.suspect else "the current version"
    if not facts.symptoms.severe and not facts.stands_still and not stays_slow(facts):
        hours = describe_duration(monitoring_time(facts.age))
        return Action.MONITOR, f"MONITOR for additional {hours} before rollback decision"
    if leader.confidence < POSSIBLE:
        return Action.INVESTIGATE, "INVESTIGATE FURTHER (cause not yet known)"
    guard = forbidden(found)
    if guard is not None:
        return _around(guard, version, facts)
    if (
        leader.confidence < LIKELY
        or (points.possible < LIKELY and leader.confidence < SURE and not facts.code_evidence and not stays_slow(facts))
        or facts.target is None
    ):
        return Action.INVESTIGATE, f"INVESTIGATE AND PREPARE ROLLBACK of {version}"
    if not allowed:
        return Action.HOTFIX, f"HOTFIX {version} (rollback is not allowed)"
    proven = (facts.target.stable_for or 0.0) >= PROVEN_AFTER
    which = "requested" if facts.options.target else "last stable" if proven else "the version before"
    target = f"{version_of(facts.target)} ({which})"
    if points.level == "high" and leader.confidence >= SURE and corroborated(facts):
        return Action.ROLLBACK, f"IMMEDIATE ROLLBACK to {target}"
    return Action.ROLLBACK, f"ROLLBACK to {target}"


def _around(guard: Guard, version: str, facts: Situation) -> tuple[Action, str]:
    """What to do about a bad deployment where a guard forbids to roll it back."""
    if guard.name == "gitops_owner":
        owner = facts.rollouts.owner if facts.rollouts and facts.rollouts.owner else "its owner"
        return Action.HOTFIX, f"REVERT {version} in {owner}"
    if guard.name == "recovering":
        return Action.MONITOR, f"MONITOR {version} (it is getting better by itself)"
    if guard.name == "paused":
        waits = facts.rollouts.pending if facts.rollouts and facts.rollouts.pending else version
        return Action.INVESTIGATE, f"RESUME OR UNDO the paused rollout of {waits}"
    if guard.name == "rollback_running":
        return Action.MONITOR, "MONITOR the rollback that is running"
    if guard.name == "rollback_tried":
        return Action.INVESTIGATE, f"INVESTIGATE FURTHER ({guard.title[0].lower()}{guard.title[1:]})"
    if guard.name == "current_is_rollback":
        return Action.INVESTIGATE, f"INVESTIGATE FURTHER (the rollback to {version} did not help, or not yet)"
    if guard.name in _NO_WAY_BACK:
        return Action.HOTFIX, f"HOTFIX {version} ({guard.title[0].lower()}{guard.title[1:]})"
    return Action.INVESTIGATE, f"INVESTIGATE before any rollback ({guard.title[0].lower()}{guard.title[1:]})"
