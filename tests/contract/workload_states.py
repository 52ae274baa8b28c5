# SPDX-License-Identifier: GPL-3.0-or-later
"""States of a namespace, made on either side by what people and controllers write: what is wrong with them has a name."""

from __future__ import annotations

import base64
import re
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from plugins.module_utils.clients.cluster import ObjectNotFound
from plugins.module_utils.faces.diagnostics import Clients, Options, diagnose
from plugins.module_utils.model.codec import format_time
from plugins.module_utils.model.evidence import Source
from plugins.module_utils.model.finding import Finding, Level
from plugins.module_utils.model.service import Service, WorkloadKind
from tests.contract.clusters import Cluster

Object = dict[str, Any]
LABELS = {"app": "payment-api"}
MERGE = "application/merge-patch+json"


def ago(**span: float) -> str:
    return format_time((datetime.now(UTC) - timedelta(**span)).replace(microsecond=0))


def findings(cluster: Cluster, kind: WorkloadKind = WorkloadKind.DEPLOYMENT, user: str = "admin") -> tuple[Finding, ...]:
    """What the module `workload_info` says."""
    options = Options(sources=frozenset({Source.WORKLOAD}), source_timeout=10.0)
    service = Service("payment-api", cluster.namespace, workload_kind=kind)
    seen = diagnose(service, Clients(lambda: cluster.client(user)), options, datetime.now(UTC))
    assert seen.workload.data is not None, seen.workload.reason
    return tuple(finding for finding in seen.findings if finding.source is Source.WORKLOAD)


def warnings(found: Sequence[Finding]) -> list[str]:
    bad = [finding for finding in found if finding.level in (Level.WARNING, Level.CRITICAL)]
    return [f"{finding.id}: {finding.title}: {finding.detail or ''}" for finding in bad]


def until_warned(cluster: Cluster, wanted: str) -> None:
    """Waits for a warning in which the regular expression is found; fails with those that there are."""
    told: list[str] = []

    def named_in_a_warning() -> bool:
        told[:] = warnings(findings(cluster))
        return any(re.search(wanted, line) for line in told)

    try:
        cluster.until(wanted, named_in_a_warning)
    except AssertionError:
        pytest.fail("\n".join(["no such warning; there are:", *told]))


