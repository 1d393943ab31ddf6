"""Password hashes of local accounts: argon2id with its library's current defaults, computed off the event loop."""

from functools import cache

from anyio import CapacityLimiter, to_thread
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

HASHER = PasswordHasher()
AT_ONCE = CapacityLimiter(2)  # each takes 64 MB and a core


def hashed(password: str) -> str:
    return HASHER.hash(password.encode("utf-8", "surrogatepass"))


async def matches(password_hash: str | None, password: str) -> bool:
    """Whether `password` made the hash. Without a hash a decoy is checked, so that it takes as long to say no."""
    right = await to_thread.run_sync(_verify, password_hash, password, limiter=AT_ONCE)
    return right and password_hash is not None


def _verify(password_hash: str | None, password: str) -> bool:
    try:
        return HASHER.verify(password_hash or _decoy(), password.encode("utf-8", "surrogatepass"))
    except (VerifyMismatchError, InvalidHashError):
        return False


@cache
def _decoy() -> str:
    return hashed("a password that nobody has")
