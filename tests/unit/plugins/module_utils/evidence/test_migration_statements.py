# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.migration_statements import taken_away


def patch(*lines: str, path: str = "db/migrate/0007_rooms.sql") -> str:
    added = "\n".join(f"+{line}" for line in lines)
    return f"diff --git a/{path} b/{path}\nnew file mode 100644\n--- /dev/null\n+++ b/{path}\n@@ -0,0 +1,9 @@\n{added}\n"


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE appointments DROP COLUMN room_name;",
        "alter table users rename column name to full_name;",
        "ALTER TABLE users RENAME TO people;",
        "DROP TABLE sessions;",
        "    remove_column :users, :name",
        '    op.drop_column("users", "name")',
        "    await knex.schema.dropTable('sessions')",
        "        migrations.RemoveField(model_name='user', name='name'),",
        '<dropColumn tableName="users" columnName="name"/>',
        '    t.renameColumn("name", "full_name");',
    ],
)
def test_what_is_removed_or_renamed(statement: str) -> None:
    assert taken_away(patch("CREATE TABLE rooms (id int);", statement)) == (f"db/migrate/0007_rooms.sql: {statement.strip()}",)


@pytest.mark.parametrize(
    "statements",
    [
        ("ALTER TABLE users ADD COLUMN age int;", "CREATE INDEX users_age ON users (age);"),
        ("DROP INDEX users_name;", "ALTER TABLE users DROP CONSTRAINT users_name_key;", "ALTER INDEX a RENAME TO b;"),
        ("DROP TABLE IF EXISTS rooms;", "CREATE TABLE rooms (id int);"),
        ("-- ALTER TABLE users DROP COLUMN name;", "# remove_column :users, :name"),
        ("-- +goose Up", "CREATE TABLE rooms (id int);", "-- +goose Down", "DROP TABLE rooms;"),
        ("def upgrade():", "    op.add_column('users', 'age')", "def downgrade():", "    op.drop_column('users', 'age')"),
        ("exports.up = knex => knex.schema.createTable('a')", "exports.down = knex => knex.schema", "  .dropTable('a')"),
    ],
)
def test_what_an_earlier_version_copes_with(statements: tuple[str, ...]) -> None:
    assert taken_away(patch(*statements)) == ()


def test_the_way_forward_may_come_after_the_way_back() -> None:
    assert taken_away(patch("-- migrate:down", "DROP TABLE a;", "-- migrate:up", "DROP TABLE b;")) == (
        "db/migrate/0007_rooms.sql: DROP TABLE b;",
    )


def test_scripts_of_the_way_back_and_removed_lines_do_not_count() -> None:
    assert taken_away(patch("DROP TABLE rooms;", path="migrations/7_rooms.down.sql")) == ()
    assert taken_away(patch("SELECT 1;").replace("+SELECT 1;", "-DROP TABLE rooms;")) == ()


def test_each_file_is_named_once() -> None:
    both = patch("DROP TABLE a;", "DROP TABLE b;") + patch("DROP TABLE c;", path="migrations/8.sql")
    assert taken_away(both) == ("db/migrate/0007_rooms.sql: DROP TABLE a;", "migrations/8.sql: DROP TABLE c;")
