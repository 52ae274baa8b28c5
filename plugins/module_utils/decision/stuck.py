# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pods that wait for something that never comes, and that a restart mends."""

from __future__ import annotations

from ..analysis.error_nature import Nature
from ..model.recommendation import Hypothesis
from ..units import format_change, format_duration
from .ledger import Ledger
from .situation import Situation

STUCK = "Stuck workers"
_FELL = 0.75
"""Multiple of its usual CPU usage down to which a service works noticeably less."""
_AS_EVER = (0.8, 1.25)
_LASTS = 600.0
"""Seconds from which it is nothing that passes by itself."""


def stuck_hypothesis(facts: Situation) -> Hypothesis | None:
    """60 % where the same requests take longer or fail for ten minutes or more, and the processors do less than usual.

    A dependency that is slow looks the same from inside: all that are known have to be well, and the errors not such as one makes.
    """
    cpu, ratio = facts.signal("cpu"), facts.traffic_ratio
    if facts.implicated or cpu is None or cpu.ratio is None or ratio is None or facts.onset.at is None or not facts.symptoms.severe:
        return None
    probed = facts.diagnostics.dependencies.data
    well = probed is not None and bool(probed.health) and not facts.unhealthy_dependencies and facts.error_origin is None
    lasting = (facts.now - facts.onset.at).total_seconds()
    outside = facts.clues.nature is Nature.OUTSIDE or facts.clues.named is not None or bool(facts.clues.others_fail)
    if cpu.ratio > _FELL or not _AS_EVER[0] <= ratio <= _AS_EVER[1] or not well or outside or lasting < _LASTS or facts.recovering:
        return None
    ledger = Ledger(60)
    ledger.add(0, f"{cpu.title} fell ({format_change(cpu.ratio - 1)}) although the requests did not: workers wait for something")
    ledger.add(0, f"It lasts for {format_duration(lasting)}, and all dependencies that were probed are well")
    ledger.check("Take a thread dump of a pod before it is restarted", "See what the waiting threads wait for")
    return ledger.hypothesis("resource_leak", STUCK)
