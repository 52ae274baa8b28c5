# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the decision tree can ask about, drawn from the facts of the situation."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..analysis.contribution import DELAYED
from ..analysis.pods import CRASHES, out_of_memory
from ..analysis.signals import worsening
from ..analysis.wording import multiple as multiple_of
from ..analysis.wording import plural, signal_value, version_of
from ..lean import dataclass
from ..model.metrics import Shape, Signal
from ..units import format_change, format_duration, format_value
from .rivals import logs_name
from .situation import Situation

_NEW_ERRORS = ("FATAL", "ERROR")


@dataclass(frozen=True, slots=True)
class Known:
    """``value`` is in the fact's unit, or True and False; None is not known. ``detail`` says what was seen, or why it is not known.

    ``verdict`` is the answer where a threshold alone does not give it: a value above it that is as ever is not high.
    """

    value: float | bool | None
    detail: str
    verdict: bool | None = None


def known(check: str, facts: Situation) -> Known:
    """What is known about the fact called ``check``."""
    if check.startswith("signal."):
        name = check.removeprefix("signal.")
        multiple = name.endswith(".multiple")
        return _signal(facts, name.removesuffix(".multiple"), multiple=multiple)
    return FACTS[check](facts)


def _error_rate(facts: Situation) -> Known:
    signal = facts.signal("error_rate")
    return Known(signal.value if signal else None, facts.symptoms.error_detail, facts.symptoms.high_errors)


def _latency(facts: Situation) -> Known:
    signal = facts.signal("latency_p95")
    return Known(signal.value if signal else None, facts.symptoms.latency_detail, facts.symptoms.high_latency)


def _signal(facts: Situation, name: str, *, multiple: bool = False) -> Known:
    signal = facts.signal(name)
    if signal is None or signal.value is None:
        return Known(None, (signal.reason if signal else None) or facts.diagnostics.metrics.reason or f"there is no signal {name}")
    shown = signal_value(signal)
    if not multiple:
        return Known(signal.value, shown)
    ratio = worsening(signal)
    return Known(ratio, f"{shown}, {multiple_of(signal, ratio)} its baseline" if ratio is not None else f"{shown} (baseline unknown)")


def _traffic(facts: Situation) -> Known:
    ratio = facts.traffic_ratio
    if ratio is None:
        return Known(None, "request rate or its baseline is not known")
    change = round(ratio - 1, 3) + 0.0
    return Known(change, format_change(change))


def _pods_failing(facts: Situation) -> Known:
    state = facts.workload
    if state is None or not state.desired:
        return Known(None, facts.diagnostics.workload.reason or "the pods are not known")
    return Known(len(facts.failing) / state.desired, f"{len(facts.failing)}/{state.desired} pods")


def _age(facts: Situation) -> Known:
    if facts.suspect is None or facts.age is None:
        return Known(None, facts.diagnostics.rollouts.reason or "when it was deployed is not known")
    return Known(facts.age, f"{version_of(facts.suspect)} was deployed {format_duration(facts.age)} ago")


def _delay(facts: Situation) -> Known:
    if facts.delay is None:
        return Known(None, "when it began is not known")
    when = f"{format_duration(abs(facts.delay))} {'after' if facts.delay >= 0 else 'before'} the rollout began"
    return Known(facts.delay, f"{when} (± {format_duration(facts.onset.tolerance)})")


def _after_deployment(facts: Situation) -> Known:
    delay = _delay(facts)
    return Known(None if delay.value is None else not facts.began_before, delay.detail)


def _followed(facts: Situation) -> Known:
    delay = _delay(facts)
    closely = facts.delay is not None and -facts.onset.tolerance <= facts.delay <= DELAYED
    return Known(None if delay.value is None else closely, delay.detail)


def _stable(facts: Situation) -> Known:
    if facts.target is None or facts.target.stable_for is None:
        return Known(None, "how long the target was active is not known")
    return Known(facts.target.stable_for, f"{version_of(facts.target)} was active for {format_duration(facts.target.stable_for)}")


def _new_code(facts: Situation) -> Known:
    index = facts.missing_index
    if index is not None:
        return Known(True, f"{index.shown_by[0].lower()}{index.shown_by[1:]} a table scan: {index.statement}")
    logs = facts.diagnostics.logs.data
    if logs is None:
        return Known(None, facts.diagnostics.logs.reason or "the logs are not known")
    new = [pattern for pattern in logs.patterns if pattern.level in _NEW_ERRORS and pattern.new_since_deployment]
    told = [pattern for pattern in logs.patterns if pattern.new_since_deployment is not None]
    if new:
        return Known(True, f"new since the deployment: {new[0].template}")
    return Known(False if told else None, "no error is new" if told else "which errors are new can't be told")


