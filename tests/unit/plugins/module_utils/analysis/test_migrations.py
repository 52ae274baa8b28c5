# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from datetime import UTC, datetime

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.analysis.migrations import destructive
from ansible_collections.devops.incident_response.plugins.module_utils.model.changes import Commit

AT = datetime(2025, 10, 21, tzinfo=UTC)
FILE = "migrations/0042_titles.py"


@pytest.mark.parametrize("name", ["0042_drop_email.py", "V7__rename_customer.sql", "20251020-remove-legacy.sql", "0007_split_name.rb"])
def test_a_name_may_say_that_something_is_gone(name: str) -> None:
    assert destructive([f"db/migrate/{name}"]) == f"db/migrate/{name}"


@pytest.mark.parametrize("name", ["0042_add_email.py", "V7__drop_index_customer.sql", "0008_backdrop.py", "0009_splitter_settings.py"])
def test_a_name_that_says_no_such_thing(name: str) -> None:
    assert destructive([f"db/migrate/{name}"]) is None


@pytest.mark.parametrize("subject", ["Drop column members.title", "Titles move; removes the old titles table", "Rename the field email"])
def test_a_commit_may_say_it_of_its_migration(subject: str) -> None:
    assert destructive([FILE], [Commit("a", AT, "eli", subject, (FILE,))]) == f"{FILE} ({subject})"


@pytest.mark.parametrize(
    ("subject", "files"),
    [("Drop column members.title", ("other.py",)), ("Add column members.title", (FILE,)), ("Drop support for old clients", (FILE,))],
)
def test_a_commit_that_says_it_of_something_else(subject: str, files: tuple[str, ...]) -> None:
    assert destructive([FILE], [Commit("a", AT, "eli", subject, files)]) is None
