# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.errors import InvalidOptionError
from ansible_collections.devops.incident_response.plugins.module_utils.record.catalogue import (
    entry_from_service,
    service_from_entry,
    without_addresses,
)


def test_everything_has_a_default() -> None:
    service = service_from_entry("payment-api", None)
    assert (service.namespace, service.workload, service.pod_selector, service.job) == (
        "production",
        "payment-api",
        "app=payment-api",
        "payment-api",
    )


def test_a_namespace_that_was_asked_for_wins() -> None:
    assert service_from_entry("a", {"namespace": "staging"}).namespace == "staging"
    assert service_from_entry("a", {"namespace": "staging"}, "canary").namespace == "canary"


def test_an_entry_with_every_field_reads_back() -> None:
    service = service_from_entry("a", {"dependencies": [{"name": "db", "type": "tcp", "address": "db:5432"}], "on_call": {"on_call": "x"}})
    assert service_from_entry("a", entry_from_service(service)) == service


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"titel": "A"}, "Option 'services.a.titel': 'A' is not accepted. Use one of the fields"),
        ({"namespace": "no/such"}, "Option 'services.a.namespace': 'no/such'"),
        ({"workload_name": "A B"}, "Option 'services.a.workload_name': 'A B'"),
        ({"workload_kind": "Job"}, "'services.a.workload_kind': 'Job'"),
        ({"metrics": {"jobs": "a"}}, "Option 'services.a.metrics.jobs': 'a'"),
        ({"metrics": {"queries": [{"name": "q", "querry": "x"}]}}, "Option 'services.a.metrics.queries.querry': 'x'"),
        (
            {"dependencies": [{"name": "db", "type": "sql", "address": "db:5432"}]},
            (
                "Option 'services.a.dependencies[0].type': 'sql' is not accepted. "
                "Use a value that fits: 'sql' is not one of tcp, http, redis, postgresql, dns."
            ),
        ),
        ({"owners": "@a"}, "'services.a.owners': '@a'"),
    ],
)
def test_a_wrong_field_is_named_with_its_service(entry: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidOptionError) as error:
        service_from_entry("a", entry)
    assert message in error.value.message


@pytest.mark.parametrize(
    ("entry", "address"),
    [
        (
            {"type": "postgresql", "address": "me:hunter2@db:5432/payments", "dsn": "postgresql://me:hunter2@db/payments"},
            "db:5432/payments",
        ),
        ({"type": "http", "address": "https://me:hunter2@auth/health"}, "https://auth/health"),
        ({"type": "dns", "address": "db.example.com@10.0.0.1"}, "db.example.com@10.0.0.1"),
    ],
)
def test_logins_of_dependencies_are_in_no_record(entry: dict[str, str], address: str) -> None:
    service = without_addresses(service_from_entry("a", {"dependencies": [{"name": "x", **entry}]}))
    assert service.dependencies[0].address == address
    assert "hunter2" not in str(entry_from_service(service))
