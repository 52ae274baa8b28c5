# SPDX-License-Identifier: GPL-3.0-or-later
"""Many cases side by side, in as many processes as there are processors."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context

from evaluate.case import Case, Outcome

_TREE = "ANSIBLE_COLLECTIONS_PATH"
_CASES_A_PROCESS = 20
"""A production leaves its memory behind in the process; a new one gives it back."""


def outcomes(cases: Sequence[Case]) -> Iterator[Outcome]:
    """The outcome of every case, as they come. The collection is taken from where Ansible would find it."""
    workers = os.cpu_count() or 1
    batch = workers * _CASES_A_PROCESS
    for start in range(0, len(cases), batch):
        some = cases[start : start + batch]
        with ProcessPoolExecutor(min(len(some), workers), get_context("spawn"), _find_collection) as pool:
            for future in as_completed([pool.submit(_outcome, case) for case in some]):
                yield future.result()


def _find_collection() -> None:
    sys.path[:0] = os.environ.get(_TREE, "").split(os.pathsep)


def _outcome(case: Case) -> Outcome:
    # Here, since it can be imported only where the collection was found.
    from evaluate.answer import answer

    return answer(case)
