# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The explanations that compete with a deployment, and the facts by which they are told from it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..analysis.contribution import DELAYED, PROMPT
from ..analysis.error_nature import Nature
from ..analysis.log_signs import Sign
from ..analysis.pods import NODE_TROUBLE, over_its_storage
from ..analysis.signals import worsening
from ..analysis.stability import rolled_back_to
from ..analysis.stack_frames import untouched
from ..analysis.waiting import Cause, Slowdown
from ..analysis.weekly import as_a_week_ago
from ..analysis.wording import plural
from ..model.dependencies import DependencyHealth
from ..model.finding import Level
from ..model.metrics import Neighbour, Shape, Signal
from ..model.workload import Pod
from ..units import format_value
from .around import nodes_lost, nodes_went
from .incident_onset import POD_START
from .situation import AFTER_FIRST_REQUESTS, Situation, exhausted, saturated, unreachable

SURGE = 1.5
"""Multiple of its baseline from which traffic is a surge."""
NEARLY_FULL = 0.85
_TIME_TO_HELP = 180.0
"""Seconds after a rollback from which it should show: pods start, and five-minute rates follow."""
_AT_ONCE = 180.0
"""Seconds after a rollout began within which a dependency that is used up was probably used up by the new version."""
_STRAINED = 3600.0
"""Seconds for which a service may bear a surge before it shows."""
_RISES_TOGETHER = 900.0
_SETTLED = 300.0
_SIGNIFICANT, _NOTICED, _WATCHED = 3.0, 0.2, 900.0
"""Multiple of the latency that the rollback score calls significant, seconds that people notice, and seconds to see whether it passes."""
_TERM = re.compile(r"[A-Z]?[a-z]{3,}|[A-Z]{4,}")
_STEM = 6
"""Letters from which the beginning of a word tells it."""
_TERMS_OF_ALL = frozenset(
    {"error", "errors", "exception", "fail", "failed", "failure", "request", "requests", "response", "release", "version", "update"}
    | {"java", "main", "internal", "server", "client", "service", "call", "util", "utils", "test", "tests", "lang", "from", "with", "when"}
    | {"that", "this", "more", "than", "order", "user", "users", "http", "https", "code", "type", "data", "value", "null", "api", "app"}
    | {"for", "and", "not", "was", "the", "get", "post", "put", "can", "could", "cannot", "while", "add", "src", "com", "org", "out"}
)
_COMMON_WORDS = frozenset({"service", "api", "server", "app", "time", "rate", "usage", "the", "of", "p95", "tcp", "http"})


def traffic_rose_first(facts: Situation) -> bool:
    """Whether a surge of requests came with the trouble, or within the hour before it. What comes after it are retries."""
    traffic = facts.signal("request_rate")
    ratio = facts.traffic_ratio
    if traffic is None or ratio is None or ratio < SURGE:
        return False
    if traffic.onset is None or facts.onset.at is None:
        return traffic.onset is not None
    # What is long ago is looked at in steps that are longer than the tolerance of what is not.
    exact = facts.onset.tolerance <= POD_START and not no_room_left(facts)
    latest = facts.onset.tolerance / 2 if exact else facts.onset.tolerance
    return -_STRAINED <= (traffic.onset - facts.onset.at).total_seconds() <= latest


def no_room_left(facts: Situation) -> str | None:
    """Why the service can't take more traffic: its processors are busy, or its autoscaler has nothing left to add. None when it can."""
    cpu, scaler = facts.signal("cpu"), facts.workload.autoscaler if facts.workload else None
    if scaler is not None and scaler.current_replicas >= scaler.max_replicas:
        return "The autoscaler is at its maximum"
    return "CPU usage is near its limit" if cpu is not None and (cpu.value or 0.0) > NEARLY_FULL else None


def dependency_is_independent(facts: Situation, dependency: DependencyHealth) -> bool:
    """Whether the dependency is in trouble of its own, rather than because of the suspect's new code.

    One that is used up is not, where the code is shown to be at fault or the trouble came at once with the rollout: then the new version
    used it up. One that does not work at all is, unless both hold.
    """
    if not facts.implicated or facts.began_before or facts.clues.both is not None:
        return True
    if unreachable(dependency):
        return not (facts.code_evidence and at_once(facts))
    return not (facts.code_evidence or at_once(facts))


