"""An imitated push service over TLS: it checks our token (RFC 8292), and opens what came as a browser does (RFC 8291).

It uses none of the libraries that send: the steps are those of the RFCs, upon the primitives of `cryptography`.
"""

import json
import struct
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDH,
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.servers.answering import Answer, AnsweringServer, Request, answering
from tests.servers.certificates import Authority

LARGEST_BODY = 4096
A_DAY = 24 * 3600
URGENCIES = {"very-low", "low", "normal", "high"}


def text(value: bytes) -> str:
    return urlsafe_b64encode(value).decode().rstrip("=")


def raw(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Subscription(NamedTuple):
    """What a browser holds: only it has the private key."""

    endpoint: str
    private: EllipticCurvePrivateKey
    auth: bytes

    @property
    def point(self) -> bytes:
        return self.private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    @property
    def keys(self) -> dict[str, str]:
        return {"p256dh": text(self.point), "auth": text(self.auth)}

    def opened(self, body: bytes) -> bytes:
        """Decrypt a body (aes128gcm, one record). Raises InvalidTag for what was meant for another browser."""
        salt, record, length = body[:16], *struct.unpack("!IB", body[16:21])
        sender, sealed = body[21 : 21 + length], body[21 + length :]
        assert record >= len(sealed)
        shared = self.private.exchange(ECDH(), EllipticCurvePublicKey.from_encoded_point(SECP256R1(), sender))
        info = b"WebPush: info\0" + self.point + sender
        secret = HKDF(SHA256(), 32, self.auth, info).derive(shared)
        key = HKDF(SHA256(), 16, salt, b"Content-Encoding: aes128gcm\0").derive(secret)
        nonce = HKDF(SHA256(), 12, salt, b"Content-Encoding: nonce\0").derive(secret)
        return AESGCM(key).decrypt(nonce, sealed, None).rstrip(b"\0")[:-1]


class Push(NamedTuple):
    """A push that was accepted."""

    subscription: Subscription
    headers: Mapping[str, str]
    body: bytes

    @property
    def payload(self) -> bytes:
        return self.subscription.opened(self.body)

    @property
    def shown(self) -> Any:
        return json.loads(self.payload)


class ImitatedPushService:
    """Its subscriptions are `subscribe`d to it. `told` answers in place of a service in order, by the path."""

    def __init__(self, authority: Authority, public_key: str, name: str = "127.0.0.1") -> None:
        self.public_key, self.name = public_key, name
        subject = f"IP:{name}" if name[0].isdigit() else f"DNS:{name}"
        self.server = AnsweringServer(self._answer, authority.server_context(subject))
        self.pushes: list[Push] = []
        self.refused: list[str] = []
        self.requests = 0
        self.told: Callable[[str], Answer | None] = lambda path: None
        self._subscriptions: dict[str, Subscription] = {}
        self._valid: set[str] = set()

    @property
    def origin(self) -> str:
        return f"https://{self.name}:{self.server.port}"

    def subscribe(self, name: str = "1") -> Subscription:
        subscription = Subscription(f"{self.origin}/push/{name}", generate_private_key(SECP256R1()), name.encode()[:16])
        subscription = subscription._replace(auth=subscription.auth.rjust(16, b"\0"))
        self._subscriptions[f"/push/{name}"] = subscription
        return subscription

    def _answer(self, request: Request) -> Answer:
        self.requests += 1
        if told := self.told(request.path):
            return told
        subscription, trouble = self._subscriptions.get(request.path), self._trouble(request)
        if trouble:
            self.refused.append(trouble)
            return Answer(403 if "token" in trouble else 413 if "large" in trouble else 400)
        if subscription is None:
            return Answer(410)
        self.pushes.append(Push(subscription, request.headers, request.body))
        return Answer(201, {"Location": f"{self.origin}/message"})

    def _trouble(self, request: Request) -> str:
        """What a real service would refuse it for."""
        headers = request.headers
        if request.method != "POST" or headers.get("content-encoding") != "aes128gcm":
            return "no push"
        if not headers.get("ttl", "").isdigit() or headers.get("urgency", "normal") not in URGENCIES:
            return "headers"
        topic = headers.get("topic")
        if topic is not None and not (len(topic) <= 32 and topic.replace("-", "").replace("_", "").isalnum()):
            return "topic"
        if len(request.body) > LARGEST_BODY:
            return "too large"
        return self._trouble_of_token(headers.get("authorization", ""))

    def _trouble_of_token(self, authorization: str) -> str:
        scheme, _, rest = authorization.partition(" ")
        parts = dict(part.strip().partition("=")[::2] for part in rest.split(","))
        if scheme != "vapid" or parts.get("k") != self.public_key:
            return "token of another key"
        signed, _, signature = parts["t"].rpartition(".")
        head, claims = (json.loads(raw(part)) for part in signed.split("."))
        if head["alg"] != "ES256" or claims["aud"] != self.origin or not claims["sub"].startswith("mailto:"):
            return f"token for {claims['aud']}"
        if not time.time() < claims["exp"] <= time.time() + A_DAY:
            return "token of another time"
        if authorization not in self._valid:
            value = raw(signature)
            numbers = (int.from_bytes(part, "big") for part in (value[:32], value[32:]))
            point = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), raw(self.public_key))
            try:
                point.verify(encode_dss_signature(*numbers), signed.encode(), ECDSA(SHA256()))
            except InvalidSignature:
                return "token with a false signature"
            self._valid.add(authorization)
        return ""


@contextmanager
def imitated_push_service(
    authority: Authority, public_key: str, name: str = "127.0.0.1"
) -> Iterator[ImitatedPushService]:
    service = ImitatedPushService(authority, public_key, name)
    with answering(service.server):
        yield service
