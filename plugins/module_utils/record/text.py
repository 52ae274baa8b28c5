# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text from outside, made harmless for where it is written out."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from enum import StrEnum

# ECMA-48 control sequences (colours, cursor), operating system commands (titles, links, clipboard) and two-character escapes.
_ESCAPES = re.compile(r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b\]|\x9d).*?(?:\x07|\x1b\\|\x9c|$)|\x1b[ -/]*[0-~]?", re.DOTALL)
_SPACE = re.compile(r"[\t\n\v\f\r\x85\u2028\u2029]+")
# C0 and C1 controls, and what turns the direction of text around (Unicode UAX 9) or hides it.
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")

_ENTITY = re.compile(r"&(?=#?\w+;)")
_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_MARKDOWN = re.compile(r"[\\`*\[\]|]|(?<!\w)_|_(?!\w)|~(?=[^~]*~)|(?<=~)~")
_MARKDOWN_START = re.compile(r"^(?=>|[#+=-]+(?:\s|$)|-{3})|^(\d{1,9})(?=[.)]\s)")
_AUTOLINK = re.compile(r"(?<=[A-Za-z])://|\bwww\.", re.IGNORECASE)
_BACKTICKS = re.compile(r"`+")


class Medium(StrEnum):
    """Where a text goes. Each has its own ways of being misled."""

    CONSOLE = "console"
    MARKDOWN = "markdown"
    HTML = "html"


class Prepared(str):
    """Text that is already escaped for the medium that it goes to."""

    __slots__ = ()


def clean(value: object) -> str:
    """One line without anything that a terminal would act on. None is ``unknown``."""
    if value is None:
        return "unknown"
    text = str(value)
    if text.isprintable():
        return text
    return _CONTROLS.sub("", _SPACE.sub(" ", _ESCAPES.sub("", text))).strip()


def escape_markdown(value: object) -> str:
    """One line that CommonMark and its GitHub dialect show as it is: no markup, HTML, table cell or link comes out of it."""
    text = clean(value)
    text = _TAG.sub("&lt;", _ENTITY.sub("&amp;", text))
    text = _AUTOLINK.sub(lambda match: match[0].replace("://", ":&#47;/").replace(".", "&#46;"), text)
    text = _MARKDOWN.sub(lambda match: "\\" + match[0], text)
    return _MARKDOWN_START.sub(lambda match: f"{match[1]}\\" if match[1] else "\\", text)


def code_markdown(value: object) -> Prepared:
    """A code span that holds the value as it is; its fence is longer than any in the value (CommonMark 6.1)."""
    text = clean(value).replace("|", "¦")
    fence = "`" * (max((len(run) for run in _BACKTICKS.findall(text)), default=0) + 1)
    padding = " " if text.startswith("`") or text.endswith("`") else ""
    return Prepared(f"{fence}{padding}{text}{padding}{fence}")


def escape_html(value: object) -> str:
    """One line for the text of an element or for a quoted attribute."""
    return html.escape(clean(value), quote=True)


ESCAPE: dict[Medium, Callable[[object], str]] = {Medium.CONSOLE: clean, Medium.MARKDOWN: escape_markdown, Medium.HTML: escape_html}
