# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which pods fail requests while others beside them do not: they get the same requests and ask the same dependencies."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..lean import dataclass
from ..model.metrics import PodShare
from ..model.workload import Pod, WorkloadState

_FAILS = 0.05
"""Share of failed requests from which a pod fails."""
_APART = 5.0
"""Multiple of the other pods' shares from which two groups are told apart."""
_NEGLIGIBLE = 0.01
_PLACES = (
    re.compile(r"(.+)-[a-z0-9]{6,10}-[a-z0-9]{5}"),
    re.compile(r"(.+)-\d{1,5}"),
    re.compile(r"(.+)-[bcdfghjklmnpqrstvwxz2456789]{5}"),
)
"""How a Deployment, a StatefulSet and a DaemonSet call their pods."""


@dataclass(frozen=True, slots=True)
class PodSplit:
    """Pods of the workload, by whether they fail requests. ``beside`` are names of pods of another workload, counted as this service's."""

    failing: tuple[Pod, ...]
    well: tuple[Pod, ...]
    beside: tuple[str, ...] = ()

    @property
    def only_revision(self) -> str | None:
        """The one revision whose pods fail, all of them, while those of another are well; None where it is not so."""
        failing, well = _revisions(self.failing), _revisions(self.well)
        return next(iter(failing)) if len(failing) == 1 and well and not failing & well else None

    @property
    def some_of_a_revision(self) -> bool:
        """Whether pods fail that are no more than half of those of their revision: what tells them apart is not the version."""
        for one in _revisions(self.failing):
            bad = sum(pod.revision_hash == one for pod in self.failing)
            if 2 * bad > bad + sum(pod.revision_hash == one for pod in self.well):
                return False
        return bool(self.failing) and bool(self.well)

    @property
    def both_revisions(self) -> bool:
        """Whether pods of several revisions fail, and none of the pods is well."""
        return len(_revisions(self.failing)) > 1 and not self.well and not self.beside

    @property
    def other_workload(self) -> str | None:
        """The other workload in whose pods alone requests fail; None where it is not so."""
        if self.failing or not self.well or not self.beside:
            return None
        found = {workload_of(name) for name in self.beside}
        return next(iter(found)) if len(found) == 1 else None


def pod_split(shares: Sequence[PodShare], state: WorkloadState | None) -> PodSplit | None:
    """Who fails and who does not, of the pods that serve at this moment; None where nobody knows, or it is no clear matter.

    Pods that are gone still count in what is measured over minutes; of other workloads only those that fail are looked at.
    """
    if state is None or not shares:
        return None
    serving = {pod.name: pod for pod in state.pods if not pod.terminating}
    ours = workload_of(state.pods[0].name) if state.pods else state.name
    known = [one for one in shares if one.pod in serving or workload_of(one.pod) not in (ours, state.name)]
    worst = max((one.error_rate for one in known), default=0.0)
    if worst < _FAILS:
        return None
    fine = max(worst / (2 * _APART), _NEGLIGIBLE)
    if any(fine < one.error_rate < max(worst / _APART, _FAILS) for one in known):
        return None
    bad = [one for one in known if one.error_rate > fine]
    return PodSplit(
        tuple(serving[one.pod] for one in bad if one.pod in serving),
        tuple(serving[one.pod] for one in known if one.pod in serving and one.error_rate <= fine),
        tuple(one.pod for one in bad if one.pod not in serving),
    )


def workload_of(pod: str) -> str:
    """The name of the workload that a pod of this name belongs to."""
    for form in _PLACES:
        found = form.fullmatch(pod)
        if found is not None:
            return found[1]
    return pod


def _revisions(pods: Sequence[Pod]) -> frozenset[str | None]:
    return frozenset(pod.revision_hash for pod in pods)
