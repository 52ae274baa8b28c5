# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.analysis.rollout_end import rollout_end

BEGAN = datetime(2025, 10, 21, 14, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("pods", "end"),
    [
        ((1, 20, 45), 45),
        ((45, 1, 20), 45),
        ((1, 280, 560, 840), 840),
        ((1, 20, 3600), 20),
        ((-7200, 1, 20), 20),
        ((), None),
        ((3600,), None),
    ],
    ids=["all", "in any order", "a slow one", "scaled up later", "a pod from before", "no pods", "all were replaced later"],
)
def test_it_ends_with_the_last_pod_of_its_wave(pods: tuple[int, ...], end: int | None) -> None:
    found = rollout_end(BEGAN, [BEGAN + timedelta(seconds=at) for at in pods])
    assert found == (None if end is None else BEGAN + timedelta(seconds=end))
