# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.admitted import Peers, is_scraped_only, unmet_peers
from ansible_collections.devops.incident_response.plugins.module_utils.model.surroundings import Isolation

NAME = "kubernetes.io/metadata.name"
LABELS = {"app": "payment-api"}


def thing(name: str, **labels: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "labels": labels}}


SPACES = (thing("shop"), thing("edge", team="net"))
AROUND = Peers(
    namespace="shop",
    ours=frozenset({"payment-api-1"}),
    pods=lambda: (thing("payment-api-1", **LABELS), thing("gateway-1", app="gateway")),
    templates=lambda: ({"app": "night"},),
    namespaces=lambda: SPACES,
    pods_of=lambda _space: (thing("proxy-1", app="proxy"),),
    service="payment-api",
)
ALONE = replace(AROUND, pods=lambda: (thing("payment-api-1", **LABELS),))


def pods(**labels: str) -> dict[str, Any]:
    return {"podSelector": {"matchLabels": labels}}


def spaces(key: str, value: str) -> dict[str, Any]:
    return {"namespaceSelector": {"matchLabels": {key: value}}}


def told(around: Peers, *rules: dict[str, Any], kind: str = "Ingress") -> list[Isolation]:
    spec = {"podSelector": {"matchLabels": LABELS}, "policyTypes": [kind], kind.lower(): list(rules)}
    return list(unmet_peers([{"metadata": {"name": "rules"}, "spec": spec}], LABELS, around))


@pytest.mark.parametrize(
    ("peers", "instead"),
    [
        ([pods(app="gatway")], "pod gateway-1 has app=gateway and is shut out"),
        ([pods(app="gatway"), pods(app="payment-api")], "pod gateway-1 has app=gateway and is shut out"),
        ([spaces("name", "edge")], f"namespace edge has {NAME}=edge and is shut out"),
        ([{**spaces(NAME, "edge"), **pods(app="porxy")}], "pod proxy-1 in edge has app=proxy and is shut out"),
        ([pods(app="gatway"), {**spaces(NAME, "edge"), **pods(app="proxy")}], "pod gateway-1 has app=gateway and is shut out"),
    ],
)
def test_who_nearly_is_let_in(peers: list[dict[str, Any]], instead: str) -> None:
    (found,) = told(AROUND, {"from": peers})
    assert (found.direction, found.instead, found.certain) == ("from_nobody", instead, True)


@pytest.mark.parametrize(
    "peers",
    [
        [pods(app="gatway"), pods(app="gateway")],
        [pods(app="gatway"), spaces(NAME, "shop")],
        [pods(app="gatway"), spaces("name", "nobody"), {"podSelector": {}}],
        [spaces("name", "edge"), spaces(NAME, "edge")],
        [pods(app="night")],
        [pods(role="storefront"), {"ipBlock": {"cidr": "10.0.0.0/8"}}],
        [{**spaces(NAME, "edge"), **pods(app="proxy")}],
    ],
)
def test_who_is_let_in_by_another_rule(peers: list[dict[str, Any]]) -> None:
    assert told(AROUND, {"from": peers}) == []


@pytest.mark.parametrize(
    ("around", "peers", "certain"),
    [
        (AROUND, [pods(role="storefront")], True),
        (replace(AROUND, service=None), [pods(role="storefront")], False),
        (ALONE, [pods(role="storefront")], True),
        (ALONE, [pods(role="storefront"), pods(app="prometheus")], True),
        (ALONE, [pods(role="storefront"), spaces(NAME, "far-away")], False),
        (AROUND, [pods(role="storefront"), spaces(NAME, "far-away")], True),
        (AROUND, [pods(app="prometheus")], False),
        (AROUND, [spaces(NAME, "far-away")], False),
        (replace(AROUND, reached="Ingress shop"), [spaces(NAME, "far-away")], True),
    ],
)
def test_nobody_is_let_in(around: Peers, peers: list[dict[str, Any]], certain: bool) -> None:
    (found,) = told(around, {"from": peers})
    assert found.certain is certain


@pytest.mark.parametrize("unread", ["pods", "templates", "namespaces"])
def test_what_cannot_be_read_is_not_told(unread: str) -> None:
    around = replace(AROUND, **{unread: lambda: None})  # type: ignore[arg-type]
    peer = spaces(NAME, "far-away") if unread == "namespaces" else pods(role="storefront")
    assert told(around, {"from": [peer]}) == []


def test_a_rule_for_everybody_makes_up_for_the_others() -> None:
    assert told(AROUND, {"from": [pods(role="storefront")]}, {}) == []
    assert told(AROUND, {"from": [pods(role="storefront")]}, {"ports": [{"port": 9090}]}) == []


def test_where_pods_may_go() -> None:
    to_dns = {"ports": [{"port": 53, "protocol": "UDP"}, {"port": 53}]}
    (found,) = told(AROUND, to_dns, {"to": [pods(role="storefront")]}, kind="Egress")
    assert (found.direction, found.certain) == ("to_nobody", False)
    (found,) = told(AROUND, to_dns, {"to": [pods(app="gatway")]}, kind="Egress")
    assert found.certain
    assert told(AROUND, {"ports": [{"port": 443}]}, {"to": [pods(role="storefront")]}, kind="Egress") == []


def test_a_service_for_who_collects_metrics() -> None:
    assert is_scraped_only(thing("payment-api-metrics"))
    assert is_scraped_only({**thing("payment-api"), "spec": {"ports": [{"name": "http-metrics", "port": 9090}]}})
    assert not is_scraped_only({**thing("payment-api"), "spec": {"ports": [{"name": "http"}, {"name": "metrics"}]}})
    assert not is_scraped_only(thing("payment-api"))
