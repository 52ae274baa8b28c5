# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A team's own switch for its maintenance page: a command on the host that runs the module, or a URL that a POST is sent to."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO
from urllib.parse import urlsplit

from ..clients.answers import excerpt
from ..clients.http import HttpClient
from ..errors import IncidentResponseError, InvalidOptionError, SourceUnavailableError
from ..model.service import MaintenanceHook, Service

_READ = 65_536
"""Bytes of a hook's output that are looked at."""


class HookFailedError(IncidentResponseError):
    """The hook did not do it, or did not say so."""


def is_on(service: Service, timeout: float) -> bool | None:
    """Whether maintenance is on, by the hook's ``check`` (exit code 0, or HTTP status 200); None where the hook has none."""
    hook = _hook(service)
    if not hook.check:
        return None
    if _is_url(hook.check):
        return _ask(hook.check[0], "GET", timeout) == 200
    code, _output = _run(service, hook.check, timeout)
    return code == 0


def switch(service: Service, on: bool, timeout: float) -> None:
    """Turns maintenance on or off. HookFailedError when the hook fails or takes longer than ``timeout`` seconds."""
    hook = _hook(service)
    command = hook.enable if on else hook.disable
    if _is_url(command):
        status = _ask(command[0], "POST", timeout)
        if not 200 <= status < 300:
            raise HookFailedError(f"{described(service, on)} answered with HTTP status {status}. Turn it by hand.")
        return
    code, output = _run(service, command, timeout)
    if code != 0:
        raise HookFailedError(f"{described(service, on)} failed (exit code {code}): {excerpt(output) or 'no output'}")


def described(service: Service, on: bool) -> str:
    """What is run or called; of a URL the host only, since the rest may be a key."""
    hook = _hook(service)
    command = hook.enable if on else hook.disable
    shown = f"{urlsplit(command[0]).hostname}" if _is_url(command) else " ".join(command)
    return f"The maintenance hook of {service.name} ({shown})"


def _hook(service: Service) -> MaintenanceHook:
    hook = service.maintenance
    if hook is None or not hook.enable or not hook.disable:
        raise InvalidOptionError(
            "catalogue.maintenance", None if hook is None else "a hook without 'enable' or 'disable'", "commands or URLs for both"
        )
    return hook


def _is_url(command: Sequence[str]) -> bool:
    return len(command) == 1 and command[0].startswith(("http://", "https://"))


def _ask(url: str, method: str, timeout: float) -> int:
    parts = urlsplit(url)
    client = HttpClient("The maintenance hook", f"{parts.scheme}://{parts.netloc}", "catalogue.maintenance", timeout=timeout)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        return client.request(path, method=method, headers={"Accept": "*/*"}).status
    except SourceUnavailableError as error:
        raise HookFailedError(error.message) from error


def _run(service: Service, command: Sequence[str], timeout: float) -> tuple[int, str]:
    environment = {**os.environ, "INCIDENT_SERVICE": service.name, "INCIDENT_NAMESPACE": service.namespace}
    # A file rather than a pipe: a hook goes on undisturbed when we are killed, and what it leaves running keeps nobody waiting.
    with tempfile.TemporaryFile() as output:
        code = _ended(command, environment, output, timeout)
        output.seek(0)
        return code, output.read(_READ).decode("utf-8", "replace")


def _ended(command: Sequence[str], environment: Mapping[str, str], output: IO[bytes], timeout: float) -> int:
    try:
        # The core knows no AnsibleModule whose run_command it could call.
        process = subprocess.Popen(  # pylint: disable=ansible-bad-function
            list(command),
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        raise HookFailedError(f"'{command[0]}' can't be run on this host: {error.strerror}.") from error
    with process:
        try:
            return process.wait(timeout)
        except subprocess.TimeoutExpired as error:
            # What it has started itself would go on with it, and might turn the switch much later.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            raise HookFailedError(f"'{command[0]}' did not end within {timeout:g} s. Whether it did its work is unknown.") from error
