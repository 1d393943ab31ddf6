"""The one place where an error becomes an answer: a table, and three faces (page, htmx fragment, JSON)."""

import logging
from contextlib import suppress
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Match

from helpdesk import errors
from helpdesk.errors import HelpdeskError, sentence
from helpdesk.tasks.model import Task
from helpdesk.web import carrying, inputs, ranges
from helpdesk.web.api import task_shape
from helpdesk.web.rendering import came_from, html, is_htmx, path_to, services, spoken, wants_html

log = logging.getLogger(__name__)

STATUS: dict[type[HelpdeskError], int] = {
    errors.Malformed: 400,
    errors.NotSignedIn: 401,
    errors.NotAllowed: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.TooLarge: 413,
    errors.UnsupportedType: 415,
    ranges.Unsatisfiable: 416,
    errors.Invalid: 422,
    errors.TooManyAttempts: 429,
    errors.Nonsense: 502,
    errors.Unavailable: 503,
    HelpdeskError: 500,
}
FROM_HTTP: dict[int, type[HelpdeskError]] = {
    400: errors.Malformed,
    404: errors.NotFound,
    413: errors.TooLarge,
}
TITLES = {
    400: sentence("Not understood"),
    401: sentence("Please sign in"),
    403: sentence("Not allowed"),
    404: sentence("Nothing here"),
    405: sentence("This address can't do that"),
    409: sentence("Changed meanwhile"),
    413: sentence("Too large"),
    415: sentence("Not accepted here"),
    416: sentence("No such part"),
    422: sentence("Not accepted"),
    429: sentence("Too many attempts"),
    500: sentence("Something went wrong"),
    502: sentence("The task system answers strangely"),
    503: sentence("The task system does not answer"),
}
STORE_DOWN = sentence(
    "The helpdesk's own store does not answer just now. Nothing was saved. Please try again in a while."
)
NEVER_SHOWN_AGAIN = {"password", "idempotency_key", "lock_version", "typed_by", "carried"}


class MethodNotAllowed(HelpdeskError):
    """The address exists but not for this method; only the edge can know that."""

    code = "method_not_allowed"
    default = sentence("This address can't do that.")


async def domain(request: Request, error: Exception) -> Response:
    """A domain error, wherever it was raised."""
    assert isinstance(error, HelpdeskError)
    status = status_of(error)
    if status >= 500 or error.detail:
        told = {"request_id": request.state.request_id, "code": error.code, "detail": error.detail}
        log.log(logging.WARNING if status >= 500 else logging.INFO, "refused", extra=told)
    return await answer(request, error, status, _headers(error))


async def from_http(request: Request, error: Exception) -> Response:
    """What Starlette itself refuses: no such route, a method, a body too large."""
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        return await answer(request, MethodNotAllowed(), 405, {"Allow": _allowed(request)})
    known = FROM_HTTP.get(error.status_code, HelpdeskError)
    return await answer(request, known(), error.status_code, dict(error.headers or {}))


async def store_down(request: Request, error: Exception) -> Response:
    """Our own store does not answer."""
    return await domain(request, errors.Unavailable(STORE_DOWN, detail=str(error)))


async def unexpected(request: Request, error: Exception) -> Response:
    """A fault of ours. The edge logs it; the screen has the request's id."""
    return await answer(request, HelpdeskError(), 500, {})


def status_of(error: HelpdeskError) -> int:
    """The status of the nearest ancestor in the table."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


async def answer(request: Request, error: HelpdeskError, status: int, headers: dict[str, str]) -> Response:
    if not wants_html(request):
        response: Response = JSONResponse(body(request, error, status), status)
    elif isinstance(error, errors.NotSignedIn):
        response = await _to_sign_in(request)
    elif is_htmx(request):
        reused = isinstance(error, errors.KeyReused)
        response = html(request, "errors/_toast.html", status, says=error.says, reused=reused)
    else:
        text = {"typed": _typed(request), "kept": getattr(request.state, "draft_kept", False), "carried": ""}
        text["unsure"] = isinstance(error, errors.Unsure)
        told = {"title": TITLES.get(status, TITLES[500]), "code": status, "error": error, "back": came_from(request)}
        response = html(request, "errors/page.html", status, **told, **text)
    response.headers.update(headers)
    return response


def body(request: Request, error: HelpdeskError, status: int) -> dict[str, object]:
    """The JSON of an error (contract §2)."""
    told: dict[str, object] = {
        "success": False,
        "error": error.code,
        "message": spoken(request, error.says),
        "status_code": status,
        "request_id": request.state.request_id,
    }
    if isinstance(error, errors.Invalid):
        told["errors"] = {field: [spoken(request, says) for says in found] for field, found in error.fields.items()}
    if isinstance(error, errors.Conflict) and isinstance(error.current, Task):
        told["current"] = task_shape.task(error.current)
    return told


async def _to_sign_in(request: Request) -> Response:
    """A fragment makes the browser go as a whole; a page redirects; a form that was sent keeps its text in sight."""
    address = path_to(request, "people:login") + "?" + urlencode({"next": came_from(request)})
    if is_htmx(request):
        return Response(status_code=401, headers={"HX-Redirect": address})
    if request.method in ("GET", "HEAD"):
        return Response(status_code=303, headers={"Location": address})
    with suppress(HelpdeskError, HTTPException):
        await inputs.read(request)
    values = request.state.fields.values if hasattr(request.state, "fields") else {}
    told = {"typed": _typed(request), "kept": False, "unsure": False, "carried": carrying.sealed(request, values)}
    demo = services(request).settings.demo
    return html(request, "people/login.html", 401, next=came_from(request), demo=demo, error=None, login="", **told)


def _typed(request: Request) -> dict[str, str]:
    """What a person sent with a form that could not be taken, as far as it was read, to be shown for another try."""
    values = request.state.fields.values if hasattr(request.state, "fields") else {}
    return {name: value for name, value in values.items() if name not in NEVER_SHOWN_AGAIN and isinstance(value, str)}


def _allowed(request: Request) -> str:
    """The methods of every route of the address: Starlette names those of the first alone."""
    routes = [route for route in request.app.routes if route.matches(request.scope)[0] is not Match.NONE]
    return ", ".join(sorted({name for route in routes for name in route.methods}))


def _headers(error: HelpdeskError) -> dict[str, str]:
    if isinstance(error, ranges.Unsatisfiable):
        return {"Content-Range": f"bytes */{error.size}", "Accept-Ranges": "bytes"}
    retry_after = getattr(error, "retry_after", None)
    return {"Retry-After": str(retry_after)} if retry_after else {}
