"""Encrypt the secrets that the store keeps, under keys derived from SECRET_KEY."""

from base64 import urlsafe_b64encode
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

PURPOSE = b"helpdesk: secrets in the store"
"""Separates these keys from those that SECRET_KEY signs with."""
KEY_BYTES = 32


class Box:
    """A box for secrets. The first key encrypts; each of the keys decrypts."""

    def __init__(self, keys: Sequence[str]) -> None:
        """Derive the keys. Raises RuntimeError without one: everybody could open what an empty key encrypts."""
        if not keys or not all(keys):
            raise RuntimeError("SECRET_KEY is missing")
        self._keys = MultiFernet([Fernet(_derived(key)) for key in keys])

    def seal(self, text: str) -> str:
        """Encrypt a secret."""
        return self._keys.encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str | None:
        """Decrypt a secret; None if none of the keys encrypted it, or if it was changed."""
        try:
            return self._keys.decrypt(sealed.encode()).decode()
        except (InvalidToken, UnicodeError):
            return None

    def renew(self, sealed: str) -> str | None:
        """Encrypt a sealed secret again with the first key; None as in `open`."""
        try:
            return self._keys.rotate(sealed.encode()).decode()
        except (InvalidToken, UnicodeError):
            return None


def _derived(key: str) -> bytes:
    """Derive the key of Fernet from a key of SECRET_KEY."""
    return urlsafe_b64encode(HKDF(SHA256(), KEY_BYTES, salt=None, info=PURPOSE).derive(key.encode()))
