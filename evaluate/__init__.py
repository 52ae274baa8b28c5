# SPDX-License-Identifier: GPL-3.0-or-later
"""Holds the decision to scenarios of which the truth is known: `python -m evaluate`."""
