# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.analysis.log_signs import Sign, named_cause
from ansible_collections.devops.incident_response.plugins.module_utils.model.logs import LogPattern


def named(template: str) -> Sign | None:
    return named_cause([LogPattern("ERROR", template, 50, template, None, None, (), None)], None)


@pytest.mark.parametrize(
    ("template", "cause"),
    [
        ("An error occurred (SlowDown) when calling the PutObject operation: Please reduce your request rate.", "quota"),
        ("ProvisionedThroughputExceededException: the level of configured throughput was exceeded", "quota"),
        ("api error AccessDeniedException: User <*> is not authorized to perform: dynamodb:GetItem", "credentials"),
        ("ERROR: permission denied for table ledger", "credentials"),
        ("jwt verification failed: token used before issued", "credentials"),
        ("index [documents] blocked by: disk usage exceeded flood-stage watermark", "storage"),
    ],
)
def test_causes_in_the_words_of_those_who_refuse(template: str, cause: str) -> None:
    found = named(template)
    assert found is not None
    assert (found.cause, found.by_time, found.of_others) == (cause, False, False)


@pytest.mark.parametrize(
    "template",
    [
        "search-cluster:9200 answered 429 es_rejected_execution_exception: queue capacity 1000 exceeded",
        "HTTPError: 429 Client Error for url https://addr.example/v1",
        "google.api_core.exceptions.ResourceExhausted: 429 on the model",
        "request failed: status=429",
        'provider said {"code": 429}',
        '"POST /v1/rates HTTP/1.1" 429 18',
        "GET /rates 429 in 12 ms",
        "HTTP/1.1 429",
        "got a status code 429 from rates",
        "Response status code does not indicate success: 429",
        "[429] during [GET] to [https://rates.example]",
    ],
)
def test_a_rate_limit_by_its_status(template: str) -> None:
    found = named(template)
    assert found is not None
    assert found.cause == "quota"


@pytest.mark.parametrize(
    "template",
    [
        "form refused: 429 kB exceed the limit of 1 kB",
        "batch 429 was not written",
        "query returned 429 rows and was refused",
        "import of order 429 failed",
        "took 429 ms",
        "error 429ms after the start",
        "user id=429 not found",
    ],
)
def test_a_number_that_only_looks_like_that_status(template: str) -> None:
    assert named(template) is None


def test_numbers_that_are_used_up_are_so_for_every_version() -> None:
    found = named('ERROR: nextval: reached maximum value of sequence "events_id_seq" (2147483647)')
    assert found is not None
    assert (found.cause, found.by_time) == ("storage", True)


def test_a_name_server_that_does_not_answer_is_no_wrong_name() -> None:
    silent, wrong = named("getaddrinfo EAI_AGAIN push.example"), named("getaddrinfo ENOTFOUND pus.example")
    assert silent is not None
    assert wrong is not None
    assert (silent.cause, silent.of_others) == ("name_resolution", True)
    assert (wrong.cause, wrong.of_others) == ("name_resolution", False)


@pytest.mark.parametrize(
    "template",
    [
        "psycopg2.OperationalError: FATAL: the database system is in recovery mode",
        "Redis is loading the dataset in memory",
        "CLUSTERDOWN The cluster is down",
        "Code: 503. Errors: * Vault is sealed",
        "org.apache.kafka.common.errors.NotEnoughReplicasException: rejected",
        "[503] during [POST] to [https://api.bank.example/v2]: [scheduled maintenance]",
    ],
)
def test_who_says_itself_that_it_is_away(template: str) -> None:
    found = named(template)
    assert found is not None
    assert (found.cause, found.of_others) == ("dependency", True)


@pytest.mark.parametrize("template", ["order <*> failed", "token bucket is empty", "slow down the belt", "http server is shutting down"])
def test_what_names_nothing(template: str) -> None:
    assert named(template) is None


@pytest.mark.parametrize(
    "template",
    [
        "PKIX path validation failed: java.security.cert.CertPathValidatorException: validity check failed",
        "The remote certificate is invalid because of errors in the certificate chain: NotTimeValid",
        "invalid peer certificate: Expired",
        "A required certificate is not within its validity period when verifying against the current system clock",
    ],
)
def test_a_certificate_that_ran_out_has_done_so_for_every_version(template: str) -> None:
    found = named(template)
    assert found is not None
    assert (found.cause, found.by_time) == ("certificate", True)
