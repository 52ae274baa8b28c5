# SPDX-License-Identifier: GPL-3.0-or-later
"""The real servers' programs: built once from the Go module proxy, or taken from Debian, and kept in the project's cache.

Some are neither got nor built: they are used where they are on PATH.

What cannot be had raises PartUnavailable with the reason; tests that need it are skipped with that reason.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
KUBERNETES = "1.36.3"
_VERSION_FLAGS = (
    f"-X k8s.io/component-base/version.gitVersion=v{KUBERNETES} "
    "-X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=36"
)


class PartUnavailable(Exception):
    """A real part cannot be had here; the message says why."""


@dataclass(frozen=True, slots=True)
class WrapperModule:
    """A program whose own module has `replace` lines, which `go install` refuses: built by way of a module of ours."""

    module: str
    package: str
    ldflags: str = "-s -w"
    tags: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class GoInstall:
    package: str
    version: str


@dataclass(frozen=True, slots=True)
class DebianPackage:
    """Installed where we are root, else unpacked; `path` is the program's place in the packages."""

    packages: tuple[str, ...]
    path: str


@dataclass(frozen=True, slots=True)
class OnPath:
    """Taken from PATH as ``command``, and never got; ``why`` goes into the reason for what is skipped.

    It has to be of that major version, and at least of that minor one.
    """

    command: str
    major: int
    minor: int
    why: str


Recipe = WrapperModule | GoInstall | DebianPackage | OnPath
_AGPL = "it is under the AGPL, which this project neither fetches nor builds"

PROGRAMS: dict[str, Recipe] = {
    "etcd": WrapperModule("control-plane", "go.etcd.io/etcd/server/v3"),
    "kube-apiserver": WrapperModule("control-plane", "k8s.io/kubernetes/cmd/kube-apiserver", f"-s -w {_VERSION_FLAGS}"),
    "kube-controller-manager": WrapperModule("control-plane", "k8s.io/kubernetes/cmd/kube-controller-manager", f"-s -w {_VERSION_FLAGS}"),
    "kube-scheduler": WrapperModule("control-plane", "k8s.io/kubernetes/cmd/kube-scheduler", f"-s -w {_VERSION_FLAGS}"),
    "kubectl": WrapperModule("control-plane", "k8s.io/kubernetes/cmd/kubectl", f"-s -w {_VERSION_FLAGS}"),
    "kwok": WrapperModule("kwok", "sigs.k8s.io/kwok/cmd/kwok"),
    "metrics-server": WrapperModule("kwok", "sigs.k8s.io/metrics-server/cmd/metrics-server"),
    "jaeger": WrapperModule("jaeger", "github.com/jaegertracing/jaeger/cmd/all-in-one"),
    "loki": WrapperModule("loki", "github.com/grafana/loki/cmd/loki", "-s -w -checklinkname=0"),
    "kustomize-controller": WrapperModule("flux", "github.com/fluxcd/kustomize-controller"),
    # Its labels are laid out as Prometheus' are under that tag, and it crashes at the first answer without it.
    "thanos": WrapperModule("thanos", "github.com/thanos-io/thanos/cmd/thanos", tags="slicelabels"),
    "prometheus": GoInstall("github.com/prometheus/prometheus/cmd/prometheus", "v0.316.0"),
    "promtool": GoInstall("github.com/prometheus/prometheus/cmd/promtool", "v0.316.0"),
    "postgres": DebianPackage(("postgresql-15",), "usr/lib/postgresql/15/bin/postgres"),
    "redis-server": DebianPackage(("redis-server", "redis-tools"), "usr/bin/redis-server"),
    "chromium": DebianPackage(("chromium",), "usr/bin/chromium"),
    "docker-registry": DebianPackage(("docker-registry",), "usr/bin/docker-registry"),
    "loki-3": OnPath("loki", 3, 0, _AGPL),
    "tempo": OnPath("tempo", 2, 8, _AGPL),
}

