# SPDX-License-Identifier: GPL-3.0-or-later
"""Removes what the make targets left in the checkout, and this checkout's part of the cache.

The environments stay: other checkouts share them. Incident records stay: they are nobody's by-product.
"""

from __future__ import annotations

import shutil
import sys

sys.dont_write_bytecode = True

import cache  # noqa: E402 (after the line above, which keeps it from leaving a compiled file behind)

_OUTPUTS = (".ansible", ".mypy_cache", ".pytest_cache", ".ruff_cache", "dist", "tests/output")


def main() -> None:
    compiled = list(cache.CHECKOUT.rglob("__pycache__"))
    for directory in (*(cache.CHECKOUT / path for path in _OUTPUTS), *compiled, cache.checkout_directory()):
        shutil.rmtree(directory, ignore_errors=True)
    print(f"The environments stay in {cache.cache_directory()}, which can be removed as well.")


if __name__ == "__main__":
    main()
