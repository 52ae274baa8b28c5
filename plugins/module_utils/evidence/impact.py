# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the incident costs: sessions, failed requests, money, and whether the objective is breached."""

from __future__ import annotations

from ..clients.prometheus import PrometheusClient, QueryRejectedError, SeriesResult, quote
from ..concurrency import Deadline, map_side_by_side, wait
from ..model.impact import Amount, Impact
from ..model.service import Service
from ..units import format_value
from .metrics import value_of
from .promql import error_rate, failed_requests, labelled_requests, requests_selector

WINDOW = 300.0
"""Seconds over which requests are counted."""

_SESSIONS_METRIC = "active_sessions"


def impact(client: PrometheusClient, service: Service, deadline: Deadline | None = None) -> Impact:
    """The impact over the last WINDOW seconds. What can't be had is None with the reason in its basis.

    Raises SourceUnavailableError when Prometheus does not answer.
    """
    ends = deadline or Deadline(client.timeout)
    window = f"{WINDOW:.0f}s"
    sessions_query = service.sessions_query or f"sum({_SESSIONS_METRIC}{{job={quote(service.job)}}})"
    queries = (sessions_query, failed_requests(service, window), error_rate(service, window), labelled_requests(service))
    asked = map_side_by_side(client.instant, queries, len(queries), "impact")
    answers: list[tuple[SeriesResult, ...] | QueryRejectedError] = []
    for future in asked:
        try:
            answers.append(wait(future, ends, "Prometheus"))
        except QueryRejectedError as error:
            answers.append(error)
    sessions = _amount(answers[0], f"value of {sessions_query}", "no series for it; set sessions_query in the service's catalogue entry")
    if answers[3] == ():
        unknown = f"no series of {requests_selector(service)} with a label 'status'"
        failed, share = Amount(None, unknown), Amount(None, unknown)
    else:
        missing = f"no series for {requests_selector(service)}"
        failed = _amount(answers[1], f"increase of failed requests over {WINDOW:.0f} s", missing)
        share = _amount(answers[2], f"error rate over {WINDOW:.0f} s", missing)
    return Impact(
        sessions=sessions,
        failed_requests=failed,
        revenue=_revenue(failed, service),
        currency=service.currency,
        window=WINDOW,
        objective=_objective(share, service),
    )


def _amount(answer: tuple[SeriesResult, ...] | QueryRejectedError, basis: str, missing: str) -> Amount:
    if isinstance(answer, QueryRejectedError):
        return Amount(None, answer.message)
    value = value_of(answer)
    return Amount(value, basis) if value is not None else Amount(None, f"{basis}: {missing}")


def _revenue(failed: Amount, service: Service) -> Amount:
    if service.transaction_value is None:
        return Amount(None, "no transaction_value in the service's catalogue entry")
    if failed.value is None:
        return Amount(None, f"failed requests are unknown: {failed.basis}")
    basis = f"failed requests × average transaction value ({service.currency}{service.transaction_value:,.2f})"
    return Amount(failed.value * service.transaction_value, basis)


def _objective(share: Amount, service: Service) -> Amount:
    limit = service.objectives.error_rate
    if limit is None:
        return Amount(None, "no objective for the error rate in the service's catalogue entry")
    if share.value is None:
        return Amount(None, f"the error rate is unknown: {share.basis}")
    compared = f"error rate {format_value(share.value, 'share')} against an objective of {format_value(limit, 'share')}"
    return Amount(1.0 if share.value > limit else 0.0, compared)
