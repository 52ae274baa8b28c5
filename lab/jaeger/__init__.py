# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated Jaeger: traces made of the scenario's spans, behind the JSON API of Jaeger's query service."""
