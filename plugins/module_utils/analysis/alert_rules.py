# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Alerts as a rule file of Prometheus: https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules/"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from ..model.comparison import AlertRule

_SEVERITIES = {"roll back": "critical"}


def rule_file(service: str, namespace: str, version: str, alerts: Sequence[AlertRule]) -> str:
    """The text of a rule file with one group, ready for ``rule_files``; empty where there are no alerts.

    Every value is a quoted string (JSON's are YAML's), and what Prometheus would expand as a template is written out.
    """
    return "\n".join(_lines(service, namespace, version, alerts)) + "\n" if alerts else ""


def _lines(service: str, namespace: str, version: str, alerts: Sequence[AlertRule]) -> Iterator[str]:
    yield "groups:"
    yield f"  - name: {_text(f'{service} after {version}')}"
    yield "    rules:"
    for alert in alerts:
        yield f"      - alert: {_text(alert.name)}"
        yield f"        expr: {_text(alert.expr)}"
        yield f"        for: {_text(f'{alert.for_seconds:.0f}s')}"
        yield "        labels:"
        yield f"          severity: {_text(_SEVERITIES.get(alert.then, 'warning'))}"
        yield f"          service: {_text(service)}"
        yield f"          namespace: {_text(namespace)}"
        yield "        annotations:"
        yield f"          summary: {_text(_literal(f'{alert.title} of {service} since {version}'))}"
        yield f"          action: {_text(_literal(alert.then))}"


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _literal(value: str) -> str:
    """``value`` as an annotation's template that expands to it."""
    return value.replace("{{", '{{"{{"}}')
