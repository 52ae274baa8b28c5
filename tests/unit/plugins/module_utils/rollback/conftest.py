# SPDX-License-Identifier: GPL-3.0-or-later
"""A rollout history: v2.2.0 for two days, v2.3.0 for three, v2.3.1 since just now."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.model.rollout import Revision, Rollouts

NOW = datetime(2025, 10, 21, 14, 26, tzinfo=UTC)


@pytest.fixture
def revision() -> Callable[..., Revision]:
    """``revision(4, "v2.3.0", hours=72, ago=0.05)``: active for 72 hours until 0.05 hours ago; current where there is no ``hours``."""

    def make(number: int, version: str | None, hours: float | None = None, ago: float = 0.05, **others: object) -> Revision:
        until = NOW - timedelta(hours=ago)
        since = until - timedelta(hours=hours) if hours is not None else until
        known = {
            "name": f"payment-api-{number}",
            "template_hash": str(number),
            "image": f"registry.example.com/shop/payment-api:{version}",
            # What was rolled back to was made long before.
            "created_at": since - timedelta(days=90 if others.get("was_rollback") else 0),
            "active_from": since,
            "active_until": until if hours is not None else None,
            "current": hours is None,
        }
        return Revision(number=number, version=version, **{**known, **others})

    return make


@pytest.fixture
def rollouts(revision: Callable[..., Revision]) -> Callable[..., Rollouts]:
    """The history above, or the given revisions, newest first."""

    def make(*revisions: Revision, **others: object) -> Rollouts:
        known = revisions or (revision(5, "v2.3.1"), revision(4, "v2.3.0", hours=72), revision(3, "v2.2.0", hours=48, ago=72.05))
        current = next(entry for entry in known if entry.current)
        previous = next((entry for entry in known if entry.number < current.number), None)
        return Rollouts(current, previous, known, current.active_from, **{"in_progress": False, **others})

    return make
