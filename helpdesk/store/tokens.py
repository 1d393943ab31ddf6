"""Hash random tokens: the store holds their hashes alone, so that reading it gives nobody a token."""

from hashlib import sha256


def hashed(token: str) -> str:
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
