# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks before a rollback, as the simulated cluster answers them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from lab.cluster.authorization import ADMIN, Rule, User
from lab.cluster.behaviour import ExecResult
from plugins.module_utils.model.check import Check, Verdict
from plugins.module_utils.model.service import Service
from plugins.module_utils.rollback.checks import CHECK_NAMES, Checked, blocking, run_checks
from plugins.module_utils.rollback.plan import make_change
from tests.rollback.conftest import LocalCluster

SERVICE = Service("payment-api", schema_check=("./check-schema.sh",), api_check=("./check-api.sh",))
VIEWER = User("viewer", "viewer-token", rules=(Rule(("get", "list", "watch"), ("*",), ("*",), ("production",)),))


class Registry:
    def has_tag(self, repository: str, tag: str) -> bool:
        return (repository, tag) == ("shop/payment-api", "v2.3.0")


@pytest.fixture
def users() -> Sequence[User]:
    return (ADMIN, VIEWER)


@pytest.fixture
def broken(local: LocalCluster) -> LocalCluster:
    """v2.3.0 for 72 hours, then v2.3.1, whose pods crash; both compatibility scripts say yes."""
    local.deploy("Deployment", "v2.3.0", settle=60)
    local.time += 72 * 3600 - 60
    local.behaviour.broken.add("v2.3.1")
    local.behaviour.answers |= {"./check-schema.sh": ExecResult("fits\n"), "./check-api.sh": ExecResult("no breaking change\n")}
    local.deploy("Deployment", "v2.3.1")
    return local


def check(local: LocalCluster, service: Service = SERVICE, token: str = ADMIN.token) -> Checked:
    client = local.client(token)
    change = make_change(client, service, "v2.3.0", local.now())
    return run_checks(client, service, change, Registry(), None, "auto-approved for P0")


def by_name(checked: Checked) -> dict[str, Check]:
    return {it.name: it for it in checked.checks}


def test_all_is_well_in_the_words_of_the_plan(broken: LocalCluster) -> None:
    checked = check(broken)
    assert tuple(it.name for it in checked.checks) == CHECK_NAMES
    assert [it.title for it in checked.checks][:5] == [
        "Target version v2.3.0 exists in registry",
        "v2.3.0 was stable for 72 hours",
        "Database schema compatible",
        "No breaking API changes detected",
        "Rollback permission granted (auto-approved for P0)",
    ]
    assert blocking(checked.checks, ()) == ()


def test_the_commands_run_in_a_pod_of_the_target_with_its_version(broken: LocalCluster) -> None:
    check(broken)
    pods = {pod["metadata"]["name"]: pod for pod in broken.client().get("/api/v1/namespaces/production/pods")["items"]}
    assert sorted(command for _, command in broken.behaviour.asked) == [("./check-api.sh", "v2.3.0"), ("./check-schema.sh", "v2.3.0")]
    assert {pods[name]["spec"]["containers"][0]["image"].rpartition(":")[2] for name, _ in broken.behaviour.asked} == {"v2.3.0"}


def test_a_schema_that_does_not_fit_stops_the_rollback(broken: LocalCluster) -> None:
    broken.behaviour.answers["./check-schema.sh"] = ExecResult("", "column fee is missing", 1)
    checked = check(broken)
    assert [it.name for it in blocking(checked.checks, ("schema_compatible",))] == ["schema_compatible"]
    assert "column fee is missing" in by_name(checked)["schema_compatible"].detail


def test_unknown_stops_it_unless_it_may_be_unknown(broken: LocalCluster) -> None:
    checked = check(broken, replace(SERVICE, api_check=(), schema_check=()))
    assert by_name(checked)["api_compatible"].verdict is Verdict.UNKNOWN
    assert [it.name for it in blocking(checked.checks, ())] == ["schema_compatible", "api_compatible"]
    assert [it.name for it in blocking(checked.checks, ("api_compatible",))] == ["schema_compatible"]


def test_who_may_only_look_may_not_roll_back(broken: LocalCluster) -> None:
    checked = check(broken, token=VIEWER.token)
    permission = by_name(checked)["permission"]
    assert (permission.verdict, permission.title) == (Verdict.FAIL, "Rollback permission denied")
    assert "auto-approved" not in permission.title
    assert by_name(checked)["schema_compatible"].verdict is Verdict.UNKNOWN


def test_a_pause_stops_it(broken: LocalCluster) -> None:
    broken.merge("deployments", "payment-api", {"spec": {"paused": True}})
    assert "rollout resume" in by_name(check(broken))["rollout"].detail


@pytest.mark.parametrize(
    ("labels", "annotations", "verdict", "title"),
    [
        ({}, {"meta.helm.sh/release-name": "payments"}, Verdict.PASS, "Helm release payments leaves the rollback alone"),
        ({"kustomize.toolkit.fluxcd.io/name": "apps"}, {}, Verdict.FAIL, "Flux Kustomization flux-system/apps would undo the rollback"),
        (
            {},
            {"argocd.argoproj.io/tracking-id": "payments:apps/Deployment:production/payment-api"},
            Verdict.FAIL,
            "Argo CD application payments would undo the rollback",
        ),
    ],
)
def test_owners_are_told_apart(
    broken: LocalCluster, labels: dict[str, str], annotations: dict[str, str], verdict: Verdict, title: str
) -> None:
    broken.merge("deployments", "payment-api", {"metadata": {"labels": labels, "annotations": annotations}})
    owner = by_name(check(broken))["owner"]
    assert (owner.verdict, owner.title) == (verdict, title)


def test_a_workload_that_is_at_the_target_needs_no_checks(local: LocalCluster) -> None:
    local.deploy("Deployment", "v2.3.0")
    checked = check(local)
    assert [(it.name, it.verdict) for it in checked.checks] == [("target_exists", Verdict.PASS)]
    assert "nothing is changed" in checked.checks[0].detail


def test_checks_change_nothing(broken: LocalCluster) -> None:
    before = broken.on_loop(broken.cluster.snapshot)
    check(broken)
    assert broken.on_loop(broken.cluster.snapshot) == before
