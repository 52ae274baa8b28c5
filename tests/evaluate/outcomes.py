# SPDX-License-Identifier: GPL-3.0-or-later
"""Outcomes for tests, told in a few words."""

from __future__ import annotations

from evaluate.case import Case, Outcome


def outcome(truth: str, said: str, confidence: int = 90, **more: object) -> Outcome:
    """One of a scenario whose right actions are ``truth``, separated by slashes, and to which ``said`` was recommended."""
    given: dict[str, object] = {"kinds": ("deployment",), "cause": "a cause", "named": "deployment", **more}
    case = Case(str(given.pop("scenario", "name")), 0)
    return Outcome(case=case, actions=tuple(truth.split("/")), action=said, confidence=confidence, **given)  # type: ignore[arg-type]
