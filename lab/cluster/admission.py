# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a pod may be made: what kube-apiserver's admission plugins say, in their order and their words.

Webhooks are asked no question: one that accepts no connection fails as it would, one that does is taken to agree. Quotas with scopes, and
policies (ValidatingAdmissionPolicy), are not looked at.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from . import limit_ranges, pod_security, quota_use
from .errors import ApiError, forbidden
from .resources import STORED
from .selectors import matches_labels
from .store import Store, copied

Object = dict[str, Any]

_SYSTEM_PRIORITIES = ("system-cluster-critical", "system-node-critical")
_CONNECT_SECONDS = 0.3


def admitted(store: Store, pod: Object) -> Object:
    """The pod as it is stored, with what a LimitRange adds to it. Raises the ApiErrors (403, 500) of the plugin that refuses it."""
    pod = copied(pod)
    namespace = pod["metadata"].get("namespace", "default")
    for limit_range in store.list("LimitRange", namespace):
        limit_ranges.fill(pod, limit_range)
    account = pod["spec"].get("serviceAccountName") or "default"
    if store.get("ServiceAccount", namespace, account) is None and account != "default":
        _refuse(pod, [f'error looking up service account {namespace}/{account}: serviceaccount "{account}" not found'])
    priority = pod["spec"].get("priorityClassName")
    if priority and priority not in _SYSTEM_PRIORITIES and store.get("PriorityClass", None, priority) is None:
        _refuse(pod, [f"no PriorityClass with name {priority} was found"])
    runtime = pod["spec"].get("runtimeClassName")
    if runtime and store.get("RuntimeClass", None, runtime) is None:
        _refuse(pod, [f'pod rejected: RuntimeClass "{runtime}" not found'])
    # What changes pods is asked before a name is made up for them, what only looks at them afterwards.
    meta = pod["metadata"]
    meta["name"] = meta.get("name") or f"{meta.get('generateName', '')}{store.random_suffix(5)}"
    for limit_range in store.list("LimitRange", namespace):
        _refuse(pod, limit_ranges.objections(pod, limit_range))
    labels = (store.require("Namespace", None, namespace)["metadata"].get("labels")) or {}
    level = labels.get("pod-security.kubernetes.io/enforce", "privileged")
    violations = pod_security.violations(pod, level)
    if violations:
        version = labels.get("pod-security.kubernetes.io/enforce-version", "latest")
        _refuse(pod, [f'violates PodSecurity "{level}:{version}": {", ".join(violations)}'])
    for hook in _webhooks(store, pod, namespace):
        _reach(hook)
    for quota in store.list("ResourceQuota", namespace):
        _refuse(pod, quota_use.objections(store, pod, quota))
    return pod


def _refuse(pod: Object, objections: list[str]) -> None:
    if objections:
        why = objections[0] if len(objections) == 1 else f"[{', '.join(objections)}]"
        raise forbidden(STORED["Pod"], pod["metadata"].get("name") or pod["metadata"].get("generateName", ""), why)


def _webhooks(store: Store, pod: Object, namespace: str) -> Iterator[Object]:
    """Those that are asked about new pods of that namespace."""
    of_namespace = {
        "kubernetes.io/metadata.name": namespace,
        **(store.require("Namespace", None, namespace)["metadata"].get("labels") or {}),
    }
    for kind in ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"):
        for configuration in store.list(kind):
            for hook in configuration.get("webhooks") or ():
                asked = any(_covers(rule) for rule in hook.get("rules") or ())
                chosen = _selects(hook.get("namespaceSelector"), of_namespace)
                if asked and chosen and _selects(hook.get("objectSelector"), pod["metadata"].get("labels") or {}):
                    yield hook


def _selects(selector: Object | None, labels: Object) -> bool:
    return not selector or matches_labels(selector, labels)


def _covers(rule: Object) -> bool:
    wanted = (("apiGroups", ""), ("apiVersions", "v1"), ("operations", "CREATE"), ("resources", "pods"))
    return all({value, "*"} & set(rule.get(field) or ()) for field, value in wanted)


def _reach(hook: Object) -> None:
    """Raises the 500 ApiError of a webhook that is not there, unless it says that it may be ignored."""
    client = hook.get("clientConfig") or {}
    if client.get("url"):
        parts = urlsplit(client["url"])
        host, port = parts.hostname or "", parts.port or 443
        try:
            socket.create_connection((host, port), _CONNECT_SECONDS).close()
        except TimeoutError:
            problem = "context deadline exceeded"
        except OSError:
            problem = f"dial tcp {host}:{port}: connect: connection refused"
        else:
            return
        url = client["url"]
    else:
        service = client.get("service") or {}
        where = f"{service.get('name')}.{service.get('namespace')}.svc"
        url, problem = f"https://{where}:{service.get('port', 443)}{service.get('path', '')}", f'service "{service.get("name")}" not found'
    if hook.get("failurePolicy", "Fail") == "Ignore":
        return
    asked = f"{url}?timeout={hook.get('timeoutSeconds', 10)}s"
    why = f'failed calling webhook "{hook["name"]}": failed to call webhook: Post "{asked}": {problem}'
    raise ApiError(500, "InternalError", f"Internal error occurred: {why}", {"causes": [{"message": why}]})
