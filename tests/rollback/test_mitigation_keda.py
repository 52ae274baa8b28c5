# SPDX-License-Identifier: GPL-3.0-or-later
"""Workloads whose number of pods KEDA chooses: it is asked to hold still, and what others have told it stays."""

from __future__ import annotations

from typing import Any

import pytest

from plugins.module_utils.clients.cluster import ClusterClient
from plugins.module_utils.model.mitigation import MitigationAction
from plugins.module_utils.rollback.autoscalers import HELD
from plugins.module_utils.rollback.intent import MitigationRefusedError
from plugins.module_utils.rollback.mitigate import Mitigated, Wish, mitigate
from tests.rollback.conftest import LocalCluster
from tests.rollback.test_mitigation import PAUSE, SCALE, SCALERS, SERVICE, Custom, autoscaler, patching


def test_an_autoscaler_of_keda_is_paused_by_keda(local: LocalCluster) -> None:
    local.deploy("Deployment", "v1")
    autoscaler(local)
    labels = {"scaledobject.keda.sh/name": "payment-api"}
    local.client().patch(f"{SCALERS}/payment-api", {"metadata": {"labels": labels}}, "application/merge-patch+json")
    custom = kedas(local, {})
    client = patching(local, custom)
    assert mitigate(lambda: client, SERVICE, Wish(PAUSE), local.clock).changed
    assert custom.object["metadata"]["annotations"] == {"autoscaling.keda.sh/paused": "true", HELD: "null"}
    local.client().delete(f"{SCALERS}/payment-api")  # as KEDA does
    again = mitigate(lambda: client, SERVICE, Wish(PAUSE), local.clock)
    assert (again.changed, again.standing, bool(again.mitigation.undo)) == (False, True, True)
    assert do_by(client, local, SCALE, replicas=7).mitigation.kind == "Deployment"
    assert mitigate(lambda: client, SERVICE, Wish(PAUSE, undo=True), local.clock).changed
    assert custom.object["metadata"]["annotations"] == {}


@pytest.mark.parametrize("mark", [{"autoscaling.keda.sh/paused": "true"}, {"autoscaling.keda.sh/paused-replicas": "4"}])
def test_what_somebody_else_has_told_keda_stays(local: LocalCluster, mark: dict[str, str]) -> None:
    local.deploy("Deployment", "v1")
    custom = kedas(local, mark)
    client = patching(local, custom)
    assert not do_by(client, local, PAUSE).changed
    assert not do_by(client, local, PAUSE, undo=True).changed
    assert custom.object["metadata"]["annotations"] == mark
    if "autoscaling.keda.sh/paused-replicas" in mark:
        with pytest.raises(MitigationRefusedError, match="paused-replicas"):
            do_by(client, local, SCALE, replicas=7)


def kedas(local: LocalCluster, annotations: dict[str, str]) -> Custom:
    path = "/apis/keda.sh/v1alpha1/namespaces/production/scaledobjects"
    spec = {"scaleTargetRef": {"name": "payment-api"}}
    metadata = {"name": "payment-api", "annotations": annotations}
    return Custom(local, f"{path}/payment-api", {"metadata": metadata, "spec": spec}, listed_at=path)


def do_by(client: ClusterClient, local: LocalCluster, action: MitigationAction, **wish: Any) -> Mitigated:
    return mitigate(lambda: client, SERVICE, Wish(action, **wish), local.clock)
