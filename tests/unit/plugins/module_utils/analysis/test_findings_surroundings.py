# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.analysis.findings_surroundings import (
    configuration_findings,
    surroundings_findings,
)
from ansible_collections.devops.incident_response.plugins.module_utils.model.service import WorkloadKind
from ansible_collections.devops.incident_response.plugins.module_utils.model.surroundings import (
    NONE_READY,
    BatchJob,
    Certificate,
    Isolation,
    MissingReference,
    ServiceEndpoints,
    Stranger,
    Surroundings,
    VolumeClaim,
    Webhook,
)
from ansible_collections.devops.incident_response.plugins.module_utils.model.workload import ClusterEvent, Pod, WorkloadState

NOW = datetime(2026, 11, 25, 17, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=80)
PULL_SECRET = MissingReference("Secret", "regcred", "imagePullSecrets", pull=True)
WEBHOOK = Webhook("check.example.com", "Validating", "policy", "policy/server", "its Service policy/server does not exist")


def state(around: Surroundings, reason: str | None = None) -> WorkloadState:
    pod = Pod("app-1", "v1", reason is None, "Running", NOW - timedelta(hours=1), reason=reason)
    return WorkloadState(
        kind=WorkloadKind.DEPLOYMENT,
        name="app",
        namespace="production",
        desired=1,
        ready=int(reason is None),
        updated=1,
        unavailable=0,
        version="v1",
        paused=False,
        pods=(pod,),
        events=(),
        surroundings=around,
    )


@pytest.mark.parametrize(
    ("around", "told"),
    [
        (Surroundings(namespace_deleted_at=NOW), "critical workload.namespace: Namespace production is being deleted (Terminating)"),
        (
            Surroundings(isolation=(Isolation("dns", ("out",)),)),
            "warning workload.network_policy: NetworkPolicy out lets the pods ask no DNS server",
        ),
        (
            Surroundings(isolation=(Isolation("port", ("in",), "app"),)),
            "warning workload.network_policy: NetworkPolicy in lets nothing in to the port of Service app",
        ),
        (
            Surroundings(isolation=(Isolation("from_nobody", ("in",), "app", "pods with app=web", "pod x has app=wbe", certain=True),)),
            "warning workload.network_policy: NetworkPolicy in lets in pods with app=web, and there are none",
        ),
        (
            Surroundings(isolation=(Isolation("to_nobody", ("out",), "app", "pods with app=web"),)),
            "ok workload.network_policy: NetworkPolicy out lets the pods out to pods with app=web, and there are none",
        ),
        (
            Surroundings(claims=(VolumeClaim("data", "Bound", resizing="ControllerResizeError: quota"),)),
            "warning workload.volume_claim: PersistentVolumeClaim data is not resized",
        ),
        (
            Surroundings(jobs=(BatchJob("Job", "migrate", NOW, "ImagePullBackOff", stuck=True),)),
            "warning workload.job: Job migrate can't start its pod (ImagePullBackOff)",
        ),
        (Surroundings(same_selector=("copy",)), "warning workload.selector: Deployment copy has the selector of Deployment app"),
        (
            Surroundings(services=(ServiceEndpoints("app", "ClusterIP", "a=b", True, 1, 0, strangers=(Stranger("Job m", 1, "no port"),)),)),
            "warning workload.foreign_pods: Service app leads to 1 pod of Job m as well",
        ),
        (
            Surroundings(services=(ServiceEndpoints("app", "ClusterIP", "a=b", True, 1, 0, strangers=(Stranger("Job m", 2),)),)),
            "ok workload.foreign_pods: Service app leads to 2 pods of Job m as well",
        ),
        (Surroundings(claims=(VolumeClaim("data", "Bound"),)), None),
    ],
)
def test_what_is_around(around: Surroundings, told: str | None) -> None:
    found = [f"{one.level.value} {one.id}: {one.title}" for one in surroundings_findings(state(around), NOW)]
    assert found == ([told] if told else [])


