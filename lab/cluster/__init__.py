# SPDX-License-Identifier: GPL-3.0-or-later
"""An in-memory Kubernetes API server with live controllers, for labs and tests."""
