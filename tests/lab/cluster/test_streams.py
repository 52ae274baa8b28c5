# SPDX-License-Identifier: GPL-3.0-or-later
"""Watches, logs and exec."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from lab.cluster.timestamps import to_seconds

from .conftest import Live, pod_template

PODS = "/api/v1/namespaces/default/pods"
CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"


def create_pod(live: Live, name: str, image: str = "web:v1", *more: str) -> None:
    template = pod_template(name, image)
    template["spec"]["containers"] += [{"name": container, "image": "side:v1"} for container in more]
    code, _ = live.call("POST", PODS, {"metadata": template["metadata"] | {"name": name}, "spec": template["spec"]})
    assert code == 201
    wanted = "restartCount" if image.endswith("crash") else "started"
    if not image.endswith("pending"):
        selector = f"{PODS}?fieldSelector=metadata.name={name}"
        live.wait(selector, lambda obj: any(status.get(wanted) for status in obj["status"].get("containerStatuses", ())))


@pytest.fixture(scope="module")
def pod(live: Live) -> str:
    live.behaviour.lines = [(time.time() - 30 + second, f"line {second}") for second in range(30)]
    create_pod(live, "streamed")
    return f"{PODS}/streamed"


def some(events: Iterator[dict[str, Any]], count: int) -> list[tuple[str, str]]:
    found = []
    for event in events:
        found.append((event["type"], event["object"]["metadata"].get("name", "")))
        if len(found) == count:
            break
    return found


def config_map(name: str, **labels: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "labels": labels}}


def test_a_watch_replays_what_came_after_its_revision(live: Live) -> None:
    start = live.call("GET", CONFIG_MAPS)[1]["metadata"]["resourceVersion"]
    live.call("POST", CONFIG_MAPS, config_map("w1", watch="a"))
    live.call("PATCH", f"{CONFIG_MAPS}/w1", {"data": {"a": "1"}}, Content_Type="application/merge-patch+json")
    live.call("DELETE", f"{CONFIG_MAPS}/w1")
    events = live.watch(f"{CONFIG_MAPS}?watch=true&timeoutSeconds=5&resourceVersion={start}&labelSelector=watch=a")
    assert some(events, 3) == [("ADDED", "w1"), ("MODIFIED", "w1"), ("DELETED", "w1")]


def test_objects_enter_and_leave_a_selection(live: Live) -> None:
    start = live.call("POST", CONFIG_MAPS, config_map("w2"))[1]["metadata"]["resourceVersion"]
    for value in ("b", "c"):
        label = {"metadata": {"labels": {"watch": value}}}
        live.call("PATCH", f"{CONFIG_MAPS}/w2", label, Content_Type="application/merge-patch+json")
    events = live.watch(f"{CONFIG_MAPS}?watch=true&timeoutSeconds=5&resourceVersion={start}&labelSelector=watch=b")
    assert some(events, 2) == [("ADDED", "w2"), ("DELETED", "w2")]


def test_a_watch_from_now_begins_with_what_is_there_and_ends_in_time(live: Live) -> None:
    live.call("POST", CONFIG_MAPS, config_map("w3", watch="d"))
    events = live.watch(f"{CONFIG_MAPS}?watch=true&timeoutSeconds=1&labelSelector=watch=d")
    assert [event["object"]["metadata"]["name"] for event in events] == ["w3"]


def test_a_streamed_list_ends_with_a_bookmark(live: Live) -> None:
    live.call("POST", CONFIG_MAPS, config_map("w4", watch="e"))
    initial = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    events = live.watch(f"{CONFIG_MAPS}?watch=true&timeoutSeconds=5&{initial}&labelSelector=watch=e")
    assert some(events, 2) == [("ADDED", "w4"), ("BOOKMARK", "")]


def test_only_the_first_table_of_a_watch_names_columns(live: Live) -> None:
    live.call("POST", CONFIG_MAPS, config_map("w5", watch="f"))
    live.call("POST", CONFIG_MAPS, config_map("w6", watch="f"))
    accept = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
    _, text = live.call("GET", f"{CONFIG_MAPS}?watch=true&timeoutSeconds=1&labelSelector=watch=f", **accept)
    assert [line.count("priority") > 0 for line in text.splitlines()] == [True, False]


@pytest.mark.parametrize(
    ("query", "first", "count"),
    [
        ("", "line 0", 30),
        ("tailLines=2", "line 28", 2),
        ("tailLines=0", "", 0),
        ("limitBytes=6", "line 0", 1),
        ("container=streamed&tailLines=1", "line 29", 1),
    ],
)
def test_logs(live: Live, pod: str, query: str, first: str, count: int) -> None:
    code, text = live.call("GET", f"{pod}/log?{query}")
    lines = text.splitlines()
    assert (code, len(lines), lines[0] if lines else "") == (200, count, first)


def test_logs_since_a_time(live: Live, pod: str) -> None:
    since = to_seconds(live.behaviour.lines[20][0] + 1)
    text = live.call("GET", f"{pod}/log?sinceTime={since}&timestamps=true")[1]
    stamp, line = text.splitlines()[0].split(" ", 1)
    assert line == "line 21"
    assert stamp.startswith(since[:-1])
    assert len(text.splitlines()) == 9
    assert live.call("GET", f"{pod}/log?sinceSeconds=5")[1].splitlines()[-1] == "line 29"


def test_what_logs_cannot_give(live: Live, pod: str, recorded: Any) -> None:
    create_pod(live, "double", "web:v1", "side")
    code, status = live.call("GET", f"{PODS}/double/log")
    assert (code, status["message"]) == (400, "a container name must be specified for pod double, choose one of: [double side]")
    assert live.call("GET", f"{PODS}/double/log?container=side")[0] == 200
    expected = recorded("status_400_log_container")
    expected["message"] = expected["message"].rsplit(" ", 1)[0] + " streamed"
    assert live.call("GET", f"{pod}/log?container=nope") == (400, expected)
    code, status = live.call("GET", f"{pod}/log?previous=true")
    assert (code, status["message"]) == (400, 'previous terminated container "streamed" in pod "streamed" not found')
    assert live.call("GET", f"{pod}/log?tailLines=x")[0] == 400
    assert live.call("GET", f"{pod}/log?tailLines=-1")[0] == 422


def test_logs_of_a_crash_looping_pod(live: Live, pod: str) -> None:
    create_pod(live, "looping", "web:crash")
    assert live.call("GET", f"{PODS}/looping/log?previous=true")[1].splitlines()[0] == "previous line 0"
    assert live.call("GET", f"{PODS}/looping/log")[1].splitlines()[0] == "previous line 0"


def test_following_goes_on_until_the_pod_is_gone(live: Live, pod: str) -> None:
    create_pod(live, "followed")
    lines = live.behaviour.lines
    followed = live.lines(f"{PODS}/followed/log?follow=true&tailLines=1")
    assert next(followed) == "line 29"
    live.behaviour.lines = [*lines, (time.time(), "late")]
    assert next(followed) == "late"
    live.call("DELETE", f"{PODS}/followed", {"gracePeriodSeconds": 1})
    assert list(followed) == []
    live.behaviour.lines = lines


def test_exec_needs_an_upgrade_a_command_and_a_running_container(live: Live, pod: str) -> None:
    assert live.call("GET", f"{pod}/exec?command=ls&stdout=true")[1]["message"] == "Upgrade request required"
    assert live.call("GET", f"{pod}/exec?stdout=true")[0] == 400
    assert live.call("GET", f"{pod}/exec?command=ls")[0] == 400
    assert live.call("GET", f"{pod}/exec?command=ls&stdout=true&container=nope")[0] == 400
