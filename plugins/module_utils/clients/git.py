# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""git as a program that reads: it asks nobody, runs nothing of the repository's, and ends in time."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tempfile
from urllib.parse import urlsplit

from ..concurrency import Deadline
from ..errors import SourceUnavailableError
from ..tally import count_request
from .answers import excerpt

MAX_OUTPUT = 8 * 2**20
"""Bytes that are read of what git says."""

PROTOCOLS = ("file", "https", "http", "ssh", "git")

# A repository's own configuration may name programs to run; none of them is needed to read commits.
_SETTINGS = (
    *("core.fsmonitor=false", "core.hooksPath=/dev/null", "core.askPass=", "log.showSignature=false", "core.quotePath=false"),
    *("protocol.allow=never", *(f"protocol.{name}.allow=always" for name in PROTOCOLS), "gc.auto=0", "maintenance.auto=false"),
    *("submodule.recurse=false", "fetch.recurseSubmodules=false", "transfer.fsckObjects=false", "http.followRedirects=initial"),
)
_KEPT = frozenset({"GIT_SSH_COMMAND", "GIT_SSH", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH", "GIT_SSL_CERT", "GIT_SSL_KEY", "GIT_CONFIG_GLOBAL"})
"""What an engineer's own environment may say: how to log in, and whom to trust. The rest of GIT_* could point elsewhere."""
_SCP = re.compile(r"^(?:[\w.-]+@)?(?P<host>[\w.-]+|\[[0-9a-fA-F:]+\]):(?P<path>(?!//).+)$")
_OPTION_AS_HOST = re.compile(r"^(?:[\w+.-]+://)?[^/]*@-")


_REMEDIES = tuple(
    (re.compile(words, re.IGNORECASE), remedy)
    for words, remedy in (
        (
            r"authentication failed|could not read (?:username|password)|terminal prompts disabled|\b401\b",
            "It asks for a login: give 'repository' a token (https://token@host/...), or git on this host a credential helper.",
        ),
        (r"\b403\b|access denied", "The login may not read it: give it that right, or use another."),
        (
            r"host key verification failed",
            "Its host key is not known here: check it, and add it to known_hosts of the user that runs this.",
        ),
        (
            r"permission denied",
            "No key of the user that runs this is accepted: add one as a deploy key, or give 'repository' an https URL.",
        ),
        (r"could not resolve|name or service not known", "Its name is not known on this host: correct 'repository', or the host's DNS."),
        (r"not a git repository", "Correct 'repository'."),
        (r"bad revision 'HEAD'", "Its HEAD names no commit: it is empty, or its main branch has another name."),
        (r"certificate", "Its certificate is not trusted here: point GIT_SSL_CAINFO to that of its authority."),
        (
            r"failed to connect|connection (?:refused|timed out|reset)|could ?n.t connect|unreachable|no route to host|unable to connect",
            "It can't be reached from this host: correct 'repository', or open the way to it (firewall, proxy).",
        ),
        (
            r"not found|\b404\b|does not (?:exist|appear to be)",
            "Correct 'repository'; a server also says so to whoever may not see it.",
        ),
    )
)
"""By words of git, ssh and curl."""

_ASKS_ELSEWHERE = ("ls-remote", "fetch")


def check_location(where: str) -> str:
    """``where`` when it is the path or URL of a repository. SourceUnavailableError for what git would take for an option or a command."""
    host = urlsplit(where).hostname if "://" in where else (found["host"] if is_url(where) and (found := _SCP.match(where)) else None)
    refused = where.startswith("-") or re.match(r"^[\w+.-]*::", where) or any(ord(sign) < 32 for sign in where)
    scheme = where.partition("://")[0].lower() if "://" in where else None
    if refused or (scheme is not None and scheme not in PROTOCOLS) or (host or "").startswith("-") or _OPTION_AS_HOST.match(where):
        raise SourceUnavailableError(
            f"The repository {shown(where)!r} is refused: it is neither a path nor a URL of {', '.join(PROTOCOLS)}. Correct 'repository'."
        )
    return where


def is_url(where: str) -> bool:
    """Whether it is a URL, or ssh's short form of one (``git@host:path``), rather than a path on this host."""
    return "://" in where or (_SCP.match(where) is not None and not os.path.exists(where))


def shown(where: str) -> str:
    """A location without the login in it."""
    return excerpt(re.sub(r"://[^/@\s]*@", "://", where), 200)


def run_git(arguments: tuple[str, ...], deadline: Deadline, what: str, directory: str | None = None) -> str:
    """What git prints, at most MAX_OUTPUT bytes of it. SourceUnavailableError, with git's own words, when it fails or takes too long."""
    settings = [part for setting in _SETTINGS for part in ("-c", setting)]
    command = ["git", "--no-pager", *(("-C", directory, "-c", f"safe.directory={directory}") if directory else ()), *settings, *arguments]
    limit = max(deadline.left(), 0.1)
    if arguments[0] in _ASKS_ELSEWHERE:
        count_request()
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        try:
            # The core knows no AnsibleModule whose run_command it could call. Its own session, so that ssh and its like end with it.
            process = subprocess.Popen(  # pylint: disable=ansible-bad-function,consider-using-with
                command, env=_environment(), stdin=subprocess.DEVNULL, stdout=output, stderr=errors, start_new_session=True
            )
        except FileNotFoundError as error:
            raise SourceUnavailableError("git is not installed on this host; install it to see what changed.") from error
        try:
            code = process.wait(limit)
        except subprocess.TimeoutExpired as error:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise SourceUnavailableError(f"git took longer than the {deadline.seconds:g} s that it has for {shown(what)}.") from error
        errors.seek(0)
        if code != 0:
            said = shown(errors.read(4096).decode("utf-8", "replace"))
            raise GitFailedError(f"git can't read {shown(what)}: {said}{_remedy(said)}", code)
        output.seek(0)
        return output.read(MAX_OUTPUT).decode("utf-8", "replace")


def _remedy(said: str) -> str:
    """What to do about it, where that is known."""
    remedy = next((remedy for words, remedy in _REMEDIES if words.search(said)), None)
    return f"{'' if said.endswith('.') else '.'} {remedy}" if remedy else ""


class GitFailedError(SourceUnavailableError):
    """git ended with ``code``."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


def _environment() -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if name in _KEPT or not name.startswith(("GIT_", "SSH_ASKPASS"))}
    return {
        "GIT_SSH_COMMAND": "ssh -o BatchMode=yes -o ConnectTimeout=5",
        **own,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_ALLOW_PROTOCOL": ":".join(PROTOCOLS),
        "GCM_INTERACTIVE": "never",
        "LC_ALL": "C.UTF-8",
    }
