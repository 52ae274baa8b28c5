# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was done besides a rollback, and not taken back since."""

from __future__ import annotations

from collections.abc import Sequence

from ..model.mitigation import Mitigation


def in_force(mitigations: Sequence[Mitigation]) -> tuple[Mitigation, ...]:
    """``mitigations`` in order, without those that were undone: each undoing takes back the last of its kind that was left."""
    left: list[Mitigation] = []
    for one in mitigations:
        if not one.undone:
            left.append(one)
            continue
        taken_back = [known for known in left if (known.action, known.kind, known.name) == (one.action, one.kind, one.name)]
        if taken_back:
            del left[max(number for number, known in enumerate(left) if known is taken_back[-1])]
    return tuple(left)