# Two defects of kwok 0.8.0: a command never sees the end of its input, and every failing command ends with status 1 and an internal error.
_KWOK_PATCHES: dict[str, tuple[tuple[str, str], ...]] = {
    "pkg/utils/exec/exec.go": (("_, _ = io.Copy(inPipe, opt.In)\n", "_, _ = io.Copy(inPipe, opt.In)\n\t\t\t\t_ = inPipe.Close()\n"),),
    "pkg/kwok/server/debugging_exec.go": (
        ('import (\n\t"context"\n', 'import (\n\t"context"\n\t"errors"\n\tstdexec "os/exec"\n\n\tutilexec "k8s.io/utils/exec"\n'),
        (
            "err := utilsexec.Exec(ctx, cmd[0], cmd[1:]...)\n\tif err != nil {\n",
            (
                "err := utilsexec.Exec(ctx, cmd[0], cmd[1:]...)\n\tvar status *stdexec.ExitError\n\tif errors.As(err, &status) {\n"
                "\t\treturn utilexec.CodeExitError{Err: err, Code: status.ExitCode()}\n\t}\n\tif err != nil {\n"
            ),
        ),
    ),
}


_not_had: dict[str, str] = {}
"""Why, by program: what failed once is not tried again in the same run."""


def cache() -> Path:
    """Where programs are kept between runs: outside the checkout, shared by all checkouts of the user."""
    given = os.environ.get("INCIDENT_RESPONSE_CACHE")
    directory = Path(given) if given else Path.home() / ".cache" / "devops.incident_response"
    parts = directory / "parts"
    parts.mkdir(parents=True, exist_ok=True)
    return parts


