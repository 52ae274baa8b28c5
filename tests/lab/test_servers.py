# SPDX-License-Identifier: GPL-3.0-or-later
"""Registry, dependencies, mailbox and source repositories, asked over the wire as their clients ask."""

from __future__ import annotations

import http.client
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from kubernetes import client, config

from lab.requests import resource
from lab.scenario.loader import SCENARIOS, parse
from lab.serving import HOST, KeptPort


def address(lab: Any, dependency: str) -> tuple[str, int]:
    catalogue = yaml.safe_load(Path(lab.environment["LAB_CATALOGUE"]).read_text())
    entry = next(entry for entry in catalogue["services"]["payment-api"]["dependencies"] if entry["name"] == dependency)
    parts = urlsplit(entry["address"] if "://" in entry["address"] else f"//{entry['address']}")
    assert parts.hostname
    assert parts.port
    return parts.hostname, parts.port


def head(url: str) -> tuple[int, dict[str, str]]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=60)
    connection.request("HEAD", parts.path)
    answer = connection.getresponse()
    connection.close()
    return answer.status, dict(answer.getheaders())


def changed(old: str, new: str) -> Any:
    text = (SCENARIOS / "payment-api.yml").read_text()
    assert text.count(old) == 1
    return parse(text.replace(old, new), "changed.yml")


def resp(lab: Any, *commands: str) -> str:
    """What a Redis server answers to commands that are sent as clients send them."""
    with socket.create_connection(address(lab, "redis-cache"), timeout=60) as connection:
        for command in commands:
            lines = [f"*{len(command.split())}", *(line for word in command.split() for line in (f"${len(word)}", word)), ""]
            connection.sendall("\r\n".join(lines).encode())
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b"")).decode()


def test_the_registry_has_the_images_of_all_revisions(payment: Any) -> None:
    tags = payment.get("REGISTRY_URL", "/v2/payments/payment-api/tags/list")[1]["tags"]
    assert tags == ["v2.2.8", "v2.2.9", "v2.3.0", "v2.3.1"]
    status, headers = head(f"{payment.environment['REGISTRY_URL']}/v2/payments/payment-api/manifests/v2.3.0")
    digest = headers["Docker-Content-Digest"]
    assert status == 200
    assert head(f"{payment.environment['REGISTRY_URL']}/v2/payments/payment-api/manifests/{digest}")[0] == 200
    manifest = payment.get("REGISTRY_URL", f"/v2/payments/payment-api/manifests/{digest}")[1]
    assert payment.get("REGISTRY_URL", f"/v2/payments/payment-api/blobs/{manifest['config']['digest']}")[0] == 200


def test_the_registry_says_what_it_does_not_have(payment: Any) -> None:
    status, answer = payment.get("REGISTRY_URL", "/v2/payments/payment-api/manifests/v9.9.9")
    assert (status, answer["errors"][0]["code"]) == (404, "MANIFEST_UNKNOWN")
    assert payment.get("REGISTRY_URL", "/v2/payments/nothing/tags/list")[1]["errors"][0]["code"] == "NAME_UNKNOWN"


def test_a_registry_may_want_a_token(serve: Any) -> None:
    lab = serve(changed("scrape_interval: 2s", "scrape_interval: 2s\nregistry: {token: secret, missing: ['payments/payment-api:v2.3.0']}"))
    assert lab.get("REGISTRY_URL", "/v2/")[0] == 401
    assert lab.get("REGISTRY_URL", "/v2/", Authorization="Bearer secret")[0] == 200
    assert lab.get("REGISTRY_URL", "/v2/payments/payment-api/manifests/v2.3.0", Authorization="Bearer secret")[0] == 404


def test_redis_answers_health_checks(payment: Any) -> None:
    assert resp(payment, "PING") == "+PONG\r\n"
    info = resp(payment, "INFO memory")
    assert "maxmemory:268435456\r\n" in info
    assert f"used_memory:{int(0.41 * 268435456)}\r\n" in info
    assert "keyspace_hits" in resp(payment, "INFO")
    assert resp(payment, "CONFIG GET maxmemory-policy") == "*2\r\n$16\r\nmaxmemory-policy\r\n$11\r\nallkeys-lru\r\n"
    assert resp(payment, "FLUSHALL").startswith("-ERR unknown command 'FLUSHALL'")