def at_once(facts: Situation) -> bool:
    """Whether it came so soon after the rollout that whatever fails may fail because of the new version."""
    return facts.delay is not None and facts.delay <= _AT_ONCE


def came_late(facts: Situation) -> bool:
    """Whether every pod of the suspect had run for a while before it began: a version that is wrong mostly shows it at once.

    With the first requests, where the errors are such as another's failure makes: those have all been answered well then.
    """
    return facts.had_run_for(AFTER_FIRST_REQUESTS if facts.clues.nature is Nature.OUTSIDE else _AT_ONCE)


def long_settled(facts: Situation) -> bool:
    """Whether they had run for so long that what a request meets in the new version would have been met."""
    return facts.settled_for is not None and facts.settled_for > _SETTLED


def stays_slow(facts: Situation) -> bool:
    """Whether requests take three times as long since the rollout, noticeably so, and have done so for as long as one would watch it."""
    latency, since = facts.signal("latency_p95"), facts.onset.at
    if latency is None or latency.value is None or latency.onset is None or since is None or not is_prompt(facts) or came_late(facts):
        return False
    lasts = (facts.now - since).total_seconds() >= _WATCHED and not facts.recovering and latency.shape is not Shape.GRADUAL
    return lasts and latency.value >= _NOTICED and (worsening(latency) or 0.0) >= _SIGNIFICANT


def commit_names_errors(facts: Situation) -> bool:
    """Whether a commit of the suspect speaks of what the main error speaks of, and not merely of what the service is about."""
    changes = facts.diagnostics.changes.data
    if changes is None or facts.suspect is None or not facts.suspect.current or not facts.clues.errors:
        return False
    told = _terms(*(commit.subject for commit in changes.commits), *(path for commit in changes.commits for path in commit.files))
    main = facts.clues.errors[0]
    about = _terms(facts.diagnostics.service.name, *(one.name for one in facts.diagnostics.service.dependencies))
    said = _terms(main.template, main.sample) - about - _TERMS_OF_ALL
    return any(_same_word(one, other) for one in said for other in told)


def in_untouched_files(facts: Situation) -> bool:
    """Whether the main errors come from sources that the suspect did not change, and neither did it the libraries, by its repository."""
    changes = facts.diagnostics.changes.data
    files = [file for error in facts.clues.errors[:1] for file in error.files]
    if changes is None or not files or facts.suspect is None or not facts.suspect.current:
        return False
    whole = changes.commits_total in (None, len(changes.commits)) and not any(commit.more_files for commit in changes.commits)
    if not whole or changes.libraries:
        return False
    return untouched(files, [file for commit in changes.commits for file in commit.files])


def outside_cause(facts: Situation) -> Sign | None:
    """The cause that the logs name and that an earlier version would meet as well; None when there is none.

    What comes at once with a rollout, or in the new version alone, may be that version's own configuration.
    """
    sign = facts.clues.named
    if sign is None:
        return None
    if sign.by_time or not facts.implicated or facts.began_before or facts.clues.both is not None:
        return sign
    if sign.of_others and not facts.code_evidence:
        return sign
    return None if facts.code_evidence or at_once(facts) else sign


def errors_begin_elsewhere(facts: Situation) -> bool:
    """Whether it begins in another service (``origin_elsewhere``), and not because the suspect asks it for something new."""
    if origin_elsewhere(facts) is None:
        return False
    return not facts.implicated or facts.began_before or not (facts.code_evidence or at_once(facts))


def waits_or_fails_elsewhere(facts: Situation) -> bool:
    """Whether the errors that came with it are such as somebody else's failure or slowness makes, and nothing is wrong in the version."""
    return bool(facts.clues.errors) and facts.clues.nature in (Nature.OUTSIDE, Nature.WAITING) and not facts.code_evidence


def slow_peer(facts: Situation) -> Slowdown | None:
    """What the traces say of somebody who takes longer for the same calls, where it is not the suspect that asks for more since then."""
    known = facts.slowdown
    if known is None or known.cause is not Cause.PEER:
        return None
    return known if not facts.implicated or facts.began_before or not (facts.code_evidence or at_once(facts)) else None


