# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A service of the same name in several namespaces, such as production and staging: only one of them is asked about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..clients.prometheus import SeriesResult, quote
from ..lean import dataclass
from ..model.service import Service
from .metric_names import MetricNames
from .promql import NAMESPACE_LABELS

_MOST_NAMED = 4


@dataclass(frozen=True, slots=True)
class Place:
    """The service's own namespace, and the others that series of that name are in."""

    label: str
    namespace: str
    others: tuple[str, ...]

    @property
    def note(self) -> str:
        named = ", ".join(self.others[:_MOST_NAMED]) + (" and others" if len(self.others) > _MOST_NAMED else "")
        return (
            f"there are requests under this name in {named} as well; only the series with {self.label}={quote(self.namespace)} are counted"
        )


def one_namespace(labelled: Sequence[SeriesResult], service: Service) -> Place | None:
    """Where the service's own series are, by an answer to ``labelled_requests``; None where they need not be told from others."""
    for label in NAMESPACE_LABELS:
        found = {one.labels.get(label, "") for one in labelled}
        if service.namespace in found and len(found) > 1:
            return Place(label, service.namespace, tuple(sorted(name or "none" for name in found - {service.namespace})))
    return None


def of_place(names: MetricNames, place: Place) -> MetricNames:
    """``names`` that match the series of one namespace alone."""
    matcher = f",{place.label}={quote(place.namespace)}"
    return replace(
        names, matchers=names.matchers + matcher, pool_used=_within(names.pool_used, matcher), pool_size=_within(names.pool_size, matcher)
    )


def _within(selector: str | None, matcher: str) -> str | None:
    return None if selector is None else f"{selector.removesuffix('}')}{matcher}}}"
