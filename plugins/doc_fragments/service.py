# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that say which service."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  service:
    description: Name of the service, as its workload or its entry of the service catalogue is called.
    type: str
    required: true
  namespace:
    description: Kubernetes namespace of the service.
    type: str
    default: production
  catalogue:
    description:
      - What the team knows about the service; the entry of the service catalogue, field by field as in C(docs/catalogue.md).
      - Everything has a default. With none, the workload is the Deployment called O(service), its pods are C(app=<service>)
        and its metrics have C(job="<service>").
    type: dict
"""