def program(name: str) -> Path:
    """The executable of that name, got or built on first use (minutes, announced on stderr)."""
    recipe = PROGRAMS[name]
    if isinstance(recipe, OnPath):
        return _on_path(recipe)
    target = cache() / f"{name}-{_digest(name, recipe)}" / name
    if target.exists():
        return target
    if name in _not_had:
        raise PartUnavailable(_not_had[name])
    with (cache() / ".lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        if not target.exists():
            started = time.monotonic()
            print(f"real parts: getting {name} (once) ...", file=sys.stderr, flush=True)
            try:
                _get(name, recipe, target)
            except PartUnavailable as error:
                _not_had[name] = str(error)
                raise
            print(f"real parts: {name} after {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    return target


def _on_path(recipe: OnPath) -> Path:
    found, todo = (
        shutil.which(recipe.command),
        f"put a {recipe.command} {recipe.major}.x (from {recipe.major}.{recipe.minor} on) on PATH to run these tests",
    )
    if found is None:
        raise PartUnavailable(f"there is no {recipe.command} on PATH, and {recipe.why}; {todo}")
    try:
        said = subprocess.run([found, "-version"], capture_output=True, text=True, errors="replace", timeout=30)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PartUnavailable(f"{found} does not say its version ({error}); {todo}") from error
    version = re.search(rf"\b{recipe.command}, version v?((\d+)\.(\d+)[\w.+-]*)", said.stdout + said.stderr)
    if version is None:
        raise PartUnavailable(f"{found} does not say its version; {todo}")
    if int(version[2]) != recipe.major or int(version[3]) < recipe.minor:
        raise PartUnavailable(f"{found} is {recipe.command} {version[1]}; {todo}")
    return Path(found)


def _digest(name: str, recipe: WrapperModule | GoInstall | DebianPackage) -> str:
    digest = hashlib.sha256(repr(recipe).encode())
    if isinstance(recipe, WrapperModule):
        digest.update(recipe.tags.encode())
        for file in ("go.mod", "go.sum"):
            digest.update((HERE / "go" / recipe.module / file).read_bytes())
    if name == "kwok":
        digest.update(repr(_KWOK_PATCHES).encode())
    return digest.hexdigest()[:12]


def _get(name: str, recipe: WrapperModule | GoInstall | DebianPackage, target: Path) -> None:
    scratch = target.parent.with_name(f".{target.parent.name}.new")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    if isinstance(recipe, DebianPackage):
        _unpack(name, recipe, scratch)
    elif not shutil.which("go"):
        raise PartUnavailable(f"{name} is built with Go, and there is no `go` on PATH")
    elif isinstance(recipe, GoInstall):
        _run(["go", "install", f"{recipe.package}@{recipe.version}"], scratch, {"GOBIN": str(scratch), "GOFLAGS": "-trimpath"})
    else:
        module = scratch / "module"
        shutil.copytree(HERE / "go" / recipe.module, module)
        patched = _patched_kwok(module) if name == "kwok" else []
        command = [
            "go",
            "build",
            "-mod=readonly",
            "-trimpath",
            f"-ldflags={recipe.ldflags}",
            f"-tags={recipe.tags}",
            *patched,
            "-o",
            str(scratch / name),
            recipe.package,
        ]
        _run(command, module)
        if name == "kwok":
            _keep_kwok_objects(module / "kwok" / "kustomize", scratch)
        shutil.rmtree(module)
    shutil.rmtree(target.parent, ignore_errors=True)
    scratch.rename(target.parent)


def _patched_kwok(module: Path) -> list[str]:
    source = module / "kwok"
    downloaded = subprocess.run(
        ["go", "mod", "download", "-json", "sigs.k8s.io/kwok"], cwd=module, check=True, capture_output=True, text=True
    ).stdout
    shutil.copytree(json.loads(downloaded)["Dir"], source, copy_function=shutil.copyfile)
    for directory in (source, *(path for path in source.rglob("*") if path.is_dir())):
        directory.chmod(0o755)
    for file, edits in _KWOK_PATCHES.items():
        text = (source / file).read_text()
        for old, new in edits:
            if text.count(old) != 1:
                raise PartUnavailable(f"kwok's {file} is not as it was when its patch was written")
            text = text.replace(old, new)
        (source / file).write_text(text)
    (module / "patched.mod").write_text((module / "go.mod").read_text() + "\nreplace sigs.k8s.io/kwok => ./kwok\n")
    shutil.copyfile(module / "go.sum", module / "patched.sum")
    return ["-modfile=patched.mod"]


def _keep_kwok_objects(kustomize: Path, scratch: Path) -> None:
    """The custom resource definitions, and what makes a node Ready: they come with KWOK's module."""
    objects = scratch / "objects"
    shutil.copytree(kustomize / "crd" / "bases", objects)
    shutil.copy(kustomize / "stage" / "node" / "fast" / "node-initialize.yaml", objects)


def _unpack(name: str, recipe: DebianPackage, scratch: Path) -> None:
    if on_path := shutil.which(name):
        (scratch / name).symlink_to(on_path)
        return
    if not shutil.which("apt-get"):
        raise PartUnavailable(f"{name} is not on PATH, and this is no Debian to get it from")
    if os.geteuid() == 0:
        _install(recipe.packages, scratch)
        (scratch / name).symlink_to(Path("/") / recipe.path)
        return
    _run(["apt-get", "download", "-qq", *recipe.packages], scratch)
    for package in scratch.glob("*.deb"):
        _run(["dpkg", "-x", str(package), str(scratch / "root")], scratch)
        package.unlink()
    if not (scratch / "root" / recipe.path).exists():
        raise PartUnavailable(f"{name} is not where it was in Debian's {', '.join(recipe.packages)}")
    (scratch / name).symlink_to(Path("root") / recipe.path)


def _install(packages: tuple[str, ...], scratch: Path) -> None:
    """Without starting any service: the tests start their own, on ports of their own."""
    policy = Path("/usr/sbin/policy-rc.d")
    ours = not policy.exists()
    if ours:
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(0o755)
    try:
        _run(["apt-get", "update", "-qq"], scratch)
        _run(["apt-get", "install", "-qq", "--no-install-recommends", *packages], scratch, {"DEBIAN_FRONTEND": "noninteractive"})
    finally:
        if ours:
            policy.unlink()


def _run(command: list[str], directory: Path, environment: dict[str, str] | None = None) -> None:
    """Says every minute that it still goes on."""
    process = subprocess.Popen(
        command,
        cwd=directory,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    started, output = time.monotonic(), None
    while output is None:
        try:
            output, _ = process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            print(f"real parts: {command[0]} {command[1]} goes on ({time.monotonic() - started:.0f} s)", file=sys.stderr, flush=True)
    if process.returncode:
        raise PartUnavailable(f"`{' '.join(command[:4])} …` failed: {output.strip()[-600:]}")


if __name__ == "__main__":
    for wanted in sys.argv[1:] or PROGRAMS:
        try:
            program(wanted)
        except PartUnavailable as error:
            print(f"real parts: {wanted} is unavailable: {error}", file=sys.stderr)
