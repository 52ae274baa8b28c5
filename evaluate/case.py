# SPDX-License-Identifier: GPL-3.0-or-later
"""One incident of which the truth is known, and what was said about it."""

from __future__ import annotations

from dataclasses import dataclass
from zlib import crc32

ROLLBACK = "rollback"


@dataclass(frozen=True, slots=True)
class Case:
    """A scenario of the lab, in the variant that ``seed`` draws. ``lacking`` names what is gone without (``lacking.LACKS``)."""

    scenario: str
    seed: int
    lacking: str = ""
    as_stated: bool = False
    """Whether confidences are left as the rules state them, to fit the curve to."""

    @property
    def held_out(self) -> bool:
        """Whether it is of the third by which nothing is tuned, which shows whether the rules hold for what nobody looked at."""
        return crc32(self.scenario.encode()) % 3 == 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """``actions`` are right, the best first; ``kinds`` are the causes of a recommendation that name the true one, any where empty.

    ``confidence`` is the recommendation's own, in percent, ``score`` the rollback score that stands beside it. ``error`` is why there is no
    recommendation; then the rest is empty.
    """

    case: Case
    actions: tuple[str, ...]
    kinds: tuple[str, ...]
    cause: str
    action: str = ""
    named: str = ""
    headline: str = ""
    confidence: int = 0
    score: int = 0
    possible: int = 0
    automatic: bool = False
    guards: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    """Sources that gave not all they could, with the reason."""
    took_s: float = 0.0
    error: str | None = None

    @property
    def right(self) -> bool:
        return self.action in self.actions

    @property
    def cause_right(self) -> bool:
        return self.error is None and (not self.kinds or self.named in self.kinds)

    @property
    def false_rollback(self) -> bool:
        """Recommended or automatic, where it is wrong."""
        return (self.action == ROLLBACK or self.automatic) and ROLLBACK not in self.actions

    @property
    def needs_rollback(self) -> bool:
        return self.actions[0] == ROLLBACK

    @property
    def missed_rollback(self) -> bool:
        return self.needs_rollback and not self.right
