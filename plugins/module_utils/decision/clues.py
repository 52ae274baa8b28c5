# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clues that point at a cause by more than the time at which things happened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from ..analysis.contribution import PROMPT
from ..analysis.error_nature import Nature, nature, of_clients
from ..analysis.growth import growing_since, memory_since
from ..analysis.log_signs import Sign, configuration_change, main_errors, named_cause
from ..analysis.pod_split import PodSplit, pod_split
from ..analysis.pods import killed_again, killed_lately
from ..analysis.signals import worsening
from ..analysis.stack_frames import touched
from ..analysis.version_split import in_both, only_in
from ..lean import dataclass
from ..model.diagnostics import Diagnostics
from ..model.logs import LogPattern
from ..model.metrics import Metrics, Neighbour, Signal
from ..model.rollout import Revision
from ..model.workload import Pod
from .around import certificate_expired, configuration_written

_ENOUGH_TRACES = 20
_NOTABLE_ERRORS = 0.05
"""Share of failed requests that leaves its mark on a sample of that many traces."""
_SEEN = 0.2
"""Part of the failures, as the metrics count them, of which the service's own traces have to know."""
_MUCH_SLOWER = 3.0
_MISHAP = 2
_LEAD = 30.0
"""Seconds by which an onset has to be earlier to be earlier: rates over a minute are no more exact."""
_SAME_TROUBLE = 900.0
"""Seconds between two onsets within which they may have one cause."""


@dataclass(frozen=True, slots=True)
class Clues:
    """Each is None, or empty, where there is no such clue."""

    named: Sign | None
    """The cause that the errors in the logs name, or an expired certificate."""
    reloaded: Sign | None
    """A change of configuration that the logs tell of, or the cluster, just before it began."""
    only_new: LogPattern | None
    """The main error, if only the suspect version logs it while another one runs beside it."""
    both: LogPattern | None
    """The main error, if both versions log it."""
    changed_file: str | None
    """A file that the deployment changed and that the stack traces of the main errors name."""
    growth: Signal | None
    """What has been growing since the suspect was deployed, long before users felt it."""
    earlier: tuple[datetime, ...]
    """When users felt the same before the suspect was deployed, and it went by."""
    others_fail: tuple[Neighbour, ...]
    """Other services that began to fail before this one did, or at the same time without calling it."""
    fail_with_it: tuple[Neighbour, ...]
    """Other services that began to fail at the same time, where nobody knows whether they call this one."""
    errors: tuple[LogPattern, ...]
    """The errors that came with the trouble, most frequent first."""
    unseen: str | None
    """Why the service itself seems not to see the failures that are counted."""
    nature: Nature | None
    """Whether these errors are such as a program makes by itself, or such as somebody else's failure makes."""
    split: PodSplit | None
    """Which pods fail requests and which do not, by the metrics."""


def clues(
    diagnostics: Diagnostics, suspect: Revision | None, since: datetime | None, onset: datetime | None, about: frozenset[str]
) -> Clues:
    """The clues about ``suspect``, deployed at ``since``, and trouble that began at ``onset`` and is ``about`` signals of these names."""
    logs, state = diagnostics.logs.data, diagnostics.workload.data
    patterns, pods = logs.patterns if logs else (), state.pods if state else ()
    errors = main_errors(patterns, onset)
    changes, rollouts = diagnostics.changes.data, diagnostics.rollouts.data
    is_current = suspect is not None and suspect.current
    changed = [file for commit in changes.commits for file in commit.files] if changes and is_current else []
    reloaded = configuration_change(patterns, onset) or configuration_written(state, onset)
    return Clues(
        named=named_cause(patterns, onset)
        or named_cause(_last_words(pods), onset)
        or certificate_expired(state, onset, diagnostics.collected_at),
        reloaded=reloaded,
        only_new=only_in(suspect.version, errors, pods) if suspect and rollouts else None,
        both=in_both(suspect.version, errors, pods) if suspect and rollouts else None,
        changed_file=touched((file for error in errors for file in error.files), changed),
        growth=_growth(diagnostics, since, onset),
        earlier=_earlier(diagnostics, suspect, since, about),
        others_fail=_others(diagnostics, onset),
        fail_with_it=_at_the_same_time(diagnostics, onset),
        errors=errors,
        unseen=_unseen(diagnostics, errors, onset),
        nature=nature(errors),
        split=pod_split(diagnostics.metrics.data.pods, state) if diagnostics.metrics.data else None,
    )


