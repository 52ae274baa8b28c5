# SPDX-License-Identifier: GPL-3.0-or-later
"""Many cases side by side, in as many processes as there are processors."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from multiprocessing import get_context

from evaluate.case import Case, Outcome

_TREE = "ANSIBLE_COLLECTIONS_PATH"
_CASES_A_PROCESS = 12
"""A production leaves its memory behind in the process; a new one gives it back."""


def outcomes(cases: Sequence[Case]) -> Iterator[Outcome]:
    """The outcome of every case, as they come. The collection is taken from where Ansible would find it."""
    workers = min(len(cases), os.cpu_count() or 1)
    with get_context("spawn").Pool(workers, _find_collection, maxtasksperchild=_CASES_A_PROCESS) as pool:
        yield from pool.imap_unordered(_outcome, cases)


def _find_collection() -> None:
    sys.path[:0] = os.environ.get(_TREE, "").split(os.pathsep)


def _outcome(case: Case) -> Outcome:
    # Here, since it can be imported only where the collection was found.
    from evaluate.answer import answer

    return answer(case)
