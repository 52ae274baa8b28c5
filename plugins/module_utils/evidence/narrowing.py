# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of the series under a service's names are its own, and each of them once."""

from __future__ import annotations

from collections.abc import Sequence

from ..clients.prometheus import SeriesResult
from ..model.service import Service
from .metric_names import MetricNames
from .namespaces import of_place, one_namespace
from .replicas import of_replica, one_replica


def narrowed(
    names: MetricNames, up: Sequence[SeriesResult], labelled: Sequence[SeriesResult], service: Service
) -> tuple[MetricNames, tuple[str, ...]]:
    """``names`` that match one replica of Prometheus and one namespace alone, where there are several, and what to say about that.

    ``up`` are the samples of the service's targets, ``labelled`` an answer to ``labelled_requests``. Nothing to say: the same names.
    """
    replica, place = one_replica(up), one_namespace(labelled, service)
    if replica is not None:
        names = of_replica(names, replica)
    if place is not None:
        names = of_place(names, place)
    return names, tuple(one.note for one in (replica, place) if one is not None)
