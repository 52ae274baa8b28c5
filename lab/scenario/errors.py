# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a scenario file, and where."""

from __future__ import annotations


class ScenarioError(Exception):
    """A scenario cannot be used. The text names the file, the line, the field and what is accepted there."""

    def __init__(self, file: str, line: int | None, field: str, problem: str) -> None:
        place = file if line is None else f"{file}:{line}"
        super().__init__(f"{place}: {field}: {problem}" if field else f"{place}: {problem}")
        self.file = file
        self.line = line
        self.field = field
        self.problem = problem

    def __reduce__(self) -> tuple[type[ScenarioError], tuple[str, int | None, str, str]]:
        """Processes hand it on by what it was made of: an evaluation reads its scenarios in several."""
        return type(self), (self.file, self.line, self.field, self.problem)
