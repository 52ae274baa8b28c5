# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The facts that the decision turns on, drawn once from the evidence."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import field
from datetime import datetime, timedelta

from ..analysis.contribution import PROMPT
from ..analysis.error_nature import Nature
from ..analysis.pods import cannot_start_anew, crashing, failing, fails_to_start_again, killed_again
from ..analysis.rollout_end import rollout_end
from ..analysis.signals import USER_FELT, worsening
from ..analysis.stability import first_rolled_out, last_stable, same_template, still_rolling_out
from ..analysis.waiting import Cause, Slowdown, answering_as_ever, slowdown
from ..analysis.weekly import as_a_week_ago
from ..lean import dataclass
from ..model.dependencies import DependencyHealth
from ..model.diagnostics import Diagnostics
from ..model.finding import Level
from ..model.metrics import Shape, Signal
from ..model.rollout import Revision, Rollouts
from ..model.traces import Operation
from ..model.workload import UNSTARTABLE, Pod, WorkloadState
from .calibration import MEASURED, Calibration
from .clues import Clues, clues
from .incident_onset import IncidentOnset, incident_onset
from .missing_index import MissingIndex
from .scoring import DEFAULT_SCORING, Scoring
from .symptoms import HIGH_ERROR_RATE, HIGH_LATENCY, Symptoms, symptoms
from .tree import Tree
from .tree_default import DEFAULT_TREE

RECENT = 4 * 3600.0
"""Seconds for which a deployment is recent: the first question of the decision tree."""
FOLLOWS = 3600.0
"""Seconds after a deployment within which an onset makes it suspect even when it is no longer recent."""
_SATURATED = 0.7
"""Share of a capacity below which nobody would call it used up, whatever a team warns at."""
_EXHAUSTED = 0.95
AFTER_FIRST_REQUESTS = 60.0
"""Seconds after a rollout was complete by which a version that asks the wrong host, or asks it wrongly, has shown it."""
_DEADLINE = 600.0
"""Seconds without progress after which a rollout has failed, by default (``progressDeadlineSeconds``)."""
_USUAL_ROLLOUT = timedelta(seconds=120)
_SLOWER = 2.0
"""Multiple of its usual time from which an operation is part of the trouble."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A rollback of this incident that was begun; ``state`` is as the record has it (``not_recovered`` ...)."""

    state: str
    to_version: str | None = None
    to_revision: int | None = None


@dataclass(frozen=True, slots=True)
class Options:
    """``target`` is a revision somebody asked for; None to choose the last stable one. ``severity`` is P0 to P3 where it is known."""

    severity: str | None = None
    rollback_allowed: bool = True
    use_logs_only: bool = False
    scoring: Scoring = field(default=DEFAULT_SCORING)
    target: Revision | None = None
    tree: Tree = field(default=DEFAULT_TREE)
    attempts: tuple[Attempt, ...] = ()
    """Rollbacks of this incident so far, oldest first."""
    calibration: Calibration = field(default=MEASURED)


