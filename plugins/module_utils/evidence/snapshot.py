# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the cluster says about one service: each thing asked once, all at once, and shared by the sources that need it.

The number of requests does not grow with the number of pods. What is asked by labels is asked with the selector that the service most
likely has, so that nothing waits for the workload's own; only when that turns out to be another one are those lists asked again.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future
from datetime import datetime
from functools import partial
from typing import TypeVar

from ..clients.cluster import ClusterClient, Forbidden, workload_path
from ..concurrency import Deadline, start, wait
from ..errors import SourceUnavailableError
from ..model.service import Service, WorkloadKind
from .listing import Listed, list_all
from .objects import Object, controller_of, is_ready, labels_of, mapping, metadata, selector_text, selects, sequence

__all__ = ["ClusterSnapshot", "Listed"]

T = TypeVar("T")


EVERYTHING = ("pods", "revisions", "metrics", "own-events", "events", "autoscalers")
FOR_ROLLOUTS = ("pods", "revisions", "own-events")
"""What the history of a workload is told by."""
FOR_A_CHANGE = ("revisions",)
"""What a change to another revision takes."""

_MOST_ASKED_ABOUT = 5
"""Pods whose events are asked for one by one in a namespace with too many of them."""
_SHARE_FOR_MAKERS = 0.2
"""Of the time, what the pods may wait for the ReplicaSets, by which those of another workload with the same labels are told apart."""


