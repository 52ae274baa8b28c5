# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated Tempo: the traces that the simulated Jaeger has, behind Tempo's HTTP API."""
