# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What follows from which pods fail requests, where others beside them are well."""

from __future__ import annotations

from ..analysis.error_nature import Nature
from ..analysis.wording import plural
from ..model.recommendation import Hypothesis
from .ledger import Ledger
from .situation import Situation


def fails_beside(facts: Situation) -> str | None:
    """The other workload, such as a canary's, in whose pods alone the requests fail that are counted as this service's."""
    return facts.clues.split.other_workload if facts.clues.split is not None else None


def some_pods_fail(facts: Situation) -> bool:
    """Whether only some pods of a version fail requests."""
    return facts.clues.split is not None and facts.clues.split.some_of_a_revision


def pods_that_fail(facts: Situation) -> str:
    """``app-7c9f8d5b6-x2x4q``, or how many there are."""
    failing = facts.clues.split.failing if facts.clues.split is not None else ()
    return failing[0].name if len(failing) == 1 else plural(len(failing), "pod")


def weigh_pods(facts: Situation, ledger: Ledger) -> None:
    """What it says about the deployment as the cause."""
    if facts.clues.split is not None and facts.clues.split.both_revisions:
        ledger.add(-60, "Requests fail in pods of another version that runs beside it as well")
    elif some_pods_fail(facts):
        ledger.add(-50, f"Requests fail in {pods_that_fail(facts)}, and not in others of the same version")
    elif (beside := fails_beside(facts)) is not None:
        ledger.cap(5, f"Requests fail in pods of {beside}, and not in its own")


def beside_hypothesis(facts: Situation) -> Hypothesis | None:
    """Requests fail in the pods of another workload alone, which runs something else: 85 % that this is to blame."""
    other = fails_beside(facts)
    if other is None:
        return None
    ledger = Ledger(85)
    ledger.add(0, f"Requests fail in {', '.join(facts.clues.split.beside[:3]) if facts.clues.split else other}, and not in its own pods")
    ledger.check(f"See what {other} runs and since when: kubectl rollout history", f"Scale {other} to zero, or undo its rollout")
    return ledger.hypothesis("deployment", f"Deployment of {other}")


def some_pods_hypothesis(facts: Situation) -> Hypothesis | None:
    """Requests fail in some pods of a version only: 75 % that it is where they run, 50 % with errors that are a program's own."""
    split = facts.clues.split
    if split is None or not split.some_of_a_revision:
        return None
    ledger = Ledger(50 if facts.clues.nature is Nature.OWN else 75)
    nodes = {pod.node for pod in split.failing}
    node = next(iter(nodes)) if len(nodes) == 1 else None
    where = f" on node {node}" if node is not None else ""
    ledger.add(0, f"Requests fail in {pods_that_fail(facts)}{where}, and not in {plural(len(split.well), 'other pod')} of the same version")
    ledger.check("kubectl describe node", f"Delete {pods_that_fail(facts)}, so that another one takes its place elsewhere")
    return ledger.hypothesis("node", f"Node {node}" if node is not None else "Some of the pods")
