# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a cluster that does not answer is waited for, and how long to wait between two questions."""

from __future__ import annotations

from ..clients.cluster import ClusterError, ClusterUnreachable, ServerError, TooManyRequests

PATIENCE = 90.0
"""Seconds for which a cluster may be away or busy while it is asked again: an API server that restarts takes up to a minute."""

LONGEST_PAUSE = 30.0
"""Seconds that a server's own wish to wait is followed at most."""

TRANSIENT = (ClusterUnreachable, ServerError, TooManyRequests)
"""What passes by itself: no answer, a broken answer, and "not now"."""


def pause(tries: int, refused: ClusterError | None) -> float:
    """Seconds before try number ``tries`` + 1: 0.25, 0.5, 1, 2, 4, then 5 each; longer where the server asks for it (Retry-After).

    A conflict is settled at once, a busy server needs longer.
    """
    usual = float(min(0.25 * 2 ** (max(tries, 1) - 1), 5.0))
    asked = refused.retry_after if refused is not None and refused.retry_after is not None else 0.0
    return max(usual, min(asked, LONGEST_PAUSE))