def as_every_week(facts: Situation) -> str:
    """``Latency P95 is 1.1s, and was 1.1s a week ago at this time, but on no other day``."""
    for one in facts.as_every_week:
        earlier = as_a_week_ago(one)
        if one.value is not None and earlier is not None:
            now, then = format_value(one.value, one.unit), format_value(earlier, one.unit)
            return f"{one.title} is {now}, and was {then} a week ago at this time, but on no other day"
    return ""


def fails_with_others(facts: Situation) -> bool:
    """Whether other services began to fail at the same moment, perhaps since they call this one, and nothing shows that it is at fault."""
    return bool(facts.clues.fail_with_it) and not facts.code_evidence and facts.clues.nature is not Nature.OWN


def origin_elsewhere(facts: Situation) -> tuple[str, str] | None:
    """The other service in which it begins, and what shows it; None where nothing does.

    It is that in which most failed traces begin to fail, or one that fails no later than this one, and of which the main errors speak.
    """
    if facts.error_origin is not None:
        name, count = facts.error_origin
        return name, f"{plural(count, 'failed trace')} show it"
    metrics, traces = facts.diagnostics.metrics.data, facts.diagnostics.traces.data
    if metrics is None or facts.onset.at is None:
        return None
    said = words_of(*(text for error in facts.clues.errors[:2] for text in (error.template, error.sample)))
    own = words_of(facts.diagnostics.service.name)
    for other in metrics.neighbours:
        words = words_of(other.name)
        if other.onset is None or not words or words <= own or not words <= said or (traces and other.name in traces.callers):
            continue
        ahead = (facts.onset.at - other.onset).total_seconds()
        if -_AT_ONCE / 2 <= ahead <= _RISES_TOGETHER:
            share = format_value(other.error_rate, "share")
            return other.name, f"{share} of its own requests fail too, and the errors speak of it"
    return None


def gone_back_in_vain(facts: Situation) -> bool:
    """Whether somebody rolled back, long enough ago for it to help, and what began before that goes on."""
    rollouts, since = facts.rollouts, facts.rollouts.deployed_at if facts.rollouts else None
    if rollouts is None or not rolled_back_to(rollouts.current, rollouts) or since is None or facts.onset.at is None:
        return False
    return facts.onset.at < since and (facts.now - since).total_seconds() >= _TIME_TO_HELP


def configuration_changed(facts: Situation) -> Sign | None:
    """The change of configuration that came just before the trouble, and not with a rollout, whose pods read theirs as they start."""
    sign = facts.clues.reloaded
    if sign is not None and same_code(facts):
        # The pods were replaced to read it: those of the earlier revision would read the same.
        return sign
    if sign is None or facts.code_evidence or (facts.implicated and not facts.began_before and at_once(facts)):
        return None
    return sign


def same_code(facts: Situation) -> bool:
    """Whether the suspect runs the image of the revision before it: what it changed is configuration."""
    if facts.suspect is None or facts.rollouts is None or facts.suspect.image is None:
        return False
    if facts.suspect.current and facts.rollouts.change is not None:
        # It looks at every container, and not only at the one that has the version.
        return facts.rollouts.change != "image"
    older = [one for one in facts.rollouts.revisions if one.number < facts.suspect.number]
    before = max(older, key=lambda one: one.number, default=None)
    return before is not None and before.image == facts.suspect.image


def used_up_by_suspect(facts: Situation, dependency: DependencyHealth) -> bool:
    """Whether a dependency that is short of capacity is a consequence of the suspect's new code."""
    return saturated(dependency) and facts.code_evidence and facts.implicated and not facts.began_before


