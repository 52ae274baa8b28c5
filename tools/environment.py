# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets up the project's virtual environments in the cache, and runs commands in them.

    environment.py run NAME COMMAND [ARGUMENT ...]
    environment.py print NAME

An environment is known by a hash of what it is made of, so a change of a requirements file makes a new one and leaves the old one to the
checkouts that still use it.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

import cache
import collection_tree

_CONSTRAINTS = "tools/constraints.txt"

# What is not there for every machine; the rest works without it.
_OPTIONAL = "lab/requirements-optional.txt"
# name -> (what the progress line says, requirements file), in the order of installation
_RUNTIME = (
    ("ansible-core", "requirements-ansible.txt"),
    ("the collection's requirements", "requirements.txt"),
    ("the simulated production's requirements", "lab/requirements.txt"),
    ("a PostgreSQL for the simulated production", _OPTIONAL),
)
ENVIRONMENTS = {
    "runtime": _RUNTIME,
    "dev": (*_RUNTIME, ("linters and test runners", "requirements-dev.txt")),
}


def virtual_environment(name: str) -> Path:
    """The directory of the virtual environment of that name, complete; set up with progress on stderr where it does not stand yet."""
    steps = ENVIRONMENTS[name]
    directory = cache.cache_directory() / "environments" / f"{name}-{_fingerprint(steps)}"
    complete = directory / ".complete"
    if complete.exists():
        return directory
    with cache.lock(f"environment-{directory.name}"):
        if not complete.exists():
            _create(name, directory, steps)
            complete.touch()
    return directory


def variables(name: str) -> dict[str, str]:
    """The variables in which a command of this project runs, for the environment of that name.

    Ansible sees this checkout and none of the user's own settings, collections or caches.
    """
    directory, tree = virtual_environment(name), str(collection_tree.linked_tree())
    # The tests import the collection by its full name; a user's Python never does.
    tests = {"PYTHONPATH": tree} if name == "dev" else {}
    return {
        "INCIDENT_RESPONSE_CACHE": str(cache.cache_directory()),
        "VIRTUAL_ENV": str(directory),
        "PATH": f"{directory / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "ANSIBLE_COLLECTIONS_PATH": tree,
        "ANSIBLE_HOME": str(cache.cache_directory() / "ansible"),
        "ANSIBLE_CONFIG": str(cache.CHECKOUT / "tools" / "ansible.cfg"),
        **tests,
    }


def _fingerprint(steps: tuple[tuple[str, str], ...]) -> str:
    digest = hashlib.sha256(f"{sys.version}\0{Path(sys.executable).resolve()}".encode())
    for path in (*(path for _, path in steps), _CONSTRAINTS):
        digest.update(path.encode() + b"\0" + (cache.CHECKOUT / path).read_bytes())
    return f"{sys.version_info[0]}.{sys.version_info[1]}-{digest.hexdigest()[:16]}"


def _create(name: str, directory: Path, steps: tuple[tuple[str, str], ...]) -> None:
    """Make the environment anew, whatever an interrupted run left of it."""
    started = time.monotonic()

    def progress(text: str) -> None:
        print(f"  {time.monotonic() - started:4.0f} s  {text}", file=sys.stderr, flush=True)

    version = ".".join(map(str, sys.version_info[:3]))
    print(f"Setting up the {name} environment with Python {version} (once; kept in {directory})", file=sys.stderr, flush=True)
    shutil.rmtree(directory, ignore_errors=True)
    progress("a virtual environment")
    _run([sys.executable, "-m", "venv", str(directory)])
    pip = [str(directory / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:"]
    for title, path in steps:
        progress(title)
        command = [*pip, "--constraint", str(cache.CHECKOUT / _CONSTRAINTS), "--requirement", str(cache.CHECKOUT / path)]
        if path != _OPTIONAL:
            _run(command)
        elif _attempt(command).returncode:
            progress("… which is not to be had for this machine: its databases only listen")
    progress("ready")


def _attempt(command: list[str]) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if key not in {"PYTHONPATH", "PYTHONHOME", "PIP_REQUIRE_VIRTUALENV"}}
    return subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def _run(command: list[str]) -> None:
    """Run a step of the set-up; its output is shown only when it fails."""
    result = _attempt(command)
    if result.returncode:
        sys.exit(
            f"{result.stdout}\nThis step of the set-up failed: {shlex.join(command)}\n"
            "The packages come from the index that pip is configured for: check the network, then run the same command again."
        )


def main(arguments: list[str]) -> None:
    match arguments:
        case ["run", name, *command] if name in ENVIRONMENTS and command:
            os.environ.update(variables(name))
            os.environ.pop("PYTHONHOME", None)
            try:
                os.execvp(command[0], command)
            except OSError as error:
                sys.exit(f"Cannot run {command[0]}: {error.strerror}")
        case ["print", name] if name in ENVIRONMENTS:
            for key, value in variables(name).items():
                print(f"export {key}={shlex.quote(value)}")
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
