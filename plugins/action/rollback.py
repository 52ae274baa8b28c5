# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Begins a rollback on the host and shows its progress while it goes on, in a terminal and in a log alike."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ..plugin_utils import bytecode  # noqa: F401  # pylint: disable=unused-import

# isort: split
from ..module_utils.faces.arguments import CLUSTER, SERVICE
from ..module_utils.faces.rollback import PROGRESS, ROLLBACK, Follower, rollback_result
from ..module_utils.model.codec import format_time, from_result
from ..module_utils.model.rollback import ProgressLine, RollbackProgress
from ..module_utils.rollback import console
from ..module_utils.units import format_duration, parse_duration
from ..plugin_utils.here import do_here, would_run_here

_MODULE = "devops.incident_response.rollback"
_PROGRESS_MODULE = "devops.incident_response.rollback_progress_info"
_SLICE = 5.0
"""Seconds that one look may wait for something to happen. Each look may be a process of its own."""
_FREED_AGAIN = 10
"""Times that the broken pods which a StatefulSet waits for are looked for again: one that ran for a moment at the first look may crash."""
_FREED_EVERY = 10.0
"""Seconds without any change after which that is done."""
_PAUSE = 2.0
"""Seconds before a cluster that does not answer is asked again."""


class ActionModule(ActionBase):
    """See plugins/modules/rollback.py."""

    _supports_check_mode = True
    _supports_diff = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        started = time.monotonic()
        super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        here = Follower() if would_run_here(self, task_vars or {}) else None
        result = self._begin(arguments, task_vars, here)
        if result.get("failed") or "rollback" not in result:
            return result
        self._show(["", console.HEADING, ""])
        if result.get("progress") is None:
            self._show(["  Check mode: the cluster has tried the change and would take it. Nothing was changed.", ""])
            return result
        self._show(console.progress_lines(_lines(result["rollback"]["progress"])))
        if self._wanted("wait", True):
            self._follow(result, started, task_vars, here)
        return result

    def _follow(self, result: dict[str, Any], started: float, task_vars: dict[str, Any] | None, here: Follower | None) -> None:
        """Looks again and again until the rollout is complete or stuck, or the time is up, and completes ``result``."""
        limit = parse_duration(self._task.args.get("wait_timeout") or "5m", "wait_timeout")
        end = started + limit
        passed_on = {name: value for name, value in self._task.args.items() if name in CLUSTER or name in SERVICE}
        moved, freed = time.monotonic(), 0
        away = False
        if here is not None:
            here.seconds = limit
        while result["progress"]["state"] == "progressing":
            left = end - time.monotonic()
            if left <= 0:
                return self._give_up(result, _late(result, limit))
            seen = self._look({**passed_on, "following": result["following"], "at_most": min(_SLICE, left)}, task_vars, here)
            if seen.get("failed") and seen.get("transient"):
                if not away:
                    self._show([f"  The cluster does not answer; the rollout goes on, and is looked at again. {seen.get('msg')}"])
                away = True
                time.sleep(min(_PAUSE, max(end - time.monotonic(), 0.0)))
                continue
            away = False
            if seen.get("failed"):
                return self._give_up(result, f"The rollback was begun, but how it goes on can't be seen: {seen.get('msg')}")
            result["progress"], result["following"] = seen["progress"], seen["following"]
            result["rollback"]["progress"] += seen["progress"]["lines"]
            progress = from_result(RollbackProgress, seen["progress"])
            self._show([*console.progress_lines(progress.lines), *console.standing(progress, seen["share"])])
            moved = time.monotonic() if progress.lines else moved
            still = progress.state == "stuck" or time.monotonic() - moved >= _FREED_EVERY
            if still and freed < _FREED_AGAIN and progress.state != "complete":
                moved, freed = time.monotonic(), freed + self._free(result, task_vars, here)
        self._end(result)

    def _free(self, result: dict[str, Any], task_vars: dict[str, Any] | None, here: Follower | None) -> bool:
        """Has the broken pods deleted that a StatefulSet waits for by now; False where there are none, or they may not be."""
        if result["plan"]["kind"] != "StatefulSet" or not self._wanted("replace_broken_pods", True):
            return False
        # For a revision that is never current, nothing but that is done: what somebody deployed meanwhile is left alone.
        again = self._begin({**self._task.args, "target": result["target"]["name"], "from_revision": -1}, task_vars, here)
        lines = [line for line in (again.get("rollback") or {}).get("progress") or () if str(line["title"]).startswith("Deleted ")]
        if not lines:
            return False
        self._show(console.progress_lines(_lines(lines)))
        result["rollback"]["progress"] += lines
        result["following"] = {**result["following"], "trouble_since": None}
        result["progress"] = {**result["progress"], "state": "progressing"}
        return True

    def _begin(self, arguments: dict[str, Any], task_vars: dict[str, Any] | None, here: Follower | None) -> dict[str, Any]:
        if here is not None:
            return do_here(ROLLBACK, arguments, lambda params: rollback_result(params, bool(self._task.check_mode), here))
        done: dict[str, Any] = self._execute_module(module_name=_MODULE, module_args=arguments, task_vars=task_vars)
        return done

    def _look(self, arguments: dict[str, Any], task_vars: dict[str, Any] | None, here: Follower | None) -> dict[str, Any]:
        if here is not None:
            return do_here(PROGRESS, arguments, here)
        seen: dict[str, Any] = self._execute_module(module_name=_PROGRESS_MODULE, module_args=arguments, task_vars=task_vars)
        return seen

    def _end(self, result: dict[str, Any]) -> None:
        progress = from_result(RollbackProgress, result["progress"])
        if progress.state == "stuck":
            return self._give_up(result, _stuck(result, progress), "not_recovered")
        result["state"] = result["rollback"]["state"] = "verifying"
        result["rollback"]["finished_at"] = result["rollback"].get("finished_at") or format_time(datetime.now(UTC))
        return None

    def _give_up(self, result: dict[str, Any], reason: str, state: str = "applying") -> None:
        self._show([f"  ❌ {reason}", ""])
        result.update(failed=True, msg=reason, state=state)
        result["rollback"].update(state=state, reason=reason)
        if result["progress"].get("target_fails"):
            result["rollback"]["details"] = {**(result["rollback"].get("details") or {}), "target_fails": True}

    def _wanted(self, option: str, default: bool) -> bool:
        from ansible.module_utils.parsing.convert_bool import boolean

        return bool(boolean(self._task.args.get(option, default)))

    def _show(self, lines: list[str]) -> None:
        Display().display("\n".join(lines))


def _late(result: dict[str, Any], limit: float) -> str:
    waits_for = result["progress"].get("waits_for")
    missing = f" It waits for {str(waits_for).rstrip('.')}." if waits_for else ""
    return f"Not every pod runs the target after {format_duration(limit)}; the rollout goes on.{missing}"


def _stuck(result: dict[str, Any], progress: RollbackProgress) -> str:
    reason = f"The rollout is stuck: {str(progress.stuck_reason).rstrip('.')}."
    if result["changed"] or result["target"]["was_rollback"] or result["plan"]["from_revision"] != result["plan"]["to_revision"]:
        return reason
    told = result["plan"]["to_version"] or result["target"]["name"]
    return (
        f"Nothing was changed: {result['plan']['workload']} is told to run {told} already, and "
        f"that does not come up. {reason} Name an earlier version as 'target'."
    )


def _lines(data: list[dict[str, Any]]) -> list[ProgressLine]:
    return [from_result(ProgressLine, line) for line in data]