def test_redis_may_want_a_password(serve: Any) -> None:
    lab = serve(changed("    max_memory: 256Mi\n", "    max_memory: 256Mi\n    password: secret\n"))
    assert resp(lab, "PING").startswith("-NOAUTH")
    assert resp(lab, "AUTH wrong", "PING").startswith("-WRONGPASS")
    assert resp(lab, "AUTH secret", "PING") == "+OK\r\n+PONG\r\n"


@pytest.mark.parametrize("bytes_sent", [b"*1\r\n$-1\r\n", b"*x\r\n", b"*1\r\n:4\r\n", b"*1\r\n$99999999\r\n"])
def test_nonsense_gets_a_protocol_error(payment: Any, bytes_sent: bytes) -> None:
    with socket.create_connection(address(payment, "redis-cache"), timeout=60) as connection:
        connection.sendall(bytes_sent)
        assert connection.recv(1000).startswith(b"-ERR Protocol error")


def test_what_is_down_refuses_connections(serve: Any) -> None:
    lab = serve(
        changed(
            "      payments-db.query_time: 2.3s\n", '      payments-db.up: "0"\n      redis-cache.up: "0"\n      auth-service.up: "0"\n'
        )
    )
    for name in ("payments-db", "redis-cache"):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(address(lab, name), timeout=60)
    assert lab.get("LAB_MAILBOX_URL", "/messages")[0] == 200
    host, port = address(lab, "auth-service")
    connection = http.client.HTTPConnection(host, port, timeout=60)
    connection.request("GET", "/health")
    assert connection.getresponse().status == 503
    connection.close()
    assert lab.lab.behaviour.exec(pod(lab), "payment-api", ["nc", "-zv", "payments-db", "5432"]).exit_code == 1


def pod(lab: Any) -> Any:
    return next(pod for pod in lab.lab.cluster.store.list("Pod", "production") if pod["metadata"]["labels"]["app"] == "payment-api")


