# SPDX-License-Identifier: GPL-3.0-or-later
"""How the pods of a scenario behave: what happens to them, what they log, what commands inside them answer, what they use."""
