# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs and CronJobs that belong to the service: those that failed lately, that can't start, and that are suspended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from ..clients.answers import excerpt
from ..model.surroundings import NONE_READY, BatchJob
from ..model.workload import UNSTARTABLE
from .foundations import conditions_of
from .objects import Object, controller_of, count, labels_of, mapping, metadata, moment, name_of, sequence
from .pod_trouble import text

MAX_JOBS = 20


def batch_jobs(
    jobs: Sequence[Object],
    crons: Sequence[Object],
    workload: Object,
    selector: Mapping[str, str],
    since: datetime,
    pods: Sequence[Object] = (),
) -> tuple[BatchJob, ...]:
    """Of the Jobs with the labels that the workload selects its pods by, or that it or one of its CronJobs made, what failed since then.

    Of a CronJob the newest run that ended speaks: what failed before it is over. A Job one of whose ``pods`` can't be started is stuck.
    """
    stuck = {str(controller_of(pod).get("uid")): why for pod in pods if (why := _obstacle(pod))}
    ours = {str(metadata(cron).get("uid")): cron for cron in crons if _is_ours(cron, workload, selector)}
    runs: dict[str, list[Object]] = {}
    found: list[BatchJob] = []
    for job in jobs:
        maker = str(controller_of(job).get("uid"))
        why = stuck.get(str(metadata(job).get("uid")))
        if why and not _ended(job) and (maker in ours or _is_ours(job, workload, selector)):
            at = moment(metadata(job).get("creationTimestamp"))
            found.append(BatchJob("Job", excerpt(name_of(job), 100), at, why[0], why[1], stuck=True))
        elif (waits := _unready_since(job)) and (maker in ours or _is_ours(job, workload, selector)):
            found.append(BatchJob("Job", excerpt(name_of(job), 100), waits, NONE_READY, stuck=True))
        elif mapping(job.get("spec")).get("suspend") is True and not _ended(job) and (maker in ours or _is_ours(job, workload, selector)):
            found.append(BatchJob("Job", excerpt(name_of(job), 100), suspended=True))
        elif maker in ours:
            runs.setdefault(maker, []).append(job)
        elif controller_of(job).get("kind") != "CronJob" and _is_ours(job, workload, selector):
            found += _failed("Job", name_of(job), [job], None, since)
    for uid, cron in ours.items():
        succeeded = moment(mapping(cron.get("status")).get("lastSuccessfulTime"))
        found += _failed("CronJob", name_of(cron), runs.get(uid, []), succeeded, since)
        if mapping(cron.get("spec")).get("suspend") is True:
            found.append(BatchJob("CronJob", name_of(cron), suspended=True))
    newest = sorted(found, key=lambda one: one.at.timestamp() if one.at else 0.0, reverse=True)
    return tuple(newest[:MAX_JOBS])


def names_of_ours(
    jobs: Sequence[Object], crons: Sequence[Object], workload: Object, selector: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """Kind and name of the service's Jobs and CronJobs, well or not."""
    for kind, listed in (("Job", jobs), ("CronJob", crons)):
        yield from ((kind, name_of(one)) for one in listed if _is_ours(one, workload, selector))


def _is_ours(found: Object, workload: Object, selector: Mapping[str, str]) -> bool:
    return _labelled(found, selector) or _made_by(found, workload)


def _failed(kind: str, name: str, runs: Sequence[Object], succeeded: datetime | None, since: datetime) -> Iterator[BatchJob]:
    """The newest failure of these runs, where it is within the timeframe and no run ended well after it."""
    failures: list[tuple[datetime, str | None, str | None, str]] = []
    successes = [succeeded] if succeeded else []
    for run in runs:
        for one in conditions_of(run):
            at = one.since or moment(metadata(run).get("creationTimestamp"))
            if at and one.status == "True" and one.type == "Complete":
                successes.append(at)
            elif at and one.status == "True" and one.type == "Failed":
                failures.append((at, one.reason, one.message, name_of(run)))
        failing = _failing(run)
        if failing is not None:
            failures.append((failing, "retrying", f"{count(mapping(run.get('status')).get('failed'))} of its pods failed", name_of(run)))
    if not failures:
        return
    at, reason, message, run_name = max(failures, key=lambda one: one[0])
    if at >= since and not any(ended > at for ended in successes):
        told = message if run_name == name else ": ".join(part for part in (run_name, message) if part)
        yield BatchJob(kind, excerpt(name, 100), at, reason, excerpt(told, 300) if told else None)


def _failing(run: Object) -> datetime | None:
    """Since when a Job that goes on retries pods that failed."""
    status = mapping(run.get("status"))
    if _ended(run) or not count(status.get("failed")) or count(status.get("succeeded")):
        return None
    return moment(status.get("startTime")) or moment(metadata(run).get("creationTimestamp"))


def _unready_since(run: Object) -> datetime | None:
    """Since when a Job has pods none of which is ready; None where one is, or nobody counts them (``ready`` is newer than ``active``)."""
    status = mapping(run.get("status"))
    if _ended(run) or not count(status.get("active")) or status.get("ready") != 0 or count(status.get("failed")):
        return None
    return moment(status.get("startTime")) or moment(metadata(run).get("creationTimestamp"))


def _ended(run: Object) -> bool:
    return any(one.status == "True" and one.type in ("Complete", "SuccessCriteriaMet", "Failed") for one in conditions_of(run))


def _obstacle(pod: Object) -> tuple[str, str | None] | None:
    """Why a container of a Job's pod can't be started: reason and message; None where it runs, is over, or just begins."""
    status = mapping(pod.get("status"))
    if controller_of(pod).get("kind") != "Job" or status.get("phase") != "Pending":
        return None
    for one in map(mapping, (*sequence(status.get("initContainerStatuses")), *sequence(status.get("containerStatuses")))):
        waiting = mapping(mapping(one.get("state")).get("waiting"))
        if waiting.get("reason") in UNSTARTABLE:
            return str(waiting["reason"]), text(waiting.get("message"))
    scheduled = next((mapping(one) for one in sequence(status.get("conditions")) if mapping(one).get("type") == "PodScheduled"), {})
    refused = scheduled.get("status") == "False" and scheduled.get("reason") == "Unschedulable"
    return ("Unschedulable", text(scheduled.get("message"))) if refused else None


def _labelled(found: Object, selector: Mapping[str, str]) -> bool:
    template = mapping(mapping(found.get("spec")).get("template"))
    inner = mapping(mapping(mapping(mapping(found.get("spec")).get("jobTemplate")).get("spec")).get("template"))
    carriers: tuple[Object, ...] = (found, template, inner)
    return bool(selector) and any(all(labels_of(one).get(key) == value for key, value in selector.items()) for one in carriers)


def _made_by(found: Object, workload: Object) -> bool:
    uid = metadata(workload).get("uid")
    return bool(uid) and controller_of(found).get("uid") == uid
