"""Answer addresses of outside systems that no setting names: 501 `not_configured` (contract §2)."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from helpdesk.errors import NotConfigured
from helpdesk.web.core.guards import Handler, signed_in

# The monitored hosts, for anybody signed in.
ADDRESSES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("/netmonitor/status", ("GET",)),
    ("/netmonitor/history", ("GET",)),
    ("/netmonitor/summary", ("GET",)),
)


def routes() -> list[BaseRoute]:
    return [_route(path, refused, methods) for path, methods in ADDRESSES]


async def refused(request: Request) -> Response:
    raise NotConfigured


def _route(
    path: str, handler: Handler, methods: tuple[str, ...], guard: Callable[[Handler], Handler] = signed_in
) -> Route:
    return Route(path, guard(handler), name=f"unconnected:{path}", methods=list(methods))
