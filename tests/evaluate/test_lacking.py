# SPDX-License-Identifier: GPL-3.0-or-later
"""What is taken away is gone, and nothing else."""

from __future__ import annotations

import pytest

from evaluate.answer import diagnosed
from evaluate.case import Case
from evaluate.lacking import LACKS
from evaluate.production import production
from evaluate.table import table
from lab.scenario.loader import load
from tests.evaluate.outcomes import outcome

NOW = 1_795_435_200.0


def test_the_entry_keeps_what_the_service_is_found_by() -> None:
    entry = {"namespace": "shop", "workload_kind": "StatefulSet", "dependencies": [{"name": "db"}], "repository": "git"}
    assert LACKS["name-only"].entry(entry) == {"namespace": "shop", "workload_kind": "StatefulSet"}
    assert LACKS["no-logs"].entry(entry) == entry


@pytest.mark.parametrize(("lack", "interval", "replicas"), [("", 2.0, 5), ("scraped-30s", 30.0, 5), ("many-pods", 2.0, 24)])
def test_a_scenario_is_scraped_and_scaled(lack: str, interval: float, replicas: int) -> None:
    changed = LACKS[lack].scenario(load("payment-api"))
    assert (changed.scrape_interval, changed.subject.replicas) == (interval, replicas)


def test_what_is_lacking_is_not_seen() -> None:
    scenario = load("payment-api")
    with production(scenario, NOW) as lab:
        seen = diagnosed(scenario, lab, NOW, LACKS["metrics-only"])
    assert (seen.logs.data, seen.traces.data, seen.dependencies.data) == (None, None, None)
    assert seen.metrics.data is not None
    assert seen.workload.data is not None


def test_a_line_says_what_is_lacking() -> None:
    one = outcome("rollback", "rollback")
    case = Case("name", 0, "no-logs")
    assert "name:0 no-logs" in table([type(one)(case, one.actions, one.kinds, one.cause, action="rollback")])
