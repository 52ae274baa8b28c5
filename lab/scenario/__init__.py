# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenarios: what is deployed, what breaks and when, and what the right answer is. The format is in ``docs/lab.md``."""
