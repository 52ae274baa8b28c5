# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The answer to one question that must be settled before something is changed."""

from __future__ import annotations

from enum import StrEnum

from ..lean import dataclass


class Verdict(StrEnum):
    PASS = "pass"
    FAIL = "fail"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Check:
    """``name`` is a stable key (``target_exists``, ``permission``); ``title`` the line a person reads. Unknown is not pass."""

    name: str
    verdict: Verdict
    title: str
    detail: str
    overridable: bool = True
    """Whether it could be done all the same: False where it would be refused, or change nothing."""
