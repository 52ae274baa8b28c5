# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module mitigation does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import InvalidOptionError
from ..model.codec import DocumentError, from_result, to_result
from ..model.mitigation import Mitigation, MitigationAction
from ..record.redaction import redact
from ..rollback.maintenance import HookFailedError
from ..rollback.mitigate import Wish, mitigate
from ..units import parse_duration
from .arguments import CLUSTER, SERVICE
from .connections import cluster_from, kind_given, service_from
from .rollback import CLOCK, workload_from

MITIGATION: dict[str, Any] = {
    **CLUSTER,
    **SERVICE,
    "action": {"type": "str", "required": True, "choices": [action.value for action in MitigationAction]},
    "state": {"type": "str", "default": "done", "choices": ["done", "undone"]},
    "replicas": {"type": "int"},
    "unless_restarted_within": {"type": "str", "default": "5m"},
    "saved": {"type": "dict"},
    "hook_timeout": {"type": "float", "default": 30.0},
}


def mitigation_result(params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """What the module mitigation returns."""
    wish = Wish(
        action=MitigationAction(params["action"]),
        undo=params["state"] == "undone",
        replicas=params["replicas"],
        within=parse_duration(params["unless_restarted_within"], "unless_restarted_within"),
        saved=_saved(params["saved"]),
        timeout=params["hook_timeout"],
    )
    needs_cluster = wish.action is not MitigationAction.MAINTENANCE
    service = workload_from(params)[1] if needs_cluster and not kind_given(params) else service_from(params)
    try:
        done = mitigate(lambda: cluster_from(params), service, wish, CLOCK, dry_run=check_mode)
    except HookFailedError as error:
        raise HookFailedError(redact(error.message)) from error  # it says what the hook printed
    mitigation = redact(to_result(done.mitigation))
    what = f"{mitigation['kind']} {mitigation['name']}"
    before = mitigation["before"] if done.changed else mitigation["after"]
    diff = {"before": before, "after": mitigation["after"], "before_header": what, "after_header": what}
    return {"changed": done.changed, "standing": done.standing, "mitigation": mitigation, "msg": mitigation["title"], "diff": diff}


def _saved(saved: Mapping[str, Any] | None) -> Mitigation | None:
    if not saved:
        return None
    try:
        return from_result(Mitigation, saved)
    except DocumentError as error:
        raise InvalidOptionError("saved", error.message, "what this module returned as 'mitigation'") from error
