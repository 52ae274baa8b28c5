# SPDX-License-Identifier: GPL-3.0-or-later
"""The outcomes as text: a line for each case, then what they come to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evaluate.calibration import Bin
from evaluate.case import Outcome
from evaluate.totals import Totals

_HEADINGS = ("scenario", "truth", "recommended", "cause named", "score", "sure", "")


def table(outcomes: Sequence[Outcome]) -> str:
    """A line for each outcome. ``sure`` is the recommendation's own confidence; ``*`` marks what would happen by itself."""
    rows = [_HEADINGS, *map(_row, outcomes)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([lines[0], "  ".join("─" * width for width in widths), *lines[1:]])


def _row(one: Outcome) -> tuple[str, ...]:
    lacking = f" {one.case.lacking}" if one.case.lacking else ""
    name = f"{one.case.scenario}:{one.case.seed}{lacking}{' (held out)' if one.case.held_out else ''}"
    truth = "/".join(one.actions)
    if one.error is not None:
        return name, truth, "ERROR", one.error[:80], "", "", "error"
    named = one.named if one.cause_right else f"{one.named} (not {'/'.join(one.kinds)})"
    return name, truth, one.action + ("*" if one.automatic else ""), named, str(one.score), str(one.confidence), _verdict(one)


def _verdict(one: Outcome) -> str:
    if one.false_rollback:
        return "FALSE ROLLBACK"
    if one.missed_rollback:
        return "MISSED"
    return "right" if one.right else "wrong"


def summary(title: str, found: Totals) -> str:
    """The totals of one group of cases."""
    return "\n".join(_summary(title, found))


def _summary(title: str, found: Totals) -> Iterator[str]:
    yield f"{title}: {found.cases} cases, in {found.needed} of which a rollback is the right answer"
    yield f"  right action            {_of(found.right, found.cases)}"
    yield f"  right cause named first {_of(found.cause_right, found.cases)}"
    by_itself = f"{found.false_automatic} automatic; the score alone: {found.score_false_automatic} automatic"
    yield f"  false rollbacks         {found.false_rollbacks} ({by_itself})"
    yield f"  missed rollbacks        {_of(found.missed, found.needed)} (the score alone: {found.score_missed})"
    yield f"  cause unknown           {found.unknown}"
    yield f"  calibration, off by     {found.calibration_error:.1f} points on average"
    yield "                            own confidence: right       score: a rollback is right"
    for own, score in zip(found.calibration, found.score_calibration, strict=True):
        yield f"    given {own.low:>2} to {own.high:<3}        {_bin(own):<28}{_bin(score)}".rstrip()


def _of(count: int, total: int) -> str:
    return f"{count} of {total} ({count / total:.0%})" if total else "none needed"


def _bin(one: Bin) -> str:
    if one.observed is None or one.stated is None:
        return "-"
    return f"{one.right} of {one.count} ({one.observed:.0f}%, said {one.stated:.0f}%)"
