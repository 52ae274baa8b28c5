# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that say where the logs of pods that are gone are."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  loki_url:
    description:
      - URL of Loki. Where it is given, the logs of pods that are gone come from there; the cluster forgets them together with the pod.
      - They are found by the labels that Promtail, Alloy, OpenTelemetry, Fluent Bit and Vector give (C(namespace) and C(pod),
        C(k8s_namespace_name) and C(k8s_pod_name), and so on); where the pod's name is only metadata of the lines, by a label such as
        C(app), C(service_name) or C(k8s_deployment_name). When Loki cannot be asked, this is said in the evidence's reason, and the logs of
        the pods that are there remain.
      - A login may stand in it, C(https://user:password@loki.example.com).
    type: str
  loki_tenant:
    description: Tenant that is asked (C(X-Scope-OrgID)), for a Loki that has several.
    type: str
  loki_headers:
    description: Headers to send along, for example C(Authorization).
    type: dict
  loki_ca_cert:
    description: File with the certificate authority of an HTTPS O(loki_url).
    type: path
"""
