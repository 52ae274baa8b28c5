# SPDX-License-Identifier: GPL-3.0-or-later
"""The things that services need: servers that answer on the wire, as healthy or as sick as the scenario says."""
