# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: one timeline of several lists of events."""

from __future__ import annotations

DOCUMENTATION = r"""
name: timeline
short_description: Merge events into one timeline
version_added: 0.1.0
description:
  - Puts events in order of time and leaves out repeats. Where several say the same, the first of the earliest list stays.
  - Events are the same when they say the same, of the same C(kind), within 5 seconds; those of the kinds V(metric) and V(log) within 120
    seconds and whatever the amounts in them, since a value that is measured again differs a little.
author:
  - devops.incident_response contributors (@devops)
options:
  _input:
    description:
      - Events, each with C(at), C(kind), C(source), C(title) and perhaps C(detail) and C(actor), as a record has them and the C(events) of
        RV(devops.incident_response.diagnostics_info#module:diagnostics).
    type: list
    elements: dict
    required: true
  more:
    description: Further lists of events.
    type: list
    elements: list
"""

EXAMPLES = r"""
- name: Show what happened and what was done
  ansible.builtin.debug:
    msg: "{{ record.diagnostics.events | devops.incident_response.timeline(record.actions) | map(attribute='title') }}"
  vars:
    record: "{{ lookup('ansible.builtin.file', 'incidents/2025-10-21-payment-api-outage.json') | from_json }}"
"""

RETURN = r"""
_value:
  description: The events in order, each once.
  type: list
  elements: dict
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils.model.codec import DocumentError, from_result, to_result
from ..module_utils.model.event import Event
from ..module_utils.record.timeline import merge


def timeline(events: Any, *more: Any) -> list[dict[str, Any]]:
    groups = []
    for group in (events, *more):
        if isinstance(group, (str, Mapping)) or not hasattr(group, "__iter__"):
            raise AnsibleFilterError(f"timeline: expected a list of events, found {type(group).__name__}.")
        try:
            groups.append([from_result(Event, event) for event in group])
        except DocumentError as error:
            raise AnsibleFilterError(f"timeline: not an event: {error.message}") from error
    merged: list[dict[str, Any]] = to_result(merge(*groups))
    return merged


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"timeline": timeline}
