# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a fault is on, over time: it begins, it is mended, it may begin again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from lab.scenario.model import Effect, Fault
from lab.world.curve import Curve


@dataclass(slots=True)
class FaultState:
    """``decisions`` are the moments (Unix seconds) at which the fault's condition began or ceased to hold, in order."""

    fault: Fault
    start: float
    """When the lab was started."""
    decisions: list[tuple[float, bool]] = field(default_factory=list)

    @property
    def on(self) -> bool:
        return bool(self.decisions) and self.decisions[-1][1]

    def decide(self, on: bool, now: float) -> bool:
        """Note whether the condition holds at ``now``; says whether that is new."""
        if on == self.on:
            return False
        self.decisions.append((now, on))
        return True

    def span(self, after: float) -> tuple[float, float | None] | None:
        """Onset and end of the first time that the fault is on and not over at ``after``; None when there is none."""
        last = None if self.fault.until is None else self.start + self.fault.until
        for begins, ends in self._periods(0.0):
            end = min((moment for moment in (ends, last) if moment is not None), default=None)
            if end is None or (begins < end and after < end):
                return begins, end
        return None

    def _periods(self, shift: float) -> Iterator[tuple[float, float | None]]:
        """From when to when the fault is on; each onset ``shift`` seconds later than the fault's own."""
        for position, (at, on) in enumerate(self.decisions):
            if on:
                ends = self.decisions[position + 1][0] if position + 1 < len(self.decisions) else None
                begins = (self.start + self.fault.onset if at <= self.start else at + self.fault.delay) + shift
                if ends is None or begins < ends:
                    yield begins, ends

    def level(self, effect: Effect | None = None) -> Curve:
        """0 while the fault is off, 1 while it is fully on, straight ramps between; for one of its effects if given."""
        fault = self.fault
        onset = fault.onset if effect is None or effect.onset is None else effect.onset
        ramp = fault.ramp if effect is None or effect.ramp is None else effect.ramp
        recovery = fault.recovery if effect is None or effect.recovery is None else effect.recovery
        knots = [(0.0, 0.0)]
        for begins, ends in self._periods(onset - fault.onset):
            knots = _turned(knots, begins, 1.0, ramp)
            if ends is not None:
                knots = _turned(knots, ends, 0.0, recovery)
        if fault.until is not None:
            knots = _turned(knots, self.start + fault.until, 0.0, recovery)
        return Curve(knots)


def _turned(knots: list[tuple[float, float]], at: float, target: float, ramp: float) -> list[tuple[float, float]]:
    """The knots up to ``at``, and from there the way to ``target``."""
    level = Curve(knots).before(at)
    return [*(knot for knot in knots if knot[0] < at), (at, level), (at + ramp, target)]
