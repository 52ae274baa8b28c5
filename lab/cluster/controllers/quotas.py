# SPDX-License-Identifier: GPL-3.0-or-later
"""The status of ResourceQuotas: what the pods of a namespace use of them."""

from __future__ import annotations

from .. import quota_use
from .context import Context, Object


def reconcile(context: Context, quota: Object) -> None:
    hard = quota["spec"].get("hard") or {}
    used = {name: quota_use.text(name, amount) for name, amount in quota_use.used(context.store, quota).items()}
    context.write_status(quota, {"hard": hard, "used": used})
