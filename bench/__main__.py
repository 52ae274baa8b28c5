# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures how long it takes from a command to a recommendation, beside other ways to get at the same evidence.

All of it happens in one run, in turns, against the simulated production with and without a delay added to every request. Then the same with
ever more pods.
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
from typing import Any

from bench import pods, report
from bench.lab import simulated_production
from bench.subjects import FailedError, Subject, subjects
from lab.scenario.loader import SCENARIOS

_DELAYS_MS = (0, 50)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="measured rounds; one more goes before them to warm caches (default: 3)")
    parser.add_argument("--scenario", default="payment-api", help="scenario of the simulated production (default: payment-api)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every single figure to FILE")
    parser.add_argument("--only", choices=("ways", "pods"), help="one part: the ways to a recommendation, or many pods (default: both)")
    options = parser.parse_args()
    document: dict[str, Any] = {"machine": report.machine(), "rounds": options.rounds}
    if options.only != "pods":
        document |= _ways(options.scenario, options.rounds)
    if options.only != "ways":
        document |= _many_pods(options.rounds)
    print(f"\nMedians of {options.rounds} rounds. {document['machine']}")
    if options.json:
        options.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def _ways(scenario: str, rounds: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as directory, contextlib.ExitStack() as stack:
        scratch = Path(directory)
        places = {delay: {**os.environ, **stack.enter_context(simulated_production(scenario, delay, scratch))} for delay in _DELAYS_MS}
        everything = subjects(scratch, Path(os.environ["INCIDENT_RESPONSE_CACHE"]) / "bench")
        try:
            figures = _measure([it for it in everything if it.missing is None], places, rounds)
        except FailedError as error:
            sys.exit(f"Not measured, because a command failed: {error}")
    medians = report.medians(figures)
    print(report.table(everything, medians, _DELAYS_MS))
    return {"seconds": report.as_json(figures), "ratios": report.ratios(medians, _DELAYS_MS)}


def _many_pods(rounds: int) -> dict[str, Any]:
    """One production at a time, since a large one needs the machine for itself; the first run of each warms caches."""
    looks: dict[tuple[int, int], list[pods.Look]] = {}
    with tempfile.TemporaryDirectory() as directory:
        scratch = Path(directory)
        for size in pods.SIZES:
            scenario = pods.scaled(SCENARIOS / "payment-api.yml", size, scratch)
            for delay in _DELAYS_MS:
                print(f"{size} pods, {delay} ms ...", file=sys.stderr, flush=True)
                with simulated_production(str(scenario), delay, scratch) as variables:
                    runs = [pods.look({**os.environ, **variables}, scratch) for _turn in range(rounds + 1)]
                looks[size, delay] = runs[1:]
    print(f"\n{pods.table(looks)}")
    return {"pods": pods.as_json(looks)}


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
