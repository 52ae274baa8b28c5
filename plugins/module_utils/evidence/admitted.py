# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NetworkPolicies whose peers nobody is: who they let in, or the pods out to, by labels that no pod and no namespace has.

That is no trouble by itself: a policy may admit a scraper that this cluster does not have, or a Job that comes at night. It is where
pods that nearly have the labels are shut out, where requests are sent and none can arrive, or where nobody of the namespace may come.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Optional

from ..lean import dataclass
from ..model.surroundings import Isolation
from .likeness import meant
from .network import is_of_dns, rules_of, types_of
from .objects import Object, labels_of, mapping, name_of, selector_text, selects, sequence

_NAME = "kubernetes.io/metadata.name"
_COLLECTORS = re.compile(r"(?i)prom|monitor|metric|grafana|scrap|otel|opentelemetry|telemetry|observab|datadog|vector|fluent|agent|backup")
"""Who comes by itself, in clusters that have it."""
_FEW = 3
"""Namespaces that are asked for their pods, for one peer."""

Listed = Callable[[], Optional[Sequence[Object]]]  # noqa: UP045 (ansible-test's pylint takes `|` for an operation)


@dataclass(frozen=True, slots=True)
class Peers:
    """What may be a peer, asked for when it is needed; None where it can't be read.

    ``pods`` are those of the namespace, ``templates`` the labels of what is to be made there, ``ours`` the names of the workload's own
    pods. ``reached`` says what sends requests from outside, ``service`` which Service others call; None where there is none.
    """

    namespace: str
    ours: frozenset[str]
    pods: Listed
    templates: Callable[[], Sequence[Mapping[str, str]] | None]
    namespaces: Listed
    pods_of: Callable[[str], Sequence[Object] | None]
    reached: str | None = None
    service: str | None = None


@dataclass(frozen=True, slots=True)
class _Near:
    """Who nearly is a peer. ``labels`` are those of a pod, None for a whole namespace; ``space`` those of the namespace, None for ours."""

    told: str
    labels: Mapping[str, str] | None
    space: Mapping[str, str] | None


@dataclass(frozen=True, slots=True)
class _Peer:
    """``alive`` is None where that can't be told; ``here`` where it is about pods of the workload's own namespace."""

    policy: str
    told: str
    alive: bool | None
    near: _Near | None = None
    here: bool = False


def unmet_peers(policies: Sequence[Object], labels: Mapping[str, str], around: Peers) -> Iterator[Isolation]:
    """One Isolation for each direction in which policies that select the pods have peers that are nobody, unless another rule makes up for
    it."""
    choosing = [policy for policy in policies if selects(mapping(mapping(policy.get("spec")).get("podSelector")), labels)]
    for kind, rules, whom in (("Ingress", "ingress", "from"), ("Egress", "egress", "to")):
        bound = [policy for policy in choosing if kind in types_of(mapping(policy.get("spec")))]
        yield from _unmet([(name_of(policy), rule) for policy in bound for rule in rules_of(policy, rules)], whom, around)


def _unmet(rules: Sequence[tuple[str, Mapping[str, Any]]], whom: str, around: Peers) -> Iterator[Isolation]:
    """A rule without peers is for everybody; one that is only for questions to DNS lets nobody else in or out."""
    if any(not sequence(rule.get(whom)) and not sequence(rule.get("ports")) for _unused, rule in rules):
        return
    counted = [(policy, rule) for policy, rule in rules if not _only_dns(rule)]
    named = [(policy, mapping(one)) for policy, rule in counted for one in sequence(rule.get(whom))]
    peers = [_weighed(policy, peer, around) for policy, peer in named if not _is_anybody(peer)]
    dead = [peer for peer in peers if peer.alive is False]
    anybody = any(not sequence(rule.get(whom)) for _unused, rule in counted) or any(_is_anybody(peer) for _unused, peer in named)
    direction = f"{whom}_nobody"
    near = next((one for one in dead if one.near and not _is_admitted(one.near, [peer for _unused, peer in named], around)), None)
    if near is not None and near.near is not None:
        yield Isolation(direction, (near.policy,), around.service, near.told, f"{near.near.told} and is shut out", certain=True)
    elif dead and len(dead) == len(peers) and not anybody:
        told = "; ".join(dict.fromkeys(peer.told for peer in dead))
        certain = whom == "from" and bool(around.service) and _shuts_out(dead, around)
        instead = f"What {around.reached} gets does not arrive" if whom == "from" and around.reached else None
        yield Isolation(direction, tuple(dict.fromkeys(peer.policy for peer in dead)), around.service, told, instead, certain=certain)


def is_scraped_only(service: Object) -> bool:
    """Whether a Service is there for whoever collects metrics, by its name or those of all its ports."""
    ports = [str(mapping(one).get("name") or "") for one in sequence(mapping(service.get("spec")).get("ports"))]
    return bool(_COLLECTORS.search(name_of(service))) or (bool(ports) and all(_COLLECTORS.search(name) for name in ports))