@dataclass(frozen=True, slots=True)
class Situation:
    """``suspect`` is the revision whose rollout fits the onset best: the current one, or an earlier one that the errors began with.

    ``delay`` is seconds from the suspect's rollout to the onset, None when either is not known; ``age`` seconds since its rollout.
    """

    diagnostics: Diagnostics
    now: datetime
    options: Options
    symptoms: Symptoms
    onset: IncidentOnset
    suspect: Revision | None
    suspect_since: datetime | None
    age: float | None
    delay: float | None
    target: Revision | None
    failing: tuple[Pod, ...]
    crashing: tuple[Pod, ...]
    clues: Clues

    @property
    def rollouts(self) -> Rollouts | None:
        return self.diagnostics.rollouts.data

    @property
    def workload(self) -> WorkloadState | None:
        return self.diagnostics.workload.data

    @property
    def recent(self) -> bool | None:
        """Whether the suspect was deployed within the last four hours; None when that is not known."""
        return None if self.age is None else self.age < RECENT

    @property
    def implicated(self) -> bool:
        """Whether a deployment comes into question at all: a recent one, or one that the trouble followed closely."""
        follows = self.delay is not None and -self.onset.tolerance <= self.delay <= FOLLOWS
        return bool(self.recent) or follows

    @property
    def began_before(self) -> bool:
        """Whether the trouble began before the suspect was deployed, by more than the onset may be off."""
        return self.delay is not None and self.delay < -self.onset.tolerance

    @property
    def still_rolling_out(self) -> bool:
        """Whether the suspect is still on its way, so that trouble that comes late may still come with it."""
        return self.rollouts is not None and not self.earlier_suspect and still_rolling_out(self.rollouts, self.workload)

    @property
    def settled_for(self) -> float | None:
        """Seconds from the end of the suspect's rollout to the onset; None where either is not known, or the rollout was not over."""
        if self.onset.at is None or self.suspect_since is None or self.suspect is None or self.still_rolling_out:
            return None
        state = self.workload
        mine = [pod.created_at for pod in state.pods if self._runs_suspect(pod)] if state else []
        done = rollout_end(self.suspect_since, mine)
        if done is None and mine and min(mine) >= self.suspect_since:
            # Its first pods are gone. Those that were there when it began had run; else it took as long as most rollouts do.
            earlier = [at for at in mine if at <= self.onset.at]
            done = max(earlier, default=self.suspect_since + _USUAL_ROLLOUT)
        return (self.onset.at - done).total_seconds() if done is not None else None

    def had_run_for(self, seconds: float) -> bool:
        """Whether the suspect's rollout was over for so long when it began, as exactly as that is known."""
        settled = self.settled_for
        return settled is not None and settled > seconds + self.onset.tolerance / 2

    @property
    def earlier_suspect(self) -> bool:
        return self.suspect is not None and not self.suspect.current

    def signal(self, name: str) -> Signal | None:
        return self.diagnostics.metrics.data.signal(name) if self.diagnostics.metrics.data else None

    @property
    def gradual(self) -> bool:
        """Whether what users feel grew over half an hour or more."""
        shapes = {name: signal.shape for name in USER_FELT if (signal := self.signal(name)) and signal.onset is not None}
        if len(shapes) > 1:
            # Estimated from a histogram, the median jumps from bucket to bucket.
            shapes.pop("latency_p50", None)
        return Shape.GRADUAL in shapes.values() and Shape.SUDDEN not in shapes.values()

    @property
    def slower(self) -> bool:
        """Whether requests take longer than they did."""
        latency = self.signal("latency_p95")
        return latency is not None and latency.onset is not None and (worsening(latency) or 0.0) >= _SLOWER

    @property
    def recovering(self) -> bool:
        """Whether all that users feel is getting better by itself, and no pod fails."""
        felt = [signal for name in USER_FELT if (signal := self.signal(name)) and signal.onset is not None]
        if len(felt) > 1:
            felt = [signal for signal in felt if signal.name != "latency_p50"]
        return bool(felt) and all(signal.recovering for signal in felt) and not self.failing

    @property
    def as_every_week(self) -> tuple[Signal, ...]:
        """What users feel, where all of it was so a week ago at this time and on no other day; empty where it is more, or an outage."""
        worse = set(self.symptoms.degraded)
        found = tuple(one for name in USER_FELT if (one := self.signal(name)) and one.title in worse and as_a_week_ago(one) is not None)
        told = self.symptoms
        outage = told.high_errors is not False or told.crashes or told.logged or self.failing
        return found if worse and not outage and worse == {one.title for one in found} else ()

    @property
    def unhealthy_dependencies(self) -> tuple[DependencyHealth, ...]:
        """Worst first: what does not work, then what is critical, then what is fullest."""
        known = self.diagnostics.dependencies.data.health if self.diagnostics.dependencies.data else ()
        bad = [one for one in known if one.level in (Level.WARNING, Level.CRITICAL) and (saturated(one) or not self.answers_as_ever(one))]
        if self.missing_index is not None:
            # What asks it without an index is the suspect: that it is slow is a consequence.
            bad = [one for one in bad if not only_lacks_index(one)]
        return tuple(sorted(bad, key=lambda one: (unreachable(one), one.level is Level.CRITICAL, _share(one)), reverse=True))

    def answers_as_ever(self, dependency: DependencyHealth) -> bool:
        """Whether traces show that it answers the service as the day before: then only a probe from elsewhere found it wanting."""
        traces = self.diagnostics.traces.data
        found = answering_as_ever(traces.waiting) if traces else ()
        names = {name for text in (dependency.name, dependency.address) for name in _names(text)}
        return any(names & _names(peer) for peer in found)

    @property
    def table_scan(self) -> Operation | None:
        """The statement of which the trace itself says that it used no index, and that is new or much slower than it was."""
        traces = self.diagnostics.traces.data
        scans = [operation for operation in traces.bottlenecks if operation.table_scan] if traces else []
        return next((scan for scan in scans if scan.self_time >= _SLOWER * (scan.baseline_self_time or 0.0)), None)

    @property
    def missing_index(self) -> MissingIndex | None:
        """The index that the suspect's statements lack; None when there is none, or nothing says that they are the suspect's.

        As the traces say; or as a database says that was asked, of a statement that runs at this moment, where the trouble came with the
        suspect: that a statement is slow does not tell since when it is.
        """
        scan = self.table_scan
        if scan is not None and scan.table_scan is not None:
            return MissingIndex(scan.table_scan, scan.statement or scan.operation, "Traces show")
        known = self.diagnostics.dependencies.data
        if self.delay is None or not -self.onset.tolerance <= self.delay <= PROMPT or not self.symptoms.any:
            return None
        for health in known.health if known else ():
            for one in sorted(health.statements, key=lambda statement: -statement.running):
                if one.missing_index and one.running:
                    return MissingIndex(one.missing_index, one.statement, f"{health.title} shows")
        return None

    @property
    def old_pods_failing(self) -> tuple[Pod, ...]:
        """Failing pods that run another revision than the suspect."""
        return tuple(pod for pod in self.failing if self._runs_suspect(pod) is False)

    @property
    def only_new_pods_fail(self) -> bool:
        """Whether pods of the suspect fail while pods of another revision are well: the same load, the same dependencies."""
        state = self.workload
        well = any(pod.ready and self._runs_suspect(pod) is False for pod in state.pods) if state else False
        return well and not self.old_pods_failing and any(self._runs_suspect(pod) for pod in self.failing)

    @property
    def untried(self) -> bool:
        """Whether the pods that crash did start once and no pod of another version was started since: that one might not start either."""
        if not self.crashing or not all(fails_to_start_again(pod) for pod in self.crashing) or self.onset.at is None:
            return False
        others = [pod for pod in (self.workload.pods if self.workload else ()) if self._runs_suspect(pod) is False and not pod.terminating]
        return not any(pod.ready and max(pod.created_at, pod.last_restart_at or pod.created_at) > self.onset.at for pod in others)

    @property
    def start_lost(self) -> tuple[Pod, ...]:
        """The failing pods, where others of their revision run and these, made after its rollout, can't be started: no version's fault."""
        return () if self.still_rolling_out or self.workload is None else cannot_start_anew(self.workload.pods, self.now)

    @property
    def stands_still(self) -> bool:
        """Whether the rollout has stood for ten minutes at pods that do not come up, while those of the version before are well."""
        mine = [pod for pod in self.failing if self._runs_suspect(pod)]
        oldest = max(((self.now - pod.created_at).total_seconds() for pod in mine), default=0.0)
        return self.only_new_pods_fail and not any(pod.restarts for pod in mine) and self.still_rolling_out and oldest >= _DEADLINE

    def _runs_suspect(self, pod: Pod) -> bool | None:
        """Whether the pod runs what the suspect runs, which it was perhaps only restarted with; None when that can't be told."""
        suspect = self.suspect
        if suspect is None or suspect.template_hash is None or pod.revision_hash is None:
            return None
        alike = [one.template_hash for one in self.rollouts.revisions if same_template(one, suspect)] if self.rollouts else []
        return pod.revision_hash in (suspect.template_hash, *alike)

    @property
    def code_evidence(self) -> bool:
        """Evidence that points at the suspect's own code or configuration, and not merely at the time."""
        return self.missing_index is not None or self.code_clue is not None

    @property
    def code_clue(self) -> str | None:
        """What that evidence is, but for a table scan, in a sentence."""
        found = self.clues
        if self.only_new_pods_fail and not self.untried:
            return "Evidence in the version itself: only its pods fail, those of the version before are well"
        if not self.start_lost and any(pod.reason in UNSTARTABLE and self._runs_suspect(pod) is not False for pod in self.crashing):
            return "Evidence in the version itself: its pods can't be started"
        if found.only_new is not None:
            return f"Only its pods log this, not those of the version that runs beside it: {found.only_new.template}"
        if found.split is not None and self.suspect is not None and found.split.only_revision == (self.suspect.template_hash or ""):
            return "Requests fail in its pods alone, and not in those of the version that runs beside it"
        # Who calls another is in the stack of every call that this one fails, and had made such calls well.
        alien = found.nature is Nature.OUTSIDE and self.had_run_for(AFTER_FIRST_REQUESTS)
        if found.changed_file is not None and not self.began_before and not alien:
            return f"Stack traces of the errors name {found.changed_file}, which it changed"
        if found.growth is not None and not self.began_before:
            return f"{found.growth.title} has been growing since it was deployed, before anybody felt it"
        asks = self.slowdown
        if asks is not None and asks.cause is Cause.CALLS and self.delay is not None and -self.onset.tolerance <= self.delay <= PROMPT:
            return f"Its requests take longer since it {asks.told}"
        return None

    @property
    def slowdown(self) -> Slowdown | None:
        """What the traces say about where the time goes of requests that take longer than they did."""
        traces = self.diagnostics.traces.data
        return slowdown(traces.waiting) if traces and (self.slower or self.symptoms.high_latency) else None

    @property
    def error_origin(self) -> tuple[str, int] | None:
        """The other service in which most failed traces begin to fail, and in how many; None when they begin in this one."""
        traces = self.diagnostics.traces.data
        own = self.diagnostics.service.trace_service or self.diagnostics.service.name
        if traces is None or not traces.error_services:
            return None
        name, count = max(traces.error_services, key=lambda pair: pair[1])
        return (name, count) if name != own and 2 * count > sum(number for _unused, number in traces.error_services) else None

    @property
    def traffic_ratio(self) -> float | None:
        """Traffic as a multiple of its baseline; None where either is unknown or there was none before."""
        traffic = self.signal("request_rate")
        return traffic.ratio if traffic else None


