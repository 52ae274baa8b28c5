# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import multiprocessing
import stat
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.errors import IncidentResponseError, NotFoundError
from ansible_collections.devops.incident_response.plugins.module_utils.record import store
from ansible_collections.devops.incident_response.tests.unit import samples


def test_a_record_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "incidents" / "2025-10-21-payment-api-outage.json"
    store.write(samples.resolved(), path)
    assert store.read(path) == samples.resolved()


def test_only_owner_and_group_may_read_it_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "incidents" / "x.json"
    store.write(samples.declared(), path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert [entry.name for entry in path.parent.iterdir()] == ["x.json"]


def test_secrets_do_not_reach_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    store.write(replace(samples.declared(), symptoms=("login fails with password=hunter2",)), path)
    text = path.read_text(encoding="utf-8")
    assert "hunter2" not in text
    assert "k3y" not in text, "the address of a route is a key to it"


def test_a_write_that_fails_leaves_the_old_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.json"
    store.write_text(path, "old")

    def fail(*_unused: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store.os, "fsync", fail)
    with pytest.raises(IncidentResponseError, match=r"x\.json can't be written: No space left on device"):
        store.write_text(path, "new")
    assert path.read_text(encoding="utf-8") == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["x.json"]


def test_a_second_incident_of_the_day_gets_a_number(tmp_path: Path) -> None:
    first = store.new_path(tmp_path, "payment-api", samples.DECLARED_AT)
    first.touch()
    second = store.new_path(tmp_path, "payment-api", samples.DECLARED_AT)
    second.touch()
    third = store.new_path(tmp_path, "payment-api", samples.DECLARED_AT)
    assert [path.name for path in (first, second, third)] == [
        "2025-10-21-payment-api-outage.json",
        "2025-10-21-payment-api-outage-2.json",
        "2025-10-21-payment-api-outage-3.json",
    ]


@pytest.mark.parametrize(("age_hours", "continues"), [(0, True), (11.9, True), (12, False)])
def test_an_open_incident_is_continued_for_twelve_hours(tmp_path: Path, age_hours: float, continues: bool) -> None:
    path = tmp_path / "2025-10-21-payment-api-outage.json"
    store.write(samples.declared(), path)
    now = samples.DECLARED_AT + timedelta(hours=age_hours)
    assert store.open_incident(tmp_path, "payment-api", "production", now) == (path if continues else None)


def test_what_is_resolved_or_elsewhere_or_unreadable_is_not_continued(tmp_path: Path) -> None:
    path = tmp_path / "2025-10-21-payment-api-outage.json"
    store.write(samples.resolved(), path)
    assert store.open_incident(tmp_path, "payment-api", "production", samples.RESOLVED_AT) is None
    store.write(samples.declared(), path)
    assert store.open_incident(tmp_path, "payment-api", "staging", samples.DECLARED_AT) is None
    path.write_text("{", encoding="utf-8")
    assert store.open_incident(tmp_path, "payment-api", "production", samples.DECLARED_AT) is None


def test_the_newest_record_of_exactly_this_service(tmp_path: Path) -> None:
    for name in ("2025-10-20-api", "2025-10-21-api", "2025-10-21-payment-api"):
        (tmp_path / f"{name}-outage.json").touch()
    for number in (2, 10):
        (tmp_path / f"2025-10-21-api-outage-{number}.json").touch()
    (tmp_path / "2025-10-22-api-outage.md").touch()
    assert store.newest(tmp_path, "api").name == "2025-10-21-api-outage-10.json"
    assert store.newest(tmp_path, "api", "2025-10-20-api-outage").name == "2025-10-20-api-outage.json"
    with pytest.raises(NotFoundError, match="There are: 2025-10-21-payment-api-outage"):
        store.newest(tmp_path, "payment-api", "2025-10-01-payment-api-outage")


def test_where_it_looked_is_said_when_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=rf"no record of an incident of api in {tmp_path}/none"):
        store.newest(tmp_path / "none", "api")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "can't be read"),
        ("[]", "schema version None"),
        (json.dumps({"schema_version": 99}), "schema version 99; this release reads up to 1"),
        (json.dumps({"schema_version": 1, "id": "x"}), r"not a valid record: \$\.service: is missing"),
    ],
)
def test_what_is_no_record_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(IncidentResponseError, match=message):
        store.read(path)


def _count(path: Path, times: int) -> None:
    for _unused in range(times):
        with store.locked(path.parent):
            store.write_text(path, str(int(path.read_text(encoding="utf-8")) + 1))


def test_changes_of_several_runs_are_all_kept(tmp_path: Path) -> None:
    path = tmp_path / "counter"
    path.write_text("0", encoding="utf-8")
    runs = [multiprocessing.get_context("fork").Process(target=_count, args=(path, 20)) for _unused in range(3)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert path.read_text(encoding="utf-8") == "60"