def _growth(diagnostics: Diagnostics, since: datetime | None, onset: datetime | None) -> Signal | None:
    metrics, state = diagnostics.metrics.data, diagnostics.workload.data
    if metrics is None:
        return None
    killed = state is not None and bool(killed_again(state.pods, diagnostics.collected_at) or killed_lately(state.pods, onset))
    return growing_since(metrics.signals, since, onset) or (memory_since(metrics.signals, since, onset) if killed else None)


def _last_words(pods: Sequence[Pod]) -> tuple[LogPattern, ...]:
    """What containers said as they ended, as lines of a log: some say why nowhere else."""
    said = Counter(pod.message for pod in pods if not pod.ready and pod.restarts and pod.message)
    return tuple(LogPattern("FATAL", message, count, message, None, None, (), None) for message, count in said.items())


def _earlier(diagnostics: Diagnostics, suspect: Revision | None, since: datetime | None, about: frozenset[str]) -> tuple[datetime, ...]:
    """Without what came with the suspect itself, when it was released for the first time."""
    metrics = diagnostics.metrics.data
    felt = [signal for signal in metrics.signals if signal.name in about] if metrics else []
    most = max((signal.earlier_onsets for signal in felt), key=len, default=())
    first = suspect.created_at if suspect is not None and since is not None and suspect.created_at < since else None
    return tuple(
        at for at in most if since is None or (at < since and (first is None or not -_LEAD <= (at - first).total_seconds() <= PROMPT))
    )


def _others(diagnostics: Diagnostics, onset: datetime | None) -> tuple[Neighbour, ...]:
    """A service that calls this one fails with it, and a moment later; where nobody knows who calls whom, only an earlier onset tells."""
    metrics, traces = diagnostics.metrics.data, diagnostics.traces.data
    if metrics is None or onset is None:
        return ()
    callers = frozenset(traces.callers) if traces else frozenset()
    graph_known = _graph_known(diagnostics)
    lead = _lead(metrics)
    found = []
    for other in metrics.neighbours:
        if other.onset is None or called(other) in callers:
            continue
        ahead = (onset - other.onset).total_seconds()
        if lead <= ahead <= _SAME_TROUBLE or (graph_known and abs(ahead) <= lead):
            found.append(other)
    return tuple(found)


def called(other: Neighbour) -> str:
    """The service's name as traces have it: without the namespace that OpenTelemetry puts in front of it in ``job``."""
    return other.name.rpartition("/")[2]


def _at_the_same_time(diagnostics: Diagnostics, onset: datetime | None) -> tuple[Neighbour, ...]:
    metrics = diagnostics.metrics.data
    if metrics is None or onset is None or _graph_known(diagnostics):
        return ()
    near = [other for other in metrics.neighbours if other.onset and abs((onset - other.onset).total_seconds()) < _lead(metrics)]
    return tuple(near)


def _graph_known(diagnostics: Diagnostics) -> bool:
    """Whether traces tell who calls whom."""
    traces = diagnostics.traces.data
    return traces is not None and bool(traces.callers or traces.callees)


def _lead(metrics: Metrics) -> float:
    return max(_LEAD, 2 * (metrics.scrape_interval or 0.0))


def _unseen(diagnostics: Diagnostics, errors: tuple[LogPattern, ...], onset: datetime | None) -> str | None:
    metrics, traces = diagnostics.metrics.data, diagnostics.traces.data
    rate = metrics.signal("error_rate") if metrics else None
    if errors or rate is None or (rate.value or 0.0) < _NOTABLE_ERRORS or _slower(metrics):
        return None
    if traces is None or traces.traces < _ENOUGH_TRACES:
        return _refused(diagnostics, onset)
    expected = _SEEN * (rate.value or 0.0) * traces.traces
    if traces.error_traces > max(expected, _MISHAP):
        return None
    return f"{traces.error_traces} of its traces failed and its logs show no such errors"


def _slower(metrics: Metrics | None) -> bool:
    """Whether what it answers takes so much longer that those who ask give up: it fails them, whether or not it sees that."""
    latency = metrics.signal("latency_p95") if metrics else None
    return latency is not None and latency.onset is not None and (worsening(latency) or 0.0) >= _MUCH_SLOWER


def _refused(diagnostics: Diagnostics, onset: datetime | None) -> str | None:
    """Without traces: the logs tell of no error, and of requests that clients made wrong since it began."""
    logs = diagnostics.logs.data
    if logs is None or onset is None:
        return None
    came = [one for one in logs.patterns if one.first_seen is None or one.first_seen >= onset - timedelta(minutes=2)]
    line = of_clients(came) if not any(one.level in ("FATAL", "ERROR") and one.count > _MISHAP for one in came) else None
    return f"its logs show no such errors, and {line.count} times: {line.template}" if line else None
