# SPDX-License-Identifier: GPL-3.0-or-later
"""What a scenario says of its image registry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Registry:
    """Images of the workloads' revisions are there anyway, except for those ``missing`` (``name:tag``)."""

    images: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    token: str | None = None
    """Bearer token that it wants, if any."""
