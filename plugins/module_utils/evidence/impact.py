# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the incident costs: sessions, users, failed requests, money, breached objectives, and how fast the error budget burns."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from ..clients.prometheus import Answer, PrometheusClient, quote
from ..concurrency import Deadline, map_side_by_side
from ..errors import SourceUnavailableError
from ..model.impact import Amount, BurnRate, Impact
from ..model.service import Service
from ..units import format_duration, format_value
from .counted_anew import times_begun_anew, uncounted
from .highest_bucket import bucket_bounds, highest_bounds
from .metric_names import MetricNames, metric_names
from .metrics_wave import Found, Key, collect, remarks_on, scrape_interval, series_of, value_of, without_a_part
from .names_in_use import found_under, names_in_use, status_in_use, told_by
from .namespaces import of_place, one_namespace
from .promql import (
    all_requests,
    error_rate,
    failed_requests,
    labelled_requests,
    latency,
    requests_selector,
    samples_of_up,
    series_of_requests,
)
from .replicas import of_replica, one_replica

WINDOW = 300.0
"""Seconds over which requests are counted."""
BUDGET_PERIOD = 30 * 86400.0
BURN_WINDOWS = ((3600.0, 300.0, 14.4), (21600.0, 1800.0, 6.0))
"""Long and short window, in seconds, and the burn rate from which both page: 2 % of the budget within an hour, 5 % within six (The Site
Reliability Workbook, chapter 5, "Alerting on SLOs", table 5-8)."""

_SESSIONS_METRIC = "active_sessions"
_SESSIONS, _USERS, _FAILED, _ALL, _LABELLED, _LATENCY, _UP = "sessions", "users", "failed", "all", "labelled", "latency", "up"
_ANEW, _BOUNDS, _HISTORY = "begun anew", "bounds", "history"
_WORTH_SAYING = 0.02
_HISTORY_STEP = 300.0
_WHOLE = 0.95
"""Share of a window from which on it counts as known in full."""


def impact(client: PrometheusClient, service: Service, deadline: Deadline | None = None) -> Impact:
    """The impact over the last WINDOW seconds. What can't be had is None with the reason in its basis.

    Seven queries; one more for users and for each objective that the catalogue has, and the windows of the burn rates. Raises
    SourceUnavailableError when Prometheus answers nothing, InvalidOptionError for a metric name of the catalogue that is none.
    """
    ends = deadline or Deadline(client.timeout)
    names = metric_names(service)
    answers = _ask(client, service, names, ends)
    notes: tuple[str, ...] = ()
    if (replica := one_replica(series_of(answers[_UP, ""]))) is not None:
        notes = (replica.note,)
        names = of_replica(names, replica)
        answers = _ask(client, service, names, ends)
    if answers[_ALL, ""] == () and (found := _quietly(names_in_use, client, service, names, ends)) is not None:
        notes = (*notes, found_under(service, names, found))
        names = found
        answers = _ask(client, service, names, ends)
    if (
        answers[_LABELLED, ""] == ()
        and answers[_ALL, ""] != ()
        and (found := _quietly(status_in_use, client, service, names, ends)) is not None
    ):
        notes = (*notes, told_by(names, found))
        names = found
        answers = _ask(client, service, names, ends)
    if (place := one_namespace(series_of(answers[_LABELLED, ""]), service)) is not None:
        notes = (*notes, place.note)
        names = of_place(names, place)
        answers = _ask(client, service, names, ends)
    warnings, _unused = remarks_on(answers)
    sessions = _sessions(answers, service)
    failed, share = _failures(answers, service, names)
    budget, rates = _budget(answers, service, share)
    return Impact(
        sessions=sessions,
        failed_requests=failed,
        revenue=_revenue(failed, service),
        currency=service.currency,
        window=WINDOW,
        objective=_objective(share, _latency(answers, service), service, highest_bounds(series_of(answers.get((_BOUNDS, ""), ())), names)),
        users=_users(answers, sessions, service),
        budget=budget,
        burn_rates=rates,
        notes=(*notes, *(f"Prometheus warns: {text}" for text in warnings)),
    )


