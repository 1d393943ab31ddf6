"""The choice of a face: the only place that reads htmx's headers, Accept and a form's `view`.

One address has several faces: a page, a fragment for htmx, JSON for programs. A handler hands over what each face
shows, and `choose` takes the one that was asked for.
"""

import re
from collections.abc import Awaitable, Callable
from enum import Enum
from inspect import isawaitable
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import HelpdeskError

SAFE = {"GET", "HEAD", "OPTIONS"}
PROGRAMS = ("/api/", "/tasks/api/")

T = TypeVar("T")
Respond = Callable[[], Response | Awaitable[Response]]


class Face(Enum):
    """JSON, a page (of a write: the redirect to one), or the fragment that htmx puts into a page.

    A form may belong to a row of a list or a card of the board, whose fragments differ (`of_form`).
    """

    JSON = "program"
    PAGE = "page"
    FRAGMENT = "fragment"
    ROW = "row"
    CARD = "card"
    CARD_PAGE = "card page"


def is_htmx(request: Request) -> bool:
    return request.headers.get("hx-request") == "true"


def htmx_page(request: Request) -> str | None:
    """Return the address of the page that htmx asks from; None for other clients."""
    return request.headers.get("hx-current-url") if is_htmx(request) else None


def wants_html(request: Request) -> bool:
    """Tell whether a browser or htmx asks; programs get JSON (contract: one address, two faces)."""
    if request.url.path.startswith(PROGRAMS):
        return False
    return is_htmx(request) or "text/html" in accepted(request.headers.get("accept", ""))


def face_of(request: Request) -> Face:
    if not wants_html(request):
        return Face.JSON
    return Face.FRAGMENT if is_htmx(request) else Face.PAGE


def of_form(request: Request, view: object) -> Face:
    """Refine the face by the `view` that a form belongs to, "row" or "card"; any other is the task's page."""
    face = face_of(request)
    if view == "card" and face is not Face.JSON:
        return Face.CARD if face is Face.FRAGMENT else Face.CARD_PAGE
    return Face.ROW if view == "row" and face is Face.FRAGMENT else face


def choose(request: Request, *, page: T, json: T | None = None, fragment: T | None = None) -> T:
    """Return what belongs to the face that was asked for: the page's where that face has none of its own."""
    own = {Face.JSON: json, Face.FRAGMENT: fragment}.get(face_of(request))
    return page if own is None else own


async def answer(request: Request, *, json: Respond, page: Respond, fragment: Respond | None = None) -> Response:
    """Answer as the face that was asked for does; the others are not called."""
    response = choose(request, json=json, page=page, fragment=fragment)()
    return await response if isawaitable(response) else response


async def answer_refusal(
    request: Request, refusal: HelpdeskError, *, page: Respond, fragment: Respond | None = None
) -> Response:
    """Show a refused form again; programs get the error itself."""

    def json() -> Response:
        raise refusal

    return await answer(request, json=json, page=page, fragment=fragment)


def accepted(accept: str) -> set[str]:
    """Return the media types that an Accept header names and does not refuse by `q=0`."""
    types = (item.lower().replace(" ", "").partition(";") for item in accept.split(","))
    return {name for name, _, rest in types if not re.search(r"(^|;)q=0(\.0*)?($|;)", rest)}
