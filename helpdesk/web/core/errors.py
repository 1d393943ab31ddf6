"""Answer an error: a table of statuses, and three faces (page, htmx fragment, JSON). No other place does it."""

import logging
from contextlib import suppress
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Match

from helpdesk import errors
from helpdesk.errors import HelpdeskError, Sentence, TooLarge, sentence
from helpdesk.telephony.phone import BadPhoneResponse, PhoneUnavailable
from helpdesk.web.core import after_write, request_data, session
from helpdesk.web.core.faces import SAFE, Face, Json, face_of, html, is_htmx, wants_html
from helpdesk.web.core.guards import SecondFactorMissing
from helpdesk.web.core.navigation import current_url
from helpdesk.web.core.request_body import TooSlow
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.templating import translate

log = logging.getLogger(__name__)


class MethodNotAllowed(HelpdeskError):
    """The address exists but not for this method; only the edge can know that."""

    code = "method_not_allowed"
    default = sentence("This address can't do that.")


class AddressTooLong(TooLarge):
    """The path or the query is longer than in any address of ours."""

    code = "address_too_long"
    default = sentence("This address is too long.")


class HeadersTooLarge(TooLarge):
    """The request's headers are too many, or too long together."""

    code = "headers_too_large"
    default = sentence("The browser sent too much with its request. Deleting this site's cookies may help.")


class RangeNotSatisfiable(HelpdeskError):
    """A range that has no byte of a file of `size` bytes."""

    code = "range_not_satisfiable"
    default = sentence("The file has no such part.")

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size


STATUS: dict[type[HelpdeskError], int] = {
    errors.Malformed: 400,
    errors.NotSignedIn: 401,
    errors.NotAllowed: 403,
    errors.NotFound: 404,
    TooSlow: 408,
    errors.Conflict: 409,
    errors.TooLarge: 413,
    AddressTooLong: 414,
    errors.UnsupportedType: 415,
    RangeNotSatisfiable: 416,
    errors.Invalid: 422,
    errors.TooManyAttempts: 429,
    HeadersTooLarge: 431,
    errors.NotConfigured: 501,
    errors.BadResponse: 502,
    errors.Unavailable: 503,
    errors.StorageFull: 507,
    HelpdeskError: 500,
}
FROM_HTTP: dict[int, type[HelpdeskError]] = {
    400: errors.Malformed,
    404: errors.NotFound,
    413: errors.TooLarge,
}
TITLES: dict[int | type[HelpdeskError], Sentence] = {
    400: sentence("Not understood"),
    401: sentence("Please sign in"),
    403: sentence("Not allowed"),
    404: sentence("Nothing here"),
    405: sentence("This address can't do that"),
    408: sentence("Too slow"),
    409: sentence("Changed meanwhile"),
    413: sentence("Too large"),
    414: sentence("Too long an address"),
    415: sentence("Not accepted here"),
    416: sentence("No such part"),
    422: sentence("Not accepted"),
    429: sentence("Too many attempts"),
    431: sentence("Too much at once"),
    500: sentence("Something went wrong"),
    501: sentence("Not connected"),
    502: sentence("The task system answers strangely"),
    503: sentence("The task system does not answer"),
    507: sentence("No room left"),
    errors.Overloaded: sentence("Too busy just now"),
    PhoneUnavailable: sentence("The phone system does not answer"),
    BadPhoneResponse: sentence("The phone system answers strangely"),
}
NEVER_SHOWN_AGAIN = {
    *("password", "confirm_password", "old_password", "setup_token", "code", "sealed"),
    *("idempotency_key", "lock_version", "typed_by", "carried"),
}


async def domain(request: Request, error: Exception) -> Response:
    """Answer a domain error, wherever it was raised."""
    assert isinstance(error, HelpdeskError)
    if after_write.is_saved(request):
        return after_write.saved_only(request, error)
    report(request, error)
    return await answer(request, error, status_of(error), headers_of(error))


def report(request: Request, error: HelpdeskError) -> None:
    """Write an error to the log if it is a failure of ours or has more to tell than its message."""
    fails = status_of(error) >= 500 and not isinstance(error, errors.NotConfigured)
    if fails or error.detail:
        extra = {"request_id": request.state.request_id, "code": error.code, "detail": error.detail}
        log.log(logging.WARNING if fails else logging.INFO, "refused", extra=extra)


async def from_http(request: Request, error: Exception) -> Response:
    """Answer a refusal of Starlette itself: no such route, a method, a body too large."""
    assert isinstance(error, HTTPException)
    if face_of(request) is Face.PAGE:  # no guard has read the session, with which the page has its navigation
        with suppress(HelpdeskError):
            await session.current(request)
    if error.status_code == 405:
        return await answer(request, MethodNotAllowed(), 405, {"Allow": _allowed(request)})
    kind = FROM_HTTP.get(error.status_code, HelpdeskError)
    return await answer(request, kind(), error.status_code, dict(error.headers or {}))


