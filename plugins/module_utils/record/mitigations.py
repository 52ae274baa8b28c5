# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was done besides a rollback, and not taken back since."""

from __future__ import annotations

from collections.abc import Sequence

from ..model.mitigation import Mitigation


def in_force(mitigations: Sequence[Mitigation]) -> tuple[Mitigation, ...]:
    """``mitigations`` in order, without those that were undone: each undoing takes back the last of its kind that was left,
    or all of them since the one that had begun where it ends.

    One that began where an earlier one had begun has replaced it: that one was taken back meanwhile, by hand or by a run that could not say
    so any more.
    """
    left: list[Mitigation] = []
    for one in mitigations:
        same = [known for known in left if (known.action, known.kind, known.name) == (one.action, one.kind, one.name)]
        begun = [number for number, known in enumerate(same) if known.before == (one.after if one.undone else one.before)]
        over = same[begun[-1] :] if begun else same[-1:] if one.undone else []
        left = [known for known in left if not any(known is gone for gone in over)]
        if not one.undone:
            left.append(one)
    return tuple(left)
