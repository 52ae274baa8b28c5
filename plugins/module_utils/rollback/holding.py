# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whoever chooses the number of pods, held still and let go again: KEDA where it is KEDA's choice, else the autoscaler."""

from __future__ import annotations

from ..clients.cluster import ClusterClient
from ..errors import NotFoundError
from ..model.service import Service
from .autoscalers import autoscaler_of, hold_autoscaler, release_autoscaler
from .intent import Intent
from .keda import hold_scaled_object, made_by, release_scaled_object, scaled_object_of


def pause_autoscaling(client: ClusterClient, service: Service) -> Intent:
    """NotFoundError where nothing scales it by itself."""
    return _of_whom(client, service, still=True)


def resume_autoscaling(client: ClusterClient, service: Service) -> Intent:
    """As it was before; nothing where it was not held still by us. NotFoundError where nothing scales it by itself."""
    return _of_whom(client, service, still=False)


def _of_whom(client: ClusterClient, service: Service, still: bool) -> Intent:
    scaler = autoscaler_of(client, service)
    scaled = scaled_object_of(client, service, scaler)
    if scaled is not None:
        return hold_scaled_object(service, scaled) if still else release_scaled_object(service, scaled)
    if scaler is not None and (name := made_by(scaler)):
        raise NotFoundError(f"KEDA's ScaledObject {name}, which scales {service.workload} in {service.namespace}, can't be read.")
    if scaler is not None:
        return hold_autoscaler(service, scaler) if still else release_autoscaler(service, scaler)
    raise NotFoundError(f"No HorizontalPodAutoscaler scales {service.workload_kind.value} {service.workload} in {service.namespace}.")