async def unexpected(request: Request, error: Exception) -> Response:
    """Answer a fault of ours with the request's id. The edge logs it."""
    if after_write.is_saved(request):
        return after_write.saved_only(request, error)
    return await answer(request, HelpdeskError(), 500, {})


def status_of(error: HelpdeskError) -> int:
    """Return the status of the nearest ancestor in the table."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


async def answer(request: Request, error: HelpdeskError, status: int, headers: dict[str, str]) -> Response:
    error.message = _message(request, error)
    if not wants_html(request):
        response: Response = JSONResponse(await to_dict(request, error, status), status)
    elif isinstance(error, errors.NotSignedIn):
        response = await _to_sign_in(request)
    elif isinstance(error, SecondFactorMissing) and (is_htmx(request) or request.method in SAFE):
        response = _to_second_factor(request)
    elif is_htmx(request):
        reused = isinstance(error, errors.KeyReused)
        response = html(request, "errors/_toast.html", status, message=error.message, reused=reused)
    else:
        text = {"typed": _typed(request), "kept": getattr(request.state, "draft_kept", False), "carried": ""}
        text["unsure"] = isinstance(error, errors.OutcomeUnknown)
        title = TITLES.get(type(error)) or TITLES.get(status, TITLES[500])
        context = {"title": title, "code": status, "error": error, "back": current_url(request)}
        response = html(request, "errors/page.html", status, **context, **text)
    response.headers.update(headers)
    return response


def _message(request: Request, error: HelpdeskError) -> Sentence:
    """Return the sentence for a person; of a write that found a system down it also says that nothing was saved."""
    is_write = request.method not in SAFE
    if is_write and isinstance(error, errors.Unavailable) and error.unsaved and error.message is error.default:
        return error.unsaved
    return error.message


async def to_dict(request: Request, error: HelpdeskError, status: int) -> Json:
    """Return the JSON of an error (contract §2)."""
    body: Json = {
        "success": False,
        "error": error.code,
        "message": translate(request, error.message),
        "status_code": status,
        "request_id": request.state.request_id,
    }
    if isinstance(error, errors.Invalid):
        body["errors"] = {
            field: [translate(request, message) for message in faults] for field, faults in error.fields.items()
        }
    if isinstance(error, errors.Conflict):
        body |= await services(request).conflict_json(request, error)
    return body


async def _to_sign_in(request: Request) -> Response:
    """Send the browser to the sign-in page; a form that was sent is answered with it, so that its text stays."""
    address = path_to(request, "people:login") + "?" + urlencode({"next": current_url(request)})
    if is_htmx(request):
        return Response(status_code=401, headers={"HX-Redirect": address})
    if request.method in ("GET", "HEAD"):
        return Response(status_code=303, headers={"Location": address})
    with suppress(HelpdeskError, HTTPException):
        await request_data.read(request)
    values = request.state.fields.values if hasattr(request.state, "fields") else {}
    carried = services(request).sealed_text(request, values)
    context = {"typed": _typed(request), "kept": False, "unsure": False, "carried": carried}
    demo = services(request).settings.demo
    return html(
        request, "people/login.html", 401, next=current_url(request), demo=demo, error=None, login="", **context
    )


def _to_second_factor(request: Request) -> Response:
    """Send the browser to the page where a second factor is set up."""
    address = path_to(request, "people:second_factor") + "?" + urlencode({"next": current_url(request)})
    if is_htmx(request):
        return Response(status_code=403, headers={"HX-Redirect": address})
    return Response(status_code=303, headers={"Location": address})


def _typed(request: Request) -> dict[str, str]:
    """Return the texts of a refused form, as far as they were read, to be shown for another try."""
    values = request.state.fields.values if hasattr(request.state, "fields") else {}
    return {name: value for name, value in values.items() if name not in NEVER_SHOWN_AGAIN and isinstance(value, str)}


def _allowed(request: Request) -> str:
    """Return the methods of every route of the address: Starlette names those of the first alone."""
    routes = [route for route in request.app.routes if route.matches(request.scope)[0] is not Match.NONE]
    return ", ".join(sorted({name for route in routes for name in route.methods}))


def headers_of(error: HelpdeskError) -> dict[str, str]:
    """Return the headers of an error's answer."""
    if isinstance(error, RangeNotSatisfiable):
        return {"Content-Range": f"bytes */{error.size}", "Accept-Ranges": "bytes"}
    retry_after = getattr(error, "retry_after", None)
    headers = {"Retry-After": str(retry_after)} if retry_after else {}
    return headers | ({"Connection": "close"} if isinstance(error, TooSlow | errors.Overloaded) else {})
