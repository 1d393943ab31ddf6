"""Give pages and JSON an ETag, and send them again only when they have changed. Pure ASGI.

The ETag is weak. It is made of the answer that this person gets, without the parts that differ each time and mean
nothing. So it reveals no more than the answer, and people with other permissions get another one.
"""

import re
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from helpdesk.errors import StoreUnavailable
from helpdesk.store import idempotency
from helpdesk.store.clock_skew import is_ahead
from helpdesk.web.core.services import services
from helpdesk.web.edge.middleware import PRIVATE

KEY = re.compile(rb'<input type="hidden" name="(?:idempotency_key|draft_id)" value="[^"]*">')
AS_OF = re.compile(rb"<time data-as-of[^<>]*+>[^<]*+</time>")
EXECUTION_TIME = re.compile(rb',"execution_time":[0-9.e-]+(?=})')
WROTE = re.compile(rb' data-wrote="[^"]*"')
# One after another: as alternatives of one expression they are four times slower.
MEANINGLESS = (KEY, AS_OF, EXECUTION_TIME, WROTE)
TAG = re.compile(r'(?:W/)?"(?P<hash>[^"-]*)(?:-(?P<made_at>\d{1,10}))?"')
KINDS = ("text/html", "application/json", "application/manifest+json", "text/javascript")
MOST_BYTES = 2_097_152  # 10 ms; a larger answer is sent each time
CLOCKS_DIFFER = timedelta(seconds=10)
NOT_MODIFIED = PRIVATE | {"Vary": f"{PRIVATE['Vary']}, Accept-Encoding"}


class Etags:
    """Around handlers. An answer that has a Cache-Control, an ETag or a cookie of its own is left alone."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            await self.app(scope, receive, send)
            return
        held: Message | None = None

        async def answer(message: Message) -> None:
            nonlocal held
            if message["type"] == "http.response.start" and _fits(message):
                held = message
                return
            if held is not None:
                start, held = held, None
                whole = message["type"] == "http.response.body" and not message.get("more_body")
                if whole and await _not_modified(scope, start, message.get("body", b"")):
                    message = {"type": "http.response.body", "body": b""}
                await send(start)
            await send(message)

        await self.app(scope, receive, answer)


def hash_of(body: bytes, person_id: int | None) -> str:
    """Return a hash of the meaningful content of an answer to this person."""
    for pattern in MEANINGLESS:
        body = pattern.sub(b"", body)
    return sha256(b"%d " % (person_id or 0) + body).hexdigest()[:20]


async def _not_modified(scope: Scope, start: Message, body: bytes) -> bool:
    """Give the answer its ETag. When the browser has it already, make `start` a 304 and return True."""
    if len(body) > MOST_BYTES:
        return False
    request, person_id = Request(scope), scope["state"].get("person_id")
    current, has_key = hash_of(body, person_id), KEY.search(body) is not None
    made_at = f"-{int(services(request).clock().timestamp())}" if has_key else ""
    MutableHeaders(scope=start)["ETag"] = f'W/"{current}{made_at}"'
    for tag in TAG.finditer(request.headers.get("if-none-match", "")):
        if tag["hash"] != current or (has_key and await _is_key_used(request, person_id, tag["made_at"])):
            continue
        start["status"] = 304
        start["headers"] = []
        MutableHeaders(scope=start).update(NOT_MODIFIED | {"ETag": tag[0]})
        return True
    return False


async def _is_key_used(request: Request, person_id: int | None, made_at: str | None) -> bool:
    """Tell whether an idempotency key of the page that was made then may be used.

    The forms of such a page would get an old answer, or none. Every write of the person since then counts.
    """
    if made_at is None or person_id is None:
        return True
    since = datetime.fromtimestamp(int(made_at), UTC) - CLOCKS_DIFFER
    if is_ahead(since, services(request).clock()):
        return True
    try:
        return await services(request).database.run(lambda db: idempotency.any_since(db, person_id, since))
    except StoreUnavailable:  # the page is made already; it is sent whole
        return True


def _fits(start: Message) -> bool:
    headers = Headers(scope=start)
    alone = not {"cache-control", "etag", "set-cookie"} & set(headers.keys())
    return start["status"] == 200 and alone and headers.get("content-type", "").startswith(KINDS)
