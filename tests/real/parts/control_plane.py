# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Kubernetes control plane on loopback: etcd, API server, controllers, scheduler and metrics-server are Kubernetes' own; nodes and
pods are KWOK's, so nothing of a container runs. Up in about fifteen seconds.
"""

from __future__ import annotations

import base64
import contextlib
import json
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .binaries import program
from .certificates import Authority, Pair, service_account_keys
from .kwok_objects import KWOK_SETTINGS, kubelet_objects
from .pod_stages import pod_stages
from .processes import HOST, Processes, answers, free_port, processes

_PARTS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok", "metrics-server", "kubectl")
_MASTERS = ("system:masters",)


@dataclass(frozen=True, slots=True)
class ControlPlane:
    """`directory` holds the kubeconfig, the servers' logs and the pods' log files (`logs/`, in CRI format)."""

    directory: Path
    url: str
    kubeconfig: Path
    etcd_url: str
    running: Processes

    def kubectl(self, *arguments: str, given: str | None = None, check: bool = True) -> str:
        """The output of kubectl, of the same version as the control plane."""
        done = subprocess.run(
            [str(program("kubectl")), f"--kubeconfig={self.kubeconfig}", f"--cache-dir={self.directory / 'kubectl'}", *arguments],
            input=given,
            text=True,
            capture_output=True,
            timeout=120,
        )
        if check and done.returncode:
            raise RuntimeError(f"kubectl {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def apply(self, *objects: dict[str, Any]) -> None:
        document = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})
        self.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", given=document)

    def get(self, *arguments: str) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self.kubectl("get", *arguments, "-o", "json"))
        return answer


@contextlib.contextmanager
def control_plane(directory: Path, nodes: int = 3) -> Iterator[ControlPlane]:
    """A running control plane with Ready nodes. Raises PartUnavailable before anything is started when a program cannot be had."""
    for name in _PARTS:
        program(name)
    (directory / "logs").mkdir(parents=True, exist_ok=True)
    for name in ("current", "previous"):
        (directory / "logs" / f"{name}.log").touch()
    with processes(directory) as running:
        plane = _start(running, directory)
        _start_nodes(running, plane, nodes)
        yield plane


def _start(running: Processes, directory: Path) -> ControlPlane:
    authority = Authority(directory / "pki", "ca")
    front = Authority(directory / "front-proxy", "front-proxy-ca")
    signing_key, checking_key = service_account_keys(directory / "pki")
    etcd_url = _start_etcd(running, directory)
    port = free_port()
    url = f"https://{HOST}:{port}"
    serving = authority.issue("kube-apiserver", hosts=("localhost", "kubernetes", "kubernetes.default.svc", HOST, "10.96.0.1"))
    kubelet_client = authority.issue("real:kubelet-client", _MASTERS)
    aggregator = front.issue("front-proxy-client")
    running.start(
        "kube-apiserver",
        [
            program("kube-apiserver"),
            f"--etcd-servers={etcd_url}",
            # As JSON, so that a test can give its objects an age in etcd: the API server always stamps creationTimestamp itself.
            "--storage-media-type=application/json",
            f"--bind-address={HOST}",
            f"--secure-port={port}",
            f"--advertise-address={HOST}",
            "--endpoint-reconciler-type=none",  # a loopback address is no valid endpoint
            "--service-cluster-ip-range=10.96.0.0/16",
            "--authorization-mode=Node,RBAC",
            "--anonymous-auth=false",
            f"--client-ca-file={authority.pair.certificate}",
            f"--tls-cert-file={serving.certificate}",
            f"--tls-private-key-file={serving.key}",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={checking_key}",
            f"--service-account-signing-key-file={signing_key}",
            "--kubelet-preferred-address-types=InternalIP",
            f"--kubelet-certificate-authority={authority.pair.certificate}",
            f"--kubelet-client-certificate={kubelet_client.certificate}",
            f"--kubelet-client-key={kubelet_client.key}",
            f"--requestheader-client-ca-file={front.pair.certificate}",
            "--requestheader-allowed-names=front-proxy-client",
            "--requestheader-extra-headers-prefix=X-Remote-Extra-",
            "--requestheader-group-headers=X-Remote-Group",
            "--requestheader-username-headers=X-Remote-User",
            f"--proxy-client-cert-file={aggregator.certificate}",
            f"--proxy-client-key-file={aggregator.key}",
            "--shutdown-delay-duration=0s",
        ],
    )
    admin = authority.issue("real:admin", _MASTERS)
    kubeconfig = _kubeconfig(directory / "kubeconfig", url, authority.pair.certificate, admin)
    trusting = ssl.create_default_context(cafile=str(authority.pair.certificate))
    trusting.load_cert_chain(admin.certificate, admin.key)
    running.wait("kube-apiserver", lambda: answers(f"{url}/readyz", trusting), 90)
    plane = ControlPlane(directory, url, kubeconfig, etcd_url, running)
    _start_controllers(running, plane, authority, signing_key)
    _start_kwok(running, plane, authority)
    _start_metrics_server(running, plane, authority)
    return plane


def _start_etcd(running: Processes, directory: Path) -> str:
    client, peer = (f"http://{HOST}:{free_port()}" for _ in range(2))
    running.start(
        "etcd",
        [
            program("etcd"),
            f"--data-dir={directory / 'etcd'}",
            "--unsafe-no-fsync",
            "--log-level=warn",
            "--name=real",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=real={peer}",
        ],
    )
    running.wait("etcd", lambda: answers(f"{client}/health"))
    return client


def _start_controllers(running: Processes, plane: ControlPlane, authority: Authority, signing_key: Path) -> None:
    options = {
        "kube-controller-manager": [
            f"--service-account-private-key-file={signing_key}",
            f"--root-ca-file={authority.pair.certificate}",
            "--use-service-account-credentials=true",
            "--kube-api-qps=200",
            "--kube-api-burst=400",
            "--horizontal-pod-autoscaler-sync-period=5s",
        ],
        "kube-scheduler": ["--kube-api-qps=200", "--kube-api-burst=400"],
    }
    for name, extra in options.items():
        pair = authority.issue(f"system:{name}")
        kubeconfig = _kubeconfig(plane.directory / f"{name}.kubeconfig", plane.url, authority.pair.certificate, pair)
        running.start(
            name,
            [
                program(name),
                f"--kubeconfig={kubeconfig}",
                f"--authentication-kubeconfig={kubeconfig}",
                f"--authorization-kubeconfig={kubeconfig}",
                "--leader-elect=false",
                f"--bind-address={HOST}",
                f"--secure-port={free_port()}",
                f"--tls-cert-file={pair.certificate}",
                f"--tls-private-key-file={pair.key}",
                *extra,
            ],
        )


def _start_kwok(running: Processes, plane: ControlPlane, authority: Authority) -> None:
    objects = program("kwok").parent / "objects"
    plane.kubectl("apply", "--server-side", *(f"-f={path}" for path in sorted(objects.glob("kwok*.yaml"))))
    plane.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
    plane.kubectl("apply", "--server-side", "-f", str(objects / "node-initialize.yaml"))
    plane.apply(*pod_stages(), *kubelet_objects())
    settings = plane.directory / "kwok.yaml"
    settings.write_text(json.dumps(KWOK_SETTINGS))
    pair = authority.issue("real:kwok", _MASTERS)
    kubeconfig = _kubeconfig(plane.directory / "kwok.kubeconfig", plane.url, authority.pair.certificate, pair)
    port = free_port()
    running.start(
        "kwok",
        [
            program("kwok"),
            f"--kubeconfig={kubeconfig}",
            f"--config={settings}",
            f"--node-port={port}",
            f"--node-ip={HOST}",
            f"--server-address={HOST}:{port}",
            f"--tls-cert-file={pair.certificate}",
            f"--tls-private-key-file={pair.key}",
        ],
    )


def _start_metrics_server(running: Processes, plane: ControlPlane, authority: Authority) -> None:
    port = free_port()
    pair = authority.issue("real:metrics-server", _MASTERS, ("localhost", HOST, "metrics-server.kube-system.svc"))
    kubeconfig = _kubeconfig(plane.directory / "metrics-server.kubeconfig", plane.url, authority.pair.certificate, pair)
    bundle = base64.b64encode(authority.pair.certificate.read_bytes()).decode()
    service = {"name": "metrics-server", "namespace": "kube-system"}
    plane.apply(
        # The API server resolves an ExternalName service without a kube-proxy and without endpoints.
        {"apiVersion": "v1", "kind": "Service", "metadata": service, "spec": {"type": "ExternalName", "externalName": "localhost"}},
        {
            "apiVersion": "apiregistration.k8s.io/v1",
            "kind": "APIService",
            "metadata": {"name": "v1beta1.metrics.k8s.io"},
            "spec": {
                "group": "metrics.k8s.io",
                "version": "v1beta1",
                "groupPriorityMinimum": 100,
                "versionPriority": 100,
                "caBundle": bundle,
                "service": {**service, "port": port},
            },
        },
    )
    running.start(
        "metrics-server",
        [
            program("metrics-server"),
            *(f"--{option}={kubeconfig}" for option in ("kubeconfig", "authentication-kubeconfig", "authorization-kubeconfig")),
            f"--bind-address={HOST}",
            f"--secure-port={port}",
            f"--tls-cert-file={pair.certificate}",
            f"--tls-private-key-file={pair.key}",
            "--kubelet-use-node-status-port",
            "--kubelet-preferred-address-types=InternalIP",
            f"--kubelet-certificate-authority={authority.pair.certificate}",
            "--metric-resolution=10s",
            "--kubelet-request-timeout=5s",
        ],
    )


def _start_nodes(running: Processes, plane: ControlPlane, count: int) -> None:
    names = [f"node-{number}" for number in range(count)]
    plane.apply(*(_node(name) for name in names))

    def ready() -> bool:
        conditions = [item["status"].get("conditions", []) for item in plane.get("nodes")["items"]]
        return all(any(one["type"] == "Ready" and one["status"] == "True" for one in of_node) for of_node in conditions)

    running.wait("nodes", ready)
    running.wait("default service account", lambda: bool(plane.kubectl("get", "serviceaccount", "default", "-o", "name", check=False)))


def _node(name: str) -> dict[str, Any]:
    room = {"cpu": "32", "memory": "256Gi", "pods": "500"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "annotations": {
                "kwok.x-k8s.io/node": "fake",
                "metrics.k8s.io/resource-metrics-path": f"/metrics/nodes/{name}/metrics/resource",
            },
            "labels": {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"},
        },
        "status": {"allocatable": room, "capacity": room},
    }


def _kubeconfig(path: Path, url: str, authority: Path, pair: Pair) -> Path:
    def encoded(file: Path) -> str:
        return base64.b64encode(file.read_bytes()).decode()

    user = {"client-certificate-data": encoded(pair.certificate), "client-key-data": encoded(pair.key)}
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "real",
        "clusters": [{"name": "real", "cluster": {"server": url, "certificate-authority-data": encoded(authority)}}],
        "users": [{"name": "user", "user": user}],
        "contexts": [{"name": "real", "context": {"cluster": "real", "user": "user", "namespace": "default"}}],
    }
    path.write_text(json.dumps(document, indent=1))
    path.chmod(0o600)
    return path
