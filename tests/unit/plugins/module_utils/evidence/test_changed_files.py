# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.changed_files import (
    is_configuration,
    is_library,
    is_migration,
)


@pytest.mark.parametrize(
    "path",
    [
        "src/main/resources/db/migration/V2_1__add_user.sql",
        "src/main/java/db/migration/V3__Fill.java",
        "src/main/resources/db/changelog/changes/002.yaml",
        "db.changelog-master.xml",
        "alembic/versions/3f9c2ab_add_index.py",
        "migrations/versions/3f9c2ab_add_index.py",
        "payments/migrations/0042_user.py",
        "db/migrate/20251021142300_add_user.rb",
        "db/schema.rb",
        "migrations/00002_add_user.sql",
        "db/migrations/000001_init.up.sql",
        "internal/migrations/00003_fill.go",
        "prisma/migrations/20251021_add/migration.sql",
        "migrations/20251021_add_user.js",
        "src/migrations/1697898180-AddUser.ts",
        "database/migrations/2025_10_21_create_users.php",
        "Data/Migrations/20251021_AddUser.cs",
    ],
)
def test_migrations(path: str) -> None:
    assert is_migration(path)
    assert not is_configuration(path)


@pytest.mark.parametrize(
    "path",
    [
        "payments/migrations/__init__.py",
        "migrations/env.py",
        "migrations/README.md",
        "CHANGELOG.md",
        "tests/migrations/test_0042.py",
        "queries/users.sql",
        "src/migrate_button.tsx",
        "schema/user.graphql",
        "docs/migration.md",
    ],
)
def test_no_migrations(path: str) -> None:
    assert not is_migration(path)


@pytest.mark.parametrize(
    "path",
    [
        "deploy/values.yaml",
        "config/production.json",
        "k8s/base/deployment.yml",
        "src/main/resources/application-prod.yml",
        ".env.production",
        "Dockerfile",
        "infra/main.tf",
        "charts/payment-api/Chart.yaml",
        "appsettings.Production.json",
        "feature-flags.json",
    ],
)
def test_configuration(path: str) -> None:
    assert is_configuration(path)


@pytest.mark.parametrize("path", ["src/config.py", "tests/config/x.yaml", "package.json", "README.md", "src/deploy.go"])
def test_no_configuration(path: str) -> None:
    assert not is_configuration(path)


@pytest.mark.parametrize("path", ["package-lock.json", "services/a/go.mod", "requirements-prod.txt", "pom.xml"])
def test_libraries(path: str) -> None:
    assert is_library(path)
