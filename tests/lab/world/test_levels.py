# SPDX-License-Identifier: GPL-3.0-or-later
"""A fault begins, is mended, and begins again."""

from __future__ import annotations

import pytest

from lab.scenario.model import Effect, Fault, Moment, Seconds, Text
from lab.world.levels import FaultState

START = 1000.0
FAULT = Fault(onset=Moment(-80), ramp=Seconds(4), recovery=Seconds(10), delay=Seconds(30))


def test_it_ramps_up_at_its_onset_and_down_when_it_is_mended() -> None:
    state = FaultState(FAULT, START)
    state.decide(True, START)
    state.decide(False, START + 100)
    assert state.level().sampled([900, 920, 922, 924, 1100, 1105, 1110]) == pytest.approx([0, 0, 0.5, 1, 1, 0.5, 0])


def test_an_effect_may_begin_at_a_time_of_its_own() -> None:
    state = FaultState(FAULT, START)
    state.decide(True, START)
    level = state.level(Effect(to=Text("1"), onset=Moment(-60), ramp=Seconds(20)))
    assert level.sampled([940, 950, 960]) == pytest.approx([0, 0.5, 1])


def test_when_it_comes_again_it_takes_its_delay() -> None:
    state = FaultState(FAULT, START)
    for on, at in ((True, START), (False, START + 10), (True, START + 100)):
        state.decide(on, at)
    assert state.level().sampled([1020, 1129, 1130, 1134]) == pytest.approx([0, 0, 0, 1])


def test_what_ends_within_the_delay_never_was() -> None:
    state = FaultState(FAULT, START)
    for on, at in ((True, START + 100), (False, START + 120)):
        state.decide(on, at)
    assert max(state.level().values) == 0
    assert state.span(START) is None


def test_mended_in_the_middle_of_its_ramp_it_turns_back_there() -> None:
    state = FaultState(Fault(onset=Moment(0), ramp=Seconds(10), recovery=Seconds(10)), START)
    state.decide(True, START)
    state.decide(False, START + 5)
    assert state.level().sampled([1005, 1010, 1015]) == pytest.approx([0.5, 0.25, 0])


def test_it_ends_by_itself_at_its_time() -> None:
    state = FaultState(Fault(onset=Moment(-10), until=Moment(20), recovery=Seconds(2)), START)
    state.decide(True, START)
    assert state.level().sampled([1000, 1020, 1022]) == pytest.approx([1, 1, 0])
    assert state.span(START) == (START - 10, START + 20)
