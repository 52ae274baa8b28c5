# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Renders a record by Jinja templates.

Whatever a template writes out by ``{{ }}`` is escaped for the medium, and the sandbox keeps templates to showing what they are given.
Text from the record is never a template itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import IncidentResponseError
from ..model.finding import Level
from ..units import describe_duration, format_change, format_duration, format_moment, format_money, format_ratio, format_value
from .health import Line
from .text import ESCAPE, Medium, Prepared, clean, code_markdown

if TYPE_CHECKING:
    from jinja2.sandbox import ImmutableSandboxedEnvironment

TEMPLATES = Path(__file__).resolve().parents[3] / "roles" / "communicate" / "templates"
"""The collection's own templates. A file of the same name in a directory that a team names comes before."""


def render(name: str, medium: Medium, context: Mapping[str, Any], search: Sequence[Path] = ()) -> str:
    """The template ``name`` for ``context``, ending in one newline. IncidentResponseError names the template that fails, and its line."""
    # Rendering is the controller's; a host that only runs modules of this collection need not have Jinja.
    from jinja2 import TemplateError, TemplateNotFound, TemplateSyntaxError

    environment = _environment(medium, tuple(search))
    try:
        text = environment.get_template(name).render(context)
    except TemplateNotFound as error:
        directories = ", ".join(str(directory) for directory in (*search, TEMPLATES))
        raise IncidentResponseError(f"There is no report template {error.name} in {directories}.") from error
    except TemplateError as error:
        line = f", line {error.lineno}" if isinstance(error, TemplateSyntaxError) else ""
        raise IncidentResponseError(f"The report template {name}{line} can't be rendered: {error}.") from error
    return text.rstrip() + "\n"


def clock(at: datetime | None, day: datetime | None = None) -> str:
    """``14:23:15``, UTC; with the date in front where it is not the ``day``."""
    if at is None:
        return "unknown"
    utc = at.astimezone(UTC)
    return f"{utc:%H:%M:%S}" if day is None or utc.date() == day.astimezone(UTC).date() else f"{utc:%Y-%m-%d %H:%M:%S}"


def moment(at: datetime | None) -> str:
    """``2025-10-21 14:23:15 UTC``."""
    return format_moment(at) if at else "unknown"


def _lines(escape: Callable[[object], str], lines: Iterable[Line], critical: str = "🔴", marks: bool = True) -> Prepared:
    """``  ⚠️  text`` for each line, its details below it. Marks are followed by one space; the warning sign is narrow and gets two."""
    signs = {Level.OK: "✓ ", Level.WARNING: "⚠️  ", Level.CRITICAL: f"{critical} ", Level.UNKNOWN: "❔ "}
    rows = []
    for line in lines:
        sign = signs[line.level] if marks or line.level is Level.UNKNOWN else ""
        rows.append(f"  {sign}{escape(line.text)}")
        rows += [f"    - {escape(detail)}" for detail in line.details]
    return Prepared("\n".join(rows))


@lru_cache(maxsize=8)
def _environment(medium: Medium, search: tuple[Path, ...]) -> ImmutableSandboxedEnvironment:
    from jinja2 import FileSystemLoader, StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    escape = ESCAPE[medium]
    environment = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader([*search, TEMPLATES]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=lambda value: value if isinstance(value, Prepared) else escape(value),
    )
    environment.filters.update(
        clock=clock,
        moment=moment,
        duration=format_duration,
        duration_words=describe_duration,
        value=format_value,
        ratio=format_ratio,
        change=format_change,
        money=format_money,
        code=code_markdown if medium is Medium.MARKDOWN else clean,
        lines=partial(_lines, escape),
    )
    return environment
