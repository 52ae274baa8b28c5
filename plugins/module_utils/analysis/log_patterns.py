# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Grouping log messages by the template that made them.

Messages that differ in variable-looking parts only (numbers, paths, dates, sizes) are one group from the start. Groups that then differ in
one word only, and in many values of it, become one: that word is variable too. The words around it must be enough to tell what is meant,
and the first word never counts as variable, since it is what tells messages apart most often. A word in capitals is mostly one of few
states or error codes, and so needs many values.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

from .log_tokens import WILDCARD, Tokens, generalise, tokenise

VALUES_OF_A_VARIABLE = 4
"""So many different words in one place make it a variable."""
VALUES_AFTER_A_NAME = 2
"""So many do after a word that announces a name ("user", "from"), and after an equals sign."""
WORDS_AROUND = 2
"""Literal words that must remain beside a variable."""
ROUNDS = 3
"""Messages with more than one variable word need more than one round."""

_ANNOUNCES_A_NAME = frozenset(
    "address by client device file for from host id interface key name node path pod queue server service session".split()
    + "source table to topic user".split()
)
_WORD = re.compile(r"[A-Za-z]{2,}")
# Names of states, signals and errors: few, and each means something else.
_CONSTANT = re.compile(r"(?:[\w$-]+\.)*[A-Z]{2,}(?:_[A-Z]+)*\.?")
_MAY_VARY = re.compile(r"[\w/.\-$#*\\@]")


def group(messages: Iterable[str]) -> dict[str, Tokens]:
    """The template of each message, by message. Equal templates are one group."""
    by_key: dict[str, list[str]] = defaultdict(list)
    for message in dict.fromkeys(messages):
        by_key[generalise(message)].append(message)
    first = {key: tokenise(key) for key in by_key}
    final = _merge(set(first.values()))
    return {message: final[first[key]] for key, same in by_key.items() for message in same}


def _merge(templates: set[Tokens]) -> Mapping[Tokens, Tokens]:
    """The final template of each of ``templates``."""
    result = {template: template for template in templates}
    for _unused in range(ROUNDS):
        now = set(result.values())
        changed = _widened(now)
        if not changed:
            break
        result = {template: changed.get(current, current) for template, current in result.items()}
    return result


def _widened(templates: set[Tokens]) -> dict[Tokens, Tokens]:
    """Those templates in which a word turns out to be variable, with what they become."""
    places: dict[tuple[int, int, int], set[str]] = defaultdict(set)
    digests = {template: sum(map(hash, enumerate(template))) for template in templates}
    for template, digest in digests.items():
        for index, token in enumerate(template):
            if _MAY_VARY.match(token) or token == WILDCARD:
                places[len(template), index, digest - hash((index, token))].add(token)
    changed = {}
    for template, digest in digests.items():
        words = [index for index, token in enumerate(template) if token != WILDCARD and _WORD.search(token)]
        variable = [
            index
            for index, token in enumerate(template)
            if token != WILDCARD
            and index > (words[0] if words else 0)
            and len(words) - (index in words) >= WORDS_AROUND
            and _varies(places.get((len(template), index, digest - hash((index, token))), set()), template, index)
        ]
        if variable:
            changed[template] = tuple(WILDCARD if index in variable else token for index, token in enumerate(template))
    return changed


def _varies(values: set[str], template: Tokens, index: int) -> bool:
    if WILDCARD in values or len(values) >= VALUES_OF_A_VARIABLE:
        return True
    named = {value for value in values if not _CONSTANT.fullmatch(value)}
    if template[index] not in named or len(named) < VALUES_AFTER_A_NAME:
        return False
    before = next((token.lower() for token in reversed(template[:index]) if _WORD.search(token)), "")
    return before in _ANNOUNCES_A_NAME or template[index - 1].rstrip("\"'").endswith("=")
