# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to do about the cause, and what comes next."""

from __future__ import annotations

from ..analysis.monitoring import monitoring_plan
from ..analysis.pods import out_of_memory
from ..analysis.wording import version_of
from ..model.dependencies import DependencyHealth
from ..model.recommendation import Action, Hypothesis
from ..model.service import DependencyType
from ..model.workload import UNSTARTABLE
from .by_pod import fails_beside
from .corroboration import to_look_at_first
from .deployment import configuration_deployed, leak_since_deployment
from .situation import Situation, saturated, unreachable
from .tree import Conclusion
from .walk import Walk

_ONE_HIGHER = {"P1": "P0", "P2": "P1", "P3": "P2"}


def remedies(leader: Hypothesis | None, facts: Situation, walked: Walk) -> tuple[str, ...]:
    """What mends the cause, most useful first: what follows from the evidence, then the decision tree's.

    A rollback only undoes it and is not among them.
    """
    if leader is None:
        return ()
    concluded = concluded_about(leader.cause, facts, walked)
    said = [text for one in walked.about(leader.cause) for text in one.remedies] or (concluded.remedies if concluded else ())
    return tuple(dict.fromkeys((*_by_evidence(leader, facts), *said)))


def concluded_about(cause: str, facts: Situation, walked: Walk) -> Conclusion | None:
    """What the decision tree concludes about the cause: on the walk, or else anywhere, where it says only one thing about it."""
    reached = [one for one in walked.about(cause) if one.action is not None]
    if reached:
        return reached[0]
    anywhere = [one for one in facts.options.tree.conclusions(cause) if one.action is not None]
    return anywhere[0] if len({one.action for one in anywhere}) == 1 else None


def _by_evidence(leader: Hypothesis, facts: Situation) -> tuple[str, ...]:
    if (beside := fails_beside(facts)) is not None and leader.cause == "deployment":
        return (f"Undo the rollout of {beside}, or scale it to zero",)
    if leader.cause == "deployment":
        return _after_deployment(facts)
    if leader.cause == "dependency":
        bad = facts.unhealthy_dependencies
        return _of_dependency(bad[0]) if bad else ("Analyze dependency latency and error rates", "Add its dependencies to the catalogue")
    if leader.cause == "node":
        return ("Cordon the node and let its pods move", "Add capacity or lower the pods' requests")
    return ()


def next_steps(action: Action, leader: Hypothesis | None, facts: Situation, walked: Walk) -> tuple[str, ...]:
    """The steps, in order."""
    if action is Action.NONE:
        return ("Go on watching",)
    if action is Action.MONITOR:
        return _monitoring(facts)
    steps = []
    if action is Action.ROLLBACK:
        steps += [*to_look_at_first(facts), "Execute rollback (recommended)"]
    channel = facts.diagnostics.service.channel
    if action in (Action.ROLLBACK, Action.HOTFIX):
        steps.append(f"Notify stakeholders via {channel} channel" if channel else "Notify stakeholders")
        version = version_of(facts.suspect) if facts.suspect else "the current version"
        steps.append("Prepare hotfix with database index" if facts.missing_index is not None else f"Prepare hotfix for {version}")
        return (*steps, "Schedule post-mortem for tomorrow", "Update runbook with lessons learned")
    return (*_investigation(leader, facts, walked), "Monitor error rate for improvement", *_escalation(facts))


def _after_deployment(facts: Situation) -> tuple[str, ...]:
    version = version_of(facts.suspect) if facts.suspect else "the current version"
    before = version_of(facts.target) if facts.target else "the version before"
    review = f"Review the changes from {before} to {version}"
    index = facts.missing_index
    if index is not None:
        return (f"Add index on {index.column}", f"Review the query: {index.statement}", review)
    if facts.workload is not None and out_of_memory(facts.workload):
        return ("Raise the memory limit", f"Take a heap profile of {version}", review)
    broken = next((pod for pod in facts.crashing if pod.reason in UNSTARTABLE), None)
    if broken is not None:
        return (f"Fix the image or the configuration of {version} ({broken.reason})", review)
    if configuration_deployed(facts):
        return (f"Compare the pods' template with that of {before}: it has the same images", "Put the setting right and deploy it again")
    if leak_since_deployment(facts):
        return (f"Review {version} code changes for memory leaks", "Restart pods one by one to gain time", "Scale horizontally")
    return (review, f"Prepare a hotfix of {version}")


def _of_dependency(worst: DependencyHealth) -> tuple[str, ...]:
    if unreachable(worst):
        return (f"Restore {worst.title} ({worst.detail})", f"Call the owners of {worst.title}", "Switch to a fallback where there is one")
    if worst.type is DependencyType.REDIS:
        return (
            "Increase Redis memory limit (quick fix)",
            "Review cache eviction policy",
            "Analyze cache key distribution",
            "Consider cache warming strategy",
        )
    if saturated(worst) and worst.unit == "connections":
        return (
            f"Raise the connection limit of {worst.title} (quick fix)",
            "Look for connection leaks and long transactions",
            "Review the size of the connection pools",
        )
    return (f"Give {worst.title} more capacity (quick fix)", f"Call the owners of {worst.title}", "Look at who else uses it")


def _investigation(leader: Hypothesis | None, facts: Situation, walked: Walk) -> tuple[str, ...]:
    bad = facts.unhealthy_dependencies
    if leader is not None and leader.cause == "dependency" and bad:
        worst, service = bad[0], facts.diagnostics.service.name
        if worst.type is DependencyType.REDIS and not unreachable(worst):
            return ("Increase Redis memory allocation", "Analyze cache keys with redis-cli", f"Review {service} caching logic")
        first = f"Restore {worst.title}" if unreachable(worst) else f"Give {worst.title} more capacity"
        return (first, f"Call the owners of {worst.title}", f"Review how {service} copes without {worst.title}")
    if leader is None:
        return ("Gather the missing evidence",)
    concluded = concluded_about(leader.cause, facts, walked)
    doing = concluded.remedies[:1] if concluded and concluded.action not in (None, Action.INVESTIGATE.value, Action.ROLLBACK.value) else ()
    return (*doing, *leader.check_next)


def _monitoring(facts: Situation) -> tuple[str, ...]:
    errors, memory = facts.signal("error_rate"), facts.signal("memory")
    return monitoring_plan(
        errors.baseline if errors else None,
        memory.value if memory else None,
        facts.diagnostics.service,
        version_of(facts.suspect) if facts.suspect else "the current version",
        version_of(facts.target) if facts.target else None,
        leak=leak_since_deployment(facts),
    )


def _escalation(facts: Situation) -> tuple[str, ...]:
    higher = _ONE_HIGHER.get(facts.options.severity or "")
    return (f"Escalate to {higher} if no improvement in 15min",) if higher else ()
