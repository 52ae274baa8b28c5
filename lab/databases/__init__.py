# SPDX-License-Identifier: GPL-3.0-or-later
"""Real PostgreSQL servers behind the simulated production's databases, with as much going on in them as the scenario says."""
