# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from datetime import timedelta

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.analysis.findings_clock import clock_findings


@pytest.mark.parametrize(
    ("seconds", "title"),
    [
        (240, "The cluster's clock is 4m ahead of that of Prometheus"),
        (-300, "The cluster's clock is 5m behind that of Prometheus"),
    ],
)
def test_whose_clock_differs_is_told(seconds: int, title: str) -> None:
    (finding,) = clock_findings(timedelta(seconds=seconds), timedelta(), "Prometheus")
    assert finding.title == title


def test_clocks_that_agree_are_no_finding() -> None:
    assert not list(clock_findings(timedelta(), timedelta(), "Prometheus"))


@pytest.mark.parametrize(("seconds", "word"), [(240, "behind"), (-240, "ahead of")])
def test_this_machine_is_told_where_the_others_agree(seconds: int, word: str) -> None:
    (finding,) = clock_findings(timedelta(), timedelta(seconds=seconds), "Prometheus")
    assert finding.title == f"The clock of this machine is 4m {word} those of the cluster and Prometheus"
