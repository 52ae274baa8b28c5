# SPDX-License-Identifier: GPL-3.0-or-later
"""What Loki refuses, in its words."""

from __future__ import annotations


class LokiError(Exception):
    """Answered as plain text with ``status``."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class ParseError(LokiError):
    """``column`` counts from one."""

    def __init__(self, column: int, message: str) -> None:
        super().__init__(f"parse error at line 1, col {column}: syntax error: {message}")