@pytest.mark.parametrize(
    ("command", "output", "code"),
    [
        (["nc", "-zv", "payments-db", "5432"], "succeeded!", 0),
        (["nc", "-zv", "-w", "2", "payments-db.production.svc.cluster.local", "5432"], "succeeded!", 0),
        (["nc", "-zv", "payments-db", "5433"], "Connection refused", 1),
        (["nc", "-zv", "nowhere", "80"], "Name or service not known", 1),
        (["redis-cli", "-h", "redis-cache", "ping"], "PONG", 0),
        (["redis-cli", "-h", "redis-cache", "info", "memory"], "maxmemory_policy:allkeys-lru", 0),
        (["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "http://auth-service:8080/health"], "200", 0),
        (["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "https://api.example.com/health"], "000", 6),
        (["curl", "-s", "http://localhost:8080/metrics"], "active_sessions 2400\n", 0),
        (["sh", "-c", "nc -zv $DB_HOST $DB_PORT"], "succeeded!", 0),
        (["./scripts/check-schema-compatibility.sh", "v2.3.0"], "schema 0001_payments", 0),
        (["vim"], "executable file not found", 127),
    ],
)
def test_commands_in_pods(payment: Any, command: list[str], output: str, code: int) -> None:
    result = payment.lab.behaviour.exec(pod(payment), "payment-api", command)
    assert output in result.stdout + result.stderr
    assert result.exit_code == code


def test_the_mailbox_keeps_what_is_posted(serve: Any) -> None:
    lab = serve("payment-api")
    assert lab.ask("POST", "LAB_MAILBOX_URL", "/pages/on-call", {"severity": "P0"})[0] == 202
    assert lab.ask("POST", "LAB_MAILBOX_URL", "/chat/incidents", {"text": "down"}) == (200, "ok")
    messages = lab.get("LAB_MAILBOX_URL", "/messages")[1]
    assert [(message["to"], message["body"]) for message in messages] == [
        ("/pages/on-call", {"severity": "P0"}),
        ("/chat/incidents", {"text": "down"}),
    ]
    assert len(lab.get("LAB_MAILBOX_URL", "/messages?to=/pages")[1]) == 1
    assert len(lab.get("LAB_STATE_URL", "/changes")[1]) == 2
    assert lab.get("LAB_STATE_URL", "/state")[1]["mailbox"] == messages


def test_requests_are_counted_by_what_they_ask_for(serve: Any) -> None:
    lab = serve("payment-api")
    before = lab.get("LAB_STATE_URL", "/requests")[1]["prometheus"]
    lab.get("PROMETHEUS_URL", "/api/v1/query?query=1")
    lab.get("PROMETHEUS_URL", "/api/v1/query?query=2")
    after = lab.get("LAB_STATE_URL", "/requests")[1]["prometheus"]
    assert after["GET query"] - before.get("GET query", 0) == 2


@pytest.mark.parametrize(
    ("path", "about"),
    [
        ("/api/v1/namespaces/production/pods", "pods"),
        ("/api/v1/namespaces/production/pods/payment-api-1", "pods"),
        ("/api/v1/namespaces/production/pods/payment-api-1/log", "pods/log"),
        ("/apis/apps/v1/namespaces/production/deployments/payment-api", "deployments"),
        ("/apis/metrics.k8s.io/v1beta1/nodes", "nodes"),
        ("/version", "/version"),
    ],
)
def test_what_a_request_is_about(path: str, about: str) -> None:
    assert resource(path) == about


def test_the_source_has_the_commits_between_the_versions(payment: Any) -> None:
    directory = payment.lab.repositories["payment-api"]
    command = ["git", "-C", str(directory), "log", "--format=%an|%s|%ct", "v2.3.0..v2.3.1"]
    log = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert [line.rsplit("|", 1)[0] for line in log] == [
        "engineer-bob|Added: new database query in payment validation",
        "engineer-bob|Changed: payment processor logic",
    ]
    assert int(log[0].rsplit("|", 1)[1]) == int(payment.clock.now) - (2 * 60 + 40) * 60
    assert (directory / "src" / "payments" / "validation.py").exists()


def test_targets_are_as_healthy_as_their_pods(payment: Any) -> None:
    targets = payment.get("PROMETHEUS_URL", "/api/v1/targets")[1]["data"]["activeTargets"]
    assert sorted(target["health"] for target in targets if target["labels"]["job"] == "payment-api") == ["down"] * 3 + ["up"] * 2


def test_who_may_only_look_may_not_read_logs_or_change_anything(payment: Any) -> None:
    viewer = config.new_client_from_config(payment.environment["KUBECONFIG"], context="viewer")
    core = client.CoreV1Api(viewer)
    name = core.list_namespaced_pod("production", label_selector="app=payment-api").items[0].metadata.name
    for call in (
        lambda: core.read_namespaced_pod_log(name, "production"),
        lambda: client.AppsV1Api(viewer).patch_namespaced_deployment("payment-api", "production", {"spec": {"replicas": 1}}),
    ):
        with pytest.raises(client.ApiException) as caught:
            call()
        assert caught.value.status == 403


def test_an_expired_token_is_refused(payment: Any) -> None:
    expired = client.CoreV1Api(config.new_client_from_config(payment.environment["KUBECONFIG"], context="expired"))
    with pytest.raises(client.ApiException) as caught:
        expired.list_namespaced_pod("production")
    assert caught.value.status == 401


def test_a_port_is_kept_while_its_server_does_not_listen() -> None:
    kept = KeptPort()
    for _again in range(2):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((HOST, kept.number), timeout=5)
        with socket.create_server((HOST, kept.number)), socket.create_connection((HOST, kept.number), timeout=5):
            pass
    if sys.platform == "linux":
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind((HOST, kept.number))
    kept.close()
