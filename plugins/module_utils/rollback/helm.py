# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Helm knows of a release: the labels of the secrets in which it keeps its history, and never what is in them.

Each revision is a secret ``sh.helm.release.v1.<release>.v<revision>`` with the labels ``owner=helm``, ``name``, ``status`` and ``version``
(helm.sh/helm/v3/pkg/storage/driver, secrets.go).
"""

from __future__ import annotations

from collections.abc import Sequence

from ..clients.cluster import METADATA_ONLY, ClusterClient, ClusterError
from ..evidence.objects import labels_of, sequence
from ..lean import dataclass

_PENDING = ("pending-install", "pending-upgrade", "pending-rollback")


@dataclass(frozen=True, slots=True)
class HelmRevision:
    """``status`` is Helm's word: deployed, superseded, failed, pending-upgrade …"""

    number: int
    status: str


def history_of(client: ClusterClient, release: str, namespace: str) -> tuple[HelmRevision, ...] | None:
    """The revisions that Helm keeps, oldest first; None where its secrets can't be listed."""
    query = {"labelSelector": f"owner=helm,name={release}"}
    try:
        found = sequence(client.get(f"/api/v1/namespaces/{namespace}/secrets", query, accept=METADATA_ONLY).get("items"))
    except ClusterError:
        return None
    labels = [labels_of(secret) for secret in found]
    known = [HelmRevision(int(one["version"]), one.get("status", "unknown")) for one in labels if one.get("version", "").isdigit()]
    return tuple(sorted(known, key=lambda revision: revision.number))


def told(release: str, namespace: str, history: Sequence[HelmRevision] | None) -> str:
    """What Helm will think after a rollback behind its back, and the command that would keep its history true."""
    command = f"'helm rollback {release} -n {namespace}' keeps its own history true."
    if not history:
        why = "its release secrets can't be listed" if history is None else "it has no release secrets there"
        return f"What its history says is unknown ({why}). {command}"
    newest = history[-1]
    deployed = next((revision for revision in reversed(history) if revision.status == "deployed"), None)
    before = [
        revision.number for revision in history if revision.status == "superseded" and (not deployed or revision.number < deployed.number)
    ]
    said = (
        f"Helm will still think that revision {deployed.number} of {release} runs."
        if deployed
        else f"Helm knows no deployed revision of {release}."
    )
    if newest.status in _PENDING:
        said += (
            f" Its revision {newest.number} is {newest.status}: another run of Helm is under way, or has died; look before you use Helm."
        )
    elif newest.status == "failed":
        said += f" Its revision {newest.number} failed."
    if before:
        return f"{said} 'helm rollback {release} {before[-1]} -n {namespace}' goes one revision back and keeps its history true."
    return f"{said} It keeps no revision to go back to."
