# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds a scenario by name or path, and checks that everything it refers to is there."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from lab.scenario.errors import ScenarioError
from lab.scenario.model import Fault, Scenario, Span, Workload
from lab.scenario.reader import Reader
from lab.scenario.signals import signals
from lab.scenario.texts import placeholder_problem

SCENARIOS = Path(__file__).parent.parent / "scenarios"


def names() -> list[str]:
    """The scenarios that come with the lab, those in a folder with its name: ``payment-api``, ``traffic/surge``."""
    return sorted(path.relative_to(SCENARIOS).with_suffix("").as_posix() for path in SCENARIOS.rglob("*.yml"))


def load(name_or_path: str, seed: int = 0) -> Scenario:
    """The scenario of that name, or in the file of that path, in the variant that ``seed`` draws. Raises ScenarioError."""
    path = SCENARIOS / f"{name_or_path}.yml" if name_or_path in names() else Path(name_or_path)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        near = difflib.get_close_matches(name_or_path, names(), n=3, cutoff=0.4) or names()[:3]
        known = f"scenarios of the lab (python -m lab scenarios lists them all): {', '.join(near)} …"
        raise ScenarioError(name_or_path, None, "", f"cannot be read ({error.strerror}); {known}") from None
    except UnicodeDecodeError:
        raise ScenarioError(name_or_path, None, "", "is not UTF-8 text") from None
    return parse(text, str(path), seed)


def parse(text: str, file: str, seed: int = 0) -> Scenario:
    """The scenario that ``text`` describes, as ``seed`` draws it; ``file`` is what errors call it. Raises ScenarioError."""
    reader = Reader(file, seed)
    scenario = replace(reader.read(Scenario, text), seed=seed)
    _Checks(scenario, reader).all()
    return scenario


class _Checks:
    def __init__(self, scenario: Scenario, reader: Reader) -> None:
        self._scenario = scenario
        self._error = reader.error

    def all(self) -> None:
        scenario = self._scenario
        self._known("service", scenario.service, scenario.workloads, "workload")
        if scenario.scrape_interval < 1:
            raise self._error("scrape_interval", "must be one second or more")
        for name, workload in scenario.workloads.items():
            self._workload(f"workloads.{name}", workload)
        try:
            self._signals = signals(scenario)
        except ValueError as error:
            raise self._error("metrics", str(error)) from None
        for name, fault in scenario.faults.items():
            self._fault(f"faults.{name}", fault)
        for name, dependency in scenario.dependencies.items():
            for index, activity in enumerate(dependency.database.activity):
                path = f"dependencies.{name}.database.activity[{index}]"
                if dependency.type != "postgresql":
                    raise self._error(path, "is for dependencies of the type postgresql")
                if activity.fault is not None:
                    self._known(f"{path}.fault", activity.fault, scenario.faults, "fault")
        self._logs()
        self._traces()
        for name in scenario.repositories:
            self._known(f"repositories.{name}", name, scenario.workloads, "workload")
        for index, event in enumerate(scenario.events):
            if "/" not in event.object:
                raise self._error(f"events[{index}].object", "must be Kind/name, such as Deployment/payment-api")
        self._truth()

    def _known(self, path: str, name: str, known: Collection[str], what: str) -> None:
        if name not in known:
            near = difflib.get_close_matches(name, sorted(known), n=1)
            listing = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(sorted(known)) or 'none'}"
            raise self._error(path, f"there is no {what} {name!r}; {listing}")

    def _workload(self, path: str, workload: Workload) -> None:
        if not workload.revisions:
            raise self._error(f"{path}.revisions", "must name at least the version that is deployed")
        moments = [revision.deployed for revision in workload.revisions]
        if moments != sorted(moments) or moments[-1] > 0:
            raise self._error(f"{path}.revisions", "must be in the order of time, oldest first, all before the start of the lab")
        if workload.replicas < 0:
            raise self._error(f"{path}.replicas", "must be zero or more")
        for index, dependency in enumerate(workload.dependencies):
            self._known(f"{path}.dependencies[{index}]", dependency, self._scenario.dependencies, "dependency")

    def _fault(self, path: str, fault: Fault) -> None:
        for name, effect in fault.signals.items():
            self._known(f"{path}.signals.{name}", name, self._signals, "signal")
            try:
                self._signals[name].read(effect.to)
            except ValueError as error:
                raise self._error(f"{path}.signals.{name}", str(error)) from None
        condition = fault.condition
        if condition is not None:
            self._known(f"{path}.condition.workload", condition.workload, self._scenario.workloads, "workload")
            given = [condition.version, condition.replicas_below, condition.pods_from_before]
            if sum(value is not None for value in given) != 1:
                raise self._error(f"{path}.condition", "must have one of version, replicas_below and pods_from_before")
        if fault.pods is not None:
            workload = fault.pods.workload or (condition.workload if condition else None)
            if workload is None:
                raise self._error(f"{path}.pods.workload", "is missing: whose pods fail?")
            self._known(f"{path}.pods.workload", workload, self._scenario.workloads, "workload")

    def _logs(self) -> None:
        scenario = self._scenario
        for index, pattern in enumerate(scenario.logs):
            path = f"logs[{index}]"
            if pattern.workload is not None:
                self._known(f"{path}.workload", pattern.workload, scenario.workloads, "workload")
            if pattern.fault is not None:
                self._known(f"{path}.fault", pattern.fault, scenario.faults, "fault")
            if (pattern.count is None) == (pattern.every is None):
                raise self._error(path, "must have either count or every")
            if pattern.count is not None and pattern.start is None:
                raise self._error(f"{path}.start", "is missing: a count needs to know from when on")
            for line in (pattern.text, *pattern.detail):
                problem = placeholder_problem(line)
                if problem:
                    raise self._error(f"{path}.text", problem)

    def _traces(self) -> None:
        for index, trace in enumerate(self._scenario.traces):
            if trace.fault is not None:
                self._known(f"traces[{index}].fault", trace.fault, self._scenario.faults, "fault")
            self._span(f"traces[{index}].root", trace.root)

    def _span(self, path: str, span: Span) -> None:
        for amount, own, inner in (
            ("normal", span.normal, sum(child.normal for child in span.spans)),
            ("broken", _broken(span), sum(_broken(child) for child in span.spans)),
        ):
            if inner > own + 1e-9:
                raise self._error(f"{path}.{amount}", f"is {own:g} s, but its parts take {inner:g} s")
        for index, child in enumerate(span.spans):
            self._span(f"{path}.spans[{index}]", child)

    def _truth(self) -> None:
        truth = self._scenario.truth
        if truth.target is not None:
            versions = [revision.version for revision in self._scenario.subject.revisions]
            self._known("truth.target", truth.target, versions, "version")


def _broken(span: Span) -> float:
    return span.normal if span.broken is None else span.broken
