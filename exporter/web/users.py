"""Users and their passwords: checked beside the loop, one at a time, and each name and password only once.

A check by bcrypt takes a tenth of a second of a core, on purpose. So nobody can ask for many at once: clients have
their turn one after the other, and what waits is bounded, for each and in all.
"""

import asyncio
import base64
import binascii
import hmac
import logging
import secrets
from collections import deque
from collections.abc import Mapping
from typing import Final, NamedTuple

import bcrypt

from exporter.core import runtime
from exporter.core.credentials import Secret

WAITING: Final = 32
"""Checks that wait at once: the last one waits for three seconds at bcrypt's usual cost."""

WAITING_OF_ONE: Final = 4
"""How many of them may be one client's."""

REMEMBERED: Final = 1000
"""Wrong names and passwords that are known to be wrong."""

_LONGEST_PASSWORD: Final = 72
"""Bytes; bcrypt reads no further, and two passwords with the same beginning would be the same."""

_log: Final = logging.getLogger("exporter.web")


class Login(NamedTuple):
    """What a client says it is.

    Attributes:
        name: of the user, as bytes.
        password: as bytes.
    """

    name: bytes
    password: bytes


def login(authorization: str) -> Login | None:
    """The name and password of an `Authorization` header; None where it holds none (RFC 7617)."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, colon, password = base64.b64decode(encoded.strip(), validate=True).partition(b":")
    except (binascii.Error, ValueError):
        return None
    return Login(name, password) if colon else None


class _Check(NamedTuple):
    """One name and password that are to be checked, and who waits for the verdict (None: it was given up)."""

    key: bytes
    login: Login
    verdict: "asyncio.Future[bool | None]"


class Users:
    """The users that may ask, by name."""

    def __init__(self, hashes: Mapping[str, Secret]) -> None:
        """Args: `hashes` are bcrypt's, of at least one user."""
        self._hashes = {name.encode(): each.reveal().encode() for name, each in hashes.items()}
        self._list = tuple(self._hashes.values())
        # Verdicts are kept under a digest with a key that is nowhere else, and no password stays in memory.
        self._key = secrets.token_bytes(32)
        self._right: set[bytes] = set()  # one for each user: bcrypt takes one password for a hash
        self._wrong: dict[bytes, None] = {}
        self._under_way: dict[bytes, asyncio.Future[bool | None]] = {}
        self._waiting: dict[str, deque[_Check]] = {}
        self._work: asyncio.Task[None] | None = None

    async def know(self, said: Login, client: str) -> bool | None:
        """Whether a user has this name and password; None when too many others are being checked.

        Args:
            said: what the client says.
            client: who asks; each has its turn.
        """
        if len(said.password) > _LONGEST_PASSWORD or b"\0" in said.password:
            return False
        key = self._digest(len(said.name).to_bytes(4, "big"), said.name, said.password)
        if key in self._right:
            return True
        if key in self._wrong:
            return False
        verdict = self._under_way.get(key)
        if verdict is None:
            verdict = asyncio.get_running_loop().create_future()
            if not self._line_up(_Check(key, said, verdict), client):
                return None
        return await asyncio.shield(verdict)  # others may wait for the same

    def _line_up(self, check: _Check, client: str) -> bool:
        """Have a check wait for its turn; whether there is room."""
        own = self._waiting.get(client, ())
        if len(own) >= WAITING_OF_ONE:
            return False
        if sum(map(len, self._waiting.values())) >= WAITING:
            other = max(self._waiting, key=lambda each: len(self._waiting[each]))
            if len(self._waiting[other]) <= len(own) + 1:
                return False
            self._end(self._waiting[other].pop(), None)
        self._waiting.setdefault(client, deque()).append(check)
        self._under_way[check.key] = check.verdict
        if self._work is None:
            self._work = asyncio.create_task(self._check_all())
        return True

    async def _check_all(self) -> None:
        """Check what waits, one after the other, the clients in turn."""
        try:
            while self._waiting:
                client = next(iter(self._waiting))
                checks = self._waiting.pop(client)
                check = checks.popleft()
                if checks:
                    self._waiting[client] = checks  # behind the others
                verdict = False
                try:
                    verdict = await self._checked(check.login)
                    self._remember(check.key, right=verdict)
                except Exception:
                    _log.exception("checking a password ended in a bug; nobody is let in by it")
                finally:
                    self._end(check, verdict)
        finally:
            self._work = None

    async def _checked(self, said: Login) -> bool:
        hashed = self._hashes.get(said.name)
        # For a name that no user has, the hash of some user is checked, always the same one: it takes as long.
        other = self._list[int.from_bytes(self._digest(said.name)) % len(self._list)]
        right = await runtime.verified(bcrypt.checkpw, said.password, hashed or other)
        return right and hashed is not None

    def _remember(self, key: bytes, *, right: bool) -> None:
        if right:
            self._right.add(key)
            return
        self._wrong[key] = None
        if len(self._wrong) > REMEMBERED:
            del self._wrong[next(iter(self._wrong))]

    def _end(self, check: _Check, verdict: bool | None) -> None:
        self._under_way.pop(check.key, None)
        if not check.verdict.done():
            check.verdict.set_result(verdict)

    def _digest(self, *parts: bytes) -> bytes:
        return hmac.digest(self._key, b"".join(parts), "sha256")