def situation(diagnostics: Diagnostics, now: datetime, options: Options) -> Situation:
    """The facts at ``now``."""
    rollouts, workload = diagnostics.rollouts.data, diagnostics.workload.data
    pods = workload.pods if workload else ()
    onset = incident_onset(diagnostics)
    suspect, since = _suspect(rollouts, onset)
    felt = symptoms(diagnostics, options.tree.limit("error_rate", HIGH_ERROR_RATE), options.tree.limit("latency_p95", HIGH_LATENCY))
    return Situation(
        diagnostics=diagnostics,
        now=now,
        options=options,
        symptoms=felt,
        onset=onset,
        suspect=suspect,
        suspect_since=since,
        age=max((now - since).total_seconds(), 0.0) if since else None,
        delay=(onset.at - since).total_seconds() if since and onset.at else None,
        target=options.target or (last_stable(rollouts, suspect) if rollouts and suspect else None),
        failing=failing(pods, now),
        crashing=crashing(pods, now) or _killed_since(pods, now, onset),
        clues=clues(diagnostics, suspect, since, onset.at, felt.about),
    )


def _names(address: str) -> frozenset[str]:
    """What somebody may be called whose address this is: ``ledger``, of ``http://ledger.money:8080/`` as well."""
    host = address.casefold().partition("://")[2] or address.casefold()
    host = re.split(r"[:/?]", host.rpartition("@")[2])[0]
    return frozenset({host, host.partition(".")[0]} - {""})


