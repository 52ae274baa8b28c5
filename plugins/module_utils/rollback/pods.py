# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pods of a workload, as the cluster lists them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..clients.cluster import ClusterClient
from ..evidence.objects import mapping, selector_text, sequence


def pods_of(client: ClusterClient, namespace: str, workload: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Pods that ``workload``'s own selector (labels and expressions) matches."""
    selector = selector_text(mapping(mapping(workload.get("spec")).get("selector")))
    return list(sequence(client.get(f"/api/v1/namespaces/{namespace}/pods", {"labelSelector": selector}).get("items")))
