# SPDX-License-Identifier: GPL-3.0-or-later
"""What every namespace holds from the start: the service account that pods run as where they name none."""

from __future__ import annotations

from .context import Context, Object

_ACCOUNT = "default"


def reconcile(context: Context, namespace: Object) -> None:
    name = namespace["metadata"]["name"]
    if namespace["metadata"].get("deletionTimestamp"):
        return
    if context.store.get("ServiceAccount", name, _ACCOUNT) is None:
        context.store.create({"kind": "ServiceAccount", "apiVersion": "v1", "metadata": {"name": _ACCOUNT, "namespace": name}})
