"""The server's half of Oracle's log-on with a 12c verifier, by which both sides prove that they know the password."""

import os
from hashlib import pbkdf2_hmac, sha512

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

VERIFIER_12C = 0x4815
ROUNDS, SESSION_ROUNDS = 4096, 3
BLOCK, KEY = 16, 32
Parameters = list[tuple[str, str, int]]
"""Names with values and flags."""


class Logon:
    """One client's log-on: a challenge, then the check of what the client made of it."""

    def __init__(self, password: str) -> None:
        self.password = password.encode()
        self.salt, self.session_salt, self.our_part = os.urandom(BLOCK), os.urandom(BLOCK), os.urandom(KEY)
        hardened = pbkdf2_hmac("sha512", self.password, self.salt + b"AUTH_PBKDF2_SPEEDY_KEY", ROUNDS, 64)
        self.verifier = sha512(hardened + self.salt).digest()[:KEY]
        self.session_key = b""

    def challenge(self) -> Parameters:
        return [
            ("AUTH_SESSKEY", _hex(_encrypted(self.verifier, self.our_part)), 0),
            ("AUTH_VFR_DATA", _hex(self.salt), VERIFIER_12C),
            ("AUTH_PBKDF2_CSK_SALT", _hex(self.session_salt), 0),
            ("AUTH_PBKDF2_VGEN_COUNT", str(ROUNDS), 0),
            ("AUTH_PBKDF2_SDER_COUNT", str(SESSION_ROUNDS), 0),
        ]

    def is_right(self, given: dict[str, str]) -> bool:
        """Tell whether the client knows the password."""
        their_part = _decrypted(self.verifier, bytes.fromhex(given["AUTH_SESSKEY"]))
        both = _hex(their_part + self.our_part).encode()
        self.session_key = pbkdf2_hmac("sha512", both, self.session_salt, SESSION_ROUNDS, KEY)
        padded = _decrypted(self.session_key, bytes.fromhex(given["AUTH_PASSWORD"]))
        remover = PKCS7(BLOCK * 8).unpadder()
        try:
            return remover.update(padded) + remover.finalize() == padded[:BLOCK] + self.password
        except ValueError:  # another key than ours: what it decrypts to has no padding
            return False

    def proof(self) -> Parameters:
        """Return the proof that we are the server, without which the client goes away."""
        adder = PKCS7(BLOCK * 8).padder()
        padded = adder.update(os.urandom(BLOCK) + b"SERVER_TO_CLIENT") + adder.finalize()
        return [("AUTH_SVR_RESPONSE", _hex(_encrypted(self.session_key, padded)), 0)]


def _cipher(key: bytes) -> Cipher[modes.CBC]:
    return Cipher(algorithms.AES(key), modes.CBC(bytes(BLOCK)))


def _encrypted(key: bytes, content: bytes) -> bytes:
    work = _cipher(key).encryptor()
    return work.update(content) + work.finalize()


def _decrypted(key: bytes, content: bytes) -> bytes:
    work = _cipher(key).decryptor()
    return work.update(content) + work.finalize()


def _hex(content: bytes) -> str:
    return content.hex().upper()
