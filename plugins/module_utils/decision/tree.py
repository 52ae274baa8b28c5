# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The troubleshooting decision tree: questions about facts, where their answers lead, and what is concluded. A team can replace it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Union

from ..lean import dataclass

SHARE, SECONDS, MULTIPLE, COUNT, YES_NO = "share", "seconds", "multiple", "count", "yes_no"

FACTS: Mapping[str, str] = {
    "error_rate": SHARE,
    "latency_p95": SECONDS,
    "error_multiple": MULTIPLE,
    "latency_multiple": MULTIPLE,
    "traffic_change": SHARE,
    "memory": SHARE,
    "cpu": SHARE,
    "pods_failing": SHARE,
    "deployment_age": SECONDS,
    "onset_delay": SECONDS,
    "target_stable_for": SECONDS,
    "out_of_memory": COUNT,
    "dependencies_in_trouble": COUNT,
    "after_deployment": YES_NO,
    "began_before_deployment": YES_NO,
    "deployment_in_question": YES_NO,
    "followed_deployment": YES_NO,
    "new_code": YES_NO,
    "only_new_version_fails": YES_NO,
    "old_version_fails": YES_NO,
    "gradual": YES_NO,
    "recovering": YES_NO,
    "memory_rising": YES_NO,
    "cpu_rising": YES_NO,
    "crashes": YES_NO,
    "probe_failures": YES_NO,
    "dependency_trouble": YES_NO,
    "startup_error": YES_NO,
    "paused": YES_NO,
}
"""What can be asked about, with its unit. ``signal.NAME`` and ``signal.NAME.multiple`` are a team's own signals besides."""

THEN, ELSE, UNKNOWN = "then", "else", "unknown"
"""The branches of a question: its answer is yes, no, or not known."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A yes-or-no fact without which a node is passed over; ``wanted`` is False for ``not FACT``."""

    fact: str
    wanted: bool


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What is concluded where the walk comes by. ``confidence`` is percent, where a hypothesis about the cause starts."""

    cause: str
    action: str | None = None
    confidence: int | None = None
    headline: str | None = None
    remedies: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """``comparison`` is above, below, at_least or at_most with its ``threshold`` in the fact's unit; both None for a yes-or-no fact.

    ``unknown`` is a branch of its own; where it is as one of the others it holds the same nodes.
    """

    ask: str
    check: str
    comparison: str | None = None
    threshold: float | None = None
    then: tuple[Node, ...] = ()
    otherwise: tuple[Node, ...] = ()
    unknown: tuple[Node, ...] = ()
    conditions: tuple[Condition, ...] = ()


Node = Union[Question, Conclusion]  # noqa: UP007 (ansible-test's pylint takes the other form for an operation)


@dataclass(frozen=True, slots=True)
class Tree:
    nodes: tuple[Node, ...]

    def questions(self) -> Iterator[Question]:
        """Every question, those of the first branches first."""
        yield from (node for node in _all(self.nodes) if isinstance(node, Question))

    def conclusions(self, cause: str) -> tuple[Conclusion, ...]:
        """Every conclusion about the cause."""
        return tuple(node for node in _all(self.nodes) if isinstance(node, Conclusion) and node.cause == cause)

    def limit(self, fact: str, default: float) -> float:
        """The threshold of the first question about the fact: from there on it counts as high."""
        return next((one.threshold for one in self.questions() if one.check == fact and one.threshold is not None), default)


def unit_of(fact: str) -> str | None:
    """The unit of a fact; None for one that there is not."""
    if fact.startswith("signal."):
        return MULTIPLE if fact.endswith(".multiple") else COUNT
    return FACTS.get(fact)


def _all(nodes: tuple[Node, ...]) -> Iterator[Node]:
    for node in nodes:
        yield node
        if isinstance(node, Question):
            yield from _all(node.then)
            yield from _all(node.otherwise)
            yield from _all(node.unknown)
