# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.analysis.waiting import Cause, slowdown
from ansible_collections.devops.incident_response.plugins.module_utils.model.traces import Peer, Waiting

PEER = Peer("tax", calls=1.0, baseline_calls=1.0, waited=0.1, baseline_waited=0.1, duration=0.1, baseline_duration=0.1)
USUAL = Waiting(traces=40, baseline_traces=40, own=0.05, baseline_own=0.05, peers=(PEER,))
SLOW = replace(PEER, waited=2.0, duration=2.0)
MANY = replace(PEER, calls=12.0, waited=1.2)
HALF = replace(PEER, waited=0.9, duration=0.9)
NOT_CALLED = replace(PEER, calls=0.0, waited=0.0, duration=None)


def cause(known: Waiting | None) -> Cause | None:
    given = slowdown(known)
    return given.cause if given else None


@pytest.mark.parametrize(
    ("known", "why"),
    [
        (USUAL, None),
        (None, None),
        (replace(USUAL, peers=(SLOW,)), Cause.PEER),
        (replace(USUAL, peers=(MANY,)), Cause.CALLS),
        (replace(USUAL, peers=(replace(PEER, baseline_calls=0.0, baseline_waited=0.0, waited=2.0, baseline_duration=None),)), Cause.CALLS),
        (replace(USUAL, own=0.8), Cause.ITSELF),
        # What is retried is called more often for another reason.
        (replace(USUAL, peers=(replace(MANY, errors=11.0),)), None),
        # Slower and asked more often as well: either may be the other's consequence.
        (replace(USUAL, peers=(replace(MANY, waited=24.0, duration=2.0),)), None),
        (replace(USUAL, own=0.06, peers=(replace(PEER, waited=0.15, duration=0.15),)), None),
        (replace(USUAL, traces=4, peers=(SLOW,)), None),
        (replace(USUAL, baseline_traces=0, baseline_own=None, peers=(SLOW,)), None),
        (replace(USUAL, peers=(replace(SLOW, baseline_duration=None),)), None),
        # As much of it is each one's: the first is not even half of it.
        (replace(USUAL, own=0.9, peers=(HALF, replace(HALF, name="db"))), None),
        # Another peer is called in its place, and takes as long.
        (replace(USUAL, peers=(NOT_CALLED, replace(PEER, name="new", baseline_calls=0.0, baseline_waited=0.0))), None),
    ],
)  # fmt: skip
def test_what_the_time_went_to(known: Waiting | None, why: Cause | None) -> None:
    assert cause(known) == why


def test_it_is_told_in_words() -> None:
    told = [given.told for known in (SLOW, MANY) if (given := slowdown(replace(USUAL, peers=(known,))))]
    assert told == ["takes 2s for a call (a day before: 100ms)", "calls tax 12.0 times for one request (a day before: 1.0)"]
    alone = slowdown(replace(USUAL, own=0.8))
    assert alone is not None
    assert alone.told == "spends the additional time in itself, and not in what it calls"
