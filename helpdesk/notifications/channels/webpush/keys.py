"""Read and make the keys of Web Push: those of browsers, and our own pair, by which push services know us (VAPID)."""

import re
from base64 import b64decode, urlsafe_b64encode
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    derive_private_key,
    generate_private_key,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_private_key,
    load_der_public_key,
)

from helpdesk.errors import Sentence, sentence

POINT_BYTES = 65
SECRET_BYTES = 16
PRIVATE_BYTES = 32
CURVE = SECP256R1()
PEM = re.compile(r"-----[^-]*-----|\s|\\n")
EMAIL = re.compile(r"mailto:[^@\s]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+")
NOT_PRIVATE = sentence("VAPID_PRIVATE_KEY is no private key of Web Push. New keys are made by: helpdesk vapid-keys")
NO_PAIR = sentence("VAPID_PUBLIC_KEY and VAPID_PRIVATE_KEY are no pair. New keys are made by: helpdesk vapid-keys")
NO_EMAIL = sentence("VAPID_CLAIM_EMAIL is no e-mail address.")
STANDARD = str.maketrans("-_", "+/")


class Pair(NamedTuple):
    """Our keys as they are written in settings."""

    public: str
    private: str


def bytes_of(text: str) -> bytes:
    """Read base64 or base64url, with or without padding, or the inside of a PEM file; nothing for something else."""
    body = PEM.sub("", text).rstrip("=").translate(STANDARD)
    try:
        return b64decode(body + "=" * (-len(body) % 4), validate=True)
    except ValueError:
        return b""


def text_of(value: bytes) -> str:
    """Write bytes in base64url without padding."""
    return urlsafe_b64encode(value).decode().rstrip("=")


def point(text: str) -> str:
    """Return a browser's public key in base64url; "" for what is no point of the curve."""
    value = bytes_of(text)
    try:
        EllipticCurvePublicKey.from_encoded_point(CURVE, value if len(value) == POINT_BYTES else b"")
    except ValueError:
        return ""
    return text_of(value)


def secret(text: str) -> str:
    """Return a browser's secret in base64url; "" for what is none."""
    value = bytes_of(text)
    return text_of(value) if len(value) == SECRET_BYTES else ""


def new_pair() -> Pair:
    """Make a pair of keys."""
    private = generate_private_key(CURVE)
    number = private.private_numbers().private_value
    return Pair(_public_text(private.public_key()), text_of(number.to_bytes(PRIVATE_BYTES, "big")))


def public_text(text: str) -> str:
    """Return our public key as browsers take it, given raw, in DER or in PEM; "" for something else."""
    if found := point(text):
        return found
    try:
        key = load_der_public_key(bytes_of(text))
    except ValueError:
        return ""
    return _public_text(key) if isinstance(key, EllipticCurvePublicKey) and _is_ours(key) else ""


def private_key(text: str) -> EllipticCurvePrivateKey | None:
    """Return our private key, given raw, in DER or in PEM; None for something else."""
    value = bytes_of(text)
    try:
        if len(value) == PRIVATE_BYTES:
            return derive_private_key(int.from_bytes(value, "big"), CURVE)
        key = load_der_private_key(value, None)
    except (ValueError, TypeError):
        return None
    return key if isinstance(key, EllipticCurvePrivateKey) and _is_ours(key.public_key()) else None


def trouble(public: str, private: str, email: str) -> Sentence | None:
    """Return why our keys, or the address by which services reach us, can't be used."""
    key = private_key(private)
    if key is None:
        return NOT_PRIVATE
    if _public_text(key.public_key()) != public_text(public):
        return NO_PAIR
    return None if EMAIL.fullmatch(contact(email)) else NO_EMAIL


def contact(email: str) -> str:
    """Return an address as push services take it."""
    return f"mailto:{email.strip().removeprefix('mailto:')}"


def _is_ours(key: EllipticCurvePublicKey) -> bool:
    return isinstance(key.curve, SECP256R1)


def _public_text(key: EllipticCurvePublicKey) -> str:
    return text_of(key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))
