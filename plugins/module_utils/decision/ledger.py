# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a hypothesis comes by its probability: a starting point, and points for every fact that speaks for it or against it."""

from __future__ import annotations

from collections.abc import Iterable

from ..model.recommendation import Hypothesis

LEAST, MOST = 2, 95
"""No cause is impossible before somebody has looked, and none is certain."""

_LITTLE = 40
"""Below this nobody would roll a deployment back: what is just as likely stands before it."""
_IGNORED_RIVAL = 20
"""Up to this much a rival takes nothing away: evidence is never all on one side."""


class Ledger:
    """The points of one hypothesis, with the sentences that earned them."""

    __slots__ = ("_against", "_check_next", "_for", "_least", "_most", "_points")

    def __init__(self, start: int) -> None:
        self._points, self._least, self._most = start, LEAST, MOST
        self._for: list[str] = []
        self._against: list[str] = []
        self._check_next: list[str] = []

    def add(self, points: int, sentence: str) -> None:
        """``points`` for the hypothesis (below zero against it), because of ``sentence``."""
        self._points += points
        (self._for if points >= 0 else self._against).append(sentence)

    def against(self, sentence: str) -> None:
        """A sentence whose points are in the start already."""
        self._against.append(sentence)

    def cap(self, most: int, sentence: str | None = None) -> None:
        """Whatever else speaks for it, it is at most this likely."""
        self._most = min(self._most, most)
        if sentence:
            self._against.append(sentence)

    def check(self, *steps: str) -> None:
        """What would settle it."""
        self._check_next += steps

    def hypothesis(self, cause: str, title: str) -> Hypothesis:
        confidence = max(self._least, min(self._most, self._points))
        return Hypothesis(cause, title, confidence, tuple(self._for), tuple(self._against), tuple(self._check_next))


def ranked(hypotheses: Iterable[Hypothesis]) -> tuple[Hypothesis, ...]:
    """The hypotheses, likeliest first, with probabilities that go together.

    They were judged one by one. A strong rival makes the likeliest less sure, by half of what it has above 20; the others share what the
    likeliest leaves of 100, and none of them overtakes it. What is as likely as an unlikely deployment stands before it.
    """
    order = sorted(hypotheses, key=lambda one: (-one.confidence, one.cause == "deployment" and one.confidence < _LITTLE))
    if not order:
        return ()
    leader, rivals = order[0], order[1:]
    strongest = rivals[0].confidence if rivals else 0
    sure = max(LEAST, leader.confidence - max(0, strongest - _IGNORED_RIVAL) // 2)
    total = sum(rival.confidence for rival in rivals)
    share = min(1.0, (100 - sure) / total) if total else 1.0
    return (_with(leader, sure), *(_with(rival, min(sure, int(rival.confidence * share))) for rival in rivals))


def _with(hypothesis: Hypothesis, confidence: int) -> Hypothesis:
    return Hypothesis(
        hypothesis.cause, hypothesis.title, confidence, hypothesis.evidence_for, hypothesis.evidence_against, hypothesis.check_next
    )
