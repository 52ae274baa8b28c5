# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a workload stands on and is reached through: nodes, Services, volumes, configuration, and what limits it."""

from __future__ import annotations

from datetime import datetime

from ..lean import dataclass


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition as Kubernetes writes it; ``status`` is ``True``, ``False`` or ``Unknown``."""

    type: str
    status: str
    reason: str | None = None
    message: str | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Node:
    """A node that runs pods of the workload."""

    name: str
    ready: bool
    schedulable: bool
    """False once it is cordoned."""
    pods: int
    """of the workload"""
    problems: tuple[Condition, ...] = ()
    """Conditions that are not as they should be, Ready among them."""
    deleted: bool = False
    """There is no such node any more."""


@dataclass(frozen=True, slots=True)
class Stranger:
    """Who else has pods that a Service of the workload leads to, as ``Deployment ledger``; ``problem`` says why that can't be meant."""

    maker: str
    pods: int
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class ServiceEndpoints:
    """A Service that leads to the workload, or should. ``ready`` and ``not_ready`` count endpoints; None when they could not be read."""

    name: str
    type: str
    selector: str
    selects: bool
    """Its selector matches the labels of the workload's pods."""
    ready: int | None = None
    not_ready: int | None = None
    missing_ports: tuple[str, ...] = ()
    """Target ports that no container of the pods has, as ``8080 -> web``."""
    without_address_since: datetime | None = None
    """When a load balancer was asked for that has not given it an address."""
    strangers: tuple[Stranger, ...] = ()
    """Pods of others among its ready endpoints."""
    tries_only: bool = False
    """Its maker (Flagger) sends requests by it only while a new version is tried; otherwise it rests, as do the pods behind it."""


@dataclass(frozen=True, slots=True)
class Ingress:
    """An Ingress or HTTPRoute that leads to the workload. ``problems`` are what it names that is not there, one sentence each."""

    name: str
    hosts: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    kind: str = "Ingress"
    """``HTTPRoute`` for one of the Gateway API."""


@dataclass(frozen=True, slots=True)
class VolumeClaim:
    """A PersistentVolumeClaim of the pods.

    ``phase`` is ``Pending``, ``Bound``, ``Lost``, ``Terminating`` while it is deleted, ``Missing`` when there is none.
    """

    name: str
    phase: str
    storage_class: str | None = None
    class_exists: bool | None = None
    """None when it names no class, or the classes could not be read."""
    waits_for_pod: bool = False
    """It is bound once a pod that uses it is scheduled (WaitForFirstConsumer)."""
    message: str | None = None
    resizing: str | None = None
    """What keeps it from the size that was asked for."""
    resizing_since: datetime | None = None
    """Since when a file system waits to be made larger, where that is all it waits for."""


@dataclass(frozen=True, slots=True)
class DisruptionBudget:
    """``allowed`` is how many pods may be evicted now, ``matched`` how many it counts; None before its controller has looked."""

    name: str
    rule: str
    """``minAvailable 3`` or ``maxUnavailable 1``"""
    allowed: int | None
    healthy: int
    wanted: int
    matched: int | None
    selects: bool
    """Its selector matches the labels of the workload's pods."""


@dataclass(frozen=True, slots=True)
class Quota:
    """A ResourceQuota. ``used_up`` names what pods need and it has nothing left of, as ``pods 10/10``."""

    name: str
    used_up: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Certificate:
    """The certificate of a TLS Secret. ``expires_at`` is None, with a ``problem``, when it can't be read.

    ``names`` are those that it was issued for, ``not_for`` the hosts that it is shown for all the same.
    """

    secret: str
    used_by: str
    expires_at: datetime | None = None
    not_before: datetime | None = None
    problem: str | None = None
    names: tuple[str, ...] = ()
    not_for: tuple[str, ...] = ()
    issuer_expires_at: datetime | None = None
    """When the certificate of its issuer that stands behind it expires; None where there is none."""
    renewed: bool = False
    """Somebody (cert-manager) renews it, in time for how long it is valid."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """An admission webhook that has to allow (failurePolicy ``Fail``) what the workload needs, and can't answer: all of it is refused."""

    name: str
    kind: str
    """``Validating`` or ``Mutating``"""
    configuration: str
    service: str
    """``namespace/name`` of the Service that it is reached by."""
    problem: str
    subject: str = "each new pod"
    """What it has to allow: ``each new ReplicaSet``, ``each change of the Deployment``."""


