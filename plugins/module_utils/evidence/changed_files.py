# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a file is, told by where it lies and how it is called."""

from __future__ import annotations

import re

_CODE = r"(?:sql|py|rb|js|cjs|mjs|ts|php|java|kt|cs|go|exs|xml|ya?ml|json)"
_MIGRATIONS = (
    # Django, Alembic, Rails, Knex, Sequelize, TypeORM, Laravel, Entity Framework, Prisma, goose, golang-migrate, dbmate …
    rf"(?:^|/)(?:migrations?|migrate|alembic/versions|alembic|flyway|versions/migrations)/(?:[^/]+/)*[^/]+\.{_CODE}$",
    r"(?:^|/)[VUBR]\d*[\d._]*__\w[^/]*\.(?:sql|java|kt)$",  # Flyway
    r"(?:^|/)(?:liquibase|db/changelogs?|changelogs?/db)/(?:[^/]+/)*[^/]+\.(?:xml|ya?ml|json|sql)$",  # Liquibase
    r"(?:^|/)(?:db\.)?changelog[\w.-]*\.(?:xml|sql)$",
    r"(?:^|/)db\.changelog[\w.-]*\.(?:ya?ml|json)$",
    r"(?:^|/)db/(?:schema\.rb|structure\.sql)$",
    r"\.sql$",
)
_MIGRATION = re.compile("|".join(_MIGRATIONS), re.IGNORECASE)
_NO_MIGRATION = re.compile(
    r"(?:^|/)(?:__init__\.py|env\.py|script\.py\.mako|index\.[jt]s|conftest\.py|knexfile\.[jt]s)$"
    r"|(?:^|/)(?:tests?|spec|__tests__|testdata|fixtures|queries|seeds?|examples?|docs?)/|(?:^|/)test_[^/]*$|[._-](?:test|spec)\.\w+$",
    re.IGNORECASE,
)
_CONFIGURATION = re.compile(
    r"(?:^|/)(?:configs?|conf|etc|deploy|deployments?|k8s|kubernetes|helm|charts?|manifests|kustomize|overlays|environments?|env|infra|terraform)/"
    r"(?:[^/]+/)*[^/]+\.(?:ya?ml|json|toml|ini|properties|env|conf|cfg|tf|tfvars|hcl|tpl|xml)$"
    r"|(?:^|/)(?:application|bootstrap|appsettings|settings|config|values|kustomization|Chart|docker-compose|compose|nginx|logback|log4j2?)"
    r"[\w.-]*\.(?:ya?ml|json|toml|properties|ini|env|conf|xml)$"
    r"|(?:^|/)\.env[\w.]*$|(?:^|/)(?:Dockerfile|Procfile|Containerfile)[\w.-]*$|\.(?:tf|tfvars)$|(?:^|/)feature[-_]?flags?[^/]*$",
    re.IGNORECASE,
)
_LIBRARIES = re.compile(
    r"(?:^|/)(?:package(?:-lock)?\.json|yarn\.lock|pnpm-lock\.yaml|requirements(?:[\w.-]*|/[\w.-]+)\.txt|pyproject\.toml|poetry\.lock|Pipfile(?:\.lock)?|"
    r"uv\.lock|go\.(?:mod|sum)|pom\.xml|build\.gradle(?:\.kts)?|gradle\.lockfile|libs\.versions\.toml|Gemfile(?:\.lock)?|Cargo\.(?:toml|lock)|"
    r"composer\.(?:json|lock)|mix\.(?:exs|lock)|[^/]+\.csproj|packages\.lock\.json)$"
)


def is_migration(path: str) -> bool:
    return _MIGRATION.search(path) is not None and _NO_MIGRATION.search(path) is None


def is_configuration(path: str) -> bool:
    return (
        _CONFIGURATION.search(path) is not None and _NO_MIGRATION.search(path) is None and not is_library(path) and not is_migration(path)
    )


def is_library(path: str) -> bool:
    return _LIBRARIES.search(path) is not None