def busy_node(facts: Situation) -> str | None:
    """The one node on which all failing pods are, while pods of their version on other nodes are well; None otherwise.

    Pods of another version do not testify: then the version tells the failing ones apart just as well, and two pods of a new version come
    to lie on one node by chance. Nor does one that was restarted since it began: it may only be between two crashes.
    """
    failing, since = facts.failing, facts.onset.at
    ready = [pod for pod in facts.workload.pods if pod.ready] if facts.workload else []
    nodes = {pod.node for pod in failing}
    if len(failing) < 2 or len(nodes) != 1 or None in nodes or any(pod.node in nodes for pod in ready):
        return None
    versions = {_revision(pod) for pod in failing}
    steady = [pod for pod in ready if pod.last_restart_at is None or (since is not None and pod.last_restart_at < since)]
    elsewhere = {_revision(pod) for pod in steady if pod.node is not None}
    return next(iter(nodes)) if versions <= elsewhere else None


def _revision(pod: Pod) -> str | None:
    return pod.revision_hash or pod.version


def taken_by_node(facts: Situation) -> bool:
    """Whether pods fail because their node gave them up, all that fail are on nodes that are gone or not ready, or one went as it began."""
    lost = nodes_lost(facts.workload)
    on_lost = bool(facts.failing) and all(pod.node in lost for pod in facts.failing)
    went = not facts.code_evidence and bool(nodes_went(facts.workload, facts.onset.at))
    return on_lost or went or any(pod.reason in NODE_TROUBLE and not over_its_storage(pod) for pod in facts.failing)


def fills_storage(facts: Situation) -> bool:
    """Whether the pods that fail are the suspect's and were evicted for what they wrote themselves: that takes its time, as a leak does."""
    return bool(facts.failing) and not facts.old_pods_failing and all(over_its_storage(pod) for pod in facts.failing)


def correlated_signals(facts: Situation, dependency: DependencyHealth) -> tuple[Signal, ...]:
    """The team's own signals about the dependency that left their baseline when the incident began."""
    metrics = facts.diagnostics.metrics.data
    words = words_of(dependency.name, dependency.title)
    found = []
    for signal in metrics.signals if metrics else ():
        if signal.onset is None or not words & words_of(signal.name, signal.title) or (worsening(signal) or 0.0) < SURGE:
            continue
        if facts.onset.at is not None and abs((signal.onset - facts.onset.at).total_seconds()) <= _RISES_TOGETHER:
            found.append(signal)
    return tuple(found)


def names_of(others: Sequence[Neighbour]) -> str:
    """``timeline, comments`` and how many more there are."""
    named = ", ".join(other.name for other in others[:3])
    return named if len(others) <= 3 else f"{named} and {len(others) - 3} more"


def is_serious(facts: Situation, dependency: DependencyHealth) -> bool:
    """Whether its trouble explains an outage: it does not work, nothing of it is left, or the main errors speak of it."""
    if dependency.level is Level.CRITICAL or exhausted(dependency):
        return True
    words = words_of(dependency.name, dependency.title)
    return any(words & words_of(error.template) for error in facts.clues.errors[:2])


def logs_name(facts: Situation, dependency: DependencyHealth) -> str | None:
    """The error pattern of the logs that speaks of the dependency."""
    logs, words = facts.diagnostics.logs.data, words_of(dependency.name, dependency.title)
    for pattern in logs.patterns if logs else ():
        if pattern.level in ("FATAL", "ERROR") and words & words_of(pattern.template):
            return pattern.template
    return None


def is_prompt(facts: Situation) -> bool:
    """Whether the trouble followed the rollout within 15 minutes, or while it went on."""
    within = DELAYED if facts.still_rolling_out else PROMPT
    return facts.delay is not None and -facts.onset.tolerance <= facts.delay <= within


def _same_word(one: str, other: str) -> bool:
    """``compact`` and ``compaction`` speak of the same."""
    shorter, longer = sorted((one, other), key=len)
    return one == other or (len(shorter) >= _STEM and longer.startswith(shorter))


def _terms(*texts: str) -> frozenset[str]:
    """Words of three letters or more, those within names such as ``ThreadPoolExecutor`` too."""
    return frozenset(word.casefold() for text in texts for word in _TERM.findall(text))


def words_of(*texts: str) -> frozenset[str]:
    """The words that tell one thing from another, in lower case."""
    found = {word for text in texts for word in re.split(r"[^a-z0-9]+", text.casefold()) if len(word) > 1}
    return frozenset(found - _COMMON_WORDS)
