# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated Prometheus server: a PromQL engine over any storage of series, behind the HTTP API of the real server.

Formulas, wording and formats follow the source of Prometheus 3 (https://github.com/prometheus/prometheus); the values are compared
with a real server's by the recorded fixtures in ``tests/fixtures/recorded/prometheus``.
"""
