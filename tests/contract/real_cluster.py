# SPDX-License-Identifier: GPL-3.0-or-later
"""The real side: a control plane whose nodes and pods are KWOK's."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence

from tests.contract.clusters import MAY_READ, READER, Cluster
from tests.real.parts.control_plane import ControlPlane


def real_cluster(plane: ControlPlane) -> Cluster:
    rules = [{"apiGroups": [group], "resources": list(resources), "verbs": ["get", "list", "watch"]} for group, resources in MAY_READ]
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": READER}
    plane.apply(
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": READER, "namespace": "default"}},
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": READER}, "rules": rules},
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": READER},
            "roleRef": role,
            "subjects": [{"kind": "ServiceAccount", "name": READER, "namespace": "default"}],
        },
    )
    config = json.loads(plane.kubeconfig.read_text())
    config["users"][0]["user"] = {"token": plane.kubectl("create", "token", READER, "--duration=1h").strip()}
    reader = plane.directory / "reader.kubeconfig"
    reader.write_text(json.dumps(config))

    def set_log(current: Sequence[str], previous: Sequence[str]) -> None:
        for name, lines in (("current", current), ("previous", previous)):
            at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() - 1))
            text = "".join(f"{at}.{number:09d}Z stdout F {line}\n" for number, line in enumerate(lines))
            (plane.directory / "logs" / f"{name}.log").write_text(text)

    return Cluster({"admin": plane.kubeconfig, READER: reader}, set_log, lambda: plane.running.restart("kube-apiserver"))
