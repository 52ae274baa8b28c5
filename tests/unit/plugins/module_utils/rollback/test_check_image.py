# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Callable

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.errors import SourceUnavailableError
from ansible_collections.devops.incident_response.plugins.module_utils.model.check import Verdict
from ansible_collections.devops.incident_response.plugins.module_utils.model.rollout import Revision
from ansible_collections.devops.incident_response.plugins.module_utils.rollback.check_image import check_image, split_image

Make = Callable[..., Revision]


class Registry:
    def __init__(self, answer: bool | SourceUnavailableError) -> None:
        self.answer = answer
        self.asked: list[tuple[str, str]] = []

    def has_tag(self, repository: str, tag: str) -> bool:
        self.asked.append((repository, tag))
        if isinstance(self.answer, SourceUnavailableError):
            raise self.answer
        return self.answer


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("registry.example.com/shop/payment-api:v2.3.0", ("shop/payment-api", "v2.3.0")),
        ("registry.example.com:5000/payment-api:v2.3.0", ("payment-api", "v2.3.0")),
        ("localhost/payment-api:v1", ("payment-api", "v1")),
        ("registry.example.com:5000/shop/payment-api", ("shop/payment-api", "")),
        ("registry.example.com/shop/api:v1@sha256:ab12", ("shop/api", "sha256:ab12")),
        ("shop/api:v1", ("shop/api", "v1")),
        ("nginx:1.27", ("library/nginx", "1.27")),
        ("docker.io/nginx:1.27", ("library/nginx", "1.27")),
        ("", ("", "")),
    ],
)
def test_an_image_is_split_as_container_runtimes_split_it(image: str, expected: tuple[str, str]) -> None:
    assert split_image(image) == expected


def test_an_image_that_is_there_passes(revision: Make) -> None:
    registry = Registry(True)
    check = check_image(revision(4, "v2.3.0", hours=72), registry)
    assert (check.verdict, check.title) == (Verdict.PASS, "Target version v2.3.0 exists in registry")
    assert registry.asked == [("shop/payment-api", "v2.3.0")]


def test_an_image_that_is_gone_fails(revision: Make) -> None:
    check = check_image(revision(4, "v2.3.0", hours=72), Registry(False))
    assert check.verdict is Verdict.FAIL
    assert "push it again" in check.detail


@pytest.mark.parametrize(
    ("registry", "image", "reason"),
    [
        (None, "r.example.com/a:v1", "registry_url"),
        (Registry(SourceUnavailableError("The image registry is down.")), "r.example.com/a:v1", "is down"),
        (Registry(True), "r.example.com/a", "no tag or digest"),
        (Registry(True), None, "no tag or digest"),
    ],
)
def test_what_can_not_be_asked_is_unknown(revision: Make, registry: Registry | None, image: str | None, reason: str) -> None:
    check = check_image(revision(4, "v1", hours=72, image=image), registry)
    assert check.verdict is Verdict.UNKNOWN
    assert reason in check.detail
