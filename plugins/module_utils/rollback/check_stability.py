# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Was the target good while it was in production?"""

from __future__ import annotations

from ..analysis.stability import PROVEN_AFTER, rolled_back_from
from ..clients.prometheus import PrometheusClient
from ..errors import SourceUnavailableError
from ..evidence.metrics import value_of
from ..evidence.promql import error_rate
from ..model.check import Check, Verdict
from ..model.rollout import Revision, Rollouts
from ..model.service import Service
from ..units import format_value
from .target import describe

NAME = "stability"
HIGH_ERROR_RATE = 0.05
"""Share of failed requests from which a version was not good, where the service has no objective: "high" in the decision tree."""
LONGEST_WINDOW = 24 * 3600.0
"""Seconds before its end over which the target's errors are counted: what it was like lately, at a price that Prometheus can pay."""


def check_stability(target: Revision, history: Rollouts, service: Service, prometheus: PrometheusClient | None) -> Check:
    """Stable is: in production for PROVEN_AFTER seconds at least, nobody rolled back from it, and it did not fail too often at its end.

    Where its metrics are not known, it is judged by the rollout history alone, and the detail says so.
    """
    what = target.version or describe(target)
    if rolled_back_from(target, history):
        return Check(
            NAME, Verdict.FAIL, f"{what} was not stable", f"{describe(target)} was itself rolled back from. Choose another 'target'."
        )
    if target.active_from is None or target.active_until is None or target.stable_for is None:
        detail = "The cluster no longer knows from when to when it was active."
        return Check(NAME, Verdict.UNKNOWN, f"How long {what} was stable is unknown", detail)
    active = f"Active from {target.active_from:%Y-%m-%d %H:%M} to {target.active_until:%Y-%m-%d %H:%M} UTC; nobody rolled back from it"
    if target.stable_for < PROVEN_AFTER:
        return Check(NAME, Verdict.FAIL, f"{what} was active for only {_spoken(target.stable_for)}", f"{active}.")
    errors, reason = _errors(service, prometheus, target.active_until.timestamp(), target.stable_for)
    highest = service.objectives.error_rate if service.objectives.error_rate is not None else HIGH_ERROR_RATE
    if errors is None:
        return Check(NAME, Verdict.PASS, f"{what} was stable for {_spoken(target.stable_for)}", f"{active}. Its error rate: {reason}.")
    failed = f"{format_value(errors, 'share')} of its requests failed at its end"
    if errors > highest:
        return Check(NAME, Verdict.FAIL, f"{what} was not stable", f"{active}, but {failed} (at most: {format_value(highest, 'share')}).")
    return Check(NAME, Verdict.PASS, f"{what} was stable for {_spoken(target.stable_for)}", f"{active}; {failed}.")


def _errors(service: Service, prometheus: PrometheusClient | None, until: float, active: float) -> tuple[float | None, str]:
    """Share of failed requests before ``until``, and why it is not known."""
    if prometheus is None:
        return None, "unknown, since no prometheus_url is given"
    window = min(active, LONGEST_WINDOW)
    try:
        value = value_of(prometheus.instant(error_rate(service, f"{window:.0f}s"), until))
    except SourceUnavailableError as error:
        return None, f"unknown ({error.message.rstrip('.')})"
    return value, "unknown, since Prometheus has no requests of that time"


def _spoken(seconds: float) -> str:
    """``72 hours`` as a person says it: minutes below two hours, hours below four days; rounded down."""
    for word, size, least in (("day", 86400, 4), ("hour", 3600, 2)):
        if seconds >= size * least:
            return f"{int(seconds // size)} {word}s"
    minutes = int(seconds // 60)
    return "1 minute" if minutes == 1 else f"{minutes} minutes"
