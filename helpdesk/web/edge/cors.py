"""Let pages of the origins in CORS_ORIGINS call the JSON API with a token. Programs with a token get no cookies.

Pure ASGI. A browser sends a token for another site's page only after a preflight request, which is answered here.
Requests by the session's cookie are never allowed: `Access-Control-Allow-Credentials` is not sent, and an answer to a
request without a token gets none of these headers.
"""

from collections.abc import Collection

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from helpdesk.web.core.faces import has_token
from helpdesk.web.edge.middleware import PRIVATE

OPEN = ("public", "unguarded")
ALLOW_ORIGIN = "Access-Control-Allow-Origin"
PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key",
    "Access-Control-Max-Age": "600",
}


class Cors:
    def __init__(self, app: ASGIApp, origins: Collection[str] = ()) -> None:
        self.app, self.origins = app, origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif _is_preflight(scope) and self._allows(scope):
            headers = {**PRIVATE, **PREFLIGHT, "Vary": "Origin", ALLOW_ORIGIN: Headers(scope=scope)["origin"]}
            await Response(status_code=204, headers=headers)(scope, receive, send)
        elif has_token(Request(scope)):
            await self.app(scope, receive, self._answering(scope, send))
        else:
            await self.app(scope, receive, send)

    def _answering(self, scope: Scope, send: Send) -> Send:
        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                del headers["set-cookie"]
                if self.origins:
                    self._add(scope, headers)
            await send(message)

        return answer

    def _add(self, scope: Scope, headers: MutableHeaders) -> None:
        if "cache-control" not in headers:  # here, so that the outermost layer does not replace this Vary
            headers.update(PRIVATE)
        headers.add_vary_header("Origin")
        if self._allows(scope):
            headers[ALLOW_ORIGIN] = Headers(scope=scope)["origin"]

    def _allows(self, scope: Scope) -> bool:
        """Tell whether a page of a listed origin asks for an address that takes tokens."""
        return Headers(scope=scope).get("origin") in self.origins and _takes_tokens(scope)


def _is_preflight(scope: Scope) -> bool:
    return scope["method"] == "OPTIONS" and "access-control-request-method" in Headers(scope=scope)


def _takes_tokens(scope: Scope) -> bool:
    """Tell whether the address is one of the JSON API, which open and `in_person` ones are not."""
    routes = [route for route in scope["app"].routes if route.matches(scope)[0] is not Match.NONE]
    handlers = [route.endpoint for route in routes]
    return bool(handlers) and not any(it.guard in OPEN or hasattr(it, "takes_no_token") for it in handlers)