def configured(around: Surroundings, reason: str | None = None, told: str = "") -> list[str]:
    return [f"{one.level.value} {one.title}" for one in configuration_findings(state(around, reason), NOW, told)]


def test_a_pull_secret_that_is_missing_matters_where_no_image_is_pulled() -> None:
    around = Surroundings(missing=(PULL_SECRET,))
    assert configured(around) == ["ok Secret regcred does not exist"]
    assert configured(around, "CrashLoopBackOff") == ["ok Secret regcred does not exist"]
    assert configured(around, "ImagePullBackOff") == ["critical Secret regcred does not exist, but the pods need it"]


def test_a_webhook_that_the_controller_told_of_already() -> None:
    around = Surroundings(webhooks=(WEBHOOK,))
    told = "Admission webhook check.example.com can't answer: its Service policy/server does not exist"
    assert configured(around) == [f"warning {told}"]
    assert configured(around, told='failed calling webhook "check.example.com"') == []


def test_a_certificate_for_another_host() -> None:
    one = Certificate("tls", "Ingress app", LATER, NOW, names=("pay.example.com",), not_for=("api.example.org",))
    assert configured(Surroundings(certificates=(one,))) == [
        "warning The certificate in Secret tls (Ingress app) is not for api.example.org"
    ]


@pytest.mark.parametrize(("reason", "level"), [(None, "ok"), ("PodInitializing", "warning")])
def test_a_job_that_rests_matters_where_pods_may_wait_for_it(reason: str | None, level: str) -> None:
    resting = Surroundings(jobs=(BatchJob("Job", "migrate", suspended=True),))
    found = [f"{one.level.value} {one.title}" for one in surroundings_findings(state(resting, reason), NOW)]
    assert found == [f"{level} Job migrate is suspended"]


@pytest.mark.parametrize("kind", ["ServiceAccount", "PriorityClass", "RuntimeClass"])
def test_what_the_next_pod_would_be_refused_for(kind: str) -> None:
    around = Surroundings(missing=(MissingReference(kind, "gold", "field"),))
    assert configured(around) == [f"warning {kind} gold does not exist, but the pods need it"]
    assert configured(around, "CrashLoopBackOff", told=f"{kind} gold does not exist: pods can't be created") == []
    assert len(configured(around, told=f"{kind} golden does not exist: pods can't be created")) == 1


@pytest.mark.parametrize(("reason", "told"), [("UnexpectedJob", False), ("PolicyViolation", False), ("FailedNeedsStart", True)])
def test_what_is_said_of_a_cron_job_that_is_well(reason: str, told: bool) -> None:
    event = ClusterEvent(NOW, NOW, "Warning", reason, "CronJob", "settle", "Saw a job that the controller did not create or forgot: x")
    assert bool([*surroundings_findings(replace(state(Surroundings()), events=(event,)), NOW)]) is told


@pytest.mark.parametrize(
    ("name", "reason", "later", "over"),
    [
        ("app", "EnsuredLoadBalancer", 5, True),
        ("app", "EnsuredLoadBalancer", -5, False),
        ("other", "EnsuredLoadBalancer", 5, False),
        ("app", "EnsuringLoadBalancer", 5, False),
    ],
)
def test_a_warning_that_is_over(name: str, reason: str, later: float, over: bool) -> None:
    at = NOW - timedelta(minutes=10)
    failed = ClusterEvent(at, at, "Warning", "SyncLoadBalancerFailed", "Service", "app", "Error syncing load balancer: quota")
    since = at + timedelta(minutes=later)
    went_well = ClusterEvent(since, since, "Normal", reason, "Service", name, "Ensured load balancer")
    found = [*surroundings_findings(replace(state(Surroundings()), events=(failed, went_well)), NOW)]
    assert [one.title for one in found] == ([] if over else ["Service app: SyncLoadBalancerFailed"])


