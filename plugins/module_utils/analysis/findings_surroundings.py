# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings about what is around a workload: Services, Ingresses, volumes, webhooks, configuration, certificates."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from ..model.evidence import Source
from ..model.finding import Finding, Level
from ..model.surroundings import NONE_READY, BatchJob, Certificate, ServiceEndpoints, Stranger, VolumeClaim
from ..model.workload import DONE_AFTER_ALL, ClusterEvent, WorkloadState
from ..units import format_duration
from .findings_policies import isolation_findings
from .pods import IMAGE_REASONS, starting
from .wording import plural

EXPIRES_SOON = timedelta(days=21)
"""A certificate that renews itself has done so by then: 90 days are renewed when 30 are left (cert-manager, Let's Encrypt)."""
_RENEWED_WITHIN = 4
"""Part of its life before whose last one a certificate that lives shorter was renewed: cert-manager does so when a third is left."""
_MOST = 3
"""Findings of one kind; there are more of them in the data."""
_LATELY = timedelta(minutes=30)
_TOLD_ELSEWHERE = frozenset(
    {
        "ProvisioningFailed",
        "FailedBinding",
        "WaitForFirstConsumer",
        "NoPods",
        "ExternalProvisioning",
        "BackoffLimitExceeded",
        "DeadlineExceeded",
        "ClaimLost",
    }
)
_HARMLESS = frozenset(
    {"TopologyAwareHintsDisabled", "TopologyAwareRoutingDisabled", "UnexpectedJob", "PolicyViolation", "ExternalExpanding"}
)
"""Traffic goes to all endpoints instead of the near ones; somebody had a CronJob run by hand (``kubectl create job --from``); a policy
that only watches found something (what one that enforces refuses was never made); a volume is made larger by somebody else's controller."""
_LATE_ENDPOINTS = frozenset({"FailedToUpdateEndpointSlices", "FailedToUpdateEndpoint", "FailedToCreateEndpoint"})
"""Tried again by their controllers: they matter while a Service has no endpoints for it."""
_MENDED = ("the object has been modified", "; repairing")
"""A controller wrote what another had just written, and tries again; the API server puts its own list of addresses and ports right."""
_TELLING = ("Service", "Ingress", "HTTPRoute", "PersistentVolumeClaim", "CronJob", "Job")
_JOB_TIME = timedelta(minutes=15)
"""What a Job's pod may take to get a node and an image."""
_RESIZE_TIME = timedelta(minutes=10)
_ADDRESS_TIME = timedelta(minutes=3)
"""What a cloud may take to make a load balancer."""


def surroundings_findings(state: WorkloadState, now: datetime) -> Iterator[Finding]:
    around = state.surroundings
    if around.namespace_deleted_at is not None:
        since = around.namespace_deleted_at
        title = f"Namespace {state.namespace} is being deleted (Terminating)"
        yield _finding(
            "namespace", Level.CRITICAL, title, f"since {since:%Y-%m-%d %H:%M:%S} UTC: nothing can be made in it any more", since
        )
    if around.same_selector:
        title = f"Deployment {', '.join(around.same_selector[:_MOST])} has the selector of {state.kind.value} {state.name}"
        yield _finding("selector", Level.WARNING, title, "What selects the pods of one (Services, budgets, policies) selects those of both")
    for service in around.services[:_MOST]:
        yield from _service(service, state, now)
    for ingress in around.ingresses:
        if ingress.problems:
            title = f"{ingress.kind} {ingress.name}: {'; '.join(ingress.problems[:_MOST])}"
            yield _finding(
                "ingress" if ingress.kind == "Ingress" else "route",
                Level.WARNING,
                title,
                f"Requests for {', '.join(ingress.hosts[:3])} fail" if ingress.hosts else None,
            )
    yield from isolation_findings(state)
    for claim in [one for one in around.claims if one.phase != "Bound"][:_MOST]:
        yield from _claim(claim)
    for claim in [one for one in around.claims if one.phase == "Bound" and one.resizing and not _grows(one, now)][:_MOST]:
        yield _finding("volume_claim", Level.WARNING, f"PersistentVolumeClaim {claim.name} is not resized", claim.resizing)
    for job in around.jobs[:_MOST]:
        yield _job(job, state, now)
    yield from _events(state, now)


def _job(job: BatchJob, state: WorkloadState, now: datetime) -> Finding:
    """A Job beside the service: never critical for it. One that rests matters where pods are not ready, which may wait for it."""
    if job.at is None and job.kind == "Job":
        level = Level.WARNING if state.ready < state.desired else Level.OK
        return _finding("job", level, f"Job {job.name} is suspended", "It makes no pods until somebody resumes it: what waits for it waits")
    if job.at is None:
        return _finding("job", Level.OK, f"{job.kind} {job.name} is suspended", "It makes no new Jobs until somebody resumes it")
    if job.stuck and job.reason == NONE_READY:
        since = format_duration((now - job.at).total_seconds())
        title, detail = f"Job {job.name} has no pod that is ready since {since}", "See what its pods wait for; its next run may wait for it"
        return _finding("job", Level.WARNING if now - job.at > _JOB_TIME else Level.OK, title, detail, job.at)
    if job.stuck:
        return _finding("job", Level.WARNING, f"{job.kind} {job.name} can't start its pod ({job.reason})", job.message, job.at)
    how = "fails and is tried again" if job.reason == "retrying" else f"failed {format_duration((now - job.at).total_seconds())} ago"
    title = f"{job.kind} {job.name} {how}" + (f" ({job.reason})" if job.reason and job.reason != "retrying" else "")
    return _finding("job", Level.WARNING, title, job.message, job.at)


