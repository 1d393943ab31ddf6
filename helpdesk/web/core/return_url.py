"""The way back from a task to the very list that a person came from.

The browser's Referer names that list when one comes straight from it. After a form without scripts, or by way of
another task, it does not: then a cookie tells which list it was last. The cookie is its person's, ends with the
browser's session and with signing out, and is sent only when it changes.
"""

from urllib.parse import quote, unquote, urlsplit

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.web.core import cookies
from helpdesk.web.core.templating import path_to

BOARD = "tasks:board"
LISTS = ("tasks:my_tasks", "tasks:every", BOARD)  # their routes
COOKIE = "list"
PATH = "/tasks"
LONGEST = 1_500  # of what a cookie may hold


def last_list(request: Request) -> str:
    """The list to go back to: a path of ours with its query."""
    found = _list(request, request.headers.get("referer", "")) or _remembered(request)
    return found or path_to(request, LISTS[0])


def remember(request: Request, response: Response, address: str) -> None:
    """Keep the list for when the browser does not name it."""
    usual = path_to(request, LISTS[0])
    if _list(request, address) and address != (_remembered(request) or usual):
        kept = f"{request.state.person_id}:{address}"
        response.set_cookie(COOKIE, quote(kept, safe=""), path=PATH, httponly=True, samesite="lax")


def forget(response: Response) -> None:
    response.delete_cookie(COOKIE, path=PATH, httponly=True, samesite="lax")


def _remembered(request: Request) -> str:
    whose, _, address = unquote(cookies.sent(request, COOKIE)).partition(":")
    return _list(request, address) if whose == str(request.state.person_id) else ""


def _list(request: Request, address: str) -> str:
    """The path and query of an address when it is a list of ours, wherever it says that it is; else nothing."""
    try:
        parts = urlsplit(address)
    except ValueError:  # a made-up header may hold no address at all
        return ""
    found = f"{parts.path}?{parts.query}" if parts.query else parts.path
    ours = parts.path in {path_to(request, name) for name in LISTS}
    return found if ours and len(found) < LONGEST and found.isascii() and found.isprintable() else ""
