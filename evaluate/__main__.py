# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks the collection about every scenario of the lab, and compares what it recommends with the truth.

Each scenario is run in several variants, against a simulated production that is asked over the wire. Exits with 1 when an aim is missed:
no false rollback, at most 5 % of the needed ones missed, a confidence that is right within 10 points.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from evaluate.case import Case, Outcome
from evaluate.lacking import LACKS
from evaluate.pool import outcomes
from evaluate.table import summary, table
from evaluate.totals import false_ones, missed_aims, totals
from lab.scenario.errors import ScenarioError
from lab.scenario.loader import names


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m evaluate", description=__doc__)
    parser.add_argument("--only", default="*", metavar="GLOB", help="scenarios to run, such as 'traffic/*' (default: all)")
    parser.add_argument("--seeds", type=int, default=2, metavar="N", help="variants of each scenario (default: 2)")
    parser.add_argument("--first-seed", type=int, default=0, metavar="N", help="seed of the first variant; 0 is the middle of all ranges")
    parser.add_argument("--lacking", action="append", metavar="GLOB", help=f"also without some evidence: {', '.join(filter(None, LACKS))}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every outcome and the totals to FILE")
    parser.add_argument("--fit", action="store_true", help="fit the calibration to the answers, try it on scenarios held out, and print it")
    options = parser.parse_args(arguments)
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    lacks = [lack for lack in LACKS if not lack or any(fnmatch(lack, glob) for glob in options.lacking or ())]
    cases = [Case(name, seed, lack, options.fit) for name in names() if fnmatch(name, options.only) for seed in seeds for lack in lacks]
    if not cases:
        parser.error(f"no scenario is called {options.only}; `python -m lab scenarios` lists them")
    began = time.monotonic()
    try:
        outcomes_in_order = sorted(_shown(cases), key=lambda one: (one.case.scenario, one.case.seed, one.case.lacking))
    except ScenarioError as error:
        print(f"\n{error}", file=sys.stderr)
        return 2
    if options.fit:
        # Here, since the collection is found by way of the processes' path.
        from evaluate.fit import report

        print(report(outcomes_in_order))
        return 0
    print(table(outcomes_in_order), "\n")
    answered = [one for one in outcomes_in_order if not one.case.lacking]
    groups = {"All": answered, "Held out": [one for one in answered if one.case.held_out]}
    groups |= {f"Lacking ({lack})": [one for one in outcomes_in_order if one.case.lacking == lack] for lack in lacks if lack}
    found = {title: totals(group) for title, group in groups.items() if group}
    for title, total in found.items():
        print(summary(title, total), "\n")
    print(f"{len(cases)} cases in {time.monotonic() - began:.0f} s")
    missed = [*missed_aims(found["All"]), *false_ones(total for title, total in found.items() if title.startswith("Lacking"))]
    print("\n".join(f"MISSED: {sentence}" for sentence in missed) or "All aims are met.")
    if options.json:
        document = {
            "outcomes": [_told(one) for one in outcomes_in_order],
            "totals": {title: asdict(total) for title, total in found.items()},
            "missed": missed,
        }
        options.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return int(bool(missed))


def _shown(cases: Sequence[Case]) -> Iterator[Outcome]:
    """The outcomes, with their number on a terminal as they come."""
    for number, outcome in enumerate(outcomes(cases), 1):
        if sys.stderr.isatty():
            print(f"\r{number}/{len(cases)}\r", end="", file=sys.stderr, flush=True)
        yield outcome


def _told(one: Outcome) -> dict[str, Any]:
    verdicts = {"right": one.right, "cause_right": one.cause_right, "held_out": one.case.held_out}
    return {**asdict(one), **verdicts, "false_rollback": one.false_rollback, "missed_rollback": one.missed_rollback}


if __name__ == "__main__":
    sys.exit(main())
