"""Hash and check passwords of local accounts: argon2id with its library's defaults, off the event loop."""

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from helpdesk.threads import Threads

SHORTEST_PASSWORD, LONGEST_PASSWORD = 8, 1_000
HASHER = PasswordHasher()
THREADS = Threads(2)  # each hash takes 64 MB and a core


def hashed(password: str) -> str:
    return HASHER.hash(password.encode("utf-8", "surrogatepass"))


async def made(password: str) -> str:
    """Return the hash of a password, computed off the event loop."""
    return await THREADS.run(hashed, password)


async def matches(password_hash: str | None, password: str) -> bool:
    """Tell whether `password` has this hash.

    Without a hash a decoy is checked, so that an unknown login takes as long as a wrong password. Raises Overloaded.
    """
    right = await THREADS.run(_verify, password_hash, password)
    return right and bool(password_hash)


def _verify(password_hash: str | None, password: str) -> bool:
    try:
        return HASHER.verify(password_hash or _decoy(), password.encode("utf-8", "surrogatepass"))
    except (VerifyMismatchError, InvalidHashError):
        return False


@cache
def _decoy() -> str:
    return hashed("a password that nobody has")
