# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What kind of workload a service is, where nobody has said so; and what to say when it is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ..clients.cluster import ClusterClient, ClusterError, ObjectNotFound, workload_path
from ..concurrency import Deadline, map_side_by_side
from ..errors import IncidentResponseError, InvalidOptionError
from ..model.service import Service, WorkloadKind
from .patience import TRANSIENT, pause

Found = tuple[WorkloadKind, dict[str, Any]]
"""A workload with its kind."""

_TRIES = 8
"""Times that a busy or broken server is asked: half a minute in all."""


class AnotherControllersError(IncidentResponseError):
    """The workload belongs to a controller that replaces pods in a way of its own."""


def with_kind(
    client: ClusterClient, service: Service, given: bool, sleep: Callable[[float], None], reached: bool = False
) -> tuple[Service, dict[str, Any] | None]:
    """``service`` with the kind of the workload that has its name, and that workload.

    Where the kind was ``given``, it is left as it is and nothing is asked, and the workload is None. Raises InvalidOptionError when two
    kinds have a workload of the name, what ``missing`` makes when none has, ClusterError when that can't be told.
    """
    if given:
        return service, None
    found: list[Found] = []
    unasked = list(WorkloadKind)
    for attempt in range(1, _TRIES + 1):
        there, unasked, trouble = _kinds(client, service, unasked)
        found += there
        if trouble is None:
            break
        if (trouble.status is None and not reached) or attempt == _TRIES:
            raise trouble  # no answer at all from the very beginning is a wrong address rather than a restart
        sleep(pause(attempt, trouble))
    if not found:
        raise missing(client, service)
    if len(found) > 1:
        names = " and a ".join(kind.value for kind, _unused in found)
        raise InvalidOptionError(
            "catalogue.workload_kind",
            None,
            f"one of {', '.join(kind.value for kind, _unused in found)}, since {service.namespace} has a {names} called {service.workload}",
        )
    kind, workload = found[0]
    return replace(service, workload_kind=kind), workload


def missing(client: ClusterClient, service: Service) -> IncidentResponseError:
    """Why there is nothing to work on: a Rollout of Argo Rollouts, or a name that is in another kind, namespace or spelling."""
    try:
        client.get(f"/apis/argoproj.io/v1alpha1/namespaces/{service.namespace}/rollouts/{service.workload}")
    except ClusterError:
        from ..evidence.missing_workload import missing_workload

        return missing_workload(client, service, Deadline(client.timeout))
    return AnotherControllersError(
        f"{service.workload} in {service.namespace} is a Rollout of Argo Rollouts, which is not handled from here. To roll it back, use "
        f"'kubectl argo rollouts abort {service.workload} -n {service.namespace}' while it goes on, else '… undo …'."
    )


def _kinds(
    client: ClusterClient, service: Service, kinds: list[WorkloadKind]
) -> tuple[list[Found], list[WorkloadKind], ClusterError | None]:
    """The workloads of ``kinds`` that have the service's name, those kinds that could not be asked, and why that was.

    One that may not be read does not count where another is there. ClusterError where nothing but that is known.
    """
    found: list[Found] = []
    again = []
    trouble: ClusterError | None = None
    forbidden: ClusterError | None = None
    futures = map_side_by_side(lambda kind: client.get(workload_path(kind, service.namespace, service.workload)), kinds, len(kinds), "kind")
    for kind, future in zip(kinds, futures, strict=True):
        try:
            workload = future.result()
        except ObjectNotFound:
            continue
        except TRANSIENT as error:
            again.append(kind)
            trouble = error
        except ClusterError as error:
            forbidden = forbidden or error
        else:
            found.append((kind, workload))
    if not found and not again and forbidden is not None:
        raise forbidden
    return found, again, trouble
