# SPDX-License-Identifier: GPL-3.0-or-later
"""Whom NetworkPolicies and Services are for: who is shut out has a name in a warning, who only might come has not."""

from __future__ import annotations

import contextlib

import pytest

from tests.contract.clusters import READER, Cluster
from tests.contract.workload_policies import WELL, WRONG
from tests.contract.workload_states import Namespace, findings, until_warned, warnings


@pytest.mark.parametrize("state", WRONG)
def test_who_is_shut_out_is_named(cluster: Cluster, state: str) -> None:
    build, wanted = WRONG[state]
    build(Namespace(cluster))
    until_warned(cluster, wanted)


@pytest.mark.parametrize("state", WELL)
def test_who_is_not_there_is_no_trouble(cluster: Cluster, state: str) -> None:
    WELL[state](Namespace(cluster))
    with contextlib.suppress(AssertionError):  # what there is then is told below
        cluster.until("no warning", lambda: not warnings(findings(cluster)))
    assert warnings(findings(cluster)) == []
    assert warnings(findings(cluster, user=READER)) == []
