# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pods that wait for something that never comes, and that a restart mends."""

from __future__ import annotations

from ..analysis.error_nature import Nature
from ..model.recommendation import Hypothesis
from ..units import format_change, format_duration
from .ledger import Ledger
from .rivals import busy_node, slow_peer, taken_by_node
from .situation import Situation

STUCK = "Stuck workers"
_FELL = 0.75
"""Multiple of its usual CPU usage down to which a service works noticeably less."""
_AS_EVER = (0.8, 1.25)
_LASTS = 600.0
"""Seconds from which it is nothing that passes by itself."""


def stuck_hypothesis(facts: Situation) -> Hypothesis | None:
    """60 % where the same requests take longer or fail for ten minutes or more, and the processors do less than usual.

    A dependency that is slow looks the same from inside: all that are known have to be well, and the errors not such as one makes; or some
    of the pods do not answer any more while others, on other nodes as well, do, which a dependency would hit alike.
    """
    cpu, ratio = facts.signal("cpu"), facts.traffic_ratio
    if cpu is None or cpu.ratio is None or ratio is None or facts.onset.at is None or not facts.symptoms.severe:
        return None
    probed = facts.diagnostics.dependencies.data
    well = probed is not None and bool(probed.health) and not facts.unhealthy_dependencies and facts.error_origin is None
    some = _some_do_not_answer(facts)
    if not some and (facts.implicated or not well):
        return None
    lasting = (facts.now - facts.onset.at).total_seconds()
    outside = facts.clues.nature is Nature.OUTSIDE or facts.clues.named is not None or bool(facts.clues.others_fail)
    outside = outside or bool(facts.unhealthy_dependencies) or facts.error_origin is not None or slow_peer(facts) is not None
    if cpu.ratio > _FELL or not _AS_EVER[0] <= ratio <= _AS_EVER[1] or outside or lasting < _LASTS or facts.recovering:
        return None
    ledger = Ledger(60)
    ledger.add(0, f"{cpu.title} fell ({format_change(cpu.ratio - 1)}) although the requests did not: workers wait for something")
    if some:
        ledger.add(0, f"{len(facts.failing)} pods do not answer any more while others are well")
    if well:
        ledger.add(0, f"It lasts for {format_duration(lasting)}, and all dependencies that were probed are well")
    ledger.check("Take a thread dump of a pod before it is restarted", "See what the waiting threads wait for")
    return ledger.hypothesis("resource_leak", STUCK)


def _some_do_not_answer(facts: Situation) -> bool:
    """Whether pods that ran well for a while fail their probes, and neither all of them nor those of one node, and none was restarted."""
    pods = facts.workload.pods if facts.workload else ()
    since = facts.onset.at
    late = bool(facts.failing) and all(
        pod.phase == "Running" and not pod.restarts and since is not None and (since - pod.created_at).total_seconds() >= _LASTS
        for pod in facts.failing
    )
    return late and any(pod.ready for pod in pods) and busy_node(facts) is None and not taken_by_node(facts)