class ClusterSnapshot:
    """Each method waits for its own answer, and raises the ClusterError that came instead."""

    def __init__(
        self,
        client: ClusterClient,
        service: Service,
        deadline: Deadline,
        at_once: Collection[str] = EVERYTHING,
        workload: Object | None = None,
    ) -> None:
        """``deadline`` ends every wait. The requests for the workload (unless it is given) and for what is named in ``at_once`` are sent
        now, others when they are needed."""
        self.service = service
        self.client = client
        self._deadline = deadline
        self._lock = threading.Lock()
        self._again: dict[str, Future[Listed]] = {}
        namespace = service.namespace
        revisions = "replicasets" if service.workload_kind is WorkloadKind.DEPLOYMENT else "controllerrevisions"
        self._paths = {
            "pods": f"/api/v1/namespaces/{namespace}/pods",
            "revisions": f"/apis/apps/v1/namespaces/{namespace}/{revisions}",
            "metrics": f"/apis/metrics.k8s.io/v1beta1/namespaces/{namespace}/pods",
        }
        path = workload_path(service.workload_kind, namespace, service.workload)
        self._workload: Future[Object] = _answered(workload) if workload is not None else start(lambda: client.get(path), "workload")
        events = f"/api/v1/namespaces/{namespace}/events"
        autoscalers = f"/apis/autoscaling/v2/namespaces/{namespace}/horizontalpodautoscalers"
        self._questions: dict[str, Callable[[], Listed]] = {
            **{key: self._by_labels(path, service.pod_selector) for key, path in self._paths.items()},
            "own-events": lambda: self._list(events, fieldSelector=f"involvedObject.name={service.workload}"),
            "events": lambda: self._every_event(events, f"/apis/events.k8s.io/v1/namespaces/{namespace}/events"),
            "autoscalers": lambda: self._list(autoscalers),
        }
        self._asked = {key: start(question, key) for key, question in self._questions.items() if key in at_once}

    def workload(self) -> Object:
        """The workload. ObjectNotFound when there is none."""
        return self._wait(self._workload, "the workload")

    def there(self, here: datetime) -> datetime:
        """What the cluster's clock says when ours says ``here``, as far as its answers have told by now."""
        return here + self.client.server_clock.ahead()

    def pods(self) -> Listed:
        """The workload's pods: those that its selector matches and that its controller made."""
        listed = self._selected("pods")
        makers = self._makers()
        return Listed(tuple(pod for pod in listed.found if self._made_by_workload(pod, makers)), listed.cut)

    def alike(self) -> Listed:
        """The pods of the workload and whatever else carries the labels that it was asked for by: Jobs, other workloads."""
        return self._selected("pods")

    def revisions(self, within: Deadline | None = None) -> Listed:
        """The workload's ReplicaSets or ControllerRevisions, told by their owner's uid."""
        uid = metadata(self.workload()).get("uid")
        listed = self._selected("revisions", within)
        return Listed(tuple(entry for entry in listed.found if controller_of(entry).get("uid") == uid), listed.cut)

    def rivals(self) -> tuple[str, ...]:
        """Other Deployments with the very selector of this one, by the ReplicaSets that have pods: Kubernetes keeps nobody from that."""
        if self.service.workload_kind is not WorkloadKind.DEPLOYMENT or self._own_selector() is None:
            return ()
        ours, own = mapping(mapping(self.workload().get("spec")).get("selector")), metadata(self.workload()).get("uid")
        found = []
        for entry in self._selected("revisions").found:
            spec, owner = mapping(entry.get("spec")), controller_of(entry)
            selector = mapping(spec.get("selector"))
            labels = {key: value for key, value in mapping(selector.get("matchLabels")).items() if key != "pod-template-hash"}
            same = labels == mapping(ours.get("matchLabels")) and selector.get("matchExpressions") == ours.get("matchExpressions")
            if same and spec.get("replicas") and owner.get("kind") == "Deployment" and owner.get("uid") != own:
                found.append(str(owner.get("name")))
        return tuple(dict.fromkeys(found))

    def pod_metrics(self) -> Listed:
        return self._selected("metrics")

    def workload_events(self) -> Listed:
        """Events of whatever in the namespace has the workload's name (the workload, mostly its autoscaler)."""
        return self._wait(self._first("own-events"), "events of the workload")

    def ask_events(self) -> None:
        """Asks for those of the workload now, and waits for nothing."""
        self._first("own-events")

    def ask_pods(self) -> None:
        """Asks for them now, and waits for nothing."""
        self._first("pods")

    def events(self) -> Listed:
        """Events of the namespace, with those of the workload among them even where the rest was cut."""
        every = self._wait(self._first("events"), "events")
        try:
            own = self.workload_events().found
        except SourceUnavailableError:
            own = ()
        known = {metadata(event).get("uid") for event in every.found}
        return Listed(every.found + tuple(event for event in own if metadata(event).get("uid") not in known), every.cut)

    def events_about(self, pods: Sequence[Object]) -> tuple[Object, ...]:
        """The events of the namespace, and those about a few of these ``pods``, not ready ones first, where the rest was cut."""
        every = self.events()
        if not every.cut:
            return every.found
        some = sorted((pod for pod in pods if metadata(pod).get("uid")), key=is_ready)[:_MOST_ASKED_ABOUT]
        path = f"/api/v1/namespaces/{self.service.namespace}/events"
        asked = [start(partial(self._list, path, fieldSelector=f"involvedObject.uid={metadata(pod)['uid']}"), "events") for pod in some]
        found = list(every.found)
        for future in asked:
            with contextlib.suppress(SourceUnavailableError):  # that there are more than were read is said already
                found += self._wait(future, "events of a pod").found
        return tuple(found)

    def autoscalers(self) -> Listed:
        """The HorizontalPodAutoscalers of the namespace."""
        return self._wait(self._first("autoscalers"), "autoscalers")

    def autoscaler(self) -> Object | None:
        """The HorizontalPodAutoscaler that scales the workload."""
        for scaler in self.autoscalers().found:
            target = mapping(mapping(scaler.get("spec")).get("scaleTargetRef"))
            if (target.get("kind"), target.get("name")) == (self.service.workload_kind.value, self.service.workload):
                return scaler
        return None

    def get(self, path: str, **query: str | int) -> Object:
        """One more object, within the same deadline."""
        return self.client.get(path, query, timeout=min(self.client.timeout, max(self._deadline.left(), 0.1)))

    def _selected(self, key: str, within: Deadline | None = None) -> Listed:
        """A list by labels, by the selector that the workload turned out to have."""
        selector = self._own_selector()
        if selector is None or (not sequence(selector.get("matchExpressions")) and not mapping(selector.get("matchLabels"))):
            return self._wait(self._first(key), key, within)
        if _implies(selector, self.service.pod_selector):
            listed = self._wait(self._first(key), key, within)
            if key == "metrics":
                return listed
            return Listed(tuple(entry for entry in listed.found if selects(selector, labels_of(entry))), listed.cut)
        with self._lock:
            if key not in self._again:
                self._again[key] = start(self._by_labels(self._paths[key], selector_text(selector)), key)
        return self._wait(self._again[key], key, within)

    def _own_selector(self) -> Object | None:
        """The workload's own selector; None when the catalogue names another, or when the workload may not be read."""
        if self.service.selector:
            return None
        try:
            return mapping(mapping(self.workload().get("spec")).get("selector"))
        except SourceUnavailableError:
            return None

    def _makers(self) -> frozenset[str] | None:
        """The uids of a Deployment's ReplicaSets; None where they are not all known, or not soon."""
        if self.service.workload_kind is not WorkloadKind.DEPLOYMENT:
            return None
        try:
            listed = self.revisions(self._deadline.within(self._deadline.seconds * _SHARE_FOR_MAKERS))
        except SourceUnavailableError:
            return None
        uids = frozenset(str(metadata(entry).get("uid")) for entry in listed.found)
        return uids if uids and not listed.cut else None

    def _made_by_workload(self, pod: Object, makers: frozenset[str] | None) -> bool:
        owner = controller_of(pod)
        if self.service.workload_kind is WorkloadKind.DEPLOYMENT:
            return owner.get("kind") == "ReplicaSet" and (makers is None or owner.get("uid") in makers)
        return owner.get("kind") == self.service.workload_kind.value and owner.get("name") == self.service.workload

    def _first(self, key: str) -> Future[Listed]:
        """The answer to the question called ``key``, which is asked now where it was not yet."""
        with self._lock:
            if key not in self._asked:
                self._asked[key] = start(self._questions[key], key)
            return self._asked[key]

    def _by_labels(self, path: str, selector: str) -> Callable[[], Listed]:
        return lambda: self._list(path, labelSelector=selector)

    def _list(self, path: str, **query: str) -> Listed:
        return list_all(self.client, path, **query)

    def _every_event(self, path: str, newer: str) -> Listed:
        """The events of the namespace; by the newer of their two APIs where a Role opens only that one. They hold the same events."""
        try:
            return self._list(path)
        except Forbidden as error:
            try:
                return self._list(newer)
            except SourceUnavailableError:
                raise error from None

    def _wait(self, future: Future[T], what: str, within: Deadline | None = None) -> T:
        return wait(future, within or self._deadline, f"The cluster, asked for {what},")


def _answered(answer: T) -> Future[T]:
    future: Future[T] = Future()
    future.set_result(answer)
    return future


def _implies(selector: Object, asked: str) -> bool:
    """Whether everything that ``selector`` selects was among what was ``asked`` for (``key=value``)."""
    key, equals, value = asked.partition("=")
    return bool(equals) and "," not in asked and mapping(selector.get("matchLabels")).get(key) == value
