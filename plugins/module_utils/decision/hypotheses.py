# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hypotheses beside the deployment: a dependency, a resource leak, load, crashes, a node, and what nobody thought of.

Each function's docstring says how its probability comes about; ``ledger.ranked`` makes them go together.
"""

from __future__ import annotations

from ..analysis.contribution import PROMPT
from ..analysis.error_nature import Nature, names_another, used_up
from ..analysis.pods import UNSCHEDULED, commonest_reason, full_with_age, out_of_memory
from ..analysis.signals import worsening
from ..analysis.waiting import Cause
from ..analysis.wording import version_of
from ..model.dependencies import DependencyHealth
from ..model.metrics import Shape, Signal
from ..model.recommendation import Hypothesis
from ..units import format_duration, format_ratio, format_value
from .around import nodes_pressed, nodes_went
from .by_pod import beside_hypothesis, some_pods_hypothesis
from .deployment import deployment_hypothesis, leak_since_deployment
from .elsewhere import (
    caller_hypothesis,
    configuration_hypothesis,
    outside_hypothesis,
    platform_hypothesis,
    refused_hypothesis,
    start_hypothesis,
    storage_hypothesis,
    weekly_hypothesis,
)
from .ledger import Ledger, ranked
from .rivals import (
    NEARLY_FULL,
    SURGE,
    busy_node,
    came_late,
    correlated_signals,
    dependency_is_independent,
    errors_begin_elsewhere,
    is_prompt,
    is_serious,
    logs_name,
    names_of,
    no_room_left,
    origin_elsewhere,
    slow_peer,
    taken_by_node,
    traffic_rose_first,
    used_up_by_suspect,
    waits_or_fails_elsewhere,
    words_of,
)
from .scaling import fewer_pods_hypothesis, moved_hypothesis, unsteady_hypothesis
from .situation import Situation, exhausted, unreachable
from .stuck import stuck_hypothesis
from .walk import walk

_BUSY = 0.7
"""Share of the CPU limit below which a rise is work, not a leak."""
_HOURS_TO_LIMIT = 24.0
_FULL = 0.95
_TOLD_IN_SEVERAL_WAYS = frozenset({"dependency", "node", "load"})
SUDDEN_LOAD = "Sudden load"
_LONG_BEFORE = 3600.0
"""Seconds by which usage left its baseline before anybody felt anything."""


def hypotheses(facts: Situation) -> tuple[Hypothesis, ...]:
    """All that come into question, likeliest first, with probabilities that go together."""
    found = [deployment_hypothesis(facts)]
    if facts.symptoms.any:
        found += [_dependency(facts), _leak(facts), _load(facts), _crash(facts), _node(facts)]
        found += [outside_hypothesis(facts), platform_hypothesis(facts), configuration_hypothesis(facts), caller_hypothesis(facts)]
        found += [stuck_hypothesis(facts), weekly_hypothesis(facts), start_hypothesis(facts), storage_hypothesis(facts)]
        found += [refused_hypothesis(facts), beside_hypothesis(facts), some_pods_hypothesis(facts)]
        found += [fewer_pods_hypothesis(facts), unsteady_hypothesis(facts), moved_hypothesis(facts)]
    known = _once([one for one in found if one is not None])
    if facts.symptoms.any and all(one.confidence < 55 for one in known):
        known.append(_unknown(facts))
    return ranked(known)


def _once(found: list[Hypothesis]) -> list[Hypothesis]:
    """Without the less likely of two that name a dependency, nodes or load: what is told of it in two ways does not compete with itself."""
    told = (one for one in found if one.cause in _TOLD_IN_SEVERAL_WAYS)
    likeliest = {one.cause: one for one in sorted(told, key=lambda one: one.confidence)}
    return [one for one in found if one is likeliest.get(one.cause, one)]


def _dependency(facts: Situation) -> Hypothesis:
    """60 % where nothing was deployed lately (the decision tree's), 40 % where something was; less 40 where all of them are well.

    Errors such as another's failure makes, not at once with a rollout, are +20, and make it less 15 where all are well; so do those that
    tell of waiting, where both versions log them. Those that name what they waited for are +15, and a program's own are -35.

    One in trouble: +25 when it does not work, +20 when nothing of it is left, +10 when little is, +20 where something was deployed and it
    failed in a way of its own, +15 where other services fail too. Errors that begin in another service, or one that takes longer for
    the same calls, +25; less 20 where the time goes into the service itself. Errors that only tell of waiting are +20 where it is no
    outage, and make it less 15 where all are well, there and where nothing was deployed. A signal of it that left its baseline together
    with the incident +5, errors in the logs that name it +5 (+15 in an outage where it answers), a gradual onset of one that fills up +5.
    One that still works explains at most 75 %, 90 % with nothing left, one that a new version used up at most 15.
    """
    ledger = Ledger(40 if facts.implicated and not facts.began_before else walk(facts).start("dependency", 60))
    if not facts.implicated and facts.age is not None:
        ledger.add(0, "No recent deployments")
    ledger.check("Check the health of external APIs", "Check database performance", "Compare dependency latency and error rates")
    origin = origin_elsewhere(facts)
    if origin is not None:
        ledger.add(25 if errors_begin_elsewhere(facts) else 0, f"Errors begin in {origin[0]}: {origin[1]}")
    slow = slow_peer(facts)
    if slow is not None and slow.peer is not None:
        ledger.add(25, f"Traces show that {slow.peer.name} {slow.told}")
        ledger.check(f"Ask the owners of {slow.peer.name} since when it is slow")
    elif facts.slowdown is not None and facts.slowdown.cause is Cause.ITSELF:
        ledger.add(-20, f"Traces show that the service {facts.slowdown.told}")
    bad = facts.unhealthy_dependencies
    elsewhere = not facts.implicated or facts.began_before or ((came_late(facts) or facts.delay is None) and not facts.code_evidence)
    elsewhere = elsewhere or facts.clues.both is not None or bool(facts.old_pods_failing)
    alike = facts.clues.nature is Nature.WAITING and facts.clues.both is not None
    outside = (facts.clues.nature is Nature.OUTSIDE and elsewhere) or alike
    named_late = elsewhere and facts.clues.nature is Nature.WAITING and names_another(facts.clues.errors)
    if named_late and not alike:
        ledger.add(15, f"The errors name what it waited for: {facts.clues.errors[0].template}")
    slight = waits_or_fails_elsewhere(facts) and not facts.symptoms.severe
    if slight and not outside:
        ledger.add(20, f"The errors tell that it waited for something: {facts.clues.errors[0].template}")
    waits = slight or named_late or (waits_or_fails_elsewhere(facts) and not facts.implicated)
    if outside and facts.clues.errors:
        ledger.add(20, f"The errors are such as another's failure makes: {facts.clues.errors[0].template}")
    traced = _traced(facts)
    if facts.clues.nature is Nature.OWN and facts.clues.errors and not bad and traced is None:
        ledger.add(-35, f"The errors are such as a program makes by itself: {facts.clues.errors[0].template}")
    if bad and (traced is None or is_serious(facts, bad[0]) or words_of(traced) & words_of(bad[0].name, bad[0].title)):
        _weigh_dependency(facts, bad[0], ledger)
        return ledger.hypothesis("dependency", f"{bad[0].title} {'outage' if unreachable(bad[0]) else 'degradation'}")
    named = _named_by_errors(facts) if elsewhere and traced is None else None
    if named is not None:
        ledger.add(15 if facts.symptoms.severe else 5, f"It answers, but the errors speak of it: {facts.clues.errors[0].template}")
        ledger.check(f"See what changed at {named.title}: was it released?")
    known = facts.diagnostics.dependencies.data
    if known and known.health and traced is None:
        ledger.add(-15 if outside or named or waits else -40, f"All {len(known.health)} dependencies that were probed are well")
    other = f"{named.title}, though it answers" if named else "A dependency that was not probed"
    return ledger.hypothesis("dependency", traced or other)


def _traced(facts: Situation) -> str | None:
    """What traces or other services' metrics show to be in trouble, as a title; None where they show nothing of the kind."""
    origin = origin_elsewhere(facts)
    if origin is not None:
        return f"{origin[0]} fails"
    slow = slow_peer(facts)
    return f"{slow.peer.name} degradation" if slow is not None and slow.peer is not None else None


def _named_by_errors(facts: Situation) -> DependencyHealth | None:
    """The dependency of which the main errors speak, though its probe says that it is well."""
    known = facts.diagnostics.dependencies.data
    for one in known.health if known else ():
        if any(words_of(one.name, one.title) & words_of(error.template, error.sample) for error in facts.clues.errors[:1]):
            return one
    return None


def _weigh_dependency(facts: Situation, worst: DependencyHealth, ledger: Ledger) -> None:
    if facts.implicated and not facts.began_before and dependency_is_independent(facts, worst) and is_serious(facts, worst):
        ledger.add(20, "An earlier version needs it too, and it did not fail at once with the rollout")
    if facts.clues.others_fail:
        ledger.add(15, f"Other services fail too: {names_of(facts.clues.others_fail)}")
    if unreachable(worst):
        ledger.add(25, f"{worst.title}: {worst.detail}")
    else:
        ledger.add(20 if exhausted(worst) else 10, f"{worst.title}: {worst.detail}")
        ledger.cap(90 if exhausted(worst) else 75)
        if facts.gradual:
            ledger.add(5, "It grew gradually, as when something fills up")
    for signal in correlated_signals(facts, worst)[:1]:
        ledger.add(5, f"{signal.title} left its baseline together with the incident")
    line = logs_name(facts, worst)
    if line:
        ledger.add(5, f"The logs name it: {line}")
    if used_up_by_suspect(facts, worst):
        ledger.cap(15, "The new version uses it up: that is a consequence, not the cause")
    elif not dependency_is_independent(facts, worst):
        ledger.add(-20, "It came at once with the rollout, so it may be a consequence of it")


def _leak(facts: Situation) -> Hypothesis | None:
    """10 %, +25 when latency grew gradually, +35 when memory (+15 CPU) is on its way to its limit or goes with the age of pods, +10 when
    nearly full (+25 when rising and as good as full, +15 more where nothing was deployed lately and nothing else is known to be in
    trouble), +25 when killed, +60 when errors tell of used-up files, threads or memory.

    A leak that began with a deployment is the deployment's: at most 15 here.
    """
    ledger = Ledger(10)
    latency, memory, cpu = facts.signal("latency_p95"), facts.signal("memory"), facts.signal("cpu")
    spent = used_up(facts.clues.errors)
    rising = spent is not None
    if spent is not None:
        ledger.add(60, f"The errors tell that processes have used up what they may have: {spent.template}")
    if latency is not None and latency.shape is Shape.GRADUAL:
        ledger.add(25, f"{latency.title} grew over half an hour or more")
    if memory is not None and _heads_for_limit(memory, facts):
        rising = True
        ledger.add(35, f"{memory.title} is trending up{_trend(memory)}")
    elif (old := full_with_age(facts.workload, facts.now)) is not None:
        rising = True
        ledger.add(35, f"Pod {old.name}, which was not started anew, is as good as full; those that were use far less")
    elif spent is None and memory is not None and memory.value is not None:
        ledger.add(-20, f"{memory.title} is not rising ({format_value(memory.value, memory.unit)})")
    if cpu is not None and (cpu.value or 0.0) >= _BUSY and _heads_for_limit(cpu, facts):
        rising = True
        ledger.add(15, f"{cpu.title} is trending up{_trend(cpu)}")
    if memory is not None and (memory.value or 0.0) > NEARLY_FULL:
        full = rising and (memory.value or 0.0) >= _FULL
        ledger.add(25 if full else 10, f"{memory.title} {'is as good as full' if full else 'nears its limit'}")
        if full and _nothing_else(facts):
            ledger.add(15, "Nothing was deployed lately, and nothing else is known to be in trouble")
    if facts.workload is not None and out_of_memory(facts.workload):
        rising = True
        ledger.add(25, "Pods were ended by the memory limit")
    if not rising:
        return None
    with_it = spent is not None and facts.implicated and is_prompt(facts) and not (came_late(facts) and not facts.gradual)
    if leak_since_deployment(facts) or with_it:
        ledger.cap(15, "It began with the deployment, which then is the cause")
    ledger.check("Check the memory trend over the last 4 hours", "Check the CPU usage trend", "Take a heap profile before a restart")
    return ledger.hypothesis("resource_leak", "Resource leak (memory or CPU)")


def _load(facts: Situation) -> Hypothesis | None:
    """15 %, +30 when traffic is half as much again or more, +20 when twice, +15 when it rose first, +15 when there is no room left."""
    traffic, ratio = facts.signal("request_rate"), facts.traffic_ratio
    if traffic is None or ratio is None or ratio < SURGE:
        return None
    ledger = Ledger(15)
    ledger.add(30, f"Request rate is {format_ratio(ratio)} its baseline")
    if ratio >= 2:
        ledger.add(20, "Traffic has doubled at least")
    if traffic_rose_first(facts):
        ledger.add(15, "Traffic rose before the errors did, or with them")
    elif traffic.onset is None:
        ledger.add(-25, "Traffic differs from a day ago, but did not rise lately")
    else:
        ledger.add(-30, "Traffic did not rise just before the errors; what follows them may be retries")
    full = no_room_left(facts)
    if full is not None:
        ledger.add(15, full)
    if facts.code_evidence:
        ledger.add(-20, "There is evidence in the new version itself")
    ledger.check("Check the request rate by client and route", "Check for retries and bots")
    if facts.implicated and facts.suspect is not None and is_prompt(facts):
        ledger.check(f"See whether {version_of(facts.suspect)} makes clients ask more often: cache headers, polling, retries")
    return ledger.hypothesis("load", SUDDEN_LOAD)


def _crash(facts: Situation) -> Hypothesis | None:
    """Crashing pods with no deployment to blame: 50 % for the program, 85 % for the memory limit; at most 10 where one is to blame.

    One is not, if all its pods had run for a while before, and nothing in the logs is its own doing. What the memory limit ended since it
    began counts as well where it runs again by now: it is looked at between two ends.
    """
    if facts.workload is None:
        return None
    killed = out_of_memory(facts.workload)
    since = facts.onset.at
    ended = tuple(pod for pod in killed if since is not None and pod.last_restart_at is not None and pod.last_restart_at >= since)
    crashes = facts.crashing or ended
    if not crashes:
        return None
    ledger = Ledger(85 if killed else 50)
    reason = commonest_reason(facts.crashing) or ("OOMKilled" if ended else "crashes")
    ledger.add(0, f"{len(crashes)} pods: {reason}")
    lately = came_late(facts) and facts.clues.nature is not Nature.OWN
    prompt = facts.delay is None or (facts.delay <= PROMPT and not lately) or facts.code_evidence
    if facts.implicated and prompt and not facts.began_before and not facts.old_pods_failing:
        ledger.cap(10, "They came with the deployment, which then is the cause")
    ledger.check("Check OOMKilled events" if killed else "Check pod logs for stack traces", "Check startup probe failures")
    return ledger.hypothesis("crash", "Memory limit exceeded (OOMKilled)" if killed else f"Application error ({reason})")


def _node(facts: Situation) -> Hypothesis | None:
    """75 % when all failing pods, two or more, are on one node; 85 % when a node gave pods up or went; 65 % when pods find no node.

    75 % as well when a node of its pods ran short of something as it began, and nothing points at a version.
    """
    node = busy_node(facts)
    waiting = [pod for pod in facts.failing if pod.reason in UNSCHEDULED]
    # A version that asks for more than there is brings a node into trouble itself.
    others = not facts.implicated or facts.began_before or (came_late(facts) and not facts.code_evidence)
    pressed = nodes_pressed(facts.workload, facts.onset.at) if others else ()
    if node is None and not taken_by_node(facts) and not waiting and not pressed:
        return None
    ledger = Ledger(85 if taken_by_node(facts) else 75 if node is not None or (pressed and not waiting) else 65)
    for name in pressed:
        ledger.add(0, f"Node {name}, which runs pods of it, ran short as it began")
    if node is not None:
        ledger.add(0, f"All {len(facts.failing)} failing pods are on node {node}, pods elsewhere are well")
    for name in nodes_went(facts.workload, facts.onset.at):
        ledger.add(0, f"Node {name}, which runs pods of it, stopped being ready as it began")
    for pod in [pod for pod in facts.failing if pod in waiting or taken_by_node(facts)][:1]:
        ledger.add(0, f"Pod {pod.name}: {pod.reason}{f' ({pod.message})' if pod.message else ''}")
    if len(waiting) < len(facts.failing) and node is None and not taken_by_node(facts) and not pressed:
        ledger.add(-30, "Other pods fail for other reasons")
    ledger.check("kubectl describe node", "Check node pressure and capacity")
    return ledger.hypothesis("node", "No room on the nodes" if waiting and node is None else f"Node {node or 'trouble'}")


def _unknown(facts: Situation) -> Hypothesis:
    ledger = Ledger(30)
    if facts.symptoms.blind:
        ledger.add(10, "Evidence is missing")
    ledger.check("Look at what changed outside the deployment: configuration, flags, data, certificates, upstream callers")
    return ledger.hypothesis("unknown", "Cause not yet known")


def _nothing_else(facts: Situation) -> bool:
    """Whether neither a deployment nor another service, the nodes or what the logs say comes into question beside what fills up."""
    outside = facts.clues.nature is Nature.OUTSIDE or facts.clues.named is not None or bool(facts.clues.others_fail)
    elsewhere = bool(facts.unhealthy_dependencies) or origin_elsewhere(facts) is not None or slow_peer(facts) is not None
    return not (facts.implicated or outside or elsewhere or taken_by_node(facts) or traffic_rose_first(facts))


def _heads_for_limit(signal: Signal, facts: Situation) -> bool:
    """Whether usage grows and, at this pace, reaches its limit within a day.

    What has grown since before the timeframe looks like a sudden change at its start: it grows, where it is nearly full an hour later.
    What grows for days shows no change at all.
    """
    trend = signal.trend_per_hour
    if signal.value is None or trend is None or trend <= 0:
        return False
    felt = facts.onset.at or facts.now
    long_before = signal.onset is not None and (felt - signal.onset).total_seconds() >= _LONG_BEFORE and signal.value >= NEARLY_FULL
    # Growth over days is little within a timeframe: then it is nearly full now, and was noticeably less so a day ago.
    for_days = signal.onset is None and signal.value >= _FULL and (worsening(signal) or 0.0) >= 1.05
    grows = signal.shape is Shape.GRADUAL or long_before or for_days
    return grows and (1.0 - signal.value) / trend <= _HOURS_TO_LIMIT and (worsening(signal) or 2.0) > 1.05


def _trend(signal: Signal) -> str:
    trend = signal.trend_per_hour
    if signal.value is None or not trend:
        return ""
    left = max(0.0, (1.0 - signal.value) / trend * 3600)
    return f" ({format_value(trend, signal.unit)} an hour: full in {format_duration(left)})"
