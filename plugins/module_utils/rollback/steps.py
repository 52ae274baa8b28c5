# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the number of pods was changed by us, kept on the object that was changed, by the very request that changed it.

So the way back is known although the run that changed it was killed before it could say so, on whichever controller it ran. An annotation
holds the steps, oldest first; they count only as long as they led to what there is now.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ..evidence.objects import annotations_of, mapping, sequence
from ..lean import dataclass
from .intent import annotate

SCALED = "incident-response.devops/scaled"
_KEPT = 10
"""Steps that are kept at most."""


@dataclass(frozen=True, slots=True)
class ScaleStep:
    """``wanted`` pods were asked for ``at`` (ISO 8601, UTC); ``before`` and ``after`` are the fields that were changed for it."""

    before: Mapping[str, int]
    after: Mapping[str, int]
    wanted: int
    at: str


def steps_of(found: Mapping[str, Any]) -> tuple[ScaleStep, ...]:
    """The steps that ``found`` carries; none where they can't be read."""
    try:
        listed = sequence(json.loads(annotations_of(found)[SCALED]))
        return tuple(
            ScaleStep(_numbers(one["before"]), _numbers(one["after"]), int(one["wanted"]), str(one["at"])) for one in map(mapping, listed)
        )
    except (KeyError, TypeError, ValueError):
        return ()


def keep_steps(found: Mapping[str, Any], steps: Sequence[ScaleStep]) -> list[dict[str, Any]]:
    """Operations that leave exactly ``steps`` on ``found``."""
    kept = [{"before": dict(one.before), "after": dict(one.after), "wanted": one.wanted, "at": one.at} for one in steps[-_KEPT:]]
    return annotate(found, SCALED, json.dumps(kept, sort_keys=True) if kept else None)


def _numbers(fields: Any) -> dict[str, int]:
    if not isinstance(fields, dict) or not fields:
        raise ValueError("no fields")
    return {str(name): int(value) for name, value in fields.items()}
