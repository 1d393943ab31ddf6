"""An imitated Firebase Cloud Messaging, with the place where tokens are given out."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.servers.answering import Answer, AnsweringServer, Request, answering

PROJECT = "helpdesk-test"
JSON = {"Content-Type": "application/json"}
ERRORS: dict[str, tuple[int, str]] = {
    "UNREGISTERED": (404, "NOT_FOUND"),
    "SENDER_ID_MISMATCH": (403, "PERMISSION_DENIED"),
    "QUOTA_EXCEEDED": (429, "RESOURCE_EXHAUSTED"),
    "THIRD_PARTY_AUTH_ERROR": (401, "UNAUTHENTICATED"),
    "INVALID_ARGUMENT": (400, "INVALID_ARGUMENT"),
    "UNAVAILABLE": (503, "UNAVAILABLE"),
    "INTERNAL": (500, "INTERNAL"),
}
FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"


def refusal(code: str, headers: dict[str, str] | None = None, field: str = "") -> Answer:
    """An error as Firebase words it; `field` is the one that an argument was wrong in."""
    status, name = ERRORS[code]
    details: list[dict[str, Any]] = [{"@type": FCM_ERROR, "errorCode": code}]
    if field:
        details.append({"@type": BAD_REQUEST, "fieldViolations": [{"field": field, "description": "wrong"}]})
    body = {"error": {"code": status, "message": "told so", "status": name, "details": details}}
    return Answer(status, JSON | (headers or {}), json.dumps(body).encode())


class ImitatedFcm:
    """`messages` are those that were accepted. `told` has answers for tokens of phones, `token_answer` one for us."""

    def __init__(self) -> None:
        self.server = AnsweringServer(self._answer)
        self.messages: list[dict[str, Any]] = []
        self.tokens, self.requests = 0, 0
        self.told: dict[str, Answer] = {}
        self.token_answer: Answer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"

    def account(self, file: Path) -> Path:
        """Write the file of a service account whose tokens are given out here."""
        private = generate_private_key(65537, 2048)
        pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        content = {
            "type": "service_account",
            "project_id": PROJECT,
            "private_key_id": "1",
            "private_key": pem,
            "client_email": f"helpdesk@{PROJECT}.iam.gserviceaccount.com",
            "client_id": "1",
            "token_uri": f"{self.url}/token",
        }
        file.write_text(json.dumps(content))
        return file

    def _answer(self, request: Request) -> Answer:
        if request.path == "/token":
            return self._token(request)
        self.requests += 1
        assert request.path == f"/v1/projects/{PROJECT}/messages:send"
        if request.headers.get("authorization") != f"Bearer token-{self.tokens}":
            return refusal("THIRD_PARTY_AUTH_ERROR")
        message = json.loads(request.body)["message"]
        if told := self.told.get(message["token"]):
            return told
        self.messages.append(message)
        name = f"projects/{PROJECT}/messages/{len(self.messages)}"
        return Answer(200, JSON, json.dumps({"name": name}).encode())

    def _token(self, request: Request) -> Answer:
        asked = parse_qs(request.body.decode())
        assert asked["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"] and asked["assertion"]
        if self.token_answer:
            return self.token_answer
        self.tokens += 1
        given = {"access_token": f"token-{self.tokens}", "expires_in": 3600, "token_type": "Bearer"}
        return Answer(200, JSON, json.dumps(given).encode())


@contextmanager
def imitated_fcm() -> Iterator[ImitatedFcm]:
    service = ImitatedFcm()
    with answering(service.server):
        yield service
