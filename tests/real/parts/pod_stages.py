# SPDX-License-Identifier: GPL-3.0-or-later
"""How KWOK's pods live: small state machines (KWOK Stage objects), one for each way a pod can behave.

A pod's mode is the annotation `real.parts/mode` of its template or, without one, a word in its image's tag:
crash, oom, nopull, unready, restarted (ready after one crash), held (it stays as it was created, for a test to write its status); anything
else becomes ready. So a rollback of the template is a rollback of the mode. The pod of a Job ends well, badly where its command is
`false`, and never where it is `sleep`.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

Object = dict[str, Any]

_MODE = (
    '(.metadata.annotations["real.parts/mode"])'
    ' // (if .metadata.labels["job-name"] and (.spec.containers[0].image | test("nopull") | not)'
    ' then (.spec.containers[0].command[0] | if . == "sleep" then "ready" elif . == "false"'
    ' then "job-fails" else "job-ends" end) else null end) // ((.spec.containers[0].image | split(":") | last) as $tag'
    ' | if ($tag | test("crash")) then "crash" elif ($tag | test("oom")) then "oom" elif ($tag | test("nopull")) then "nopull"'
    ' elif ($tag | test("unready")) then "unready" elif ($tag | test("restarted")) then "restarted"'
    ' elif ($tag | test("held")) then "held" else "ready" end)'
)
_WAITING = ".status.containerStatuses[0].state.waiting.reason"
# KWOK's In compares strings, and a number that JSON gives is never equal to one.
_RESTARTS = ".status.containerStatuses[0].restartCount | tostring"

_RUNNING = "running: {startedAt: {{ $now | Quote }}}"


def _terminated(reason: str, code: int) -> str:
    return f"terminated: {{exitCode: {code}, reason: {reason}, startedAt: {{{{ $now | Quote }}}}, finishedAt: {{{{ $now | Quote }}}}}}"


def _waiting(reason: str, message: str = "") -> str:
    return f"waiting: {{reason: {reason}, message: {message!r}}}" if message else f"waiting: {{reason: {reason}}}"


def _status(phase: str, ready: bool, state: str, restarts: str = "0", last: str | None = None) -> str:
    """The Go template of a pod's status in which every container is in the same state."""
    truth = '"True"' if ready else '"False"'
    lines = [
        "{{ $now := Now }}{{ $root := . }}{{ $restarts := 0 }}",
        "{{ with .status.containerStatuses }}{{ $restarts = int ( index . 0 ).restartCount }}{{ end }}",
        "conditions:",
        '- {type: Initialized, status: "True", lastTransitionTime: {{ $now | Quote }}}',
        *(f"- {{type: {name}, status: {truth}, lastTransitionTime: {{{{ $now | Quote }}}}}}" for name in ("Ready", "ContainersReady")),
        "containerStatuses:",
        "{{ range $index, $container := .spec.containers }}",
        "- name: {{ $container.name | Quote }}",
        "  image: {{ $container.image | Quote }}",
        '  imageID: {{ printf "real/%s" $container.image | Quote }}',
        '  containerID: {{ printf "real://%s-%d" $root.metadata.uid $restarts | Quote }}',
        f"  ready: {str(ready).lower()}",
        f"  started: {str(state == _RUNNING).lower()}",
        f"  restartCount: {restarts}",
        f"  state: {{{state}}}",
        *([f"  lastState: {{{last}}}"] if last else []),
        "{{ end }}",
        "hostIP: {{ NodeIPWith .spec.nodeName | Quote }}",
        (
            "podIP: {{ PodIPWith .spec.nodeName ( or .spec.hostNetwork false ) ( or .metadata.uid `` ) ( or .metadata.name `` )"
            " ( or .metadata.namespace `` ) | Quote }}"
        ),
        f"phase: {phase}",
        "startTime: {{ or .status.startTime $now | Quote }}",
    ]
    return "\n".join(lines) + "\n"


def _logs(previous: bool) -> str:
    """The log files of a pod; previous ones only once it has restarted, so that asking earlier is an error, as with a kubelet."""
    earlier = '\n    previousLogsFile: {{ or ( index $annotations "real.parts/previous-log" ) "logs/previous.log" | Quote }}'
    return textwrap.dedent(
        """\
        {{ $annotations := or .metadata.annotations dict }}
        apiVersion: kwok.x-k8s.io/v1alpha1
        kind: Logs
        metadata:
          name: {{ .metadata.name | Quote }}
          ownerReferences:
          - {apiVersion: v1, kind: Pod, name: {{ .metadata.name | Quote }}, uid: {{ .metadata.uid | Quote }}}
        spec:
          logs:
          - logsFile: {{ or ( index $annotations "real.parts/log" ) "logs/current.log" | Quote }}
        """
    ) + ("    " + earlier.strip() + "\n    follow: true\n" if previous else "    follow: true\n")


