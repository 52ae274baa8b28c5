# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A mitigation from the wish to what was done, and back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from ..clients.cluster import ClusterClient
from ..errors import InvalidOptionError
from ..lean import dataclass
from ..model.mitigation import Mitigation, MitigationAction
from ..model.service import Service
from . import maintenance
from .clock import Clock
from .gitops import resume_gitops, suspend_gitops
from .holding import pause_autoscaling, resume_autoscaling
from .intent import Intent, MitigationRefusedError, carry_out
from .restart import restart
from .scaling import scale, unscale


@dataclass(frozen=True, slots=True)
class Wish:
    """``replicas`` is for scale, ``within`` (seconds) for restart, ``saved`` what is to be undone, ``timeout`` for the hook."""

    action: MitigationAction
    undo: bool = False
    replicas: int | None = None
    within: float = 300.0
    saved: Mitigation | None = None
    timeout: float = 30.0


@dataclass(frozen=True, slots=True)
class Mitigated:
    """``standing`` says that nothing was changed because it is so already, by a mitigation that can be told and that may not have been:
    the run that made it may have been killed before it said so."""

    mitigation: Mitigation
    changed: bool
    standing: bool = False


def mitigate(connect: Callable[[], ClusterClient], service: Service, wish: Wish, clock: Clock, dry_run: bool = False) -> Mitigated:
    """Does it, or with ``dry_run`` has the server try it. The cluster is connected to only where it is needed.

    Raises InvalidOptionError and MitigationRefusedError before anything is touched, ClusterError and HookFailedError when it fails.
    """
    if wish.action is MitigationAction.MAINTENANCE:
        return _maintenance(service, wish, clock.now(), dry_run)
    make = _way_back(service, wish) if wish.undo else _way(service, wish, clock.now())
    client = connect()
    intent, changed = carry_out(lambda: make(client), client, clock.sleep, dry_run)
    done = Mitigation(
        action=wish.action,
        kind=intent.kind,
        name=intent.name,
        namespace=service.namespace,
        at=clock.now(),
        title=intent.title,
        before=intent.before,
        after=intent.after,
        undo=intent.undo if (changed or intent.standing) and not wish.undo else None,
        undone=wish.undo,
    )
    return Mitigated(done, changed, standing=intent.standing and not changed)


def _way(service: Service, wish: Wish, now: datetime) -> Callable[[ClusterClient], Intent]:
    if wish.action is MitigationAction.SCALE:
        replicas = wish.replicas
        if replicas is None or replicas < 0:
            raise InvalidOptionError("replicas", replicas, "a whole number from 0")
        return lambda client: scale(client, service, replicas, now)
    if wish.action is MitigationAction.RESTART:
        return lambda client: restart(client, service, now, wish.within)
    if wish.action is MitigationAction.PAUSE_AUTOSCALING:
        return lambda client: pause_autoscaling(client, service)
    return lambda client: suspend_gitops(client, service)


def _way_back(service: Service, wish: Wish) -> Callable[[ClusterClient], Intent]:
    if wish.action is MitigationAction.RESTART:
        raise MitigationRefusedError("A restart can't be undone: the pods that were replaced are gone.")
    if wish.action is MitigationAction.SCALE:
        saved = _saved(service, wish) if wish.saved is not None else None
        return lambda client: unscale(client, service, saved)
    if wish.action is MitigationAction.PAUSE_AUTOSCALING:
        return lambda client: resume_autoscaling(client, service)
    return lambda client: resume_gitops(client, service)


def _saved(service: Service, wish: Wish) -> Mitigation:
    saved = wish.saved
    if saved is None or saved.action is not wish.action or saved.undone or not saved.before:
        raise InvalidOptionError("saved", saved.action.value if saved else None, f"what '{wish.action.value}' returned as 'mitigation'")
    if saved.namespace != service.namespace:
        raise InvalidOptionError("saved", saved.namespace, f"a mitigation of {service.name} in {service.namespace}")
    return saved


def _maintenance(service: Service, wish: Wish, now: datetime, dry_run: bool) -> Mitigated:
    on = not wish.undo
    before = maintenance.is_on(service, wish.timeout)
    title = f"Turned maintenance of {service.name} {'on' if on else 'off'}"
    done = Mitigation(
        action=wish.action,
        kind="Hook",
        name=service.name,
        namespace=service.namespace,
        at=now,
        title=title,
        before={"maintenance": before},
        after={"maintenance": on},
        undo="The module mitigation with action 'maintenance' and state 'undone' turns it off again" if on else None,
        undone=wish.undo,
    )
    if before is on:
        # Who has turned it on can't be told: a run of ours may have been killed after it did.
        title = f"Maintenance of {service.name} is {'on' if on else 'off'} already"
        return Mitigated(replace(done, title=title), changed=False, standing=on)
    maintenance.described(service, on)
    if not dry_run:
        maintenance.switch(service, on, wish.timeout)
    return Mitigated(done, changed=True)
