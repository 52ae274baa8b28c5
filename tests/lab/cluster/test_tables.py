# SPDX-License-Identifier: GPL-3.0-or-later
"""The rows and columns that a real server gave for the same objects."""

from __future__ import annotations

from typing import Any

import pytest

from lab.cluster.durations import human
from lab.cluster.resources import RESOURCES
from lab.cluster.tables import table
from lab.cluster.timestamps import parse


def test_columns_are_those_of_the_real_server(recorded: Any) -> None:
    columns = recorded("table_columns")
    ours = {
        f"{resource.path}/{resource.plural}": [
            {key: column[key] for key in ("name", "type", "format", "priority")}
            for column in table(resource.kind, [], {}, 0.0, "None")["columnDefinitions"]
        ]
        for resource in RESOURCES
        if f"{resource.path}/{resource.plural}" in columns
    }
    assert ours == columns


@pytest.mark.parametrize(("kind", "name"), [("Pod", "pods"), ("Deployment", "deployments")])
def test_cells_are_those_of_the_real_server(recorded: Any, kind: str, name: str) -> None:
    objects = recorded(f"{name}_crash_looping")["items"]
    real = recorded(f"table_{name}")["rows"]
    ours = table(kind, objects, {}, parse("2026-11-23T22:55:30Z"), "None")["rows"]

    def without_ages(row: dict[str, Any]) -> list[Any]:
        return [cell.split(" (")[0] if isinstance(cell, str) else cell for position, cell in enumerate(row["cells"]) if position != 4]

    assert [without_ages(row) for row in ours] == [without_ages(row) for row in real]


def test_a_row_carries_metadata_the_object_or_nothing() -> None:
    pod = {"kind": "Pod", "metadata": {"name": "a"}, "spec": {}, "status": {}}
    carried = {include: table("Pod", [pod], {}, 0.0, include)["rows"][0].get("object") for include in ("Metadata", "Object", "None")}
    assert carried["Metadata"]["kind"] == "PartialObjectMetadata"
    assert carried["Object"] is pod
    assert carried["None"] is None


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "<invalid>"),
        (0, "0s"),
        (119, "119s"),
        (120, "2m"),
        (150, "2m30s"),
        (600, "10m"),
        (640, "10m"),
        (10_799, "179m"),
        (10_800, "3h"),
        (12_600, "3h30m"),
        (90_000, "25h"),
        (180_000, "2d2h"),
        (86_400 * 9, "9d"),
        (86_400 * 365 * 3, "3y"),
    ],
)
def test_ages(seconds: int, text: str) -> None:
    assert human(seconds) == text
