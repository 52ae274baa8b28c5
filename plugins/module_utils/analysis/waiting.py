# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the time of requests went that take longer than the day before: into somebody else's answers, more calls, or the service itself."""

from __future__ import annotations

from enum import StrEnum

from ..lean import dataclass
from ..model.traces import Peer, Waiting
from ..units import format_value

_FEWEST = 5
"""Traces of either day below which their averages say nothing."""
_SLOWER = 1.5
"""Multiple of its usual time from which a request takes longer at all."""
_TWICE = 2.0
_AS_OFTEN = 1.5
"""Up to this multiple of its usual number of calls a peer is asked as often as ever."""
_MOST_OF_IT = 0.5
"""Share of the additional time that explains it."""
_SOME_FAIL = 0.02
_FEW_FAIL = 0.2
"""Share of failed calls up to which more of them are no retries."""


class Cause(StrEnum):
    PEER = "peer"
    """Somebody who is called takes longer for what was asked for the day before as well."""
    CALLS = "calls"
    """Somebody is called more often, or for something new."""
    ITSELF = "itself"


@dataclass(frozen=True, slots=True)
class Slowdown:
    """``peer`` is whom it is about; None where the time goes into the service itself."""

    cause: Cause
    peer: Peer | None = None

    @property
    def told(self) -> str:
        """What somebody does, with a verb."""
        peer = self.peer
        if peer is None:
            return "spends the additional time in itself, and not in what it calls"
        if self.cause is Cause.CALLS:
            usual = f"{peer.baseline_calls:.1f}" if peer.baseline_calls else "never"
            return f"calls {peer.name} {peer.calls:.1f} times for one request (a day before: {usual})"
        return f"takes {_seconds(peer.duration)} for a call (a day before: {_seconds(peer.baseline_duration)})"


def slowdown(known: Waiting | None) -> Slowdown | None:
    """What explains half or more of the additional time; None where requests take as long as ever, or nothing explains it."""
    if known is None or min(known.traces, known.baseline_traces) < _FEWEST or known.baseline_own is None:
        return None
    usual = known.baseline_own + sum(peer.baseline_waited or 0.0 for peer in known.peers)
    more = known.own + sum(peer.waited for peer in known.peers) - usual
    if more < (_SLOWER - 1) * usual:
        return None
    for peer in known.peers:
        if peer.waited - (peer.baseline_waited or 0.0) >= _MOST_OF_IT * more:
            return _of_peer(peer)
    alone = known.own - known.baseline_own >= _MOST_OF_IT * more and known.own >= _TWICE * known.baseline_own
    return Slowdown(Cause.ITSELF) if alone else None


def answering_as_ever(known: Waiting | None) -> tuple[str, ...]:
    """The peers that are called as often as the day before, answer as fast, and fail nobody."""
    if known is None or min(known.traces, known.baseline_traces) < _FEWEST:
        return ()
    return tuple(
        peer.name
        for peer in known.peers
        if peer.duration is not None
        and peer.baseline_duration is not None
        and peer.duration < _SLOWER * peer.baseline_duration
        and peer.calls * _AS_OFTEN > (peer.baseline_calls or 0.0)
        and peer.errors < _SOME_FAIL * peer.calls
    )


def _of_peer(peer: Peer) -> Slowdown | None:
    """One that is both slower and called more often is neither: each may be the other's consequence."""
    often = peer.calls > _AS_OFTEN * (peer.baseline_calls or 0.0)
    slower = peer.duration is not None and peer.baseline_duration is not None and peer.duration >= _TWICE * peer.baseline_duration
    if slower == often:
        return None
    if often and peer.errors > _FEW_FAIL * peer.calls:
        return None
    return Slowdown(Cause.CALLS if often else Cause.PEER, peer)


def _seconds(value: float | None) -> str:
    return "an unknown time" if value is None else format_value(value, "seconds")
