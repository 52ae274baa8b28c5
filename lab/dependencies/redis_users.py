# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may ask a Redis server for what (https://redis.io/docs/latest/operate/oss_and_stack/management/security/acl/)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

DEFAULT = "default"
_ALWAYS = frozenset({"auth", "hello", "quit"})


@dataclass(slots=True)
class User:
    """``allowed`` and ``denied`` are commands in small letters, with the subcommand as in ``acl|whoami``."""

    on: bool = False
    passwords: set[str] = field(default_factory=set)
    no_password: bool = False
    """Any will do."""
    everything: bool = False
    allowed: set[str] = field(default_factory=set)
    denied: set[str] = field(default_factory=set)

    def accepts(self, password: str) -> bool:
        return self.on and (self.no_password or password in self.passwords)

    def may(self, command: str) -> bool:
        names = {command, command.partition("|")[0]}
        if names & _ALWAYS or names & self.allowed:
            return True
        return self.everything and not names & self.denied

    def set(self, rule: str) -> bool:
        """Takes in one rule of ACL SETUSER; False where it is none of those that are known here."""
        if rule in ("on", "off"):
            self.on = rule == "on"
        elif rule in ("nopass", "resetpass"):
            self.no_password, self.passwords = rule == "nopass", set()
        elif rule[:1] == ">":
            self.no_password = False
            self.passwords.add(rule[1:])
        elif rule in ("+@all", "allcommands"):
            self.everything, self.allowed, self.denied = True, set(), set()
        elif rule in ("-@all", "nocommands"):
            self.everything, self.allowed, self.denied = False, set(), set()
        elif rule[:1] == "+":
            self.allowed.add(rule[1:].lower())
            self.denied.discard(rule[1:].lower())
        elif rule[:1] == "-":
            self.denied.add(rule[1:].lower())
            self.allowed.discard(rule[1:].lower())
        else:
            # There are no keys here, so that it does not matter which ones somebody may see.
            return rule[:1] in ("~", "&") or rule in ("allkeys", "allchannels", "resetkeys", "resetchannels")
        return True


class Users:
    """Those of one server. ``password`` is what the default user has to say."""

    def __init__(self, password: str | None) -> None:
        self._users = {DEFAULT: User(on=True, passwords={password} if password else set(), no_password=password is None, everything=True)}
        self.open = password is None
        """Whether nobody has to log in."""

    def login(self, arguments: Sequence[str]) -> str | None:
        """The user whose name and password these are; a password alone is the default user's. None where they are nobody's."""
        name = arguments[0] if len(arguments) > 1 else DEFAULT
        user = self._users.get(name)
        return name if user is not None and arguments and user.accepts(arguments[-1]) else None

    def may(self, name: str, command: str) -> bool:
        return self._users[name].may(command)

    def set(self, name: str, rules: Sequence[str]) -> str | None:
        """Makes or changes a user; the rule at which that failed, if it did."""
        user = self._users.get(name) or User()
        wrong = next((rule for rule in rules if not user.set(rule)), None)
        if wrong is None:
            self._users[name] = user
        return wrong
