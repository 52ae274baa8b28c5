# SPDX-License-Identifier: GPL-3.0-or-later
"""What Loki adds to streams and lines by itself since 3.0 (https://grafana.com/docs/loki/latest/configure/#limits_config).

How it reads a level out of a line is not documented, has changed often, and goes wrong often; here it is the first word that is one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_SERVICE = (
    "service", "app", "application", "app_name", "name", "app_kubernetes_io_name", "container", "container_name", "k8s_container_name",
    "component", "workload", "job", "k8s_job_name",
)  # fmt: skip
_LEVEL = (
    "level", "LEVEL", "Level", "Severity", "severity", "SEVERITY", "lvl", "LVL", "Lvl", "severity_text", "Severity_Text", "SEVERITY_TEXT",
)  # fmt: skip
_LEVELS = {"err": "error", "warning": "warn"}
_WORD = re.compile(r"(?i)\b(trace|debug|info|warn(?:ing)?|err(?:or)?|critical|fatal)\b")


def service_name(labels: Mapping[str, str]) -> str:
    """The label ``service_name`` of a stream: that of its labels which there is first in Loki's list (discover_service_name)."""
    return labels.get("service_name") or next((labels[name] for name in _SERVICE if labels.get(name)), "unknown_service")


def detected_level(labels: Mapping[str, str], metadata: Mapping[str, str], line: str) -> str:
    """The metadata ``detected_level`` of a line (discover_log_levels)."""
    known = {**labels, **metadata}
    given = next((known[name] for name in _LEVEL if known.get(name)), "")
    word = given or (found[1] if (found := _WORD.search(line)) else "unknown")
    return _LEVELS.get(word.lower(), word.lower())
