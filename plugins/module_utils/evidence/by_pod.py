# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In which pods requests fail, or are refused: whether it is all of them, those of one version, or those of one node."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..clients.prometheus import SeriesResult
from ..model.metrics import PodShare
from .metric_names import MetricNames

FAILS = 0.02
"""Share of failed requests from which it is worth knowing where they fail."""
REFUSES = 0.05
"""The same for requests that are refused; below it nothing is asked about them."""
_KIND, _REFUSED = "answer", "refused"
_POD_LABELS = ("pod", "k8s_pod_name", "kubernetes_pod_name")
"""Under which names a series says which pod it is of: Prometheus Operator's, OpenTelemetry's, that of the old scrape configurations."""
_ENOUGH = 20.0
"""Requests within five minutes, from which a pod's share says something."""
_MOST = 200


def shares_by_pod(names: MetricNames) -> str:
    """The query for the share of failed requests in each pod over five minutes, and of those that are refused, told apart by a label.

    It gives nothing where few of all requests are so.
    """
    failed = _shares(names, names.failure, FAILS)
    if names.refusal is None:
        return failed
    return f'{failed} or label_replace({_shares(names, names.refusal, REFUSES)}, "{_KIND}", "{_REFUSED}", "", "")'


def _shares(names: MetricNames, matcher: str, least: float) -> str:
    failed, total = (f"rate({names.requests}{{{matchers}}}[5m])" for matchers in (f"{names.matchers},{matcher}", names.matchers))
    by = f"sum by ({', '.join(_POD_LABELS)})"
    share = f"({by} ({failed}) or {by} ({total}) * 0) / {by} ({total})"
    enough = f"{by} ({total}) * 300 >= {_ENOUGH:g}"
    return f"(({share}) and ({enough}) and on () (sum({failed}) / sum({total}) >= {least}))"


def by_pod(answer: Sequence[SeriesResult], *, refused: bool = False) -> tuple[PodShare, ...]:
    """The shares of failed, or of ``refused`` requests in an answer, the worst first; what names no pod is left out."""
    found = []
    for one in answer:
        if (one.labels.get(_KIND) == _REFUSED) is not refused:
            continue
        pod = next((one.labels[label] for label in _POD_LABELS if one.labels.get(label)), None)
        if pod is not None and one.samples and math.isfinite(one.samples[-1][1]):
            found.append(PodShare(pod, one.samples[-1][1]))
    return tuple(sorted(found, key=lambda one: (-one.error_rate, one.pod))[:_MOST])