@dataclass(frozen=True, slots=True)
class MissingReference:
    """Something that the pod template names and that is not there; ``key`` when the object is there and lacks the key.

    ``kind`` is ``ConfigMap``, ``Secret``, ``ServiceAccount``, ``PriorityClass`` or ``RuntimeClass``.
    """

    kind: str
    name: str
    used_by: str
    key: str | None = None
    pull: bool = False
    """It is for the registry: an image that is public needs none."""


@dataclass(frozen=True, slots=True)
class ConfigurationChange:
    """A ConfigMap or Secret of the pods that was written within the timeframe. Never a value."""

    kind: str
    name: str
    at: datetime
    by: str | None = None
    """The client that wrote it (``kubectl-edit``)."""
    created: bool = False


@dataclass(frozen=True, slots=True)
class Isolation:
    """All traffic of the pods in one direction (``incoming`` or ``outgoing``) is denied by these NetworkPolicies.

    ``port`` where incoming traffic is allowed, but not to any port that the Service ``service`` sends it to.
    ``dns`` where outgoing traffic is allowed, but no questions to DNS; ``none`` for policies of the workload's name that select no pods
    at all; ``from_nobody`` and ``to_nobody`` where ``peers``, which is whom they let in or the pods out to, are nobody.
    """

    direction: str
    policies: tuple[str, ...]
    service: str | None = None
    peers: str | None = None
    instead: str | None = None
    """Who is shut out by that: ``pod api-gateway-5d4f has app=api-gateway``."""
    certain: bool = False
    """It shuts out somebody who is there, and not only somebody who may come."""


@dataclass(frozen=True, slots=True)
class Autoscaler:
    """A HorizontalPodAutoscaler. Counts are pods."""

    name: str
    min_replicas: int
    max_replicas: int
    current_replicas: int
    desired_replicas: int
    target: str = ""
    """``Deployment payment-api``"""
    target_missing: bool = False
    conditions: tuple[Condition, ...] = ()
    metrics: tuple[str, ...] = ()
    """What it scales by, as ``cpu 95% of 80%``."""
    not_requested: tuple[str, ...] = ()
    """Shares of what can't be computed since containers request none of it, as ``cpu (container app)``."""
    may_not_grow: bool = False
    """Its own behaviour forbids it to add pods (``behavior.scaleUp.selectPolicy: Disabled``)."""
    scales_to_zero: bool = False
    """It, or who made it, takes the last pod away while there is nothing to do."""


NONE_READY = "NotReady"
"""The reason of a Job that is stuck: it has pods, none of which is ready, and nobody says why."""


@dataclass(frozen=True, slots=True)
class BatchJob:
    """A Job or CronJob of the service that failed within the timeframe, a Job that is stuck, or a CronJob that is suspended."""

    kind: str
    name: str
    at: datetime | None = None
    """When it failed, or was made where it is stuck; None where it only is suspended."""
    reason: str | None = None
    message: str | None = None
    suspended: bool = False
    stuck: bool = False
    """Its pod can't be started, for ``reason``."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    nodes: tuple[Node, ...] = ()
    services: tuple[ServiceEndpoints, ...] = ()
    ingresses: tuple[Ingress, ...] = ()
    claims: tuple[VolumeClaim, ...] = ()
    budgets: tuple[DisruptionBudget, ...] = ()
    quotas: tuple[Quota, ...] = ()
    certificates: tuple[Certificate, ...] = ()
    missing: tuple[MissingReference, ...] = ()
    changes: tuple[ConfigurationChange, ...] = ()
    """Newest first."""
    webhooks: tuple[Webhook, ...] = ()
    """Those that can't answer."""
    isolation: tuple[Isolation, ...] = ()
    misdirected: tuple[Autoscaler, ...] = ()
    """Autoscalers that are meant for the workload, by their name or labels, and scale something that is not there."""
    scaled_by: tuple[str, ...] = ()
    """The autoscalers whose target is the workload: there should be one at most."""
    jobs: tuple[BatchJob, ...] = ()
    """Newest first."""
    same_selector: tuple[str, ...] = ()
    """Other Deployments that select their pods by the same labels."""
    namespace_deleted_at: datetime | None = None
    """Since when the namespace is being deleted: nothing can be made in it any more."""
