# SPDX-License-Identifier: GPL-3.0-or-later
"""Thanos' querier: several Prometheus behind one API, with the series of replicas made one, and remarks on what does not answer.

As `thanos query` 0.42 does it (https://thanos.io/tip/components/query.md/): replicas by the penalty algorithm of its pkg/dedup, without
its correction of counters, which needs the function that asks; a store that does not answer as one of `--endpoint-strict`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from aiohttp import web

from lab.prometheus.api import Handler, Server, prometheus_app, read_form
from lab.prometheus.engine import Engine
from lab.prometheus.errors import ExecutionError
from lab.prometheus.labels import label_key
from lab.prometheus.storage import Labels, Matcher, Series, Storage

Samples = Sequence[tuple[float, float]]

_FIRST_PENALTY = 5.0
"""Seconds: for what is not chosen when no distance between samples is known yet."""
_TOLD = "false", "0", "f", "F", "FALSE", "False"
"""What Go's strconv.ParseBool takes for no."""


@dataclass(frozen=True, slots=True)
class Store:
    """A Prometheus: its external labels, which all of its series get, and what it holds."""

    labels: Labels
    storage: Storage


class Stores:
    """Those ``stores`` whose number is not in ``lost``, as one storage; series that differ in the ``dropped`` labels alone are one."""

    def __init__(self, stores: Sequence[Store], lost: Collection[int], dropped: Collection[str] = ()) -> None:
        self._stores = stores
        self._lost = lost
        self._dropped = dropped

    def select(self, matchers: Sequence[Matcher], start: float, end: float) -> list[Series]:
        """See ``Storage.select``."""
        found: dict[object, tuple[Labels, list[Samples]]] = {}
        for store, rest in self._asked(matchers):
            for series in store.storage.select(rest, start, end):
                labels = self._labels(series.labels, store)
                found.setdefault(label_key(labels), (labels, []))[1].append(series.samples)
        return [Series(labels, _one(replicas)) for labels, replicas in found.values()]

    def series(self, matchers: Sequence[Matcher], start: float, end: float) -> list[Labels]:
        """See ``Storage.series``."""
        return [one.labels for one in self.select(matchers, start, end)]

    def label_names(self, matchers: Sequence[Matcher], start: float, end: float) -> list[str]:
        """See ``Storage.label_names``."""
        return sorted({name for labels in self.series(matchers, start, end) for name in labels})

    def label_values(self, name: str, matchers: Sequence[Matcher], start: float, end: float) -> list[str]:
        """See ``Storage.label_values``."""
        return sorted({labels[name] for labels in self.series(matchers, start, end) if name in labels})

    def _asked(self, matchers: Sequence[Matcher]) -> Iterator[tuple[Store, list[Matcher]]]:
        """The stores whose labels fulfil the matchers, each with the matchers that its series have to fulfil."""
        for number, store in enumerate(self._stores):
            own = [matcher for matcher in matchers if matcher.name in store.labels]
            if number not in self._lost and all(matcher.predicate()(store.labels[matcher.name]) for matcher in own):
                yield store, [matcher for matcher in matchers if matcher.name not in store.labels]

    def _labels(self, labels: Labels, store: Store) -> Mapping[str, str]:
        return {name: text for name, text in {**labels, **store.labels}.items() if name not in self._dropped}


def thanos_app(
    stores: Sequence[Store], replica_labels: Collection[str], clock: Callable[[], float], lost: Collection[int] = frozenset()
) -> web.Application:
    """A querier over ``stores``; those whose numbers are in ``lost``, which may change, do not answer."""

    def remarks() -> list[str]:
        return [_why_lost(number, stores[number].labels) for number in sorted(lost)]

    def engine(dropped: Collection[str]) -> Engine:
        return Engine(Stores(stores, lost, dropped))

    one, each = (Server(engine(dropped), clock, list, dict, list, remarks=remarks) for dropped in (replica_labels, ()))

    def handler(asked: Callable[[Server], Handler]) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            form = await read_form(request)
            if form.get("partial_response") in _TOLD and (why := remarks()):
                raise ExecutionError(f"expanding series: proxy Series(): {why[0]}")
            return await asked(each if form.get("dedup") in _TOLD else one)(request)

        return handle

    return prometheus_app(
        engine(replica_labels),
        clock,
        list,
        instead={"/query": handler(lambda server: server.query), "/query_range": handler(lambda server: server.query_range)},
    )


def _why_lost(number: int, labels: Labels) -> str:
    told = ", ".join(f'{name}="{value}"' for name, value in sorted(labels.items()))
    address = f"127.0.0.1:{20000 + number}"
    return (
        f"fetch series for {{{told}}} Addr: {address} MinTime: -62167219200000 MaxTime: 9223372036854775807: rpc error: code = Unavailable "
        f'desc = connection error: desc = "transport: Error while dialing: dial tcp {address}: connect: connection refused"'
    )


def _one(replicas: Sequence[Samples]) -> Samples:
    found = replicas[0]
    for other in replicas[1:]:
        found = _of_two(found, other)
    return found


def _of_two(a: Samples, b: Samples) -> Samples:
    """The earlier sample each time; whichever was not chosen has to be two distances of samples later to be chosen again."""
    found: list[tuple[float, float]] = []
    last, penalty_a, penalty_b = -math.inf, 0.0, 0.0
    at_a = at_b = 0
    while True:
        at_a, at_b = _seek(a, at_a, last, penalty_a), _seek(b, at_b, last, penalty_b)
        if at_a == len(a) and at_b == len(b):
            return found
        penalty = 2 * (min(one[at][0] for one, at in ((a, at_a), (b, at_b)) if at < len(one)) - last) if found else _FIRST_PENALTY
        if at_b == len(b) or (at_a < len(a) and a[at_a][0] <= b[at_b][0]):
            found.append(a[at_a])
            penalty_a, penalty_b = 0.0, penalty if at_b < len(b) else penalty_b
        else:
            found.append(b[at_b])
            penalty_a, penalty_b = penalty if at_a < len(a) else penalty_a, 0.0
        last = found[-1][0]


def _seek(samples: Samples, start: int, last: float, penalty: float) -> int:
    """The first sample, from ``start`` on, that is after ``last`` by more than the penalty; times are whole milliseconds."""
    while start < len(samples) and samples[start][0] < last + 0.001 + penalty:
        start += 1
    return start
