# SPDX-License-Identifier: GPL-3.0-or-later
"""Pod Security Standards, the checks that pods meet most, as `k8s.io/pod-security-admission` words them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

Object = dict[str, Any]

_SECCOMP = ("RuntimeDefault", "Localhost")
_HOST = ("hostNetwork", "hostPID", "hostIPC")
_CAPABILITIES = frozenset(
    "AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE SETFCAP SETGID SETPCAP SETUID SYS_CHROOT".split()
)
_VOLUMES = frozenset("configMap csi downwardAPI emptyDir ephemeral persistentVolumeClaim projected secret".split())


def violations(pod: Object, level: str) -> list[str]:
    """What the pod does that the level (``privileged``, ``baseline``, ``restricted``) does not allow."""
    spec = pod["spec"]
    containers = [*(spec.get("initContainers") or ()), *spec["containers"]]
    found: list[str] = []
    if level in ("baseline", "restricted"):
        found += _baseline(spec, containers)
    if level == "restricted":
        found += _restricted(spec, containers)
    return found


def _baseline(spec: Object, containers: Sequence[Object]) -> Iterator[str]:
    shared = [f"{name}=true" for name in _HOST if spec.get(name)]
    if shared:
        yield f"host namespaces ({', '.join(shared)})"
    volumes = [f'"{volume["name"]}"' for volume in spec.get("volumes") or () if "hostPath" in volume]
    if volumes:
        yield f"hostPath volumes ({_plural('volume', volumes)} {', '.join(volumes)})"
    ports = [str(port["hostPort"]) for one in containers for port in one.get("ports") or () if port.get("hostPort")]
    if ports:
        open_ones = _those(containers, lambda one: any(port.get("hostPort") for port in one.get("ports") or ()))
        yield f"hostPort ({open_ones} {'uses' if len(ports) == 1 else 'use'} {_plural('hostPort', ports)} {', '.join(ports)})"
    if privileged := _those(containers, lambda one: _context(one).get("privileged") is True):
        yield f"privileged ({privileged} must not set securityContext.privileged=true)"
    added = _those(containers, lambda one: bool(set((_context(one).get("capabilities") or {}).get("add") or ()) - _CAPABILITIES))
    if added:
        yield f"non-default capabilities ({added} must not include such capabilities in securityContext.capabilities.add)"


def _restricted(spec: Object, containers: Sequence[Object]) -> Iterator[str]:
    of_pod = spec.get("securityContext") or {}
    if escalating := _those(containers, lambda one: _context(one).get("allowPrivilegeEscalation") is not False):
        yield f"allowPrivilegeEscalation != false ({escalating} must set securityContext.allowPrivilegeEscalation=false)"
    capable = _those(containers, lambda one: "ALL" not in ((_context(one).get("capabilities") or {}).get("drop") or ()))
    if capable:
        yield f'unrestricted capabilities ({capable} must set securityContext.capabilities.drop=["ALL"])'
    volumes = [f'"{volume["name"]}"' for volume in spec.get("volumes") or () if not _VOLUMES & volume.keys() and len(volume) > 1]
    if volumes:
        yield f"restricted volume types ({_plural('volume', volumes)} {', '.join(volumes)} uses a type that is not allowed)"
    root = _those(containers, lambda one: _context(one).get("runAsNonRoot", of_pod.get("runAsNonRoot")) is not True)
    if root:
        yield f"runAsNonRoot != true (pod or {root} must set securityContext.runAsNonRoot=true)"

    def free(one: Object) -> bool:
        profile = _context(one).get("seccompProfile") or of_pod.get("seccompProfile") or {}
        return profile.get("type") not in _SECCOMP

    if unconfined := _those(containers, free):
        yield f'seccompProfile (pod or {unconfined} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")'


def _context(container: Object) -> Object:
    return container.get("securityContext") or {}


def _those(containers: Sequence[Object], where: Callable[[Object], bool]) -> str:
    """`container "app"` or `containers "app", "proxy"`; empty where there are none."""
    names = [f'"{one["name"]}"' for one in containers if where(one)]
    return f"{_plural('container', names)} {', '.join(names)}" if names else ""


def _plural(word: str, of: Sequence[str]) -> str:
    return word if len(of) == 1 else f"{word}s"