def _gradual(facts: Situation) -> Known:
    latency = facts.signal("latency_p95")
    if latency is None or latency.onset is None:
        return Known(None if latency is None or latency.shape is Shape.UNKNOWN else False, "its onset is not known")
    detail = f"{latency.shape.value}, since {format_duration(max((facts.now - latency.onset).total_seconds(), 0.0))}"
    return Known(None if latency.shape is Shape.UNKNOWN else latency.shape is Shape.GRADUAL, detail)


def _rising(signal: Signal | None) -> Known:
    if signal is None or signal.trend_per_hour is None:
        return Known(None, (signal.reason if signal else None) or "there is too little of it for a trend")
    rising = signal.onset is not None and signal.trend_per_hour > 0
    return Known(rising, f"{format_value(signal.trend_per_hour, signal.unit)} an hour")


def _probes(facts: Situation) -> Known:
    if facts.workload is None:
        return Known(None, facts.diagnostics.workload.reason or "the pods are not known")
    probes = [event for event in facts.workload.events if event.reason == "Unhealthy"]
    return Known(bool(probes), probes[0].message if probes else "no such event")


def _dependencies(facts: Situation) -> Known:
    found = facts.diagnostics.dependencies.data
    bad = facts.unhealthy_dependencies
    if found is None or not found.health:
        return Known(None, facts.diagnostics.dependencies.reason or "no dependency is in the catalogue")
    line = next((line for dependency in bad if (line := logs_name(facts, dependency))), None) if facts.symptoms.crashes else None
    told = "; ".join(f"{one.title}: {one.detail}" for one in bad)
    return Known(bool(bad), line or told or f"all {len(found.health)} that were probed are well")


def _dependency_count(facts: Situation) -> Known:
    trouble = _dependencies(facts)
    return Known(None if trouble.value is None else len(facts.unhealthy_dependencies), trouble.detail)


def _out_of_memory(facts: Situation) -> Known:
    if facts.workload is None:
        return Known(None, facts.diagnostics.workload.reason or "the pods are not known")
    killed = out_of_memory(facts.workload)
    return Known(len(killed), f"{plural(len(killed), 'pod')} {'was' if len(killed) == 1 else 'were'} OOMKilled")


def _startup_error(facts: Situation) -> Known:
    if facts.workload is None:
        return Known(None, facts.diagnostics.workload.reason or "the pods are not known")
    killed = out_of_memory(facts.workload)
    ended = [pod for pod in facts.crashing if pod.reason in CRASHES and pod not in killed]
    return Known(bool(ended), ended[0].message or "its containers end by themselves" if ended else "none")


def _is(holds: bool, detail: str = "") -> Known:
    return Known(holds, detail)


FACTS: Mapping[str, Callable[[Situation], Known]] = {
    "error_rate": _error_rate,
    "latency_p95": _latency,
    "error_multiple": lambda facts: _signal(facts, "error_rate", multiple=True),
    "latency_multiple": lambda facts: _signal(facts, "latency_p95", multiple=True),
    "traffic_change": _traffic,
    "memory": lambda facts: _signal(facts, "memory"),
    "cpu": lambda facts: _signal(facts, "cpu"),
    "pods_failing": _pods_failing,
    "deployment_age": _age,
    "onset_delay": _delay,
    "target_stable_for": _stable,
    "out_of_memory": _out_of_memory,
    "dependencies_in_trouble": _dependency_count,
    "after_deployment": _after_deployment,
    "began_before_deployment": lambda facts: _is(facts.began_before, _delay(facts).detail),
    "deployment_in_question": lambda facts: _is(facts.implicated, _age(facts).detail),
    "followed_deployment": _followed,
    "new_code": _new_code,
    "only_new_version_fails": lambda facts: _is(facts.only_new_pods_fail),
    "old_version_fails": lambda facts: _is(bool(facts.old_pods_failing)),
    "gradual": _gradual,
    "recovering": lambda facts: _is(facts.recovering),
    "memory_rising": lambda facts: _rising(facts.signal("memory")),
    "cpu_rising": lambda facts: _rising(facts.signal("cpu")),
    "crashes": lambda facts: Known(facts.symptoms.crashes, facts.symptoms.crash_detail),
    "probe_failures": _probes,
    "dependency_trouble": _dependencies,
    "startup_error": _startup_error,
    "paused": lambda facts: _is(facts.rollouts is not None and facts.rollouts.paused),
}
