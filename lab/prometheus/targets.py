# SPDX-License-Identifier: GPL-3.0-or-later
"""What the server knows besides series: scrape targets, metadata of metrics, rules and alerts. Times are Unix seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lab.prometheus.dates import rfc3339


@dataclass(frozen=True, slots=True)
class Target:
    """A scrape target; ``health`` is ``up``, ``down`` or ``unknown``, ``last_scrape_duration`` is seconds."""

    labels: Mapping[str, str]
    scrape_url: str
    scrape_pool: str
    health: str = "up"
    last_error: str = ""
    last_scrape: float = 0.0
    last_scrape_duration: float = 0.0
    scrape_interval: str = "15s"
    scrape_timeout: str = "10s"
    discovered_labels: Mapping[str, str] = field(default_factory=dict)

    def to_result(self) -> dict[str, Any]:
        """As ``/api/v1/targets`` shows it."""
        return {
            "discoveredLabels": dict(self.discovered_labels),
            "labels": dict(self.labels),
            "scrapePool": self.scrape_pool,
            "scrapeUrl": self.scrape_url,
            "globalUrl": self.scrape_url,
            "lastError": self.last_error,
            "lastScrape": rfc3339(self.last_scrape),
            "lastScrapeDuration": self.last_scrape_duration,
            "health": self.health,
            "scrapeInterval": self.scrape_interval,
            "scrapeTimeout": self.scrape_timeout,
        }


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a target says about a metric: ``type`` is ``counter``, ``gauge``, ``histogram``, ``summary`` or ``unknown``."""

    type: str
    help: str
    unit: str = ""

    def to_result(self) -> dict[str, str]:
        return {"type": self.type, "unit": self.unit, "help": self.help}


@dataclass(frozen=True, slots=True)
class Alert:
    """An active alert; ``state`` is ``pending`` or ``firing``, ``value`` the rule's value as a string."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    state: str
    active_at: float
    value: str

    def to_result(self) -> dict[str, Any]:
        return {
            "labels": dict(self.labels),
            "annotations": dict(self.annotations),
            "state": self.state,
            "activeAt": rfc3339(self.active_at),
            "value": self.value,
        }


@dataclass(frozen=True, slots=True)
class AlertingRule:
    """``duration`` is how long the query must hold before the alert fires, in seconds."""

    name: str
    query: str
    duration: float
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    alerts: tuple[Alert, ...] = ()
    last_evaluation: float = 0.0

    def to_result(self) -> dict[str, Any]:
        states = {alert.state for alert in self.alerts}
        return {
            "state": "firing" if "firing" in states else "pending" if states else "inactive",
            "name": self.name,
            "query": self.query,
            "duration": self.duration,
            "keepFiringFor": 0,
            "labels": dict(self.labels),
            "annotations": dict(self.annotations),
            "alerts": [alert.to_result() for alert in self.alerts],
            "health": "ok",
            "evaluationTime": 0,
            "lastEvaluation": rfc3339(self.last_evaluation),
            "type": "alerting",
        }


@dataclass(frozen=True, slots=True)
class RuleGroup:
    """Alerting rules that are evaluated together every ``interval`` seconds."""

    name: str
    file: str
    rules: tuple[AlertingRule, ...]
    interval: float = 60.0
    last_evaluation: float = 0.0

    def to_result(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "file": self.file,
            "rules": [rule.to_result() for rule in self.rules],
            "interval": self.interval,
            "limit": 0,
            "evaluationTime": 0,
            "lastEvaluation": rfc3339(self.last_evaluation),
        }
