# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What diff mode shows of a changed pod template."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..record.redaction import redact


def template_diff(before: Mapping[str, Any], after: Mapping[str, Any], before_header: str, after_header: str) -> dict[str, str]:
    """``before`` and ``after`` as YAML, redacted: a template may hold passwords as plain environment variables."""
    return {"before": _yaml(before), "after": _yaml(after), "before_header": before_header, "after_header": after_header}


def _yaml(template: Mapping[str, Any]) -> str:
    import yaml

    text: str = yaml.safe_dump(redact(dict(template)), default_flow_style=False, sort_keys=True, allow_unicode=True)
    return text
