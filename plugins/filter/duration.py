# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: seconds as people write them, and back."""

from __future__ import annotations

DOCUMENTATION = r"""
name: duration
short_description: Write a duration for people, or read one
version_added: 0.1.0
description:
  - Turns seconds into text such as V(4m 15s). Turns text such as V(1h30m) into seconds.
author:
  - devops.incident_response contributors (@devops)
options:
  _input:
    description: Seconds, or text with C(s), C(m), C(h), C(d) or C(w) behind each amount.
    type: raw
    required: true
  style:
    description: V(short) for V(4m 15s), V(words) for V(4 minutes 15 seconds). Only for seconds.
    type: str
    default: short
    choices: [short, words]
"""

EXAMPLES = r"""
- name: Say how long it took
  ansible.builtin.debug:
    msg: "Resolved after {{ incident_resolved.duration | devops.incident_response.duration('words') }}"
"""

RETURN = r"""
_value:
  description: Text for seconds, seconds for text.
  type: raw
"""

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils.errors import InvalidOptionError
from ..module_utils.units import describe_duration, format_duration, parse_duration


def duration(value: Any, style: str = "short") -> str | float:
    if style not in ("short", "words"):
        raise AnsibleFilterError(f"duration: style {style!r} is not accepted. Use short or words.")
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise AnsibleFilterError(f"duration: expected seconds, or text such as 1h30m, found {type(value).__name__}.")
    if isinstance(value, str):
        try:
            return parse_duration(value, "value")
        except InvalidOptionError as error:
            raise AnsibleFilterError(f"duration: {error.message}") from error
    return format_duration(value) if style == "short" else describe_duration(value)


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"duration": duration}