def _event(kind: str, reason: str, message: str) -> Object:
    return {"event": {"type": kind, "reason": reason, "message": message}}


def _patch(template: str) -> Object:
    return {"patch": {"subresource": "status", "root": "status", "template": template}}


def _apply(template: str) -> Object:
    return {"apply": {"type": "apply", "template": template}}


def _stage(
    name: str, modes: Sequence[str], conditions: Sequence[tuple[str, str, tuple[str, ...]]], steps: list[Object], delay: int
) -> Object:
    wanted: list[tuple[str, str, tuple[str, ...]]] = [(".metadata.deletionTimestamp", "DoesNotExist", ()), *conditions]
    if modes:
        wanted.append((_MODE, "In", tuple(modes)))
    expressions = [
        {"jq": {"key": key, "operator": operator, **({"values": list(values)} if values else {})}} for key, operator, values in wanted
    ]
    return {
        "apiVersion": "kwok.x-k8s.io/v1alpha1",
        "kind": "Stage",
        "metadata": {"name": name},
        "spec": {
            "resourceRef": {"apiGroup": "v1", "kind": "Pod"},
            "delay": {"durationMilliseconds": delay},
            "selector": {"matchExpressions": expressions},
            "steps": steps,
        },
    }


def pod_stages() -> list[Object]:
    """All stages of a pod's life, for `kubectl apply`."""
    creating = [(".status.podIP", "Exists", ()), (".status.phase", "In", ("Pending",)), (_WAITING, "In", ("ContainerCreating",))]
    started = [_event("Normal", reason, f"{reason} container") for reason in ("Pulled", "Created", "Started")]
    stages = [
        _stage(
            "pod-create",
            (),
            [(".status.podIP", "DoesNotExist", ()), (".status.phase", "In", ("Pending",))],
            [_apply(_logs(previous=False)), _patch(_status("Pending", False, _waiting("ContainerCreating")))],
            50,
        ),
        _stage("pod-ready", ("ready",), creating, [*started, _patch(_status("Running", True, _RUNNING))], 150),
        _stage(
            "pod-unready",
            ("unready",),
            creating,
            [
                *started,
                _event("Warning", "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503"),
                _patch(_status("Running", False, _RUNNING)),
            ],
            200,
        ),
        _stage(
            "pod-restarted",
            ("restarted",),
            creating,
            [*started, _apply(_logs(previous=True)), _patch(_status("Running", True, _RUNNING, "1", _terminated("Error", 1)))],
            200,
        ),
        _stage(
            "pod-nopull",
            ("nopull",),
            creating,
            [
                _event("Warning", "Failed", "Failed to pull image: not found"),
                _patch(_status("Pending", False, _waiting("ErrImagePull", "rpc error: code = NotFound desc = image not found"))),
            ],
            200,
        ),
        _stage(
            "pod-nopull-again",
            ("nopull",),
            [(_WAITING, "In", ("ErrImagePull",))],
            [
                _event("Warning", "Failed", "Error: ImagePullBackOff"),
                _patch(_status("Pending", False, _waiting("ImagePullBackOff", "Back-off pulling image"))),
            ],
            1000,
        ),
    ]
    for mode, reason, code in (("crash", "Error", 1), ("oom", "OOMKilled", 137)):
        back_off = _waiting("CrashLoopBackOff", "back-off 5m0s restarting failed container")
        ended = _terminated(reason, code)
        stages.append(
            _stage(
                f"pod-{mode}",
                (mode,),
                creating,
                [
                    *started,
                    _event("Warning", "BackOff", "Back-off restarting failed container"),
                    _apply(_logs(previous=True)),
                    _patch(_status("Running", False, back_off, "1", ended)),
                ],
                200,
            )
        )
        stages.append(
            _stage(
                f"pod-{mode}-again",
                (mode,),
                [(_WAITING, "In", ("CrashLoopBackOff",)), (_RESTARTS, "In", ("1", "2", "3"))],
                [
                    _event("Warning", "BackOff", "Back-off restarting failed container"),
                    _patch(_status("Running", False, back_off, "{{ add1 $restarts }}", ended)),
                ],
                2000,
            )
        )
    for mode, phase, reason, code in (("job-ends", "Succeeded", "Completed", 0), ("job-fails", "Failed", "Error", 1)):
        stages.append(
            _stage(
                f"pod-{mode}",
                (mode,),
                creating,
                [_apply(_logs(previous=False)), _patch(_status(phase, False, _terminated(reason, code)))],
                300,
            )
        )
    stages.append(
        {
            "apiVersion": "kwok.x-k8s.io/v1alpha1",
            "kind": "Stage",
            "metadata": {"name": "pod-delete"},
            "spec": {
                "resourceRef": {"apiGroup": "v1", "kind": "Pod"},
                "selector": {"matchExpressions": [{"jq": {"key": ".metadata.deletionTimestamp", "operator": "Exists"}}]},
                "next": {"delete": True},
            },
        }
    )
    return stages
