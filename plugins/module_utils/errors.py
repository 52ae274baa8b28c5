# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one root of every error that a user may see."""

from __future__ import annotations

from typing import Any


class IncidentResponseError(Exception):
    """Something failed, on something named, and there is something to do about it.

    ``message`` is one sentence or two for the engineer: what failed, on what, what to do.
    ``details`` is extra data for ``fail_json`` (JSON-serialisable, never secret).
    """

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details = details


class InvalidOptionError(IncidentResponseError):
    """An option has a value that is not accepted. Raised before anything is touched."""

    def __init__(self, option: str, value: object, accepted: str) -> None:
        super().__init__(
            f"Option '{option}': {value!r} is not accepted. Use {accepted}.", option=option, value=str(value), accepted=accepted
        )


class SourceUnavailableError(IncidentResponseError):
    """A source of evidence did not answer usefully. The message is the reason that the report shows."""


class NotFoundError(IncidentResponseError):
    """The named thing does not exist. ``details['near']`` lists what does and looks alike, best first."""
