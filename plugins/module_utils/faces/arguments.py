# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Argument specs, each defined once, matched by one doc fragment of the same name."""

from __future__ import annotations

from typing import Any

CLUSTER: dict[str, Any] = {
    "kubeconfig": {"type": "path"},
    "context": {"type": "str"},
    "host": {"type": "str"},
    "api_key": {"type": "str", "no_log": True},
    "ca_cert": {"type": "path"},
    "validate_certs": {"type": "bool"},
    "cluster_timeout": {"type": "float", "default": 10.0},
}

PROMETHEUS: dict[str, Any] = {
    "prometheus_url": {"type": "str"},
    "prometheus_headers": {"type": "dict", "no_log": True},
    "prometheus_ca_cert": {"type": "path"},
    "prometheus_timeout": {"type": "float", "default": 10.0},
}

LOKI: dict[str, Any] = {
    "loki_url": {"type": "str"},
    "loki_tenant": {"type": "str"},
    "loki_headers": {"type": "dict", "no_log": True},
    "loki_ca_cert": {"type": "path"},
}

TRACES: dict[str, Any] = {
    "jaeger_url": {"type": "str"},
    "jaeger_headers": {"type": "dict", "no_log": True},
    "jaeger_ca_cert": {"type": "path"},
    "tempo_url": {"type": "str"},
    "tempo_headers": {"type": "dict", "no_log": True},
    "tempo_ca_cert": {"type": "path"},
}

SERVICE: dict[str, Any] = {
    "service": {"type": "str", "required": True},
    "namespace": {"type": "str", "default": "production"},
    "catalogue": {"type": "dict"},
}
