# SPDX-License-Identifier: GPL-3.0-or-later
"""A Redis server as far as health checks need one: RESP2, PING, ECHO, AUTH, ACL, GET, SET, INFO, CLUSTER INFO, CONFIG GET, QUIT."""

from __future__ import annotations

import asyncio
import fnmatch
from collections.abc import Sequence

from lab.dependencies.redis_info import SLOTS, cluster_info, info
from lab.dependencies.redis_users import DEFAULT, Users
from lab.world.world import World

_LIMIT = 64 * 1024
"""Longest line or bulk string in bytes that is read."""
_CONTAINERS = ("ACL", "CLUSTER", "CONFIG", "CLIENT")
"""Commands whose first word more says which."""
_OF_KEYS = ("GET", "SET")


class RedisServer:
    """Answers for one dependency of the scenario. While that is down, connections are closed at once."""

    def __init__(self, world: World, name: str) -> None:
        self._world = world
        self._name = name
        self._dependency = world.scenario.dependencies[name]
        self._users = Users(self._dependency.password)
        self._kept: dict[str, str] = {}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until the client or the dependency ends it."""
        user = DEFAULT if self._users.open else None
        try:
            while self._is_up():
                command = await _read_command(reader)
                if not command:
                    break
                name = command[0].upper()
                if name == "QUIT":
                    writer.write(b"+OK\r\n")
                    break
                if name == "AUTH":
                    user, reply = self._authenticate(command[1:], user)
                elif user is None:
                    reply = b"-NOAUTH Authentication required.\r\n"
                else:
                    reply = self._answer(name, command[1:], user)
                writer.write(reply)
                await writer.drain()
        except _ProtocolError as error:
            writer.write(f"-ERR Protocol error: {error}\r\n".encode())
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the client went away in the middle of a command
        finally:
            writer.close()

    def _is_up(self) -> bool:
        return self._world.signal(f"{self._name}.up").at(self._world.clock()) >= 0.5

    def _answer(self, name: str, arguments: Sequence[str], user: str) -> bytes:
        command = f"{name}|{arguments[0]}".lower() if name in _CONTAINERS and arguments else name.lower()
        refusal = None if self._users.may(user, command) else f"NOPERM this user has no permissions to run the '{command}' command"
        if refusal or (refusal := self._refusal(name)):
            return f"-{refusal}\r\n".encode()
        match [name, *arguments]:
            case ["PING"]:
                return b"+PONG\r\n"
            case ["PING" | "ECHO", text]:
                return _bulk(text)
            case ["INFO", *sections]:
                return _bulk(info(self._world, self._name, sections[0] if sections else "default"))
            case ["CLUSTER" | "ACL", action, *words]:
                return self._contained(name, action, words, user)
            case ["CONFIG", action, *patterns] if action.upper() == "GET" and patterns:
                return _array([text for pair in self._settings(patterns) for text in pair])
            case ["DBSIZE"]:
                return b":151200\r\n"
            case ["SELECT", _] | ["CLIENT", *_]:
                return b"+OK\r\n"
            case ["GET", key]:
                return _bulk(self._kept[key]) if key in self._kept else b"$-1\r\n"
            case ["SET", key, value]:
                self._kept[key] = value
                return b"+OK\r\n"
            case _:
                shown = "".join(f"'{argument}' " for argument in arguments)
                return f"-ERR unknown command '{name}', with args beginning with: {shown}\r\n".encode()

    def _refusal(self, name: str) -> str | None:
        """Why this server, as it is, does nothing with keys."""
        served = self._dependency.cluster_slots
        if name in _OF_KEYS and served is not None and served < SLOTS:
            return "CLUSTERDOWN Hash slot not served"
        if name == "SET" and self._dependency.replica_of is not None:
            return "READONLY You can't write against a read only replica."
        if name == "SET" and self._dependency.min_replicas:
            return "NOREPLICAS Not enough good replicas to write."
        return None

    def _contained(self, name: str, action: str, words: Sequence[str], user: str) -> bytes:
        served = self._dependency.cluster_slots
        match [name, action.upper(), *words]:
            case ["CLUSTER", "INFO"]:
                disabled = b"-ERR This instance has cluster support disabled\r\n"
                return disabled if served is None else _bulk(cluster_info(served))
            case ["ACL", "WHOAMI"]:
                return _bulk(user)
            case ["ACL", "SETUSER", who, *rules]:
                wrong = self._users.set(who, rules)
                return f"-ERR Error in ACL SETUSER modifier '{wrong}': Syntax error\r\n".encode() if wrong else b"+OK\r\n"
            case _:
                return f"-ERR unknown subcommand '{action}'. Try {name} HELP.\r\n".encode()

    def _authenticate(self, arguments: Sequence[str], user: str | None) -> tuple[str | None, bytes]:
        """Who the client is from now on, and the reply."""
        if self._users.open and len(arguments) < 2:
            problem = (
                "AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?"
            )
            return user, f"-ERR {problem}\r\n".encode()
        known = self._users.login(arguments)
        if known is None:
            return user, b"-WRONGPASS invalid username-password pair or user is disabled.\r\n"
        return known, b"+OK\r\n"

    def _settings(self, patterns: Sequence[str]) -> list[tuple[str, str]]:
        known = {
            "maxmemory": str(int(self._dependency.max_memory)),
            "maxmemory-policy": self._dependency.policy,
            "maxclients": "10000",
            "min-replicas-to-write": str(self._dependency.min_replicas),
            "timeout": "0",
        }
        return [(key, value) for key, value in known.items() if any(fnmatch.fnmatchcase(key, pattern.lower()) for pattern in patterns)]


class _ProtocolError(Exception):
    pass


async def _read_command(reader: asyncio.StreamReader) -> list[str]:
    """The words of a command, as an array of bulk strings or in one line; empty at the end of the connection."""
    line = (await reader.readline()).decode(errors="replace").rstrip("\r\n")
    if not line.startswith("*"):
        return line.split()
    words = []
    for _ in range(_number(line)):
        header = (await reader.readuntil(b"\r\n")).decode(errors="replace").rstrip("\r\n")
        if not header.startswith("$"):
            raise _ProtocolError(f"expected '$', got '{header[:1]}'")
        words.append((await reader.readexactly(_number(header) + 2))[:-2].decode(errors="replace"))
    return words


def _number(line: str) -> int:
    if not line[1:].isdigit() or int(line[1:]) > _LIMIT:
        raise _ProtocolError("invalid bulk length")
    return int(line[1:])


def _bulk(text: str) -> bytes:
    data = text.encode()
    return b"$%d\r\n%s\r\n" % (len(data), data)


def _array(texts: Sequence[str]) -> bytes:
    return b"*%d\r\n" % len(texts) + b"".join(map(_bulk, texts))
