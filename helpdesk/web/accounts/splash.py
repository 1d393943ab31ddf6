"""Greet a person by a splash on the start page: after a sign-in, once a day in each browser, unless switched off there.

The cookie says that it is due, the day on which it was shown, or that it is off.
"""

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.web.core.faces import is_prefetch
from helpdesk.web.core.session import cookie
from helpdesk.web.core.templating import OFF, today

COOKIE = "splash"
DUE = "due"
DUE_SECONDS = 60  # whoever opens another page first is greeted no more
DAY_SECONDS = 24 * 3600


def offer(request: Request, response: Response) -> Response:
    """Let the start page greet the person who signs in by this answer."""
    if cookie(request, COOKIE) not in (OFF, today(request).isoformat()):
        _set(response, DUE, DUE_SECONDS)
    return response


def is_due(request: Request) -> bool:
    """Tell whether this request shows it: what nobody looks at uses up no greeting."""
    return request.method == "GET" and not is_prefetch(request) and cookie(request, COOKIE) == DUE


def is_off(request: Request) -> bool:
    return cookie(request, COOKIE) == OFF


def note_shown(request: Request, response: Response) -> None:
    """Show it no more today."""
    _set(response, today(request).isoformat(), DAY_SECONDS)


def _set(response: Response, value: str, seconds: int) -> None:
    response.set_cookie(COOKIE, value, seconds, samesite="lax", httponly=True)
