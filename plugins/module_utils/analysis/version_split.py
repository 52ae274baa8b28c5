# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two versions side by side, under the same load and with the same dependencies: the strongest evidence there is."""

from __future__ import annotations

from collections.abc import Sequence

from ..model.logs import LogPattern
from ..model.workload import Pod


def only_in(version: str | None, patterns: Sequence[LogPattern], pods: Sequence[Pod]) -> LogPattern | None:
    """The most frequent of ``patterns`` if only pods of ``version`` log it, while those of another version serve too."""
    if not _side_by_side(version, pods) or not patterns:
        return None
    return patterns[0] if set(patterns[0].versions) == {version} else None


def in_both(version: str | None, patterns: Sequence[LogPattern], pods: Sequence[Pod]) -> LogPattern | None:
    """The most frequent of ``patterns`` if pods of ``version`` and of another one that runs beside it log it alike."""
    if not _side_by_side(version, pods) or not patterns:
        return None
    others = {pod.version for pod in pods if pod.version != version}
    return patterns[0] if version in patterns[0].versions and others & set(patterns[0].versions) else None


def _side_by_side(version: str | None, pods: Sequence[Pod]) -> bool:
    """Whether pods of that version and of another one run; those that can't start say nothing about errors."""
    running = {pod.version for pod in pods if pod.ready or pod.restarts}
    return version in running and any(other not in (None, version) for other in running)
