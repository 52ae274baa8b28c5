# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: secrets and personal data taken out."""

from __future__ import annotations

DOCUMENTATION = r"""
name: redact
short_description: Take secrets and personal data out of text and data
version_added: 0.1.0
description:
  - Replaces passwords, tokens, keys, logins in URLs, e-mail addresses, card numbers and the like by C([REDACTED]), however deep they are.
  - What identifies things in production stays; image digests, names of pods, UUIDs, trace ids.
author:
  - devops.incident_response contributors (@devops)
options:
  _input:
    description: Text, a list or a dictionary.
    type: raw
    required: true
"""

EXAMPLES = r"""
- name: Show the end of a log
  ansible.builtin.debug:
    msg: "{{ log.stdout_lines[-20:] | devops.incident_response.redact }}"
"""

RETURN = r"""
_value:
  description: The same, redacted.
  type: raw
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils.record.redaction import redact as redact_value


def redact(value: Any) -> Any:
    if value is not None and not isinstance(value, (str, int, float, Mapping, list, tuple)):
        raise AnsibleFilterError(f"redact: expected text, a list or a dictionary, found {type(value).__name__}.")
    return redact_value(value)


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"redact": redact}
