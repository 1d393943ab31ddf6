"""Addresses that people and programs knew from before, and where their things are today."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from helpdesk.web.guards import Handler, public
from helpdesk.web.rendering import path_to

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
)


def routes() -> list[BaseRoute]:
    return [Route(old, public(_moved(name, asked)), name=f"old:{old}", methods=METHODS) for old, name, asked in MOVED]


def _moved(name: str, asked: str) -> Handler:
    async def moved(request: Request) -> Response:
        address = path_to(request, name, **request.path_params)
        query = "&".join(part for part in (asked, request.url.query) if part)
        return RedirectResponse(
            f"{address}?{query}" if query else address, 301 if request.method in ("GET", "HEAD") else 308
        )

    return moved
