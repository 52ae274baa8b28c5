# SPDX-License-Identifier: GPL-3.0-or-later
"""Which series each part of the production exposes, named as its real exporter names them."""
