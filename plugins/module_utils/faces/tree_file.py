# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A decision tree from the options: a YAML file by its path, or data. The file is read where the decision is made."""

from __future__ import annotations

import os
from typing import Any

from ..clients.libraries import load
from ..decision.tree import Tree
from ..decision.tree_default import DEFAULT_TREE
from ..decision.tree_reading import TreeError, tree_from

_MOST_BYTES = 1_000_000


def decision_tree_from(given: Any) -> Tree:
    """The tree of the option ``decision_tree``: a path, data, or nothing for the default one. TreeError says where it is wrong, and why."""
    if given is None or given == "":
        return DEFAULT_TREE
    if not isinstance(given, str):
        return tree_from(given)
    document, lines = _read(given)
    return tree_from(document, lines, given)


def _read(path: str) -> tuple[Any, dict[str, int]]:
    """The file's data, and the line of everything in it by its path (``tree[0].then[1].check``)."""
    try:
        with open(os.path.expanduser(path), encoding="utf-8") as file:
            text = file.read(_MOST_BYTES + 1)
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise TreeError(f"The decision tree can't be read. {path}: {why}. Check 'decision_tree' (decide_tree of the role).") from error
    if len(text) > _MOST_BYTES:
        raise TreeError(f"The decision tree can't be used. {path}: is longer than {_MOST_BYTES:,} characters.")
    yaml = load("yaml")
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        document = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark is not None else ""
        problem = getattr(error, "problem", None) or "it is nested too deeply, or no YAML"
        raise TreeError(f"The decision tree can't be read. {path}{line}: {problem}.", line=mark.line + 1 if mark else None) from error
    return document, dict(_lines(yaml, node, "", frozenset()))


def _lines(yaml: Any, node: Any, path: str, above: frozenset[int]) -> list[tuple[str, int]]:
    """Pairs of path and line, the innermost included. An alias that contains itself is not followed."""
    if node is None or id(node) in above:
        return []
    found = [(path, node.start_mark.line + 1)]
    inside = above | {id(node)}
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            here = f"{path}.{key.value}".lstrip(".") if isinstance(key, yaml.ScalarNode) else path
            found += [*_lines(yaml, value, here, inside), (here, key.start_mark.line + 1)]
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            found += _lines(yaml, value, f"{path}[{index}]", inside)
    return found
