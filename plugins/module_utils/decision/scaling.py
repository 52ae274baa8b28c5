# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pods that were taken away, or moved, without a rollout: the same version serves the same requests with fewer or with cold pods."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from ..analysis.wording import plural
from ..model.recommendation import Hypothesis
from ..model.workload import ClusterEvent, Pod
from .ledger import Ledger
from .situation import FOLLOWS, Situation

_SCALED_DOWN = re.compile(r"^Scaled down replica set (\S+) from (\d+) to (\d+)")
_NEW_SIZE = re.compile(r"^New size: \d+; reason: (?:.* (above|below) target)")
_MUCH = 2 / 3
"""Part of the pods that is left, up to which the rest notices it."""
_BEFORE, _MOMENTS, _AFTER = timedelta(minutes=10), timedelta(minutes=3), timedelta(minutes=1)
_APART = timedelta(minutes=5)
"""After the end of a rollout, from which a pod that is made is none of it."""
_TIMES = 2
"""How often an autoscaler went each way within the events that the cluster keeps, for an hour, from which it does not find its size."""


def fewer_pods_hypothesis(facts: Situation) -> Hypothesis | None:
    """The workload was scaled down by a third or more just before it began, and still is: 85 %."""
    taken = _scaled_down(facts)
    if taken is None:
        return None
    at, before, now = taken
    ledger = Ledger(85)
    ledger.add(0, f"It was scaled down from {before} to {plural(now, 'pod')} at {at:%H:%M}, just before it began")
    ledger.check("See who scaled it down: kubectl get deployment --show-managed-fields, the audit log, the GitOps repository")
    return ledger.hypothesis("load", f"Fewer pods than before: {now} of {before}")


def _scaled_down(facts: Situation) -> tuple[datetime, int, int] | None:
    """When the pods of the current revision were made fewer, from how many, to how many; None where nothing tells, or they are back."""
    state, rollouts, began = facts.workload, facts.rollouts, facts.onset.at
    if state is None or rollouts is None or began is None or facts.still_rolling_out:
        return None
    for event in reversed(state.events):
        found = _SCALED_DOWN.match(event.message)
        if found is None or not found[1].endswith(f"-{rollouts.current.template_hash}"):
            continue
        before, now = int(found[2]), int(found[3])
        if now <= _MUCH * before and state.desired <= now and began - _BEFORE <= event.first_seen <= began + _AFTER:
            return event.first_seen, before, now
    return None


def unsteady_hypothesis(facts: Situation) -> Hypothesis | None:
    """The autoscaler went up and down again and again, and no deployment of the last hour may have made it: 70 %."""
    if facts.workload is None or facts.code_evidence or (facts.age is not None and facts.age <= FOLLOWS):
        return None
    ways = {"above": 0, "below": 0}
    for event in facts.workload.events:
        found = _NEW_SIZE.match(event.message) if event.object_kind == "HorizontalPodAutoscaler" else None
        if found is not None:
            ways[found[1]] += event.count
    if min(ways.values()) <= _TIMES:
        return None
    ledger = Ledger(70)
    ledger.add(0, f"The autoscaler went up {plural(ways['above'], 'time')} and down {plural(ways['below'], 'time')} within the last hour")
    ledger.check("Raise its minimum, or let it wait before it scales down (behavior.scaleDown.stabilizationWindowSeconds)")
    return ledger.hypothesis("load", "The autoscaler goes up and down")


def moved_hypothesis(facts: Situation) -> Hypothesis | None:
    """Pods of the same revision were taken away and made anew as it began, as when nodes are drained: 75 %."""
    moved = pods_moved(facts)
    if not moved:
        return None
    ledger = Ledger(75)
    ledger.add(0, f"{plural(len(moved), 'pod')} of the same version were made anew since it began, and not by a rollout, as in a drain")
    cordoned = [node.name for node in facts.workload.surroundings.nodes if not node.schedulable] if facts.workload else []
    if cordoned:
        ledger.add(0, f"Node {cordoned[0]} is cordoned")
    ledger.check(
        "See whether nodes are drained or replaced: kubectl get nodes", "Give the workload a PodDisruptionBudget and a preStop hook"
    )
    return ledger.hypothesis("node", "Pods are moved from node to node")


def pods_moved(facts: Situation) -> tuple[Pod, ...]:
    """Pods that took the place of others of their revision, the first of them as it began; none unless it is a third of all."""
    state, rollouts, began, since = facts.workload, facts.rollouts, facts.onset.at, facts.suspect_since
    if state is None or rollouts is None or began is None or since is None or facts.still_rolling_out or facts.earlier_suspect:
        return ()
    if facts.failing:
        return ()  # what takes the place of pods that fail is a consequence
    mine = [pod for pod in state.pods if pod.revision_hash == rollouts.current.template_hash and not pod.restarts]
    anew = sorted((pod for pod in mine if pod.created_at >= max(since + _APART, began - _MOMENTS)), key=lambda pod: pod.created_at)
    if len(anew) < max(_TIMES, state.desired / 3) or anew[0].created_at > began + _AFTER or len(mine) < state.desired:
        return ()
    stopped = sum(event.count for event in state.events if _stopped(event) and event.last_seen >= began - _MOMENTS)
    return tuple(anew) if stopped >= len(anew) or (state.autoscaler is None and not stopped) else ()


def _stopped(event: ClusterEvent) -> bool:
    """Whether a pod was taken away. One that fails its liveness probe is told of in other words."""
    return event.reason == "Killing" and event.message.startswith("Stopping container")
