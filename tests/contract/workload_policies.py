# SPDX-License-Identifier: GPL-3.0-or-later
"""NetworkPolicies that shut out somebody who was meant to come in, and those that only name somebody who is not there."""

from __future__ import annotations

from tests.contract.workload_around import NAME, TO_DATABASE, TO_DNS
from tests.contract.workload_objects import WEB, Build, ingress
from tests.contract.workload_states import LABELS, MERGE, Namespace, Object, named, running


def here(**labels: str) -> Object:
    return {"podSelector": {"matchLabels": labels}}


def spaces(key: str, value: str) -> Object:
    return {"namespaceSelector": {"matchLabels": {key: value}}}


SCRAPER = {**spaces(NAME, "monitoring"), **here(app="prometheus")}


def bound(space: Namespace, *rules: Object, kind: str = "Ingress") -> None:
    spec = {"podSelector": {"matchLabels": LABELS}, "policyTypes": [kind], kind.lower(): list(rules)}
    space.post("apis/networking.k8s.io/v1", "networkpolicies", named("NetworkPolicy", f"{kind.lower()}-rules", spec))


def called(space: Namespace, *peers: Object, service: str = "payment-api") -> None:
    """The service, which only these may call."""
    bound(space, {"from": list(peers)})
    space.service(LABELS, name=service, target="web")
    space.deploy(container=WEB)
    space.ready(3)


def neighbour(space: Namespace, **labels: str) -> None:
    space.deploy(name="neighbour", labels=labels, replicas=1)
    space.ready(1, "neighbour")


def from_outside(space: Namespace) -> None:
    """The Ingress has an address, so that its controller is there and sends what it gets."""
    called(space, spaces(NAME, "ingress-of-somebody"))
    ingress(space, "payment-api")
    status = {"status": {"loadBalancer": {"ingress": [{"ip": "203.0.113.7"}]}}}
    space.cluster.client().patch(f"/apis/networking.k8s.io/v1/{space.space}/ingresses/payment-api/status", status, MERGE)


def to_database(space: Namespace, label: str) -> None:
    neighbour(space, app=label)
    bound(space, TO_DNS, TO_DATABASE, kind="Egress")
    space.deploy()
    space.ready(3)


def by_night(space: Namespace) -> None:
    """Who calls is made when it is time, or is scaled to nothing until then."""
    pod = {
        "template": {
            "metadata": {"labels": {"app": "settle"}},
            "spec": {"restartPolicy": "Never", "containers": [{"name": "s", "image": "s"}]},
        }
    }
    space.post("apis/batch/v1", "cronjobs", named("CronJob", "settle", {"schedule": "0 0 1 1 *", "jobTemplate": {"spec": pod}}))
    space.deploy(name="checkout", labels={"app": "checkout"}, replicas=0)
    neighbour(space, app="ledger")
    called(space, here(app="settle"), here(app="checkout"))


WRONG: dict[str, tuple[Build, str]] = {
    "a caller whose label was mistyped": (
        lambda space: (neighbour(space, app="api-gateway"), called(space, here(app="api-gatway"), SCRAPER)),
        r"NetworkPolicy ingress-rules lets in pods with app=api-gatway, and there are none: pod neighbour-\S+ has app=api-gateway and",
    ),
    "a caller by another key": (
        lambda space: (neighbour(space, app="frontend"), called(space, here(role="frontend"), here(app="payment-api"))),
        r"lets in pods with role=frontend, and there are none: pod neighbour-\S+ has app=frontend and is shut out",
    ),
    "a namespace by a label that it does not have": (
        lambda space: called(space, spaces("name", space.cluster.namespace)),
        r"lets in namespaces with name=shop-\d+, and there are none: namespace shop-\d+ has kubernetes.io/metadata.name=shop-\d+ and is",
    ),
    "callers that are there, and none may": (
        lambda space: (neighbour(space, app="ledger"), called(space, here(role="storefront"))),
        r"lets in pods with role=storefront, and there are none: Nobody else may call Service payment-api",
    ),
    "a caller that left": (
        lambda space: called(space, here(app="storefront")),
        r"lets in pods with app=storefront, and there are none: Nobody else may call Service payment-api",
    ),
    "requests from outside that can't arrive": (from_outside, r"there are none: What Ingress payment-api gets does not arrive"),
    "a database whose label is another": (
        lambda space: to_database(space, "databse"),
        r"NetworkPolicy egress-rules lets the pods out to pods with app=database, and there are none: pod neighbour-\S+ has app=databse",
    ),
}
"""How each is made, and what a warning has to say."""

