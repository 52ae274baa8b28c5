# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.analysis.pod_advice import end_of, image_advice, may_not_run
from ansible_collections.devops.incident_response.plugins.module_utils.model.workload import PodWarning
from ansible_collections.devops.incident_response.tests.unit.plugins.module_utils.factories import ago, pods


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ("toomanyrequests: You have reached your unauthenticated pull rate limit", "limits how often"),
        ("unexpected status from HEAD request to https://r.example/v2/x: 429 Too Many Requests", "limits how often"),
        ("no match for platform in manifest: not found", "architecture"),
        ("no matching manifest for linux/arm64/v8 in the manifest list entries", "architecture"),
        ("pull access denied, repository does not exist or may require authorization", "pull secret"),
        ("failed to authorize: 401 Unauthorized", "pull secret"),
        ("tls: failed to verify certificate: x509: certificate signed by unknown authority", "certificate"),
        ("dial tcp: lookup r.example: no such host", "can't reach the registry"),
        ("manifest unknown", "Check the tag"),
        ("write /var/lib/containerd: no space left on device", "disk is full"),
        ('Container image "x" is not present with pull policy of Never', "imagePullPolicy"),
        ("couldn't parse image reference", "Correct the image's name"),
        ("Back-off pulling image", "Check the tag, whether the registry answers, and the pull secret"),
    ],
)
def test_what_helps_follows_from_what_is_said_of_an_image(said: str, advice: str) -> None:
    assert advice in image_advice(said)


@pytest.mark.parametrize(
    ("said", "forbidden"),
    [
        ("container has runAsNonRoot and image will run as root (pod: x)", True),
        ("container has runAsNonRoot and image has non-numeric user (app)", True),
        ('secret "db" not found', False),
    ],
)
def test_what_a_security_context_forbids_is_not_missing(said: str, forbidden: bool) -> None:
    assert may_not_run(said) is forbidden


@pytest.mark.parametrize(
    ("code", "warning", "meaning"),
    [
        (137, None, "it was killed (SIGKILL): by the memory limit, a probe or the node"),
        (137, ("Unhealthy", "Liveness probe failed: timeout"), "the kubelet ended it since its liveness probe failed"),
        (143, ("Unhealthy", "Startup probe failed: refused"), "the kubelet ended it since its startup probe failed"),
        (137, ("Unhealthy", "Readiness probe failed: refused"), "it was killed (SIGKILL): by the memory limit, a probe or the node"),
        (137, ("FailedPostStartHook", "PostStartHook failed"), "the kubelet ended it since its postStart hook failed"),
        (1, ("Unhealthy", "Liveness probe failed: timeout"), "the program ended with an error"),
        (135, None, "it was ended by signal 7"),
        (42, None, None),
        (None, None, None),
    ],
)
def test_who_ended_a_container(code: int | None, warning: tuple[str, str] | None, meaning: str | None) -> None:
    warnings = (PodWarning(warning[0], warning[1], 5, ago(60), ago(10)),) if warning else ()
    (pod,) = pods(0, 1, "CrashLoopBackOff")
    assert end_of(replace(pod, exit_code=code, warnings=warnings)) == meaning
