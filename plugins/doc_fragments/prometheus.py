# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that say where the metrics are."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  prometheus_url:
    description:
      - URL of Prometheus or of anything that speaks its HTTP API (Thanos, Mimir, VictoriaMetrics).
      - Where it is not given, whatever needs metrics is reported as unknown, with that reason.
    type: str
  prometheus_headers:
    description: Headers to send along, for example C(Authorization) or C(X-Scope-OrgID).
    type: dict
  prometheus_ca_cert:
    description: File with the certificate authority of an HTTPS O(prometheus_url).
    type: path
  prometheus_timeout:
    description: Seconds that one query may take.
    type: float
    default: 10.0
requirements:
  - prometheus-api-client >= 0.6.0
"""
