# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of the simulated production: its signals as curves over time, which follow the faults, which follow the cluster."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lab.scenario.model import Condition, Fault, Scenario
from lab.scenario.signals import Signal, signals
from lab.world.curve import Curve, total
from lab.world.levels import FaultState
from lab.world.noise import counted, noisy
from lab.world.pods import PodHistory, PodRecord

_SHARES = frozenset({"client_error_rate", "memory", "cpu", "miss_rate"})


@dataclass(frozen=True, slots=True)
class Past:
    """Pods by uid, ``spec.replicas`` of each workload from a moment on, and when the condition of each fault began or ceased to hold."""

    records: dict[str, PodRecord]
    replicas: dict[str, list[tuple[float, int]]]
    decisions: dict[str, list[tuple[float, bool]]]


class World:
    """``start`` is the moment (whole Unix seconds) to which the scenario's times are relative.

    ``epoch`` grows whenever something changed what the future looks like: what was computed from the curves before is out of date then.
    """

    def __init__(self, scenario: Scenario, start: float, clock: Callable[[], float]) -> None:
        self.scenario = scenario
        self.start = start
        self.clock = clock
        self.epoch = 0
        self.pods = PodHistory((workload.namespace, name) for name, workload in scenario.workloads.items())
        self.replicas: dict[str, list[tuple[float, int]]] = {name: [] for name in scenario.workloads}
        """``spec.replicas`` of each workload from a moment on."""
        self._signals = signals(scenario)
        self._faults = {name: FaultState(fault, start) for name, fault in scenario.faults.items()}
        self._curves: dict[str, Curve] = {}
        self._levels: dict[str, Curve] = {}
        self._begun = False

    @property
    def beginning(self) -> float:
        """Unix seconds from which on there is history."""
        return self.start - self.scenario.history

    def observe(self, change: str, obj: Mapping[str, Any]) -> None:
        """Take in a change of an object of the cluster."""
        if obj["kind"] == "Pod":
            if not self.pods.observe(change, obj, self.clock()):
                return
        elif not self._observe_replicas(obj):
            return
        self.epoch += 1
        self.settle()

    def past(self) -> Past:
        """What became of pods and faults so far, for another world of the same scenario and start to take over."""
        decisions = {name: list(state.decisions) for name, state in self._faults.items()}
        return Past(self.pods.records, self.replicas, decisions)

    def take_over(self, past: Past) -> None:
        """Be as that world was, from now on."""
        self.pods.records = past.records
        self.replicas = past.replicas
        for name, decisions in past.decisions.items():
            self._faults[name].decisions = decisions
        self._begun = True
        self._forget()

    def settle(self) -> None:
        """Ask of every fault whether its condition holds now."""
        if not self._begun:
            return
        now = self.clock()
        for state in self._faults.values():
            if state.decide(self._holds(state.fault), max(now, self.start)):
                self._forget()

    def begin(self) -> None:
        """Let the faults begin whose conditions hold, when the cluster has its first objects."""
        self._begun = True
        for state in self._faults.values():
            state.decide(self._holds(state.fault), self.start)
        self._forget()

    def _forget(self) -> None:
        """What was computed of the future is no longer true."""
        self.epoch += 1
        self._curves.clear()
        self._levels.clear()

    def has(self, name: str) -> bool:
        return name in self._signals

    def signal(self, name: str) -> Curve:
        """A signal such as ``payment-api.error_rate`` over time."""
        if name not in self._curves:
            self._curves[name] = self._curve(self._signals[name])
        return self._curves[name]

    def level(self, fault: str) -> Curve:
        """How far a fault is on, 0 to 1, over time."""
        if fault not in self._levels:
            self._levels[fault] = self._faults[fault].level()
        return self._levels[fault]

    def fault_span(self, fault: str, after: float) -> tuple[float, float | None] | None:
        """Onset and end (None: not yet) of the first time that the fault is on and not over at ``after``; None when it is not to be."""
        return self._faults[fault].span(after)

    def _curve(self, signal: Signal) -> Curve:
        parts = [Curve.constant(signal.normal)]
        for state in self._faults.values():
            effect = state.fault.signals.get(signal.name)
            if effect is not None:
                parts.append(state.level(effect).scaled(signal.read(effect.to) - signal.normal))
        return self._measured(signal.name, total(parts))

    def _measured(self, name: str, curve: Curve) -> Curve:
        scenario = self.scenario
        owner, _, kind = name.rpartition(".")
        if scenario.noise <= 0:
            return curve
        if kind == "error_rate" and self.has(f"{owner}.request_rate"):
            return counted(name, curve, self.signal(f"{owner}.request_rate"), self.start, scenario.seed)
        measured = noisy(name, curve, scenario.noise, self.start, scenario.seed)
        return measured.mapped(lambda value: min(value, 1.0)) if kind in _SHARES else measured

    def _holds(self, fault: Fault) -> bool:
        return fault.condition is None or self._condition_holds(fault.condition)

    def _condition_holds(self, condition: Condition) -> bool:
        pods = self.pods.staying(condition.workload)
        if condition.version is not None:
            return any(pod.version == condition.version for pod in pods)
        if condition.replicas_below is not None:
            return len(pods) < condition.replicas_below
        assert condition.pods_from_before is not None
        return any(pod.created < self.start + condition.pods_from_before for pod in pods)

    def _observe_replicas(self, obj: Mapping[str, Any]) -> bool:
        name, wanted = obj["metadata"]["name"], (obj.get("spec") or {}).get("replicas")
        workload = self.scenario.workloads.get(name)
        if workload is None or wanted is None or (obj["kind"], obj["metadata"].get("namespace")) != (workload.kind, workload.namespace):
            return False
        changes = self.replicas[name]
        if changes and changes[-1][1] == wanted:
            return False
        changes.append((self.clock(), wanted))
        return True
