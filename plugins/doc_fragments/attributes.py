# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every module says about itself."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in check mode and say what it would do without changing anything.
  diff_mode:
    description: Returns what has changed, or would change, in diff mode.
  platform:
    description: Where the module runs.
    platforms: posix
    support: full
  action_group:
    description: Belongs to the action group for C(module_defaults).
    membership:
      - devops.incident_response.incident_response
    version_added: 0.1.0
"""

    INFO_MODULE = r"""
options: {}
attributes:
  check_mode:
    support: full
    details:
      - This module only reads.
  diff_mode:
    support: N/A
    details:
      - This module changes nothing.
  action_group:
    support: full
    details:
      - Use C(group/devops.incident_response.incident_response) in C(module_defaults).
"""
