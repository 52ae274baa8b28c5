# SPDX-License-Identifier: GPL-3.0-or-later
"""What a scenario says is the right answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Truth:
    """The right answer, for whoever checks one."""

    action: Literal["rollback", "investigate", "monitor", "restart", "scale", "raise_limit", "hotfix", "none"]
    cause: str
    acceptable: tuple[Literal["rollback", "investigate", "monitor", "restart", "scale", "raise_limit", "hotfix", "none"], ...] = ()
    """Further actions that an experienced engineer would find right."""
    kinds: tuple[str, ...] = ()
    """The causes of a recommendation that name it: deployment, dependency, resource_leak, load …"""
    target: str | None = None
    because: tuple[str, ...] = ()
