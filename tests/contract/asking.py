"""The application asked without a client in between, so that nothing is put right on its way in or out."""

import asyncio
import gzip
import json
from typing import Any, NamedTuple

from starlette.types import ASGIApp, Message

from tests.contract.calls import Call


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def kind(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0]

    def json(self) -> Any:
        return json.loads(self.body)


async def ask(app: ASGIApp, call: Call, cookie: str | None) -> Answer:
    """Send one call as uvicorn would hand it over, with a session when a cookie is given."""
    path, _, query = call.target.partition(b"?")
    session = [(b"cookie", f"session={cookie}".encode())] if cookie else []
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": call.method,
        "scheme": "http",
        "path": call.path,
        "raw_path": path,
        "query_string": query,
        "root_path": "",
        "headers": [(b"content-length", str(len(call.body)).encode()), *session, *call.headers],
        "client": ("127.0.0.1", 50_000),
        "server": ("testserver", 80),
    }
    sent: list[Message] = []
    bodies = [call.body]

    async def receive() -> Message:
        if not bodies:
            await asyncio.Event().wait()  # nobody hangs up: whoever listens for that is cancelled in the end
        return {"type": "http.request", "body": bodies.pop(), "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    start = next(message for message in sent if message["type"] == "http.response.start")
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in start["headers"]}
    body = b"".join(message.get("body", b"") for message in sent)
    return Answer(
        start["status"], headers, gzip.decompress(body) if headers.get("content-encoding") == "gzip" else body
    )