def _shuts_out(dead: Sequence[_Peer], around: Peers) -> bool:
    """Whether somebody sends requests that can't arrive, or is to come from the namespace itself, and nobody there may.

    Where others may come from namespaces that this cluster does not have, the rules may well be those of another cluster: then there has
    to be somebody who is shut out."""
    if around.reached:
        return True
    here = [peer.here for peer in dead if not _COLLECTORS.search(peer.told)]
    return bool(here) and (all(here) or (any(here) and any(name_of(pod) not in around.ours for pod in around.pods() or ())))


def _is_anybody(peer: Mapping[str, Any]) -> bool:
    """Whether a peer is told by addresses, which may be anybody's."""
    return "ipBlock" in peer or (peer.get("podSelector") is None and peer.get("namespaceSelector") is None)


def _weighed(policy: str, peer: Mapping[str, Any], around: Peers) -> _Peer:
    of_pods = mapping(peer.get("podSelector"))
    if peer.get("namespaceSelector") is not None:
        return _in_namespaces(policy, mapping(peer["namespaceSelector"]), of_pods, around)
    told, pods = f"pods with {selector_text(of_pods)}", around.pods()
    if pods is None or not selector_text(of_pods):
        return _Peer(policy, told, None if pods is None else True, here=True)
    if any(selects(of_pods, labels_of(pod)) for pod in pods):
        return _Peer(policy, told, alive=True, here=True)
    templates = around.templates()
    if templates is None or any(selects(of_pods, labels) for labels in templates):
        return _Peer(policy, told, None if templates is None else True, here=True)
    return _Peer(policy, told, alive=False, near=_nearest(of_pods, pods, None, around), here=True)


def _in_namespaces(policy: str, selector: Object, of_pods: Object, around: Peers) -> _Peer:
    told = f"pods with {selector_text(of_pods)} in " if selector_text(of_pods) else ""
    told += f"namespaces with {selector_text(selector)}"
    spaces = around.namespaces() if selector_text(selector) else None
    if spaces is None:
        return _Peer(policy, told, alive=None)
    matched = [space for space in spaces if selects(selector, _labels_of_space(space))]
    if not matched:
        wanted = _plain(selector)
        nearly = ((space, meant(wanted, _labels_of_space(space))) for space in spaces if wanted)
        space, instead = next(((space, instead) for space, instead in nearly if instead), ({}, None))
        near = _Near(f"namespace {name_of(space)} has {instead}", None, _labels_of_space(space)) if instead else None
        return _Peer(policy, told, alive=False, near=near)
    if not selector_text(of_pods) or len(matched) > _FEW:
        return _Peer(policy, told, alive=True)
    near = None
    for space in matched:
        listed = around.pods() if name_of(space) == around.namespace else around.pods_of(name_of(space))
        if listed is None or any(selects(of_pods, labels_of(pod)) for pod in listed):
            return _Peer(policy, told, alive=None if listed is None else True)
        near = near or _nearest(of_pods, listed, _labels_of_space(space), around)
    return _Peer(policy, told, alive=False, near=near)


def _nearest(selector: Object, pods: Sequence[Object], space: Mapping[str, str] | None, around: Peers) -> _Near | None:
    wanted = _plain(selector)
    for pod in pods if wanted else ():
        instead = meant(wanted, labels_of(pod)) if name_of(pod) not in around.ours else None
        if instead:
            where = "" if space is None else f" in {space[_NAME]}"
            return _Near(f"pod {name_of(pod)}{where} has {instead}", labels_of(pod), space)
    return None


def _is_admitted(near: _Near, peers: Sequence[Mapping[str, Any]], around: Peers) -> bool:
    """Whether another peer covers it: a namespace by its old label and by its name, an old caller beside a new one."""
    for peer in peers:
        of_pods, of_spaces = mapping(peer.get("podSelector")), peer.get("namespaceSelector")
        if _is_anybody(peer):
            continue
        space = near.space
        if space is None and of_spaces is not None:
            ours = next((one for one in around.namespaces() or () if name_of(one) == around.namespace), None)
            space = _labels_of_space(ours) if ours is not None else None
        there = (
            selects(mapping(of_spaces), space) if of_spaces is not None and space is not None else (of_spaces is None) == (space is None)
        )
        if there and (selects(of_pods, near.labels) if near.labels is not None else not selector_text(of_pods)):
            return True
    return False


def _plain(selector: Object) -> Mapping[str, str]:
    """The labels of a selector that asks for labels only."""
    return {} if sequence(selector.get("matchExpressions")) else {str(k): str(v) for k, v in mapping(selector.get("matchLabels")).items()}


def _labels_of_space(space: Object) -> Mapping[str, str]:
    return {_NAME: name_of(space), **labels_of(space)}


def _only_dns(rule: Mapping[str, Any]) -> bool:
    ports = [mapping(one) for one in sequence(rule.get("ports"))]
    return bool(ports) and all(one.get("port") is not None and is_of_dns(one) for one in ports)
