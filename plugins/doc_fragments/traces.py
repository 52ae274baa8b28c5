# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that say where the traces are."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  jaeger_url:
    description:
      - URL of Jaeger's query service. Where neither it nor O(tempo_url) is given, traces are V(skipped).
    type: str
  jaeger_headers:
    description: Headers to send to Jaeger, for example C(Authorization).
    type: dict
  jaeger_ca_cert:
    description: File with the certificate authority of an HTTPS O(jaeger_url).
    type: path
  tempo_url:
    description:
      - URL of Tempo, for traces where there is no Jaeger. With O(jaeger_url) given as well, Jaeger is asked.
    type: str
  tempo_headers:
    description: Headers to send to Tempo, for example C(Authorization), or C(X-Scope-OrgID) for the tenant of one that has several.
    type: dict
  tempo_ca_cert:
    description: File with the certificate authority of an HTTPS O(tempo_url).
    type: path
"""
