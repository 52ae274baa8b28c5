# SPDX-License-Identifier: GPL-3.0-or-later
"""Loki as far as clients of its HTTP API see it: streams that are pushed, and questions in the log queries of LogQL."""
