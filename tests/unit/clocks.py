# SPDX-License-Identifier: GPL-3.0-or-later
"""Clocks of servers that tests set."""

from __future__ import annotations

from datetime import timedelta

from ansible_collections.devops.incident_response.plugins.module_utils.clients.server_clock import ServerClock


class Ahead(ServerClock):
    """A clock that is so many seconds before ours, whatever the server's answers say."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._by = timedelta(seconds=seconds)

    def ahead(self) -> timedelta:
        return self._by