class Namespace:
    """What a state is made with."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.space = f"namespaces/{cluster.namespace}"

    def deploy(
        self,
        tag: str = "v1",
        replicas: int = 3,
        kind: WorkloadKind = WorkloadKind.DEPLOYMENT,
        name: str = "payment-api",
        labels: Mapping[str, str] | None = None,
        pod: Mapping[str, Any] | None = None,
        container: Mapping[str, Any] | None = None,
        **spec: Any,
    ) -> None:
        wanted = dict(labels or LABELS)
        main = {"name": "app", "image": f"shop/payment-api:{tag}", **(container or {})}
        body: Object = {
            "apiVersion": "apps/v1",
            "kind": kind.value,
            "metadata": {"name": name},
            "spec": {
                "selector": {"matchLabels": wanted},
                "template": {"metadata": {"labels": wanted}, "spec": {"containers": [main], **(pod or {})}},
                **({} if kind is WorkloadKind.DAEMON_SET else {"replicas": replicas}),
                **({"serviceName": "payment-api"} if kind is WorkloadKind.STATEFUL_SET else {}),
                **spec,
            },
        }
        self.cluster.client().post(f"/apis/apps/v1/{self.space}/{kind.value.lower()}s", body)

    def ready(self, count: int, name: str = "payment-api", kind: WorkloadKind = WorkloadKind.DEPLOYMENT) -> None:
        path = f"/apis/apps/v1/{self.space}/{kind.value.lower()}s/{name}"
        field = "numberReady" if kind is WorkloadKind.DAEMON_SET else "readyReplicas"
        self.cluster.until(f"{count} ready pods of {name}", lambda: self.cluster.client().get(path)["status"].get(field, 0) == count)

    def pods(self, count: int, labels: Mapping[str, str] | None = None) -> list[Object]:
        """That many pods, once their status was first written."""

        def there() -> list[Object] | None:
            wanted = (labels or LABELS).items()
            found = [pod for pod in self.cluster.pods() if wanted <= (pod["metadata"].get("labels") or {}).items()]
            written = [pod for pod in found if pod["status"].get("containerStatuses") or not pod["spec"].get("nodeName")]
            return found if len(found) == len(written) == count else None

        return self.cluster.until(f"{count} pods", there)

    def hold(self, count: int, status: Callable[[Object], Object], events: Sequence[tuple[str, str]] = (), **options: Any) -> None:
        """A Deployment whose pods say what `status` makes of them, each with these warnings (reason, message)."""
        self.deploy("v1-held", replicas=count, **options)
        for pod in self.pods(count):
            try:
                self.keep_status(pod, status(pod))
            except ObjectNotFound:
                # A kubelet that was just looking at it let a pod that had ended run again, and it was one too many then.
                self.keep_status(self.pods(count)[0], status(pod))
            for reason, message in events:
                self.warn("Pod", pod["metadata"]["name"], reason, message, uid=pod["metadata"]["uid"])

    def keep_status(self, pod: Object, status: Object) -> None:
        """Writes it until it stays: a kubelet that is just looking at the pod writes what it saw before."""
        path, unchanged = f"/api/v1/{self.space}/pods/{pod['metadata']['name']}", 0
        self.set_status(pod, status)
        before = ""
        while unchanged < 3:
            time.sleep(0.1)
            now = self.cluster.client().get(path)
            if now["metadata"]["resourceVersion"] == before:
                unchanged += 1
                continue
            unchanged = 0
            self.set_status(pod, status)
            before = self.cluster.client().get(path)["metadata"]["resourceVersion"]

    def set_status(self, pod: Object, status: Object) -> None:
        self.cluster.client().patch(f"/api/v1/{self.space}/pods/{pod['metadata']['name']}/status", {"status": status}, MERGE)

    def post(self, group: str, plural: str, body: Object, status: Object | None = None) -> None:
        path = f"/{group}/{self.space}/{plural}"

        body.setdefault("apiVersion", group.partition("/")[2])
        self.cluster.client().post(path, body)
        if status is not None:
            self.cluster.client().patch(f"{path}/{body['metadata']['name']}/status", {"status": status}, MERGE)

    def service(self, selector: Mapping[str, str], name: str = "payment-api", target: str | int = 8080, **spec: Any) -> None:
        ports = [{"name": "http", "port": 80, "targetPort": target}]
        self.post("api/v1", "services", _named("Service", name, {"selector": dict(selector), "ports": ports, **spec}))

    def config(self, name: str, **data: str) -> None:
        self.post("api/v1", "configmaps", {"kind": "ConfigMap", "metadata": {"name": name}, "data": data})

    def secret(self, name: str, kind: str = "Opaque", **data: str) -> None:
        encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
        self.post("api/v1", "secrets", {"kind": "Secret", "metadata": {"name": name}, "type": kind, "data": encoded})

    def certificate(self, name: str, directory: Path, begin: timedelta, end: timedelta) -> None:
        """A TLS Secret that is valid between those times from now."""
        certificate, key = make_certificate(directory, begin, end)
        self.secret(name, "kubernetes.io/tls", **{"tls.crt": certificate, "tls.key": key})

    def warn(self, kind: str, name: str, reason: str, message: str, count: int = 5, seconds: float = 20.0, **more: str) -> None:
        """An event of type Warning, last seen that many seconds ago."""
        self.tell("Warning", kind, name, reason, message, count, seconds, **more)

    def tell(self, level: str, kind: str, name: str, reason: str, message: str, count: int, seconds: float, **more: str) -> None:
        """An event of that type, ``Warning`` or ``Normal``."""
        at = ago(seconds=seconds)
        regarding = {"kind": kind, "name": name, "namespace": self.cluster.namespace, **more}
        body = {
            "kind": "Event",
            "metadata": {"generateName": f"{name}."},
            "involvedObject": regarding,
            "type": level,
            "reason": reason,
            "message": message,
            "count": count,
            "firstTimestamp": at,
            "lastTimestamp": at,
            "source": {"component": "kubelet"},
        }
        self.post("api/v1", "events", body)

    def about_node(self, name: str, reason: str, message: str, kind: str = "Warning", seconds: float = 20.0) -> None:
        """An event about a node, which only pods of this namespace should be said to run on: it is seen in all of them."""
        at = ago(seconds=seconds)
        body = {
            "kind": "Event",
            "apiVersion": "v1",
            "metadata": {"generateName": f"{name}."},
            "involvedObject": {"kind": "Node", "name": name, "uid": name},
            "type": kind,
            "reason": reason,
            "message": message,
            "count": 1,
            "firstTimestamp": at,
            "lastTimestamp": at,
            "source": {"component": "kubelet"},
        }
        self.cluster.client().post("/api/v1/namespaces/default/events", body)

    def delete(self, path: str) -> None:
        try:
            self.cluster.client().delete(path)
        except ObjectNotFound:
            return


def _named(kind: str, name: str, spec: Object, labels: Mapping[str, str] | None = None) -> Object:
    return {"kind": kind, "metadata": {"name": name, **({"labels": dict(labels)} if labels else {})}, "spec": spec}


named = _named


def waiting(reason: str, message: str = "", last: Object | None = None, restarts: int = 0) -> Callable[[Object], Object]:
    """A pod whose container waits."""
    told = {"waiting": {"reason": reason, **({"message": message} if message else {})}}
    return lambda pod: running(pod, told, ready=False, phase="Pending" if not restarts else "Running", last=last, restarts=restarts)


def ended(code: int, reason: str = "Error", **when: float) -> Object:
    at = ago(**(when or {"seconds": 10}))
    return {"terminated": {"exitCode": code, "reason": reason, "startedAt": at, "finishedAt": at}}


def running(
    pod: Object, state: Object | None = None, ready: bool = True, phase: str = "Running", last: Object | None = None, restarts: int = 0
) -> Object:
    """The status of a pod whose containers are all in one state; it has been there for an hour."""
    image = pod["spec"]["containers"][0]["image"]
    began = ago(hours=1)
    truth = "True" if ready else "False"
    why = {} if ready else {"reason": "ContainersNotReady", "message": "containers with unready status: [app]"}
    container = {
        "name": "app",
        "image": image,
        "imageID": f"{image}@sha256:{'0' * 64}",
        "ready": ready,
        "started": ready,
        "restartCount": restarts,
        "state": state or {"running": {"startedAt": began}},
        "lastState": last or {},
    }
    conditions = [
        {"type": "PodScheduled", "status": "True", "lastTransitionTime": began},
        {"type": "Initialized", "status": "True", "lastTransitionTime": began},
        {"type": "ContainersReady", "status": truth, "lastTransitionTime": began, **why},
        {"type": "Ready", "status": truth, "lastTransitionTime": began, **why},
    ]
    return {"phase": phase, "startTime": began, "conditions": conditions, "containerStatuses": [container]}


def make_certificate(directory: Path, begin: timedelta, end: timedelta) -> tuple[str, str]:
    """A certificate and its key, by openssl."""
    directory.mkdir(parents=True, exist_ok=True)
    key, certificate = directory / "tls.key", directory / "tls.crt"
    now = datetime.now(UTC)
    times = [f"{now + span:%Y%m%d%H%M%SZ}" for span in (begin, end)]
    config = directory / "ca.conf"
    (directory / "index.txt").write_text("")
    (directory / "serial").write_text("01\n")
    config.write_text(
        f"[ca]\ndefault_ca=here\n[here]\ndir={directory}\ndatabase={directory}/index.txt\nserial={directory}/serial\n"
        f"new_certs_dir={directory}\npolicy=any\ndefault_md=sha256\n[any]\ncommonName=supplied\n[req]\ndistinguished_name=none\n[none]\n"
    )
    request = directory / "request.pem"
    subject = ["-subj", "/CN=pay.example.com"]
    _openssl("req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", request, "-config", config, *subject)
    _openssl(
        *("ca", "-batch", "-config", config, "-selfsign", "-keyfile", key, "-in", request, "-out", certificate, "-notext"),
        *("-startdate", times[0], "-enddate", times[1]),
    )
    return certificate.read_text(), key.read_text()


def _openssl(*arguments: object) -> None:
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
