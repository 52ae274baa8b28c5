# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A walk through the decision tree, each step written down."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping

from ..lean import dataclass
from ..model.recommendation import TreeStep
from ..units import format_duration, format_value
from .situation import Situation
from .tree import COUNT, ELSE, MULTIPLE, SECONDS, THEN, UNKNOWN, Conclusion, Condition, Node, Question, unit_of
from .tree_facts import Known, known

_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "above": operator.gt,
    "below": operator.lt,
    "at_least": operator.ge,
    "at_most": operator.le,
}
_ANSWERS = {True: "yes", False: "no", None: "unknown"}
_LONG = 60.0


@dataclass(frozen=True, slots=True)
class Walk:
    """The steps in order, and what was concluded on the way."""

    steps: tuple[TreeStep, ...]
    conclusions: tuple[Conclusion, ...]

    def about(self, cause: str) -> tuple[Conclusion, ...]:
        return tuple(one for one in self.conclusions if one.cause == cause)

    def start(self, cause: str, default: int) -> int:
        """Percent from which a hypothesis about the cause starts: the highest that was concluded."""
        return max((one.confidence for one in self.about(cause) if one.confidence is not None), default=default)


def walk(facts: Situation) -> Walk:
    """The walk through the tree of the situation's options."""
    steps: list[TreeStep] = []
    conclusions: list[Conclusion] = []
    for one in _visited(facts.options.tree.nodes, facts, 0):
        if isinstance(one, TreeStep):
            steps.append(one)
        else:
            conclusions.append(one)
    return Walk(tuple(steps), tuple(conclusions))


def _visited(nodes: tuple[Node, ...], facts: Situation, depth: int) -> Iterator[TreeStep | Conclusion]:
    for node in nodes:
        if not all(_holds(condition, facts) for condition in node.conditions):
            continue
        if isinstance(node, Conclusion):
            yield node
            continue
        seen = known(node.check, facts)
        answer = _answer(node, seen)
        branch = {True: node.then, False: node.otherwise, None: node.unknown}[answer]
        inner = list(_visited(branch, facts, depth + 1))
        yield TreeStep(
            depth=depth,
            question=node.ask.replace("{threshold}", _shown(node)),
            answer=_ANSWERS[answer],
            detail=seen.detail,
            check=node.check,
            value=float(seen.value) if seen.value is not None and not isinstance(seen.value, bool) else None,
            comparison=node.comparison,
            threshold=node.threshold,
            branch={True: THEN, False: ELSE, None: UNKNOWN}[answer],
            concluded=tuple(_told(one) for one in inner if isinstance(one, Conclusion) and one in branch),
        )
        yield from inner


def _holds(condition: Condition, facts: Situation) -> bool:
    """A fact that is not known does not hold, and neither does its opposite."""
    value = known(condition.fact, facts).value
    return value is not None and bool(value) is condition.wanted


def _answer(question: Question, seen: Known) -> bool | None:
    if seen.value is None:
        return seen.verdict
    if question.comparison is None or question.threshold is None:
        return bool(seen.value)
    if seen.verdict is not None and question.comparison in ("above", "at_least"):
        return seen.verdict
    return _COMPARE[question.comparison](float(seen.value), question.threshold)


def _shown(question: Question) -> str:
    if question.threshold is None:
        return ""
    unit = unit_of(question.check)
    if unit == SECONDS and question.threshold >= _LONG:
        return format_duration(question.threshold)
    if unit == MULTIPLE:
        return f"{question.threshold:g}x"
    return f"{question.threshold:g}" if unit == COUNT else format_value(question.threshold, unit or "number")


def _told(conclusion: Conclusion) -> str:
    sure = f" ({conclusion.confidence}%)" if conclusion.confidence is not None else ""
    return f"{conclusion.cause}{sure}{f': {conclusion.action}' if conclusion.action else ''}"
