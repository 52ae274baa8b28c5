# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures how long it takes from a command to a recommendation, beside other ways to get at the same evidence.

All of it happens in one run, in turns, against the simulated production with and without a delay added to every request.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from bench import report
from bench.lab import simulated_production
from bench.subjects import FailedError, Subject, subjects

_DELAYS_MS = (0, 50)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="measured rounds; one more goes before them to warm caches (default: 3)")
    parser.add_argument("--scenario", default="payment-api", help="scenario of the simulated production (default: payment-api)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every single figure to FILE")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory, contextlib.ExitStack() as stack:
        scratch = Path(directory)
        places = {
            delay: {**os.environ, **stack.enter_context(simulated_production(options.scenario, delay, scratch))} for delay in _DELAYS_MS
        }
        everything = subjects(scratch, Path(os.environ["INCIDENT_RESPONSE_CACHE"]) / "bench")
        try:
            figures = _measure([it for it in everything if it.missing is None], places, options.rounds)
        except FailedError as error:
            sys.exit(f"Not measured, because a command failed: {error}")
    medians = report.medians(figures)
    print(report.table(everything, medians, _DELAYS_MS))
    machine = report.machine()
    print(f"\nMedians of {options.rounds} rounds. {machine}")
    if options.json:
        document = {
            "machine": machine,
            "rounds": options.rounds,
            "seconds": report.as_json(figures),
            "ratios": report.ratios(medians, _DELAYS_MS),
        }
        options.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def _measure(measured: list[Subject], places: Mapping[int, Mapping[str, str]], rounds: int) -> dict[tuple[str, int], list[float]]:
    """Seconds by (subject, delay). Subjects take turns, so that whatever else the machine does falls on all of them alike."""
    figures: dict[tuple[str, int], list[float]] = {(subject.key, delay): [] for subject in measured for delay in places}
    for turn in range(rounds + 1):
        print(f"Round {turn} of {rounds}{' (to warm up)' if turn == 0 else ''} ...", file=sys.stderr, flush=True)
        for delay, variables in places.items():
            for subject in measured:
                seconds = subject.measure(variables)
                if turn:
                    figures[subject.key, delay].append(seconds)
    return figures


if __name__ == "__main__":
    main()
