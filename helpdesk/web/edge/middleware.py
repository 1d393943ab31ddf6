"""Around every request: limits of its head, its id, its times, the headers no answer may lack, and one log line.

Pure ASGI.

Every cookie is Secure where that of the session is, and browsers of an https address keep to https.

Three of those headers restrict documents: what they load, who frames them, which windows reach them, what they reveal
of themselves. They are 200 bytes and mean nothing when an answer can't become a document. So they are left away from:

* Styles and scripts that are requested as such. Opened as a page later, from the cache, they are plain text by
  `nosniff`. An SVG opened as a page may run scripts: it brings a sandboxing policy of its own, or gets all of these.
* Answers to htmx. A browser shows no answer to a script's write as a page, and an answer to its GET only to requests
  with the same header (`Vary`), which no navigation sends.

No script, of ours or of another site, can set `Sec-Fetch-Dest`. A request without it gets all headers, and so does a
plain `fetch`: a service worker could keep its answer and show it as a page.
"""

import logging
import re
import time
from secrets import token_hex

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from helpdesk.errors import HelpdeskError, Malformed, Overloaded
from helpdesk.store import acting
from helpdesk.timings import record
from helpdesk.web.core import errors
from helpdesk.web.core.errors import AddressTooLong, HeadersTooLarge
from helpdesk.web.core.faces import SAFE, is_htmx
from helpdesk.web.core.navigation import LONGEST_ADDRESS, path_for_log
from helpdesk.web.edge.request_metrics import RequestMetrics

log = logging.getLogger("helpdesk.requests")

SANE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
POLICY = "; ".join(
    (
        "default-src 'self'",
        "base-uri 'none'",
        "object-src 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
OF_DOCUMENTS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
PLAIN_TEXT = {"style": ("text/css",), "script": ("text/javascript", "application/javascript")}
HSTS = f"max-age={365 * 24 * 3600}"

MOST_QUESTIONS = 500
MOST_HEADERS = 100
MOST_HEADER_BYTES = 32 * 1024
LONGEST_KEPT = 1024
"""A header of a refused request that is longer is not read even for the answer's language."""

PRIVATE = {"Cache-Control": "private, no-cache", "Vary": "Accept, HX-Request, Cookie, Accept-Language"}


class Edge:
    """The outermost layer. An exception that reaches it has been answered with 500; it is logged and ends here."""

    def __init__(
        self,
        app: ASGIApp,
        metrics: RequestMetrics,
        secure_cookies: bool = False,
        only_https: bool = False,
        is_demo: bool = False,
    ) -> None:
        self.app, self.metrics = app, metrics
        self.secure_cookies, self.only_https, self.is_demo = secure_cookies, only_https, is_demo

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, timings = time.perf_counter(), record()
        request_id = _request_id(scope)
        scope.setdefault("state", {}).update(request_id=request_id, began=began)
        acting.begin(_address(scope))
        status, seconds = 0, 0.0

        async def answer(message: Message) -> None:
            nonlocal status, seconds
            if message["type"] == "http.response.start":
                status, seconds = message["status"], time.perf_counter() - began
                headers = MutableHeaders(scope=message)
                if "cache-control" not in headers:
                    headers.update(PRIVATE)
                if scope["method"] not in SAFE:
                    del headers["Vary"]  # no cache keeps an answer to a write
                headers.setdefault("X-Content-Type-Options", "nosniff")
                if "content-security-policy" not in headers and not _inert(scope, headers):
                    for name, value in OF_DOCUMENTS.items():
                        headers.setdefault(name, value)
                if self.only_https:
                    headers["Strict-Transport-Security"] = HSTS
                if self.secure_cookies:
                    message["headers"] = [_secure(*header) for header in message["headers"]]
                    headers = MutableHeaders(scope=message)
                headers["X-Request-ID"] = request_id
                headers["X-Response-Time"] = f"{seconds:.3f}s"
                if timings.seconds and (self.is_demo or _is_for_administrator(scope)):
                    headers["Server-Timing"] = timings.header()
            await send(message)

        try:
            await self.app(scope, receive, answer)
        except Exception:
            log.exception("a request failed", extra={"request_id": request_id, "path": path_for_log(scope["path"])})
            if not status:
                raise
        finally:
            self.metrics.add(scope, seconds or time.perf_counter() - began)
            log.info("request", extra=_log_fields(scope, status, time.perf_counter() - began))


def _is_for_administrator(scope: Scope) -> bool:
    return getattr(scope["state"].get("person"), "is_admin", False)


def _secure(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    """Return a header; a cookie is marked for https alone."""
    return name, value + b"; Secure" if name.lower() == b"set-cookie" and b"; secure" not in value.lower() else value


def _inert(scope: Scope, answer: Headers) -> bool:
    """Tell whether an answer surely becomes no document, now or from a cache."""
    dest = Headers(scope=scope).get("sec-fetch-dest", "")
    if dest == "empty":
        to_htmx_alone = scope["method"] not in SAFE or PRIVATE["Vary"] in answer.get("vary", "")
        return to_htmx_alone and is_htmx(Request(scope))
    return answer.get("content-type", "").startswith(PLAIN_TEXT.get(dest, ()))


def _address(scope: Scope) -> str:
    return str((scope.get("client") or ("",))[0])


def _request_id(scope: Scope) -> str:
    sent = Headers(scope=scope).get("x-request-id", "")
    return sent if SANE_ID.fullmatch(sent) else token_hex(8)


def _log_fields(scope: Scope, status: int, seconds: float) -> dict[str, object]:
    """Return the fields of the log line of a request: never its query, its cookies, its token or its body."""
    by_token = {"token_id": scope["state"]["token_id"]} if "token_id" in scope["state"] else {}
    return {
        "request_id": scope["state"]["request_id"],
        "method": scope["method"],
        "path": path_for_log(scope["path"]),
        "status": status,
        "seconds": round(seconds, 4),
        "person_id": scope["state"].get("person_id"),
        "login": getattr(scope["state"].get("person"), "login", None),
        "address": _address(scope),
        **by_token,
    }


class Bounds:
    """Refuse a request by its head, in the face that it asks for, before any of it is parsed."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        error = refusal(scope) if scope["type"] == "http" else None
        if error is None:
            await self.app(scope, receive, send)
            return
        response = await errors.domain(Request(_shortened(scope)), error)
        await response(scope, receive, send)


def refusal(scope: Scope) -> HelpdeskError | None:
    """Return the error of a request by its head, or by the load at its arrival (`http_protocol.py`), if any."""
    if scope["state"].get("overloaded"):
        return Overloaded()
    headers, query = scope["headers"], scope["query_string"]
    if len(headers) > MOST_HEADERS or sum(len(name) + len(value) for name, value in headers) > MOST_HEADER_BYTES:
        return HeadersTooLarge()
    if len(scope["path"]) + len(query) > LONGEST_ADDRESS or query.count(b"&") >= MOST_QUESTIONS:
        return AddressTooLong()
    return None if query.isascii() else Malformed(detail="a query is not percent-encoded")


def _shortened(scope: Scope) -> Scope:
    """Return as much of a refused request as its answer needs: the face, the language, the theme."""
    headers = [(name, value) for name, value in scope["headers"][:MOST_HEADERS] if len(value) <= LONGEST_KEPT]
    return {**scope, "headers": headers, "path": scope["path"][:LONGEST_KEPT], "query_string": b""}
