# SPDX-License-Identifier: GPL-3.0-or-later
"""Who gets in, who may do what, and what discovery tells."""

from __future__ import annotations

from typing import Any

import pytest

from lab.cluster.protobuf import PROTOBUF, decode

from .conftest import READER, Live


@pytest.mark.parametrize("token", ["", "wrong", "old-token"])
def test_missing_unknown_and_expired_tokens(live: Live, recorded: Any, token: str) -> None:
    assert live.call("GET", "/api/v1/namespaces/default/pods", token=token) == (401, recorded("status_401"))


def test_health_and_version_are_open(live: Live) -> None:
    assert live.call("GET", "/readyz", token="") == (200, "ok")
    assert live.call("GET", "/version", token="")[1]["gitVersion"].startswith("v1.")


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("GET", "/api/v1/nodes", "status_403_cluster_scope"),
        ("GET", "/api/v1/namespaces/production/pods", "status_403_list_pods"),
        ("PATCH", "/apis/apps/v1/namespaces/production/deployments/payment-api", "status_403_patch_deployment"),
    ],
)
def test_refusals_are_those_of_the_real_server(live: Live, recorded: Any, method: str, path: str, name: str) -> None:
    expected = recorded(name)
    expected["message"] = expected["message"].replace("system:serviceaccount:production:observer", READER.name)
    assert live.call(method, path, {} if method == "PATCH" else None, token=READER.token) == (403, expected)


def test_rules_grant_what_they_name(live: Live) -> None:
    assert live.call("GET", "/api/v1/namespaces/default/pods", token=READER.token)[0] == 200
    assert live.call("DELETE", "/api/v1/namespaces/default/pods/x", token=READER.token)[0] == 403
    code, status = live.call("GET", "/api/v1/namespaces/default/pods/x/log", token=READER.token)
    assert code == 403
    assert 'cannot get resource "pods/log" in API group ""' in status["message"]


@pytest.mark.parametrize(("verb", "allowed"), [("list", True), ("delete", False)])
def test_access_reviews(live: Live, verb: str, allowed: bool) -> None:
    attributes = {"verb": verb, "resource": "pods", "namespace": "default"}
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    code, review = live.call("POST", path, {"spec": {"resourceAttributes": attributes}}, token=READER.token)
    assert (code, review["status"]["allowed"]) == (201, allowed)


def test_a_review_may_come_as_protobuf(live: Live) -> None:
    def field(number: int, value: bytes) -> bytes:
        return bytes([number << 3 | 2, len(value)]) + value

    attributes = field(1, b"default") + field(2, b"list") + field(5, b"pods")
    meta = field(1, b"authorization.k8s.io/v1") + field(2, b"SelfSubjectAccessReview")
    body = b"k8s\x00" + field(1, meta) + field(2, field(2, field(1, attributes)))
    assert decode(body)["spec"] == {"resourceAttributes": {"namespace": "default", "verb": "list", "resource": "pods"}}
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    assert live.call("POST", path, body, token=READER.token, Content_Type=PROTOBUF)[1]["status"] == {"allowed": True}
    assert live.call("POST", path, body[:-3], token=READER.token, Content_Type=PROTOBUF)[0] == 400


def test_both_forms_of_discovery_tell_the_same(live: Live) -> None:
    aggregated = {"Accept": "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"}
    new = {
        (group["metadata"].get("name", ""), version["version"], resource["resource"])
        for path in ("/api", "/apis")
        for group in live.call("GET", path, **aggregated)[1]["items"]
        for version in group["versions"]
        for resource in version["resources"]
    }
    paths = [("", "v1", "/api/v1")]
    for group in live.call("GET", "/apis")[1]["groups"]:
        paths += [(group["name"], version["version"], f"/apis/{version['groupVersion']}") for version in group["versions"]]
    old = {
        (group, version, resource["name"])
        for group, version, path in paths
        for resource in live.call("GET", path)[1]["resources"]
        if "/" not in resource["name"]
    }
    assert new == old
    assert ("apps", "v1", "deployments") in old


def test_openapi_leaves_field_validation_to_the_server(live: Live) -> None:
    index = live.call("GET", "/openapi/v3")[1]["paths"]
    document = live.call("GET", index["apis/apps/v1"]["serverRelativeURL"])[1]
    patch = document["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]["patch"]
    assert "fieldValidation" in [parameter["name"] for parameter in patch["parameters"]]
    assert patch["x-kubernetes-group-version-kind"] == {"group": "apps", "version": "v1", "kind": "Deployment"}
    assert "definitions" in live.call("GET", "/openapi/v2")[1]
