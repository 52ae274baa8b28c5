# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that say which cluster, and as whom."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  kubeconfig:
    description:
      - Path of a kubeconfig file. Where it is not given, E(KUBECONFIG), C(~/.kube/config) and the pod's own service account
        are tried, in this order.
    type: path
  context:
    description: Context of the kubeconfig to use instead of its current one.
    type: str
  host:
    description: URL of the API server, instead of a kubeconfig; goes with O(api_key).
    type: str
  api_key:
    description: Bearer token for O(host).
    type: str
  ca_cert:
    description: File with the certificate authority of O(host).
    type: path
  validate_certs:
    description: Whether the API server's certificate is verified. The default is what the kubeconfig says, else V(true).
    type: bool
  cluster_timeout:
    description: Seconds that one request to the API server may take.
    type: float
    default: 10.0
requirements:
  - kubernetes >= 34.1.0
"""
