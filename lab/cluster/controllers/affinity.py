# SPDX-License-Identifier: GPL-3.0-or-later
"""Pods that may not be on one node, or in one zone, with others (required anti-affinity, of the pod itself)."""

from __future__ import annotations

from collections.abc import Sequence

from ..selectors import matches_labels
from .context import Context, Object, is_active

REFUSAL = "node(s) didn't match pod anti-affinity rules"


def repelled(context: Context, pod: Object, nodes: Sequence[Object]) -> set[str]:
    """The names of the nodes on which the pod may not be because of pods that are there."""
    terms = ((pod["spec"].get("affinity") or {}).get("podAntiAffinity") or {}).get("requiredDuringSchedulingIgnoredDuringExecution")
    found: set[str] = set()
    for term in terms or ():
        taken = {
            _topology(node, term["topologyKey"])
            for other in context.store.list("Pod", pod["metadata"]["namespace"])
            for node in nodes
            if other["spec"].get("nodeName") == node["metadata"]["name"] and is_active(other)
            if matches_labels(term.get("labelSelector") or {}, other["metadata"].get("labels") or {})
        }
        found |= {node["metadata"]["name"] for node in nodes if _topology(node, term["topologyKey"]) in taken - {""}}
    return found


def _topology(node: Object, key: str) -> str:
    own = node["metadata"]["name"] if key == "kubernetes.io/hostname" else ""
    return str((node["metadata"].get("labels") or {}).get(key, own))