def configuration_findings(state: WorkloadState, now: datetime, told: str) -> Iterator[Finding]:
    """What is missing and is not in what was ``told`` already, what expires, and what was changed."""
    around = state.surroundings
    unsaid = [
        one for one in around.missing if not any(words in told for words in (f'"{one.name}"', f"/{one.name}", f"{one.kind} {one.name} "))
    ]
    for missing in unsaid[:_MOST]:
        what = f"{missing.kind} {missing.name}"
        title = f"{what} lacks the key {missing.key}" if missing.key else f"{what} does not exist"
        level = Level.WARNING if state.ready else Level.CRITICAL
        needed = f"{title}, but the pods need it"
        if missing.pull and not any(pod.reason in IMAGE_REASONS for pod in state.pods):
            yield _finding("configuration", Level.OK, title, f"{missing.used_by} names it; an image that needs none is pulled all the same")
        else:
            yield _finding("configuration", level, needed, f"{missing.used_by} uses it; a pod that starts now can't do without")
    for webhook in [one for one in around.webhooks if one.name not in told][:_MOST]:
        title = f"Admission webhook {webhook.name} can't answer: {webhook.problem}"
        whose = f"{webhook.kind}WebhookConfiguration {webhook.configuration}"
        detail = f"{whose} has it allow {webhook.subject} (failurePolicy Fail): none is allowed"
        yield _finding("webhook", Level.WARNING, title, detail)
    for certificate in around.certificates:
        yield from _certificate(certificate, now)
    for change in around.changes[:_MOST]:
        ago = format_duration((now - change.at).total_seconds())
        by = f" by {change.by}" if change.by else ""
        title = f"{change.kind} {change.name} was {'created' if change.created else 'changed'} {ago} ago{by}"
        yield Finding("workload.configuration_change", Source.WORKLOAD, Level.OK, title, since=change.at)


def _finding(name: str, level: Level, title: str, detail: str | None = None, since: datetime | None = None) -> Finding:
    return Finding(f"workload.{name}", Source.WORKLOAD, level, title, detail, since=since)


def _service(service: ServiceEndpoints, state: WorkloadState, now: datetime) -> Iterator[Finding]:
    if not service.selects:
        title = f"Service {service.name} selects {service.selector}, which no pod of {state.name} has"
        yield _finding("endpoints", Level.CRITICAL, title, "It has no endpoints: compare its selector with the labels of the pods")
        return
    if service.ready == 0 and state.desired:
        if state.ready:
            title = f"Service {service.name} has no ready endpoints, though {plural(state.ready, 'pod')} of {state.name} are ready"
            yield _finding("endpoints", Level.CRITICAL, title, "See whether its EndpointSlices are kept up to date")
        elif len(starting(state.pods, now)) < len([pod for pod in state.pods if not pod.terminating]) or not state.pods:
            detail = f"None of the pods that it selects ({service.selector}) is ready: whoever calls it gets no answer"
            yield _finding("endpoints", Level.CRITICAL, f"Service {service.name} has no ready endpoints", detail)
    known = {f"Deployment {name}" for name in state.surroundings.same_selector}
    for stranger in [one for one in service.strangers if one.maker not in known][:_MOST]:
        title = f"Service {service.name} leads to {_whose(stranger)} as well"
        if stranger.problem:
            detail = (
                f"{stranger.problem[:1].upper()}{stranger.problem[1:]}: requests that get there fail. Its selector ({service.selector}) "
            )
            yield _finding("foreign_pods", Level.WARNING, title, f"{detail}is too wide, or their labels are")
        else:
            yield _finding("foreign_pods", Level.OK, title, f"They have all labels that it selects by ({service.selector})")
    waits = service.without_address_since
    if waits is not None and now - waits > _ADDRESS_TIME:
        title = f"Service {service.name} waits for its load balancer since {format_duration((now - waits).total_seconds())}"
        yield _finding("load_balancer", Level.WARNING, title, "It has no address from outside the cluster (pending)", waits)
    for port in _unknown_ports(service, state):
        title = f"Service {service.name} sends to a port that no container has ({port})"
        yield _finding("service_port", Level.WARNING, title, "Correct its targetPort, or name the port in the pod template")


def _whose(stranger: Stranger) -> str:
    return stranger.maker if stranger.maker.startswith("Pod ") else f"{plural(stranger.pods, 'pod')} of {stranger.maker}"


