"""The ids in an address. Each reader raises NotFound for a number that no row can have."""

from starlette.requests import Request

from helpdesk.errors import NotFound
from helpdesk.web.core.request_limits import NO_ID


def task_id(request: Request) -> int:
    return number(request, "task_id")


def entry_id(request: Request) -> int:
    return number(request, "entry_id")


def number(request: Request, name: str) -> int:
    """Return an id by its name in the route. `IdConvertor` has bounded it."""
    found: int = request.path_params[name]
    if found == NO_ID:
        raise NotFound
    return found
