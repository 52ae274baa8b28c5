# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the default decision tree to Python, since modules carry nothing else along: `tools/run dev python tools/decision_tree.py`."""

from __future__ import annotations

import subprocess
from pathlib import Path

import yaml

CHECKOUT = Path(__file__).resolve().parent.parent
SOURCE = CHECKOUT / "roles/decide/files/decision_tree.yml"
MODULE = CHECKOUT / "plugins/module_utils/decision/tree_default.py"
_HEAD = '''\
# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The default decision tree, as tools/decision_tree.py wrote it from roles/decide/files/decision_tree.yml."""

from __future__ import annotations

from typing import Any

from .tree_reading import tree_from

DOCUMENT: dict[str, Any] = '''
_TAIL = "\n\nDEFAULT_TREE = tree_from(DOCUMENT)\n"


def main() -> None:
    document = yaml.safe_load(SOURCE.read_text(encoding="utf-8"))
    MODULE.write_text(f"{_HEAD}{document!r}{_TAIL}", encoding="utf-8")
    subprocess.run(["ruff", "format", "--quiet", str(MODULE)], check=True)


if __name__ == "__main__":
    main()