WELL: dict[str, Build] = {
    "a scraper that this cluster does not have": lambda space: (neighbour(space, app="ledger"), called(space, here(app="ledger"), SCRAPER)),
    "nobody but a scraper, which is not there": lambda space: (
        neighbour(space, app="ledger"),
        called(space, SCRAPER, here(app="prometheus"), service="payment-api-metrics"),
    ),
    "callers that come at night": by_night,
    "nobody there who could call": lambda space: called(space, here(app="frontend"), spaces(NAME, "ingress-nginx")),
    "a namespace by its old label and by its name": lambda space: called(
        space, spaces("name", space.cluster.namespace), spaces(NAME, space.cluster.namespace)
    ),
    "a caller by its old name and by its new one": lambda space: (
        neighbour(space, app="checkouts"),
        called(space, here(app="checkout"), here(app="checkouts")),
    ),
    "its own kind": lambda space: (neighbour(space, app="ledger"), called(space, here(**LABELS))),
    "a database that is elsewhere": lambda space: to_database(space, "ledger"),
}
"""No warning may come of these."""


def shared(space: Namespace, name: str, labels: Object, target: str | int = 8080, **container: object) -> None:
    """A Service for all pods of the label `tier`, and another Deployment that has it as well."""
    space.service({"tier": "backend"}, target=target)
    space.deploy(labels={**LABELS, "tier": "backend"}, container=WEB)
    space.deploy(name=name, labels={**labels, "tier": "backend"}, replicas=1, container=container)
    space.ready(3)
    space.ready(1, name)


def of_another(space: Namespace, **labels: str) -> None:
    shared(space, "ledger", {"app": "ledger", **labels}, image="shop/ledger:v7", **WEB)
    space.service({"app": "ledger"}, name="ledger")


def copied(space: Namespace) -> None:
    """Somebody made a pod with the service's labels to look into something: it is ready, and listens to nothing."""
    space.service(LABELS)
    space.deploy(container=WEB)
    space.ready(3)
    spec = {"containers": [{"name": "app", "image": "shop/tools:v1-held"}], "nodeName": "node-0"}
    meta = {"name": "payment-api-debug", "labels": {**LABELS, "part": "debug"}}
    space.cluster.client().post(f"/api/v1/{space.space}/pods", {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec})
    made = space.pods(1, {"part": "debug"})[0]
    space.keep_status(made, {**running(made), "podIP": "10.9.8.7", "podIPs": [{"ip": "10.9.8.7"}]})


WRONG |= {
    "a worker that gets requests": (
        lambda space: shared(space, "payment-api-worker", {"app": "payment-api-worker"}),
        r"workload\.foreign_pods: Service payment-api leads to 1 pod of Deployment payment-api-worker as well: They have no port 8080",
    ),
    "another application that gets requests": (
        of_another,
        r"Service payment-api leads to 1 pod of Deployment ledger as well: They are app=ledger, which has its own Service ledger",
    ),
    "a copy of a pod that gets requests": (copied, r"leads to Pod payment-api-debug as well: They have no port 8080"),
}
WELL |= {
    "a canary behind the same Service": lambda space: shared(space, "payment-api-canary", {"app": "payment-api-canary"}, **WEB),
    "a worker that no named port leads to": lambda space: shared(space, "payment-api-worker", {"app": "payment-api-worker"}, "web"),
    "two applications that one Service is for": lambda space: (
        space.service({"role": "payment-api"}),
        space.deploy(labels={**LABELS, "role": "payment-api"}, container=WEB),
        space.deploy(name="legacy", labels={"app": "legacy", "role": "payment-api"}, container={"image": "shop/legacy:v3", **WEB}),
        space.service({"app": "legacy"}, name="legacy"),
        space.ready(3),
        space.ready(3, "legacy"),
    ),
    "a Service by which all are scraped": lambda space: (
        space.service({"tier": "backend"}, name="backend-metrics", target=9090),
        space.deploy(labels={**LABELS, "tier": "backend"}, container={"ports": [{"containerPort": 9090}]}),
        space.deploy(name="ledger", labels={"app": "ledger", "tier": "backend"}),
        space.service({"app": "ledger"}, name="ledger"),
        space.ready(3),
        space.ready(3, "ledger"),
    ),
}
