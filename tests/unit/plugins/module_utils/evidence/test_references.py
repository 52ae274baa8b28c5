# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.devops.incident_response.plugins.module_utils.evidence.references import (
    CONFIG_MAP,
    SECRET,
    Reference,
    claims,
    references,
)

TEMPLATE = {
    "spec": {
        "volumes": [
            {"name": "files", "configMap": {"name": "files", "items": [{"key": "a.yml", "path": "a"}]}},
            {"name": "keys", "secret": {"secretName": "keys", "optional": True}},
            {"name": "all", "projected": {"sources": [{"secret": {"name": "token"}}, {"configMap": {"name": "ca"}}]}},
            {"name": "data", "persistentVolumeClaim": {"claimName": "data"}},
            {"name": "tmp", "emptyDir": {}},
        ],
        "initContainers": [{"name": "migrate", "env": [{"name": "U", "valueFrom": {"secretKeyRef": {"name": "db", "key": "user"}}}]}],
        "containers": [
            {
                "name": "app",
                "envFrom": [{"configMapRef": {"name": "settings"}}, {"secretRef": {"name": "extra", "optional": True}}],
                "env": [{"name": "PLAIN", "value": "1"}, {"name": "P", "valueFrom": {"fieldRef": {"fieldPath": "x"}}}],
            }
        ],
        "imagePullSecrets": [{"name": "registry"}],
    }
}


def test_everything_that_a_template_names() -> None:
    assert set(references(TEMPLATE)) == {
        Reference(CONFIG_MAP, "files", "volume files"),
        Reference(CONFIG_MAP, "files", "volume files", "a.yml"),
        Reference(SECRET, "keys", "volume keys", optional=True),
        Reference(SECRET, "token", "volume all"),
        Reference(CONFIG_MAP, "ca", "volume all"),
        Reference(SECRET, "db", "container migrate, variable U", "user"),
        Reference(CONFIG_MAP, "settings", "container app"),
        Reference(SECRET, "extra", "container app", optional=True),
        Reference(SECRET, "registry", "imagePullSecrets", pull=True),
    }
    assert claims(TEMPLATE) == ("data",)


def test_a_template_of_nothing() -> None:
    assert references({"spec": {"containers": None, "volumes": [None]}}) == ()
    assert claims({}) == ()