def _ask(client: PrometheusClient, service: Service, names: MetricNames, ends: Deadline) -> dict[Key, Found]:
    window = _seconds(WINDOW)
    queries: dict[Key, str] = {
        (_SESSIONS, ""): _sessions_query(service),
        (_FAILED, ""): failed_requests(service, window, names),
        (_ALL, ""): all_requests(service, window, names),
        (_UP, ""): samples_of_up(service, names),
        (_LABELLED, ""): labelled_requests(service, names),
        (_ANEW, ""): times_begun_anew(names),
        ("share", window): error_rate(service, window, names=names),
    }
    if service.users_query:
        queries[_USERS, ""] = service.users_query
    if service.objectives.latency_p95 is not None:
        queries[_LATENCY, ""] = latency(service, 0.95, window, names=names)
        queries[_BOUNDS, ""] = bucket_bounds(names)
    if service.objectives.error_rate is not None:
        spans = dict.fromkeys(_seconds(span) for pair in BURN_WINDOWS for span in pair[:2])
        longest = _seconds(BURN_WINDOWS[-1][0])
        queries[_HISTORY, ""] = f"count_over_time(({series_of_requests(names)})[{longest}:{_seconds(_HISTORY_STEP)}])"
        queries |= {("share", span): error_rate(service, span, names=names) for span in spans}
    asked = map_side_by_side(client.instant, queries.values(), len(queries), "impact")
    return collect(dict(zip(queries, asked, strict=True)), ends)


def _quietly(
    search: Callable[[PrometheusClient, Service, MetricNames, Deadline], MetricNames | None],
    client: PrometheusClient,
    service: Service,
    names: MetricNames,
    ends: Deadline,
) -> MetricNames | None:
    """What ``search`` finds; None where it gets no answer, since without it the amounts say what is missing themselves."""
    try:
        return search(client, service, names, ends)
    except SourceUnavailableError:
        return None


def _seconds(window: float) -> str:
    return f"{window:.0f}s"


def _sessions_query(service: Service) -> str:
    return service.sessions_query or f"sum({_SESSIONS_METRIC}{{job={quote(service.job)}}})"


def _sessions(answers: Mapping[Key, Found], service: Service) -> Amount:
    query = _sessions_query(service)
    return _amount(answers[_SESSIONS, ""], f"value of {query}", "no series for it; set sessions_query in the service's catalogue entry")


def _users(answers: Mapping[Key, Found], sessions: Amount, service: Service) -> Amount:
    if service.users_query:
        return _amount(answers[_USERS, ""], f"value of {service.users_query}", "no series for it")
    if sessions.value is None:
        return Amount(None, f"no users_query in the service's catalogue entry, and sessions are unknown: {sessions.basis}")
    return Amount(sessions.value, "all active sessions, since there is no users_query in the service's catalogue entry")


def _failures(answers: Mapping[Key, Found], service: Service, names: MetricNames) -> tuple[Amount, Amount]:
    """Failed requests, and their share of all."""
    selector = requests_selector(service, names)
    if answers[_LABELLED, ""] == () and answers[_ALL, ""] != ():
        unknown = Amount(None, f"no series of {selector} with a label '{names.status}'")
        return unknown, unknown
    missing = f"no series for {selector}"
    failed = _amount(answers[_FAILED, ""], f"increase of failed requests over {WINDOW:.0f} s", missing)
    total = answers[_ALL, ""]
    if failed.value is not None and not isinstance(total, SourceUnavailableError) and (count := value_of(total)) is not None:
        lost = uncounted(value_of(series_of(answers[_ANEW, ""])), scrape_interval(series_of(answers[_UP, ""])))
        fewer = f"; counters began anew meanwhile, so up to {lost:.0%} may not have been counted" if lost >= _WORTH_SAYING else ""
        failed = Amount(failed.value, f"{failed.basis}, of {count:,.0f} in all{fewer}")
    return failed, _amount(answers["share", _seconds(WINDOW)], f"error rate over {WINDOW:.0f} s", missing)


def _latency(answers: Mapping[Key, Found], service: Service) -> Amount:
    if service.objectives.latency_p95 is None:
        return Amount(None, "no objective for the latency in the service's catalogue entry")
    return _amount(answers[_LATENCY, ""], f"latency P95 over {WINDOW:.0f} s", "no series for it")


def _amount(answer: Found, basis: str, missing: str) -> Amount:
    if isinstance(answer, SourceUnavailableError):
        return Amount(None, answer.message)
    if len(answer) > 1:
        return Amount(None, f"{basis}: it gives {len(answer)} series, not one; wrap it in sum(), max() or avg()")
    value = value_of(answer)
    if value is None and answer and answer[0].samples:
        return Amount(None, f"{basis}: no number, since there were no requests in that time")
    incomplete = isinstance(answer, Answer) and answer.incomplete
    if value is None:
        return Amount(None, f"{basis}: {without_a_part('it') if incomplete else missing}")
    return Amount(value, f"{basis}; a part of the servers did not answer, so it may be another" if incomplete else basis)


