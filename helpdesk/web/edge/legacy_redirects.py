"""Redirect addresses of earlier versions, and addresses with a slash at their end, to those of today."""

from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Receive, Scope, Send

from helpdesk.web.core.guards import Handler, public
from helpdesk.web.core.services import path_to

METHODS = ["GET", "POST"]

# Old address, route of today, and an addition to its query.
MOVED: tuple[tuple[str, str, str], ...] = (
    ("/my-tasks", "tasks:my_tasks", ""),
    ("/my-tasks/{task_id:int}", "tasks:show", ""),
    ("/tasks/my-tasks/{task_id:int}", "tasks:show", ""),
    ("/my-issues", "requests:index", ""),
    ("/my-issues/new", "requests:new", ""),
    ("/my-issues/{task_id:int}", "requests:show", ""),
    ("/blog", "posts:index", ""),
    ("/post/new", "posts:new", ""),
    ("/post/{post_id:int}", "posts:show", ""),
    ("/post/{post_id:int}/update", "posts:edit", ""),
    ("/login", "people:login", ""),
    ("/logout", "people:logout", ""),
    ("/register", "people:register", ""),
    ("/account", "people:account", ""),
    ("/network-monitor", "netmonitor:index", ""),
    ("/download_erp", "people:download_erp", ""),
)


def routes() -> list[BaseRoute]:
    return [Route(old, public(_moved(name, query)), name=f"old:{old}", methods=METHODS) for old, name, query in MOVED]


async def redirect_without_slash(scope: Scope, receive: Receive, send: Send) -> None:
    """Redirect to the address without the slashes at its end, if there is one. Raises HTTPException.

    Starlette's own redirect leads to the host that the request names, with a scheme that is wrong behind a proxy.
    """
    request, path = Request(scope), scope["path"].rstrip("/")
    routes = request.app.routes if path != scope["path"] else ()
    if not any(route.matches({**scope, "path": path})[0] is not Match.NONE for route in routes):
        raise HTTPException(404)
    await _redirect(request, quote(path), request.url.query)(scope, receive, send)


def _moved(name: str, query: str) -> Handler:
    async def moved(request: Request) -> Response:
        address = path_to(request, name, **request.path_params)
        return _redirect(request, address, "&".join(part for part in (query, request.url.query) if part))

    return moved


def _redirect(request: Request, address: str, query: str) -> Response:
    """Redirect for good; a write goes there with its method and body."""
    status = 301 if request.method in ("GET", "HEAD") else 308
    return RedirectResponse(f"{address}?{query}" if query else address, status)
