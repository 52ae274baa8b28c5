# SPDX-License-Identifier: GPL-3.0-or-later
"""The controllers: each brings one kind of object closer to what its spec says, one pass at a time."""