def _revenue(failed: Amount, service: Service) -> Amount:
    if service.transaction_value is None:
        return Amount(None, "no transaction_value in the service's catalogue entry")
    if failed.value is None:
        return Amount(None, f"failed requests are unknown: {failed.basis}")
    basis = f"failed requests × average transaction value ({service.currency}{service.transaction_value:,.2f})"
    return Amount(failed.value * service.transaction_value, basis)


def _objective(share: Amount, slowness: Amount, service: Service, bounds: Sequence[float]) -> Amount:
    """Whether any objective is breached; unknown where one is, unless another one is breached for sure.

    A latency that is one of ``bounds`` is only known to be at least that.
    """
    given = [
        (what, amount, limit, unit)
        for what, amount, limit, unit in (
            ("error rate", share, service.objectives.error_rate, "share"),
            ("latency P95", slowness, service.objectives.latency_p95, "seconds"),
        )
        if limit is not None
    ]
    if not given:
        return Amount(None, "no objective for the error rate in the service's catalogue entry")
    verdicts: list[bool | None] = []
    told = []
    for what, amount, limit, unit in given:
        if amount.value is None:
            verdicts.append(None)
            told.append(f"the {what} is unknown: {amount.basis}")
        elif what != "error rate" and amount.value <= limit and amount.value in bounds:
            verdicts.append(None)
            against = f"against an objective of {format_value(limit, unit)}"
            told.append(f"{what} at least {format_value(amount.value, unit)} {against}: beyond the highest bucket, so how far is not known")
        else:
            verdicts.append(amount.value > limit)
            told.append(f"{what} {format_value(amount.value, unit)} against an objective of {format_value(limit, unit)}")
    breached = True if True in verdicts else None if None in verdicts else False
    return Amount(None if breached is None else float(breached), "; ".join(told))


def _budget(answers: Mapping[Key, Found], service: Service, share: Amount) -> tuple[Amount, tuple[BurnRate, ...]]:
    """The share of the error budget that is burnt, and how fast it burns: the error rate as a multiple of the objective's."""
    limit = service.objectives.error_rate
    if limit is None:
        return Amount(None, "no objective for the error rate in the service's catalogue entry"), ()
    if limit <= 0:
        return Amount(None, "the objective for the error rate is zero, so there is no budget to burn"), ()
    rates = []
    for window, short, threshold in BURN_WINDOWS:
        rate, short_rate = (_rate(answers["share", _seconds(span)], limit) for span in (window, short))
        known = rate is not None and short_rate is not None
        alerting = min(rate or 0.0, short_rate or 0.0) >= threshold if known else None
        rates.append(BurnRate(window, short, rate, short_rate, threshold, alerting))
    longest = rates[-1]
    if longest.rate is None:
        answer = answers["share", _seconds(longest.window)]
        why = answer.message if isinstance(answer, SourceUnavailableError) else share.basis if not answer else "there were no requests"
        return Amount(None, f"the error rate over {format_duration(longest.window)} is unknown: {why}"), tuple(rates)
    period, window = format_duration(BUDGET_PERIOD), longest.window
    seen = _history(answers)
    there = f"{format_duration(seen)} (there is no older history)" if seen < _WHOLE * window else format_duration(window)
    covered = seen if seen < _WHOLE * window else window
    basis = (
        f"burn rate {longest.rate:.3g} over {format_duration(window)} × {there} / {period}: "
        f"share of the error budget of {period}, by an objective of {format_value(limit, 'share')} and even traffic"
    )
    return Amount(longest.rate * covered / BUDGET_PERIOD, basis), tuple(rates)


def _history(answers: Mapping[Key, Found]) -> float:
    """Seconds of the longest window in which there were series of the requests; all of it where that is not known."""
    longest = BURN_WINDOWS[-1][0]
    looks = value_of(series_of(answers[_HISTORY, ""]))
    return longest if looks is None else min(longest, looks * _HISTORY_STEP)


def _rate(answer: Found, limit: float) -> float | None:
    value = None if isinstance(answer, SourceUnavailableError) else value_of(answer)
    return value / limit if value is not None and math.isfinite(value) else None
