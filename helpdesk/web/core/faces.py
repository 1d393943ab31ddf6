"""Answer in the face that a request asks for: a page, a fragment for htmx, or JSON for programs.

One address has several faces. A handler hands over what each of them shows, and `answer` takes one. Only this module
reads htmx's headers, Accept, a form's `view` and a program's token.
"""

import re
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import date, datetime
from enum import Enum
from inspect import isawaitable
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from helpdesk.errors import HelpdeskError
from helpdesk.web.core.services import services

SAFE = {"GET", "HEAD", "OPTIONS"}
PROGRAMS = ("/api/", "/tasks/api/", "/finesse/")
BEARER = "bearer"
HX_REDIRECT = "hx-redirect"
FLASH = "flash"  # the cookie of a one-time message (flash.py)
WROTE = "wrote"  # the cookie that changes whenever its person has written something (static/js/back-navigation.js)

T = TypeVar("T")
Json = dict[str, Any]
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


def has_token(request: Request) -> bool:
    """Tell whether a program sends a token, be it valid or not.

    Another scheme than Bearer is not ours: a proxy in front of us may ask for a password of its own.
    """
    values = request.headers.getlist("authorization")
    return any(value[: len(BEARER) + 1].rstrip().lower() == BEARER for value in values)


def token_of(request: Request) -> str:
    """Return the token that a program sends; empty for several. It is never read from an address."""
    values = request.headers.getlist("authorization")
    return values[0].partition(" ")[2].strip() if len(values) == 1 else ""


def htmx_page(request: Request) -> str | None:
    """Return the address of the page that htmx asks from; None for other clients."""
    return request.headers.get("hx-current-url") if is_htmx(request) else None


def is_document(request: Request) -> bool:
    """Tell whether the answer becomes a document. A script that fetches a page takes parts of it."""
    return request.headers.get("sec-fetch-dest", "document") == "document"


def is_prefetch(request: Request) -> bool:
    """Tell whether a browser fetches an address before anybody opens it. Older browsers name no `Sec-Purpose`."""
    return any("prefetch" in request.headers.get(name, "").lower() for name in ("sec-purpose", "purpose"))


def wants_html(request: Request) -> bool:
    """Tell whether a browser or htmx asks; programs get JSON (contract: one address, two faces), also with a token."""
    if request.url.path.startswith(PROGRAMS) or has_token(request):
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
    """Return the value of the face that the request asks for; the page's when that face has none."""
    own = {Face.JSON: json, Face.FRAGMENT: fragment}.get(face_of(request))
    return page if own is None else own


async def answer(request: Request, *, json: Respond, page: Respond, fragment: Respond | None = None) -> Response:
    """Answer in the face that the request asks for; the others are not called."""
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
    """Return what a header such as Accept or Accept-Encoding names and does not refuse by `q=0`."""
    types = (item.lower().replace(" ", "").partition(";") for item in accept.split(","))
    return {name for name, _, rest in types if not re.search(r"(^|;)q=0(\.0*)?($|;)", rest)}


def html(request: Request, template: str, status: int = 200, **context: Any) -> Response:
    """Render a page or a fragment.

    Lone surrogates, which a program may send to be shown again, become question marks.
    """
    text = services(request).renderer.render(request, template, context)
    response = HTMLResponse(text.encode("utf-8", "replace"), status)
    if getattr(request.state, "shows_flash", False):
        response.delete_cookie(FLASH, httponly=True, samesite="lax")
        response.headers["Cache-Control"] = "private, no-store"
    return response


def json_response(request: Request, body: Mapping[str, Any], status: int = 200) -> Response:
    """Answer a program that its request succeeded."""
    timed = {"success": True, **body, "execution_time": round(time.perf_counter() - request.state.began, 4)}
    return JSONResponse(timed, status)


def see_other(path: str) -> Response:
    """Send a browser to a page after a write, so that reloading writes nothing again.

    The changed cookie, by which our pages vary, makes the browser fetch its stored pages again when the person goes
    back to them.
    """
    response = RedirectResponse(path, 303)
    response.set_cookie(WROTE, f"{time.time_ns() // 1_000_000:x}", samesite="lax")
    return response


def htmx_redirect(request: Request, path: str) -> Response:
    """Send a browser to a page, also by htmx, which would put the page that a redirect leads to into the form."""
    return Response(headers={HX_REDIRECT: path}) if is_htmx(request) else see_other(path)


def redirect_path(response: Response) -> str:
    """Return where an answer sends the browser, as `htmx_redirect` does; empty for any other answer."""
    return response.headers.get("location") or response.headers.get(HX_REDIRECT, "")


async def fragment_or_page(request: Request, fragment: Respond, path: str) -> Response:
    """Answer htmx by `fragment`; send anybody else to the page at `path`."""
    page = see_other(path)
    return await answer(request, json=lambda: page, page=lambda: page, fragment=fragment)


def moment(at: datetime | None) -> str | None:
    """Return ISO 8601 in UTC, whole seconds, ending in Z."""
    return at.replace(microsecond=0).isoformat().replace("+00:00", "Z") if at else None


def day(on: date | None) -> str | None:
    return on.isoformat() if on else None