def unreachable(dependency: DependencyHealth) -> bool:
    """Whether it does not work at all, rather than being short of something that its users use up."""
    return dependency.level is Level.CRITICAL and not saturated(dependency) and not only_lacks_index(dependency)


def only_lacks_index(dependency: DependencyHealth) -> bool:
    """Whether all that is wrong with it are statements that lack an index."""
    lacking = {f"Missing index on {one.missing_index}" for one in dependency.statements if one.missing_index}
    return bool(lacking) and all(problem in lacking for problem in dependency.problems or (dependency.detail,))


def exhausted(dependency: DependencyHealth) -> bool:
    """Whether there is as good as nothing left of it."""
    return saturated(dependency) and _share(dependency) >= _EXHAUSTED


def saturated(dependency: DependencyHealth) -> bool:
    """Whether it is known to be nearly used up. One that is down is not: it may well have no connections left at all."""
    return _share(dependency) >= _SATURATED and dependency.level in (Level.WARNING, Level.CRITICAL)


def _share(dependency: DependencyHealth) -> float:
    return dependency.used / dependency.capacity if dependency.used is not None and dependency.capacity else 0.0


def _killed_since(pods: Sequence[Pod], now: datetime, onset: IncidentOnset) -> tuple[Pod, ...]:
    """Pods that the memory limit ends again and again, also since it began: ends from before are not what it is about."""
    again = killed_again(pods, now)
    if onset.at is None:
        return again
    ends = [pod.last_restart_at for pod in again if pod.last_restart_at is not None]
    return again if any((at - onset.at).total_seconds() >= -onset.tolerance for at in ends) else ()


def _suspect(rollouts: Rollouts | None, onset: IncidentOnset) -> tuple[Revision | None, datetime | None]:
    """The current revision, unless the trouble is older than it and began within an hour after an earlier one was rolled out."""
    if rollouts is None:
        return None, None
    current, since = rollouts.current, first_rolled_out(rollouts.current, rollouts)
    if onset.at is None or since is None or (onset.at - since).total_seconds() >= -onset.tolerance:
        return current, since
    for revision in rollouts.revisions:
        began = first_rolled_out(revision, rollouts)
        if revision.current or began is None or same_template(revision, current):
            continue
        if -onset.tolerance <= (onset.at - began).total_seconds() <= FOLLOWS:
            return revision, began
    return current, since
