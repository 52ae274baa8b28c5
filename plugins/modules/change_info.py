#!/usr/bin/python
# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: change_info
short_description: List what changed between the deployed version and the one before it
version_added: 0.1.0
description:
  - Compares the deployed version with the one before it, or with O(compare_with), in the service's git repository.
  - That is a path on the host on which this runs, or a URL (C(https), C(ssh), C(file)), of which only the commits that are needed are
    fetched, for as long as they are needed.
  - A version is looked for as a tag (V(v1.2.3), V(1.2.3), V(release-1.2.3), V(payment-api/1.2.3)) and as the id of a commit
    (V(sha-3f9c2ab), V(main-3f9c2ab-1700000000)).
  - git asks for no password and runs none of the repository's programs.
  - The part of M(devops.incident_response.diagnostics_info) of that name, by itself. When the source is down, slow, forbidden or answers
    with nonsense, the module does not fail; the evidence is V(unavailable), and its C(reason) says what to do about it.
author:
  - devops.incident_response contributors (@devops)
options:
  compare_with:
    description:
      - Version whose commits are left out of what changed, such as the target of a rollback. Where it is not given, it is the version that
        was active before.
    type: str
  timeframe:
    description: How far back to look, for example V(1h), V(4h) or V(24h).
    type: str
    default: 4h
  deadline:
    description: Seconds that it may take in all.
    type: float
    default: 15.0
extends_documentation_fragment:
  - devops.incident_response.cluster
  - devops.incident_response.service
  - devops.incident_response.attributes
  - devops.incident_response.attributes.info_module
seealso:
  - module: devops.incident_response.diagnostics_info
"""

EXAMPLES = r"""
- name: See what is new in the deployed version
  devops.incident_response.change_info:
    service: payment-api
    catalogue:
      repository: https://git.example.com/payments/payment-api.git
  register: seen
"""

RETURN = r"""
changes:
  description: The evidence.
  type: dict
  returned: success
  contains:
    source:
      description: The source's name.
      type: str
      returned: always
      sample: changes
    status:
      description: V(ok), V(partial), V(unavailable) or V(skipped).
      type: str
      returned: always
      sample: ok
    reason:
      description: Why it is not V(ok).
      type: str
      returned: always
      sample: null
    collected_at:
      description: When it was asked (ISO 8601, UTC).
      type: str
      returned: always
      sample: "2025-10-21T14:25:30Z"
    took_ms:
      description: Milliseconds that it took.
      type: int
      returned: always
      sample: 96
    requests:
      description: Requests that were sent, to the cluster and to every other server.
      type: int
      returned: always
      sample: 3
    data:
      description: Commits with author, time and subject, the files that they touch, and what of them matters. V(null) when there is none.
      type: dict
      returned: always
      contains:
        from_version:
          description: The version before, whose commits are left out.
          type: str
          returned: always
          sample: v2.3.0
        to_version:
          description: The deployed version.
          type: str
          returned: always
          sample: v2.3.1
        from_commit:
          description: Its commit; V(null) when it was not found.
          type: str
          returned: always
          sample: 1f0c9b2d7a4e5c6b8d9e0f1a2b3c4d5e6f708192
        to_commit:
          description: The commit of the deployed version; V(null) when it was not found.
          type: str
          returned: always
          sample: 3f9c2ab17c0d4e5f60718293a4b5c6d7e8f90123
        commits:
          description: The newest of them, each with C(sha), C(at), C(author), C(subject), C(files), and C(more_files), the number of those
            that are not listed.
          type: list
          elements: dict
          returned: always
          sample: [{"sha": "3f9c2ab17c0d", "at": "2025-10-21T14:02:11Z", "author": "alice", "subject": "Validate payments by user"}]
        commits_total:
          description: How many there are between the two versions, without merges; V(null) when a version was not found.
          type: int
          returned: always
          sample: 2
        authors:
          description: Who made them, most commits first.
          type: list
          elements: str
          returned: always
          sample: [alice]
        migrations:
          description: Files that look like database migrations.
          type: list
          elements: str
          returned: always
          sample: [db/migrations/0042_add_column.sql]
        taken_away:
          description: Statements of these migrations that remove or rename a table or a column, each behind its file.
          type: list
          elements: str
          returned: always
          sample: ["db/migrations/0043_names.sql: ALTER TABLE users DROP COLUMN name;"]
        configuration:
          description: Files that look like configuration.
          type: list
          elements: str
          returned: always
          sample: [deploy/values.yaml]
        libraries:
          description: Files that say which libraries are used.
          type: list
          elements: str
          returned: always
          sample: [requirements.txt]
        notes:
          description: What was cut, what was not found, a tag that was moved, a history that was rewritten.
          type: list
          elements: str
          returned: always
          sample: []
      sample: {"from_version": "v2.3.0", "to_version": "v2.3.1"}
findings:
  description: Judged facts drawn from it, the worst first.
  type: list
  elements: dict
  returned: success
  sample: [{"id": "changes.migrations", "source": "changes", "level": "warning", "title": "Migrations between v2.3.0 and v2.3.1"}]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.devops.incident_response.plugins.module_utils.faces.connections import run
from ansible_collections.devops.incident_response.plugins.module_utils.faces.one_source import source_result, source_spec
from ansible_collections.devops.incident_response.plugins.module_utils.model.evidence import Source


def main() -> None:
    module = AnsibleModule(argument_spec=source_spec(Source.CHANGES), supports_check_mode=True)
    run(module, lambda: source_result(module.params, Source.CHANGES))


if __name__ == "__main__":
    main()
