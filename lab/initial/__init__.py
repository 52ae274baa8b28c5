# SPDX-License-Identifier: GPL-3.0-or-later
"""What is in the cluster when the lab starts: objects of every age, and the pods and events of the past."""
