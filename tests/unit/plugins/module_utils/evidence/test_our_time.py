# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from ansible_collections.devops.incident_response.plugins.module_utils.evidence.our_time import in_our_time

AT = datetime(2026, 11, 26, 3, 30, tzinfo=UTC)
AHEAD = timedelta(minutes=4)


@dataclass(frozen=True)
class Seen:
    at: datetime | None
    name: str = "pod"
    inner: tuple[Seen, ...] = ()
    by_name: dict[str, datetime] = field(default_factory=dict)


def test_every_time_is_moved_however_deep_and_nothing_else() -> None:
    found = in_our_time(Seen(AT, "one", (Seen(AT), Seen(None)), {"since": AT}), AHEAD)
    ours = AT - AHEAD
    assert found == Seen(ours, "one", (Seen(ours), Seen(None)), {"since": ours})


def test_what_is_not_there_stays_so() -> None:
    assert in_our_time(None, AHEAD) is None
