# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The troubleshooting decision tree, walked with what is known, each step written down."""

from __future__ import annotations

from collections.abc import Iterator

from ..analysis.pods import CRASHES, out_of_memory
from ..analysis.wording import version_of
from ..model.metrics import Shape, Signal
from ..model.recommendation import TreeStep
from ..units import format_change, format_duration, format_value
from .rivals import SURGE, logs_name
from .situation import RECENT, Situation
from .symptoms import HIGH_ERROR_RATE, HIGH_LATENCY

_GRADUAL = "30+ minutes"


def walk(facts: Situation) -> tuple[TreeStep, ...]:
    """The steps, in order; ``depth`` says which question led to which."""
    return (*_errors(facts), *_latency(facts), *_crashes(facts))


def _step(depth: int, question: str, answer: bool | None, detail: str) -> TreeStep:
    return TreeStep(depth, question, "unknown" if answer is None else "yes" if answer else "no", detail)


def _errors(facts: Situation) -> Iterator[TreeStep]:
    high = facts.symptoms.high_errors
    yield _step(0, f"High error rate (> {format_value(HIGH_ERROR_RATE, 'share')})?", high, facts.symptoms.error_detail)
    if high is False:
        return
    yield _recent(facts, 1)
    if facts.implicated:
        yield _after_deployment(facts, 2)
        yield _new_code(facts, 2)
    else:
        yield from _dependencies(facts, 1)


def _latency(facts: Situation) -> Iterator[TreeStep]:
    high = facts.symptoms.high_latency
    yield _step(0, f"High latency (P95 > {format_value(HIGH_LATENCY, 'seconds')})?", high, facts.symptoms.latency_detail)
    if not high:
        return
    latency = facts.signal("latency_p95")
    gradual = latency is not None and latency.shape is Shape.GRADUAL
    known = latency is not None and latency.shape is not Shape.UNKNOWN
    yield _step(1, f"Gradual degradation (over {_GRADUAL})?", gradual if known else None, _shape(facts))
    if gradual:
        yield _rising(facts.signal("memory"), "Memory trend rising?")
        yield _rising(facts.signal("cpu"), "CPU usage trend rising?")
    else:
        ratio = facts.traffic_ratio
        detail = format_change(round(ratio - 1, 3) + 0.0) if ratio is not None else "request rate or its baseline is not known"
        yield _step(
            2, f"Request rate up (by {format_value(SURGE - 1, 'share')} or more)?", None if ratio is None else ratio >= SURGE, detail
        )
        yield _recent(facts, 2)


def _crashes(facts: Situation) -> Iterator[TreeStep]:
    crashes = facts.symptoms.crashes
    yield _step(0, "Pod crashes (CrashLoopBackOff)?", crashes, facts.symptoms.crash_detail)
    if not crashes or facts.workload is None:
        return
    probes = [event for event in facts.workload.events if event.reason == "Unhealthy"]
    yield _step(1, "Startup or health probe failures?", bool(probes), probes[0].message if probes else "no such event")
    bad = facts.unhealthy_dependencies
    line = next((line for dependency in bad if (line := logs_name(facts, dependency))), None)
    detail = line or "; ".join(f"{one.title}: {one.detail}" for one in bad) or "no dependency is in trouble"
    yield _step(1, "Dependency connectivity issue?", bool(bad), detail)
    killed = out_of_memory(facts.workload)
    yield _step(1, "Memory limit exceeded?", bool(killed), f"{len(killed)} pods were OOMKilled")
    ended = [pod for pod in facts.crashing if pod.reason in CRASHES and pod not in killed]
    yield _step(1, "Application startup error?", bool(ended), ended[0].message or "its containers end by themselves" if ended else "none")


def _recent(facts: Situation, depth: int) -> TreeStep:
    question = f"Recent deployment (last {format_duration(RECENT)})?"
    if facts.suspect is None or facts.age is None:
        return _step(depth, question, None, facts.diagnostics.rollouts.reason or "when it was deployed is not known")
    return _step(depth, question, facts.recent, f"{version_of(facts.suspect)} was deployed {format_duration(facts.age)} ago")


def _after_deployment(facts: Situation, depth: int) -> TreeStep:
    question = "Did it begin after the deployment?"
    if facts.delay is None:
        return _step(depth, question, None, "when it began is not known")
    when = f"{format_duration(abs(facts.delay))} {'after' if facts.delay >= 0 else 'before'} the rollout began"
    return _step(depth, question, not facts.began_before, f"{when} (± {format_duration(facts.onset.tolerance)})")


def _new_code(facts: Situation, depth: int) -> TreeStep:
    question = "Do error patterns match new code paths?"
    if facts.table_scan is not None:
        return _step(depth, question, True, f"traces show a table scan: {facts.table_scan.statement or facts.table_scan.operation}")
    logs = facts.diagnostics.logs.data
    if logs is None:
        return _step(depth, question, None, facts.diagnostics.logs.reason or "the logs are not known")
    new = [pattern for pattern in logs.patterns if pattern.level in ("FATAL", "ERROR") and pattern.new_since_deployment]
    told = [pattern for pattern in logs.patterns if pattern.new_since_deployment is not None]
    if new:
        return _step(depth, question, True, f"new since the deployment: {new[0].template}")
    return _step(depth, question, False if told else None, "no error is new" if told else "which errors are new can't be told")


def _dependencies(facts: Situation, depth: int) -> Iterator[TreeStep]:
    known = facts.diagnostics.dependencies.data
    bad = facts.unhealthy_dependencies
    if known is None or not known.health:
        yield _step(depth, "External dependency issue?", None, facts.diagnostics.dependencies.reason or "no dependency is in the catalogue")
        return
    detail = "; ".join(f"{one.title}: {one.detail}" for one in bad) or f"all {len(known.health)} that were probed are well"
    yield _step(depth, "External dependency issue?", bool(bad), detail)


def _shape(facts: Situation) -> str:
    latency = facts.signal("latency_p95")
    if latency is None or latency.onset is None:
        return "its onset is not known"
    return f"{latency.shape.value}, since {format_duration(max((facts.now - latency.onset).total_seconds(), 0.0))}"


def _rising(signal: Signal | None, question: str) -> TreeStep:
    if signal is None or signal.trend_per_hour is None:
        return _step(2, question, None, (signal.reason if signal else None) or "there is too little of it for a trend")
    rising = signal.onset is not None and signal.trend_per_hour > 0
    return _step(2, question, rising, f"{format_value(signal.trend_per_hour, signal.unit)} an hour")
