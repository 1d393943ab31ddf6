"""Addresses that people and programs knew from before or nearly know, and where their things are today."""

from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Receive, Scope, Send

from helpdesk.web.core.guards import Handler, public
from helpdesk.web.core.services import path_to

METHODS = ["GET", "POST"]

# Old address, route of today, and what the address of today is asked besides.
MOVED: tuple[tuple[str, str, str], ...] = (
    ("/my-tasks", "tasks:my_tasks", ""),
    ("/my-tasks/{task_id:int}", "tasks:show", ""),
    ("/tasks/my-tasks/{task_id:int}", "tasks:show", ""),
    ("/my-issues", "tasks:my_tasks", "author_id=me"),
    ("/my-issues/{task_id:int}", "tasks:show", ""),
    ("/login", "people:login", ""),
    ("/logout", "people:logout", ""),
    ("/register", "people:register", ""),
)


def routes() -> list[BaseRoute]:
    return [Route(old, public(_moved(name, asked)), name=f"old:{old}", methods=METHODS) for old, name, asked in MOVED]


async def without_slash(scope: Scope, receive: Receive, send: Send) -> None:
    """What no route answers: to the address without the slashes at its end, if that is one. Raises HTTPException.

    Starlette's own way leads to the host that the request names, with a scheme that is wrong behind a proxy.
    """
    request, path = Request(scope), scope["path"].rstrip("/")
    routes = request.app.routes if path != scope["path"] else ()
    if not any(route.matches({**scope, "path": path})[0] is not Match.NONE for route in routes):
        raise HTTPException(404)
    await _gone_to(request, quote(path), request.url.query)(scope, receive, send)


def _moved(name: str, asked: str) -> Handler:
    async def moved(request: Request) -> Response:
        address = path_to(request, name, **request.path_params)
        query = "&".join(part for part in (asked, request.url.query) if part)
        return _gone_to(request, address, query)

    return moved


def _gone_to(request: Request, address: str, query: str) -> Response:
    """For good; what is sent with a write goes on to there, too."""
    status = 301 if request.method in ("GET", "HEAD") else 308
    return RedirectResponse(f"{address}?{query}" if query else address, status)