@pytest.mark.parametrize(("ready", "told"), [(2, False), (0, True), (None, True)])
def test_endpoints_that_were_late_matter_while_there_are_none(ready: int | None, told: bool) -> None:
    service = ServiceEndpoints("app", "ClusterIP", "app=app", True, ready, 0)
    late = ClusterEvent(NOW, NOW, "Warning", "FailedToUpdateEndpointSlices", "Service", "app", 'node "n9" not found')
    found = [*surroundings_findings(replace(state(Surroundings(services=(service,))), events=(late,)), NOW)]
    assert ("workload.events" in {one.id for one in found}) is told


@pytest.mark.parametrize(("minutes", "level"), [(300, "warning"), (5, "ok")])
def test_a_job_that_has_no_ready_pod(minutes: float, level: str) -> None:
    job = BatchJob("Job", "settle-1", NOW - timedelta(minutes=minutes), NONE_READY, stuck=True)
    (found,) = surroundings_findings(state(Surroundings(jobs=(job,))), NOW)
    assert f"{found.level.value} {found.title}".startswith(f"{level} Job settle-1 has no pod that is ready since")


@pytest.mark.parametrize(("minutes", "told"), [(1, False), (30, True), (None, True)])
def test_a_file_system_that_is_made_larger_at_this_moment(minutes: float | None, told: bool) -> None:
    since = None if minutes is None else NOW - timedelta(minutes=minutes)
    claim = VolumeClaim("data", "Bound", resizing="FileSystemResizePending: it waits", resizing_since=since)
    assert bool([*surroundings_findings(state(Surroundings(claims=(claim,))), NOW)]) is told


def test_a_volume_that_somebody_elses_controller_makes_larger() -> None:
    event = ClusterEvent(NOW, NOW, "Warning", "ExternalExpanding", "PersistentVolumeClaim", "data", "waiting for an external controller")
    assert [*surroundings_findings(replace(state(Surroundings()), events=(event,)), NOW)] == []


@pytest.mark.parametrize(
    ("reason", "message", "told"),
    [
        ("ClusterIPNotAllocated", "Cluster IP [IPv4]: 10.96.70.27 is not allocated; repairing", False),
        ("ClusterIPAlreadyAllocated", "Cluster IP [IPv4]:10.96.70.27 was assigned to multiple services; please recreate service", True),
    ],
)
def test_what_the_api_server_repairs_by_itself(reason: str, message: str, told: bool) -> None:
    event = ClusterEvent(NOW, NOW, "Warning", reason, "Service", "app", message)
    seen = replace(state(Surroundings(services=(ServiceEndpoints("app", "ClusterIP", "a=b", True, 1, 0),))), events=(event,))
    assert bool([*surroundings_findings(seen, NOW)]) is told


@pytest.mark.parametrize(
    ("certificate", "told"),
    [
        (Certificate("tls", "Ingress app", NOW + timedelta(hours=10), NOW - timedelta(hours=14), renewed=True), None),
        (Certificate("tls", "Ingress app", NOW + timedelta(hours=5), NOW - timedelta(hours=19), renewed=True), "warning expires in 5h"),
        (Certificate("tls", "Ingress app", NOW + timedelta(days=20), NOW - timedelta(days=70), renewed=True), "warning expires in 20d"),
        (Certificate("tls", "Ingress app", NOW + timedelta(hours=10), NOW - timedelta(hours=14)), "warning expires in 10h"),
        (
            Certificate("tls", "Ingress app", LATER, NOW, issuer_expires_at=NOW - timedelta(days=2)),
            "critical has its issuer's behind it, which expired at 2026-11-23 17:00 UTC",
        ),
        (
            Certificate("tls", "Ingress app", LATER, NOW, issuer_expires_at=NOW + timedelta(days=2)),
            "warning has its issuer's behind it, which expires at 2026-11-27 17:00 UTC",
        ),
        (Certificate("tls", "Ingress app", LATER, NOW, issuer_expires_at=NOW + timedelta(days=60)), None),
    ],
)
def test_how_long_a_certificate_lasts(certificate: Certificate, told: str | None) -> None:
    found = configured(Surroundings(certificates=(certificate,)))
    level, _unused, rest = (told or "").partition(" ")
    assert found == ([f"{level} The certificate in Secret tls (Ingress app) {rest}"] if told else [])
