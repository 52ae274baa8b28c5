# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated production behind the servers: signals over time, moved by faults, which depend on the living cluster."""
