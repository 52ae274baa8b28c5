# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenarios are read whole, from any path, and what is wrong with one is said with its place."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from lab.scenario.errors import ScenarioError
from lab.scenario.loader import load, names, parse

SMALL = """\
name: small
title: a small one
service: web
truth:
  action: rollback
  target: v1
  cause: v2 is broken
workloads:
  web:
    image: team/web
    revisions:
      - {version: v1, deployed: -3d}
      - {version: v2, deployed: -10m}
    signals: {request_rate: 10, error_rate: 1%, latency_p95: 150ms}
dependencies:
  db: {type: tcp, exporter: postgres}
faults:
  broken:
    onset: -5m
    condition: {workload: web, version: v2}
    signals:
      web.error_rate: 45%
      db.connections: {to: "95", ramp: 30s}
logs:
  - {level: ERROR, text: "took {int:1-9} ms", count: 4, start: -5m}
traces:
  - fault: broken
    root: {operation: GET /, normal: 10ms, broken: 2s}
"""


def changed(old: str, new: str) -> str:
    assert SMALL.count(old) == 1
    return SMALL.replace(old, new)


def test_amounts_are_read_into_base_units() -> None:
    scenario = parse(SMALL, "small.yml")
    assert scenario.subject.revisions[1].deployed == -600
    assert scenario.subject.signals.latency_p95 == pytest.approx(0.15)
    assert scenario.faults["broken"].signals["web.error_rate"].to == "45%"
    assert scenario.faults["broken"].signals["db.connections"].ramp == 30


@pytest.mark.parametrize(
    ("text", "line", "field", "problem"),
    [
        (changed("title: a small one\n", ""), 1, "title", "is missing"),
        (changed("title: a small one", "titel: a small one"), 2, "titel", "is no field here"),
        (changed("title: a small one", "title: a\ntitle: b"), 3, "title", "is given twice"),
        (changed("service: web", "service: wep"), 3, "service", "did you mean 'web'?"),
        (changed("deployed: -10m", "deployed: 10 minutes"), 13, "workloads.web.revisions[1].deployed", "not a moment"),
        (changed("deployed: -10m", "deployed: -4d"), 12, "workloads.web.revisions", "order of time"),
        (changed("error_rate: 1%,", "error_rate: 120%,"), 14, "workloads.web.signals.error_rate", "not a share"),
        (changed("latency_p95: 150ms", "latency_p95: fast"), 14, "workloads.web.signals.latency_p95", "not a duration"),
        (changed("image: team/web", "image: team/web\n    replicas: many"), 11, "workloads.web.replicas", "whole number"),
        (changed("action: rollback", "action: pray"), 5, "truth.action", "must be one of rollback"),
        (changed("target: v1", "target: v7"), 6, "truth.target", "no version 'v7'"),
        (changed("type: tcp", "type: udp"), 16, "dependencies.db.type", "must be one of tcp, http, redis"),
        (changed("web.error_rate: 45%", "web.errorrate: 45%"), 22, "faults.broken.signals.web.errorrate", "web.error_rate"),
        (changed("web.error_rate: 45%", "web.error_rate: lots"), 22, "faults.broken.signals.web.error_rate", "not a share"),
        (
            changed("version: v2}\n    signals", "version: v2, replicas_below: 2}\n    signals"),
            20,
            "faults.broken.condition",
            "one of version",
        ),
        (changed("workload: web,", "workload: app,"), 20, "faults.broken.condition.workload", "no workload 'app'"),
        (changed("count: 4,", "count: 4, every: 2s,"), 25, "logs[0]", "either count or every"),
        (changed("{int:1-9}", "{int:9}"), 25, "logs[0].text", "{int:9} is none of"),
        (changed("fault: broken", "fault: other"), 27, "traces[0].fault", "no fault 'other'"),
        (changed("normal: 10ms", "normal: 10ms, spans: [{operation: a, normal: 20ms}]"), 28, "traces[0].root.normal", "its parts take"),
        ("- a\n- b\n", 1, "", "must be a mapping"),
        ("name: [\n", 2, "", "is not YAML"),
        ("", 1, "", "is empty"),
    ],
)
def test_a_mistake_is_named_with_file_line_and_field(text: str, line: int, field: str, problem: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        parse(text, "small.yml")
    assert (caught.value.line, caught.value.field) == (line, field)
    assert problem in caught.value.problem
    assert str(caught.value).startswith(f"small.yml:{line}: ")


def test_a_scenario_is_loaded_from_any_path(tmp_path: Path) -> None:
    path = tmp_path / "a folder" / "mine.yml"
    path.parent.mkdir()
    path.write_text(SMALL)
    assert load(str(path)).name == "small"


def test_a_scenario_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(ScenarioError, match=r"cannot be read .*payment-api"):
        load("payment-ap")


@pytest.mark.parametrize("name", names())
def test_the_scenarios_of_the_lab_can_be_loaded(name: str) -> None:
    assert load(name).name == name.rpartition("/")[2]


@pytest.mark.parametrize(("line", "field"), [(7, "truth.action"), (None, "")])
def test_an_error_reaches_another_process_whole(line: int | None, field: str) -> None:
    error = ScenarioError("broken.yml", line, field, "no such action")
    assert vars(pickle.loads(pickle.dumps(error))) == vars(error)
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
