# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Under which other names a service's requests are counted, where there are none under those of the catalogue."""

from __future__ import annotations

from ..clients.prometheus import PrometheusClient
from ..concurrency import Deadline, map_side_by_side, wait
from ..model.service import Service
from .metric_names import OTHER_LABELS, MetricNames, all_names, other_names, with_label, with_status
from .promql import labelled_requests, requests_labelled, requests_selector, series_of_requests

_STATUS_LABELS = ("status", "code", "status_code", "http_status_code", "http_response_status_code", "http_status", "response_code")
"""What libraries call the status of an HTTP response, the most usual first."""


def names_in_use(
    client: PrometheusClient, service: Service, names: MetricNames, ends: Deadline, offset: str = "", at: float | None = None
) -> MetricNames | None:
    """The likeliest names but ``names`` that there are series for (a day ago with `` offset 1d``, at ``at`` in unix seconds); None: none.

    One query, and one more for series that are told by another label than ``job``. SourceUnavailableError when Prometheus does not answer.
    """
    others = other_names(service, names)
    query = " or ".join(f'label_replace({series_of_requests(one, offset)}, "preset", "{one.preset.value}", "", "")' for one in others)
    (asked,) = map_side_by_side(lambda text: client.instant(text, at), [query], 1, "prometheus-names")
    present = {series.labels.get("preset") for series in wait(asked, ends, "Prometheus")}
    found = next((one for one in others if one.preset.value in present), None)
    if found is not None or service.metrics.job is not None:
        return found
    (asked,) = map_side_by_side(lambda text: client.instant(text, at), [requests_labelled(service, offset)], 1, "prometheus-labelled")
    pairs = {(series.labels.get("requests"), series.labels.get("label")) for series in wait(asked, ends, "Prometheus")}
    likeliest = ((one, label) for one in all_names(service) for label in OTHER_LABELS)
    return next((with_label(service, one, label) for one, label in likeliest if (one.requests, label) in pairs), None)


def status_in_use(client: PrometheusClient, service: Service, names: MetricNames, ends: Deadline) -> MetricNames | None:
    """``names`` with the label that the requests have instead of the one that failures are told by; None where they have none of those.

    One query, and none where the catalogue says what the label is. SourceUnavailableError when Prometheus does not answer it.
    """
    if service.metrics.status_label is not None:
        return None
    others = [with_status(service, names, label) for label in _STATUS_LABELS if label != names.status]
    query = " or ".join(f'label_replace({labelled_requests(service, one)}, "label", "{one.status}", "", "")' for one in others)
    (asked,) = map_side_by_side(client.instant, [query], 1, "prometheus-labels")
    present = {series.labels.get("label") for series in wait(asked, ends, "Prometheus")}
    return next((one for one in others if one.status in present), None)


def told_by(names: MetricNames, found: MetricNames) -> str:
    """What a person should know about it."""
    return f"there is no label '{names.status}'; failures are told by {found.failure}: set metrics.status_label in the catalogue"


def found_under(service: Service, names: MetricNames, found: MetricNames) -> str:
    """What a person should know about it."""
    theirs = requests_selector(service, found)
    if found.told_by in OTHER_LABELS:
        return (
            f"there is no {requests_selector(service, names)}; the metrics are those of {theirs}: set metrics.preset to "
            f"{found.preset.value} and metrics.labels to {{{found.told_by}: {service.name}}} in the catalogue"
        )
    return (
        f"there is no {requests_selector(service, names)}; the metrics are those of the preset {found.preset.value} "
        f"({theirs}): set metrics.preset in the catalogue"
    )
