# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures how long it takes from a command to a recommendation, beside other ways to get at the same evidence, and how long a large log
takes, beside the pipeline of commands that people use for it.

All of it happens in one run, in turns; the former against the simulated production, with and without a delay added to every request, and
with ever more pods.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench import logs, pods, report
from bench.lab import simulated_production
from bench.subjects import FailedError, Subject, subjects
from lab.scenario.loader import SCENARIOS

_DELAYS_MS = (0, 50)
_SETTLED_AFTER_S = 15
"""Until the rollout of many pods is over."""
_PARTS = ("ways", "pods", "logs")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="measured rounds; one more goes before them to warm caches (default: 3)")
    parser.add_argument("--scenario", default="payment-api", help="scenario of the simulated production (default: payment-api)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every single figure to FILE")
    parser.add_argument("--only", choices=_PARTS, help="one part: the ways to a recommendation, many pods, or a large log (default: all)")
    parser.add_argument("--loghub", type=Path, metavar="DIRECTORY", help="labelled samples of loghub: say how well their lines are grouped")
    options = parser.parse_args()
    document: dict[str, Any] = {"machine": report.machine(), "rounds": options.rounds}
    if options.only in (None, "ways"):
        document |= _ways(options.scenario, options.rounds)
    if options.only in (None, "pods"):
        document |= _many_pods(options.rounds)
    if options.only in (None, "logs"):
        document |= _logs(options.rounds, options.loghub)
    print(f"\nMedians of {options.rounds} rounds. {document['machine']}")
    if options.json:
        options.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def _logs(rounds: int, loghub: Path | None) -> dict[str, Any]:
    print("\nA log of a million lines")
    measured = []
    for figures in logs.speed(rounds):
        print(logs.speed_row(figures), flush=True)
        measured.append(asdict(figures))
    print(f"Aim: a ratio below 1, and a peak below {logs.MOST_MEMORY_MB} MB")
    if loghub is None:
        return {"logs": measured}
    accuracies = logs.grouping(loghub)
    if not accuracies:
        sys.exit(f"There are no files named *_2k.log_structured.csv in {loghub}.")
    print("\nGrouping accuracy")
    for system, accuracy in accuracies.items():
        print(f"{system:<14}{accuracy:.3f}")
    print(f"{'mean':<14}{sum(accuracies.values()) / len(accuracies):.3f}    aim: above {logs.LEAST_ACCURACY}")
    return {"logs": measured, "grouping": accuracies}


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
                    time.sleep(_SETTLED_AFTER_S)
                    try:
                        runs = [pods.look({**os.environ, **variables}, scratch) for _turn in range(rounds + 1)]
                    except FailedError as error:
                        sys.exit(f"Not measured, because a command failed: {error}")
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
