# SPDX-License-Identifier: GPL-3.0-or-later
"""A Redis server as far as health checks need one: RESP2, PING, ECHO, AUTH, HELLO, INFO, CONFIG GET, CLIENT, DBSIZE, QUIT."""

from __future__ import annotations

import asyncio
import fnmatch
from collections.abc import Sequence

from lab.dependencies.redis_info import info
from lab.world.world import World

_LIMIT = 64 * 1024
"""Longest line or bulk string in bytes that is read."""


class RedisServer:
    """Answers for one dependency of the scenario. While that is down, connections are closed at once."""

    def __init__(self, world: World, name: str) -> None:
        self._world = world
        self._name = name
        self._dependency = world.scenario.dependencies[name]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until the client or the dependency ends it."""
        trusted = self._dependency.password is None
        try:
            while self._is_up():
                command = await _read_command(reader)
                if not command:
                    break
                name = command[0].upper()
                if name == "QUIT":
                    writer.write(b"+OK\r\n")
                    break
                trusted, reply = self._answer(name, command[1:], trusted)
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

    def _answer(self, name: str, arguments: Sequence[str], trusted: bool) -> tuple[bool, bytes]:
        """Whether the client may ask from now on, and the reply."""
        if name == "AUTH":
            return self._authenticate(arguments, trusted)
        if not trusted:
            return False, b"-NOAUTH Authentication required.\r\n"
        match [name, *arguments]:
            case ["PING"]:
                return True, b"+PONG\r\n"
            case ["PING" | "ECHO", text]:
                return True, _bulk(text)
            case ["INFO", *sections]:
                return True, _bulk(info(self._world, self._name, sections[0] if sections else "default"))
            case ["CONFIG", action, *patterns] if action.upper() == "GET" and patterns:
                return True, _array([text for pair in self._settings(patterns) for text in pair])
            case ["DBSIZE"]:
                return True, b":151200\r\n"
            case ["SELECT", _] | ["CLIENT", *_]:
                return True, b"+OK\r\n"
            case _:
                shown = "".join(f"'{argument}' " for argument in arguments)
                return True, f"-ERR unknown command '{name}', with args beginning with: {shown}\r\n".encode()

    def _authenticate(self, arguments: Sequence[str], trusted: bool) -> tuple[bool, bytes]:
        if self._dependency.password is None:
            problem = (
                "AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?"
            )
            return trusted, f"-ERR {problem}\r\n".encode()
        if arguments and arguments[-1] == self._dependency.password:
            return True, b"+OK\r\n"
        return False, b"-WRONGPASS invalid username-password pair or user is disabled.\r\n"

    def _settings(self, patterns: Sequence[str]) -> list[tuple[str, str]]:
        known = {
            "maxmemory": str(int(self._dependency.max_memory)),
            "maxmemory-policy": self._dependency.policy,
            "maxclients": "10000",
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
