# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What probably happened, how sure that is, and what to do."""

from __future__ import annotations

from enum import StrEnum

from ..lean import dataclass
from .confidence import Confidence


class Action(StrEnum):
    ROLLBACK = "rollback"
    MONITOR = "monitor"
    INVESTIGATE = "investigate"
    SCALE = "scale"
    RESTART = "restart"
    RAISE_LIMIT = "raise_limit"
    HOTFIX = "hotfix"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Guard:
    """A fact that forbids or lowers an action. ``forbids`` is False when it only lowers the confidence."""

    name: str
    """onset_before_deployment, paused, gitops_owner …"""
    title: str
    detail: str
    forbids: bool


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """``confidence`` is a probability in percent; for and against are sentences that name their evidence."""

    cause: str
    """deployment, dependency, resource_leak, load, crash, node, unknown …"""
    title: str
    confidence: int
    evidence_for: tuple[str, ...] = ()
    evidence_against: tuple[str, ...] = ()
    check_next: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TreeStep:
    """One step of the decision tree: what was asked, what was found, where it led. ``answer`` is yes, no or unknown.

    ``value`` and ``threshold`` are in the unit of the fact that was checked, None for one that is yes or no by itself.
    """

    depth: int
    question: str
    answer: str
    detail: str
    check: str = ""
    value: float | None = None
    comparison: str | None = None
    threshold: float | None = None
    branch: str = ""
    """then, else or unknown"""
    concluded: tuple[str, ...] = ()
    """What the branch concludes: ``resource_leak: restart``."""


@dataclass(frozen=True, slots=True)
class Recommendation:
    """``confidence`` is the recommendation's own, a probability in percent, after guards; ``score`` stands beside it."""

    action: Action
    headline: str
    """"IMMEDIATE ROLLBACK to v2.3.0 (last stable)" """
    confidence: int
    target_version: str | None
    target_revision: int | None
    reasoning: tuple[str, ...]
    hypotheses: tuple[Hypothesis, ...]
    guards: tuple[Guard, ...]
    tree: tuple[TreeStep, ...]
    score: Confidence
    remedies: tuple[str, ...] = ()
    """What to do about the cause, most useful first."""
    next_steps: tuple[str, ...] = ()
    automatic: bool = False
    """Everything but the checks allows an automatic rollback under the policy that was given."""
    automatic_reason: str = ""
    """Why, or why not, in one sentence."""
    known: tuple[str, ...] = ()
    """What the sources saw."""
    inferred: tuple[str, ...] = ()
    """What was concluded from that, and may be wrong."""
    unknown: tuple[str, ...] = ()
    """What the decision had to do without, with the reason."""

    @property
    def root_cause(self) -> str | None:
        return self.hypotheses[0].title if self.hypotheses else None