def _unknown_ports(service: ServiceEndpoints, state: WorkloadState) -> tuple[str, ...]:
    """A port by its name has to be there. One by a number may be there unsaid: it speaks where no other Service knows its ports."""
    by_name = tuple(port for port in service.missing_ports if not port.rpartition(" ")[2].isdigit())
    others = [one for one in state.surroundings.services if one.selects and one.name != service.name and not one.missing_ports]
    return by_name if others else service.missing_ports


def _claim(claim: VolumeClaim) -> Iterator[Finding]:
    named = f"PersistentVolumeClaim {claim.name}"
    if claim.phase == "Missing":
        yield _finding("volume_claim", Level.CRITICAL, f"{named} does not exist, but the pods use it")
    elif claim.phase == "Lost":
        yield _finding("volume_claim", Level.CRITICAL, f"{named} has lost its volume (Lost)", claim.message)
    elif claim.phase == "Terminating":
        yield _finding("volume_claim", Level.WARNING, f"{named} is being deleted (Terminating)", "It goes when no pod uses it any more")
    elif claim.class_exists is False:
        yield _finding(
            "volume_claim", Level.WARNING, f"{named} is Pending: StorageClass {claim.storage_class} does not exist", claim.message
        )
    elif not claim.waits_for_pod or claim.message:
        yield _finding("volume_claim", Level.WARNING, f"{named} is Pending", claim.message or "No volume was bound to it")


def _grows(claim: VolumeClaim, now: datetime) -> bool:
    """Whether the kubelet may be about to make its file system larger, which it does by itself while a pod uses the volume."""
    return claim.resizing_since is not None and now - claim.resizing_since < _RESIZE_TIME


def _certificate(certificate: Certificate, now: datetime) -> Iterator[Finding]:
    named = f"The certificate in Secret {certificate.secret} ({certificate.used_by})"
    if certificate.expires_at is None:
        yield _finding("certificate", Level.WARNING, f"{named} can't be read", certificate.problem)
        return
    if certificate.not_for:
        title = f"{named} is not for {', '.join(certificate.not_for[:3])}"
        yield _finding("certificate", Level.WARNING, title, f"It was issued for {', '.join(certificate.names[:5])}")
    left = certificate.expires_at - now
    at = f"{certificate.expires_at:%Y-%m-%d %H:%M} UTC"
    if left <= timedelta(0):
        ago = format_duration(-left.total_seconds())
        yield _finding("certificate", Level.CRITICAL, f"{named} expired {ago} ago", f"It was valid until {at}", certificate.expires_at)
    elif left < _soon(certificate):
        title = f"{named} expires in {format_duration(left.total_seconds())}"
        yield _finding("certificate", Level.WARNING, title, f"It is valid until {at}: renew it, or see why it is not renewed")
    elif certificate.not_before is not None and certificate.not_before > now:
        begins = f"{certificate.not_before:%Y-%m-%d %H:%M} UTC"
        yield _finding("certificate", Level.CRITICAL, f"{named} is not valid before {begins}")
    issuer = certificate.issuer_expires_at
    if issuer is not None and issuer - now < EXPIRES_SOON and issuer < certificate.expires_at:
        level, when = (Level.CRITICAL, "expired") if issuer <= now else (Level.WARNING, "expires")
        title = f"{named} has its issuer's behind it, which {when} at {issuer:%Y-%m-%d %H:%M} UTC"
        yield _finding("certificate", level, title, "Clients refuse it then: put the newer certificate of the issuer (CA) in its place")


def _soon(certificate: Certificate) -> timedelta:
    if not certificate.renewed or certificate.not_before is None or certificate.expires_at is None:
        return EXPIRES_SOON
    return min(EXPIRES_SOON, (certificate.expires_at - certificate.not_before) / _RENEWED_WITHIN)


def _is_over(warning: ClusterEvent, state: WorkloadState) -> bool:
    """Whether something was said of the same object since that says that it went well."""
    about = (warning.object_kind, warning.object_name)
    return any(
        event.reason in DONE_AFTER_ALL and (event.object_kind, event.object_name) == about and event.last_seen > warning.last_seen
        for event in state.events
    )


def _events(state: WorkloadState, now: datetime) -> Iterator[Finding]:
    """Warnings about Services, Ingresses, claims and Jobs: a load balancer that can't be made, a volume that can't be made larger, a
    CronJob that can't start."""
    served = {service.name for service in state.surroundings.services if service.ready}
    told = [
        event
        for event in state.events
        if event.type != "Normal"
        and event.object_kind in _TELLING
        and event.reason not in _TOLD_ELSEWHERE | _HARMLESS
        and not any(part in event.message for part in _MENDED)
        and not (event.reason in _LATE_ENDPOINTS and event.object_name in served)
        and not _is_over(event, state)
    ]
    for event in sorted((one for one in told if now - one.last_seen < _LATELY), key=lambda one: one.last_seen, reverse=True)[:2]:
        title = f"{event.object_kind} {event.object_name}: {event.reason}"
        yield _finding("events", Level.WARNING, title, f"{event.message} ({plural(event.count, 'time')})", event.first_seen)
