# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fresh pods for those that are there, one after the other as the workload's strategy says."""

from __future__ import annotations

from datetime import datetime, timedelta

from ..clients.cluster import ClusterClient, workload_path
from ..evidence.objects import annotations_of, mapping, moment
from ..model.service import Service
from .intent import Intent, MitigationRefusedError, annotate, now_text

RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"
RESTARTED = "incident-response.devops/restarted"
"""On the workload itself: the last restart that was ours, set by the request that makes it."""


def restart(client: ClusterClient, service: Service, now: datetime, within: float) -> Intent:
    """Every pod replaced by a fresh one, as ``kubectl rollout restart`` does; nothing when that was done less than ``within`` s ago."""
    path = workload_path(service.workload_kind, service.namespace, service.workload)
    workload = client.get(path)
    what = f"{service.workload_kind.value} {service.workload}"
    spec = mapping(workload.get("spec"))
    if spec.get("paused"):
        raise MitigationRefusedError(
            f"The rollout of {what} in {service.namespace} is paused, so a restart would replace no pod. Somebody paused it: ask why first."
        )
    if mapping(spec.get("updateStrategy")).get("type") == "OnDelete":
        raise MitigationRefusedError(f"{what} in {service.namespace} replaces pods only when they are deleted (OnDelete). Delete them.")
    template = mapping(spec.get("template"))
    last = annotations_of(template).get(RESTARTED_AT)
    at = moment(last)
    if at is not None and timedelta(0) <= now - at < timedelta(seconds=within):
        same = {"restartedAt": last}
        title = f"{what} was restarted at {last} already"
        standing = annotations_of(workload).get(RESTARTED) == last  # perhaps by a run that was killed before it could say so
        return Intent(service.workload_kind.value, service.workload, path, workload, same, same, title, standing=standing)
    text = now_text(now)
    operations = annotate({"metadata": mapping(template.get("metadata"))}, RESTARTED_AT, text)
    return Intent(
        service.workload_kind.value,
        service.workload,
        path,
        workload,
        {"restartedAt": last},
        {"restartedAt": text},
        f"Restarted {what}",
        [*({**operation, "path": f"/spec/template{operation['path']}"} for operation in operations), *annotate(workload, RESTARTED, text)],
    )
