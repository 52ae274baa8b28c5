# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A decision tree from the data of a YAML document, checked as a whole before anything is walked."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ..errors import IncidentResponseError, InvalidOptionError
from ..model.recommendation import Action
from ..units import parse_duration
from .tree import COUNT, ELSE, FACTS, MULTIPLE, SECONDS, SHARE, THEN, UNKNOWN, YES_NO, Conclusion, Condition, Node, Question, Tree, unit_of

VERSION = 1
_COMPARISONS = ("above", "below", "at_least", "at_most")
_QUESTION = ("ask", "check", *_COMPARISONS, "when", THEN, ELSE, UNKNOWN)
_CONCLUSION = ("cause", "action", "confidence", "headline", "remedies", "when")
_CAUSE = re.compile(r"^[a-z][a-z0-9_]{0,60}$")
_SIGNAL = re.compile(r"^signal\.[A-Za-z_][\w:-]*(?:\.multiple)?$")
_LONGEST_TEXT = 300
_DEEPEST = 20
_EXAMPLES = {
    SHARE: "a share such as 5% or 0.05",
    SECONDS: "a duration such as 500ms or 4h, or seconds",
    MULTIPLE: "a multiple such as 10",
    COUNT: "a number",
}


class TreeError(IncidentResponseError):
    """A decision tree that can't be walked. The message says where (the file's line, where there is one) and why."""


def tree_from(document: Any, lines: Mapping[str, int] | None = None, name: str = "decision_tree") -> Tree:
    """The tree that ``document`` (the data of the YAML file) describes. ``lines`` are line numbers by path (``tree[0].then[1].check``).

    TreeError names the place and the reason for whatever is wrong.
    """
    return _Reader(name, lines or {}).tree(document)


