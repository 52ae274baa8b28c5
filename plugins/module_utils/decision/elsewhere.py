# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Causes that lie neither in the version nor in a dependency that was probed: what the logs name, a changed configuration, the callers."""

from __future__ import annotations

from ..analysis.pods import IMAGE_REASONS, over_its_storage
from ..analysis.wording import plural
from ..model.recommendation import Hypothesis
from .clues import called
from .ledger import Ledger
from .rivals import as_every_week, came_late, configuration_changed, fills_storage, is_prompt, names_of, outside_cause
from .situation import Situation

WEEKLY = "As every week at this time"
_SEVERAL = 2
_CHECKS = {
    "certificate": ("Check the certificate's dates: openssl s_client -connect HOST:PORT", "Check the trusted authorities in the image"),
    "licence": ("Check the dates of the licence", "Ask its vendor for a grace period"),
    "name_resolution": ("Check the cluster's DNS: kubectl -n kube-system get pods -l k8s-app=kube-dns", "Resolve the name from a pod"),
    "credentials": ("Check when the secret was changed, and restart what still uses the old one",),
    "quota": ("Check the quota with whoever grants it", "Find out who uses it up"),
    "dependency": ("Ask its owners since when it is away, and when it is back",),
    "storage": ("Check the free space of the volume that the logs name",),
}


def outside_hypothesis(facts: Situation) -> Hypothesis | None:
    """What the errors name by themselves: 85 %; 20 % where it came at once with a rollout, which then may have brought it."""
    sign = facts.clues.named
    if sign is None:
        return None
    ledger = Ledger(85)
    ledger.add(0, f"The logs name it ({sign.count} times): {sign.line}" if sign.count > 1 else f"{sign.line[0].upper()}{sign.line[1:]}")
    if outside_cause(facts) is None:
        ledger.cap(20, "It came with the rollout, whose configuration may be wrong")
    ledger.check(*_CHECKS[sign.cause])
    return ledger.hypothesis(sign.cause, sign.title)


def platform_hypothesis(facts: Situation) -> Hypothesis | None:
    """Something that several services share, where others fail too and no dependency that was probed explains it: 85 %.

    The one in which the errors begin is no such other: it is the dependency that fails. 55 % where several began at the same moment, of
    which nobody knows whether they call this one, and it logs no errors itself: what is in front of all of them may fail.
    """
    origin = facts.error_origin[0] if facts.error_origin else None
    others = tuple(one for one in facts.clues.others_fail if called(one) != origin)
    if facts.code_evidence or facts.unhealthy_dependencies:
        return None
    logs, together = facts.diagnostics.logs.data, facts.clues.fail_with_it
    silent = logs is not None and logs.lines > 0 and not facts.clues.errors
    if others:
        ledger = Ledger(85)
        ledger.add(0, f"Other services fail too, and do not depend on this one: {names_of(others)}")
    elif len(together) >= _SEVERAL and silent:
        ledger = Ledger(55)
        ledger.add(0, f"Other services began to fail at the same moment, and its own logs tell of no errors: {names_of(together)}")
    else:
        return None
    ledger.check("Look for what they share: nodes, network, broker, database, identity provider", "Ask in the channel of the platform team")
    return ledger.hypothesis("platform", "Something that other services share")


def start_hypothesis(facts: Situation) -> Hypothesis | None:
    """Pods that can't be started any more, where others of their revision run: 80 %. An image or a configuration has gone meanwhile."""
    lost = facts.start_lost
    if not lost:
        return None
    image = lost[0].reason in IMAGE_REASONS
    ledger = Ledger(80)
    ledger.add(0, f"{plural(len(lost), 'pod')} can't be started, {lost[0].name}: {lost[0].reason}; those that were started before run")
    ledger.check("Pull the image from a node, and see what the registry answers" if image else "See which Secret or ConfigMap is gone")
    title = "The image registry does not give the image any more" if image else "The configuration of the pods is gone"
    return ledger.hypothesis("platform" if image else "configuration", title)


def storage_hypothesis(facts: Situation) -> Hypothesis | None:
    """Pods that were evicted for what they wrote themselves: 70 %; at most 10 where a deployment comes into question, which wrote it."""
    if not facts.failing or not all(over_its_storage(pod) for pod in facts.failing):
        return None
    ledger = Ledger(70)
    ledger.add(0, f"Pod {facts.failing[0].name}: {facts.failing[0].message}")
    if fills_storage(facts) and facts.implicated and not facts.began_before:
        ledger.cap(10, "They came with the deployment, which then is the cause")
    ledger.check("See what the pods write to their file system: logs, temporary files, emptyDir volumes")
    return ledger.hypothesis("storage", "Local storage limit exceeded (Evicted)")


def configuration_hypothesis(facts: Situation) -> Hypothesis | None:
    """A configuration that changed just before it began, without a rollout: 85 %."""
    sign = configuration_changed(facts)
    if sign is None:
        return None
    ledger = Ledger(85)
    ledger.add(0, f"Just before it began: {sign.line}")
    ledger.check("See what changed: kubectl get configmap,secret --show-managed-fields", "Undo the last change of the configuration")
    return ledger.hypothesis("configuration", sign.title)


def caller_hypothesis(facts: Situation) -> Hypothesis | None:
    """Failures that are counted in front of the service, which does not see itself: 85 %."""
    if facts.clues.unseen is None or facts.code_evidence:
        return None
    ledger = Ledger(85)
    ledger.add(0, f"The service itself does not see the failures: {facts.clues.unseen}")
    ledger.check("Look at the access log of the proxy in front: status, client, route", "Compare its status codes with the service's own")
    return ledger.hypothesis("caller", "Failures in front of the service (clients or proxy)")


def refused_hypothesis(facts: Situation) -> Hypothesis | None:
    """Requests are refused that used to be answered: 30 %, for clients and their credentials change too; +40 where it came with no rollout.

    At most 10 with evidence in the version itself.
    """
    if not facts.symptoms.refusing or facts.symptoms.high_errors:
        return None
    ledger = Ledger(30)
    ledger.add(0, "Requests are refused with 4xx that used to be answered")
    if not facts.implicated or facts.began_before or came_late(facts) or not is_prompt(facts):
        ledger.add(40, "It did not come with a rollout: whoever asks may have changed, or what they prove themselves by has expired")
    if facts.code_evidence:
        ledger.cap(10, "There is evidence in the new version itself")
    ledger.check(
        "See which clients are refused, with which status and why", "Ask them what they changed, and when their credentials expire"
    )
    return ledger.hypothesis("caller", "Clients that are refused")


def weekly_hypothesis(facts: Situation) -> Hypothesis | None:
    """What users feel is slower as it was a week ago at this time, and on no other day: 85 %."""
    if not facts.as_every_week:
        return None
    ledger = Ledger(85)
    ledger.add(0, as_every_week(facts))
    ledger.check("See what runs every week at this time: batches, reports, exports", "Give it an objective of its own, or another time")
    return ledger.hypothesis("recurring", WEEKLY)
