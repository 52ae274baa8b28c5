# SPDX-License-Identifier: GPL-3.0-or-later
"""Remarks on a result that is not an error (util/annotations/annotations.go): warnings, and infos on suspicious queries."""

from __future__ import annotations

from lab.prometheus.dates import rfc3339
from lab.prometheus.number_format import general, general_digits, quote

_SHOWN = 10
_FORCED_MONOTONICITY = (
    "PromQL info: input to histogram_quantile needed to be fixed for monotonicity "
    "(see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)"
)


class Annotations:
    """What is remarked while one query runs. A remark is kept once, with the position where it was first met."""

    def __init__(self) -> None:
        self._warnings: dict[str, str] = {}
        self._infos: dict[str, str] = {}
        self._repairs: _Repairs | None = None

    def invalid_quantile(self, q: float, position: str) -> None:
        self._warnings.setdefault(f"PromQL warning: quantile value should be between 0 and 1, got {general(q)}", position)

    def bad_bucket_label(self, value: str, position: str) -> None:
        text = f'PromQL warning: bucket label "le" is missing or has a malformed value of {quote(value)}'
        self._warnings.setdefault(text, position)

    def sort_in_range_query(self, position: str) -> None:
        text = "PromQL warning: sort is ineffective for range queries since results are always ordered by labels"
        self._warnings.setdefault(text, position)

    def possible_non_counter(self, name: str, position: str) -> None:
        text = f"PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: {quote(name)}"
        self._infos.setdefault(text, position)

    def forced_monotonicity(self, at: int, buckets: tuple[float, float, float], position: str) -> None:
        """``buckets``: the lowest and highest bound that were corrected at ``at`` ms, and the largest correction."""
        if self._repairs is None:
            self._repairs = _Repairs(position)
        self._repairs.add(at, *buckets)

    def warnings(self) -> list[str]:
        return _written([f"{text} ({position})" for text, position in self._warnings.items()], "warning")

    def infos(self) -> list[str]:
        infos = [f"{text} ({position})" for text, position in self._infos.items()]
        return _written(infos + ([str(self._repairs)] if self._repairs else []), "info")


class _Repairs:
    """All corrections of non-monotonic buckets in one query, which the server reports as one."""

    def __init__(self, position: str) -> None:
        self._position = position
        self._times: list[int] = []
        self._lowest, self._highest, self._largest = float("inf"), float("-inf"), 0.0

    def add(self, at: int, lowest: float, highest: float, largest: float) -> None:
        self._times.append(at)
        self._lowest = min(self._lowest, lowest)
        self._highest = max(self._highest, highest)
        self._largest = max(self._largest, largest)

    def __str__(self) -> str:
        first, last = rfc3339(min(self._times) // 1000), rfc3339(max(self._times) // 1000)
        return (
            f"{_FORCED_MONOTONICITY}, from buckets {general(self._lowest)} to {general(self._highest)}, with a max diff of "
            f"{general_digits(self._largest, 2)}, over {len(self._times)} samples from {first} to {last} ({self._position})"
        )


def _written(remarks: list[str], kind: str) -> list[str]:
    omitted = len(remarks) - _SHOWN
    return remarks if omitted <= 0 else [*remarks[:_SHOWN], f"{omitted} more {kind} annotations omitted"]