class _Reader:
    def __init__(self, name: str, lines: Mapping[str, int]) -> None:
        self._name, self._lines = name, lines

    def tree(self, document: Any) -> Tree:
        if not isinstance(document, Mapping):
            raise self._error("", f"is a mapping with 'version' and 'tree', not {_kind(document)}")
        self._only(document, ("version", "tree"), "")
        if document.get("version") != VERSION:
            raise self._error("version", f"is {VERSION}, the only version of the format there is, not {document.get('version')!r}")
        if "tree" not in document:
            raise self._error("tree", "is missing: the questions to begin with")
        return Tree(self._nodes(document["tree"], "tree", 0))

    def _nodes(self, given: Any, path: str, depth: int) -> tuple[Node, ...]:
        if depth > _DEEPEST:
            raise self._error(path, f"is more than {_DEEPEST} questions deep")
        if not isinstance(given, Sequence) or isinstance(given, (str, bytes)):
            raise self._error(path, f"is a list of questions and conclusions, not {_kind(given)}")
        return tuple(self._node(node, f"{path}[{index}]", depth) for index, node in enumerate(given))

    def _node(self, given: Any, path: str, depth: int) -> Node:
        if not isinstance(given, Mapping):
            raise self._error(path, f"is a question (ask, check ...) or a conclusion (cause ...), not {_kind(given)}")
        if "cause" in given and "ask" not in given:
            return self._conclusion(given, path)
        for branch, word in ((True, THEN), (False, ELSE)):
            if branch in given:
                raise self._error(path, f"has a branch 'yes' or 'no', which YAML reads as true and false; use '{word}'")
        return self._question(given, path, depth)

    def _question(self, given: Mapping[str, Any], path: str, depth: int) -> Question:
        self._only(given, _QUESTION, path)
        for needed in ("ask", "check"):
            if needed not in given:
                raise self._error(path, f"has no '{needed}'")
        check = self._check(given["check"], f"{path}.check")
        comparison, threshold = self._comparison(given, check, path)
        then = self._nodes(given.get(THEN) or [], f"{path}.{THEN}", depth + 1)
        otherwise = self._nodes(given.get(ELSE) or [], f"{path}.{ELSE}", depth + 1)
        unknown = given.get(UNKNOWN) or []
        if isinstance(unknown, str):
            if unknown not in (THEN, ELSE):
                raise self._error(f"{path}.{UNKNOWN}", f"is a list, '{THEN}' or '{ELSE}' (as that branch), not {unknown!r}")
            unknown_nodes = then if unknown == THEN else otherwise
        else:
            unknown_nodes = self._nodes(unknown, f"{path}.{UNKNOWN}", depth + 1)
        ask = self._text(given["ask"], f"{path}.ask")
        return Question(ask, check, comparison, threshold, then, otherwise, unknown_nodes, self._conditions(given, path))

    def _conclusion(self, given: Mapping[str, Any], path: str) -> Conclusion:
        self._only(given, _CONCLUSION, path)
        cause = given["cause"]
        if not isinstance(cause, str) or not _CAUSE.match(cause):
            raise self._error(f"{path}.cause", f"is a name in small letters such as resource_leak, not {cause!r}")
        action = given.get("action")
        actions = [one.value for one in Action]
        if action is not None and action not in actions:
            raise self._error(f"{path}.action", f"is one of {', '.join(actions)}, not {action!r}")
        if action == Action.ROLLBACK.value and cause != "deployment":
            raise self._error(f"{path}.action", f"is rollback, which mends a deployment and not '{cause}'")
        confidence = given.get("confidence")
        if confidence is not None and (isinstance(confidence, bool) or not isinstance(confidence, int) or not 0 <= confidence <= 95):
            raise self._error(f"{path}.confidence", f"is a whole number of percent from 0 to 95, not {confidence!r}")
        remedies = given.get("remedies") or []
        if not isinstance(remedies, Sequence) or isinstance(remedies, str):
            raise self._error(f"{path}.remedies", f"is a list of sentences, not {_kind(remedies)}")
        return Conclusion(
            cause=cause,
            action=action,
            confidence=confidence,
            headline=self._text(given["headline"], f"{path}.headline") if "headline" in given else None,
            remedies=tuple(self._text(text, f"{path}.remedies[{index}]") for index, text in enumerate(remedies)),
            conditions=self._conditions(given, path),
        )

    def _check(self, given: Any, path: str) -> str:
        if isinstance(given, str) and (given in FACTS or _SIGNAL.match(given)):
            return given
        raise self._error(path, f"is no fact: {given!r}{_near(given, FACTS)}")

    def _comparison(self, given: Mapping[str, Any], check: str, path: str) -> tuple[str | None, float | None]:
        used = [name for name in _COMPARISONS if name in given]
        unit = unit_of(check)
        if unit == YES_NO:
            if used:
                raise self._error(f"{path}.{used[0]}", f"compares '{check}', which is yes or no by itself")
            return None, None
        if len(used) != 1:
            raise self._error(path, f"compares '{check}' with {len(used)} of {', '.join(_COMPARISONS)}; give one")
        return used[0], self._amount(given[used[0]], unit or COUNT, f"{path}.{used[0]}")

    def _amount(self, given: Any, unit: str, path: str) -> float:
        try:
            return _amount(given, unit)
        except (ValueError, InvalidOptionError):
            raise self._error(path, f"is {_EXAMPLES[unit]}, not {given!r}") from None

    def _conditions(self, given: Mapping[str, Any], path: str) -> tuple[Condition, ...]:
        names = given.get("when") or []
        names = [names] if isinstance(names, str) else names
        if not isinstance(names, Sequence):
            raise self._error(f"{path}.when", f"is a fact, 'not' and a fact, or a list of them, not {_kind(names)}")
        found = []
        for name in names:
            fact = str(name).removeprefix("not ").strip()
            if FACTS.get(fact) != YES_NO:
                known = [one for one, unit in FACTS.items() if unit == YES_NO]
                raise self._error(f"{path}.when", f"names no fact that is yes or no: {name!r}{_near(fact, known)}")
            found.append(Condition(fact, not str(name).startswith("not ")))
        return tuple(found)

    def _text(self, given: Any, path: str) -> str:
        if not isinstance(given, str) or not given.strip() or len(given) > _LONGEST_TEXT or not given.isprintable():
            raise self._error(path, f"is one line of text, {_LONGEST_TEXT} characters at most, not {_kind(given)}")
        return given.strip()

    def _only(self, given: Mapping[Any, Any], known: Sequence[str], path: str) -> None:
        for name in given:
            if name not in known:
                raise self._error(f"{path}.{name}".lstrip("."), f"is no field{_near(name, known)}")

    def _error(self, path: str, problem: str) -> TreeError:
        at = path
        while at and at not in self._lines:
            at = re.sub(r"(?:\.[^.\[\]]*|\[\d+\])$", "", at) if re.search(r"[.\[]", at) else ""
        line = self._lines.get(at)
        where = f"{self._name}:{line}" if line is not None else self._name
        place = f": {path}" if path else ": the tree"
        return TreeError(f"The decision tree can't be used. {where}{place} {problem}.", path=path, line=line)


def _amount(given: Any, unit: str) -> float:
    if isinstance(given, bool) or not isinstance(given, (int, float, str)):
        raise ValueError
    text = str(given).strip()
    if unit == SHARE and text.endswith("%"):
        amount = float(text[:-1]) / 100
    elif unit == SECONDS and text.endswith("ms"):
        amount = float(text[:-2]) / 1000
    elif unit == SECONDS and not re.fullmatch(r"[0-9.]+", text):
        amount = parse_duration(text, "threshold")
    else:
        amount = float(text)
    if not math.isfinite(amount):
        raise ValueError
    return amount


def _near(given: Any, known: Collection[str]) -> str:
    near = difflib.get_close_matches(str(given), list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else f"; there are: {', '.join(known)}"


def _kind(given: Any) -> str:
    return "nothing" if given is None else f"{given!r:.60}" if isinstance(given, (str, int, float)) else f"a {type(given).__name__}"
