"""Signing in and out, for browsers and programs."""

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import HelpdeskError, TooManyAttempts, sentence
from helpdesk.languages import LANGUAGES
from helpdesk.people import directory
from helpdesk.people.model import Person
from helpdesk.store import attempts
from helpdesk.web import carrying, inputs, returning, session, views
from helpdesk.web.api import shapes
from helpdesk.web.errors import status_of
from helpdesk.web.guards import refuse_foreign
from helpdesk.web.rendering import (
    THEMES,
    came_from,
    data,
    html,
    path_to,
    same_site,
    see_other,
    services,
    spoken,
    wants_html,
)

WELCOME = sentence("You are signed in.")
GOODBYE = sentence("You are signed out.")
A_YEAR = 365 * 24 * 3600
LONGEST_PASSWORD = 1_000


async def login(request: Request) -> Response:
    if request.method != "POST":
        return await _sign_in_page(request)
    fields = await inputs.read(request)
    try:
        typed, password = fields.required_text("username", 200), fields.required_text("password", LONGEST_PASSWORD)
        remember, wanted = fields.flag("remember"), str(fields.values.get("next") or "")
        person = await _sign_in(request, typed, password)
    except HelpdeskError as error:
        if not wants_html(request):
            raise
        return _again(request, fields, error)
    target = same_site(wanted) or same_site(request.query_params.get("next", "")) or await _first_page(request, person)
    response = see_other(target) if wants_html(request) else data(request, _welcome(request, person, target))
    await session.begin(request, response, person, remember)
    await carrying.arrive(request, fields.values.get("carried"), person)
    return response


async def logout(request: Request) -> Response:
    """A browser's GET asks first: a picture in somebody's text must sign nobody out. A program's signs out."""
    if request.method != "POST" and wants_html(request):
        return html(request, "people/logout.html")
    refuse_foreign(request)
    everywhere = request.method == "POST" and (await inputs.read(request)).flag("everywhere")
    sign_in = path_to(request, "people:login")
    response = see_other(sign_in) if wants_html(request) else data(request, {"message": spoken(request, GOODBYE)})
    await session.end(request, response, everywhere)
    returning.forget(response)
    return response


async def preferences(request: Request) -> Response:
    """Theme and language of this browser, kept in cookies so that the sign-in page obeys them too."""
    fields = await inputs.read(request)
    response = see_other(same_site(came_from(request)) or "/")
    for name, known in (("theme", ("", *THEMES)), ("locale", tuple(LANGUAGES))):
        if (value := fields.text(name, 10)) in known and name in fields.values:
            response.set_cookie(name, value, A_YEAR if value else 0, samesite="lax", httponly=True)
    return response


async def _sign_in(request: Request, typed: str, password: str) -> Person:
    """Raises WrongCredentials, TooManyAttempts, Unavailable."""
    found, address = services(request), session.address_of(request)
    limit, now = found.settings.login_rate_limit, found.clock()
    if limit:
        wait = await found.database.run(
            lambda db: attempts.record(db, typed, address, now, limit.count, limit.seconds), writes=True
        )
        if wait:
            raise TooManyAttempts(wait)
    person = await directory.sign_in(found.directories, typed, password)
    if limit:
        await found.database.run(lambda db: attempts.forgive(db, typed, address), writes=True)
    return person


async def _sign_in_page(request: Request) -> Response:
    target = same_site(request.query_params.get("next", ""))
    if found := await session.current(request):
        return see_other(target or await views.first_page(request, found.person))
    return _page(request, target, "", None, 200)


def _again(request: Request, fields: inputs.Fields, error: HelpdeskError) -> Response:
    """The sign-in page with what went wrong; the password is never sent back."""
    login, target = (str(fields.values.get(name, ""))[:200] for name in ("username", "next"))
    response = _page(request, same_site(target), login, error, status_of(error), fields.values.get("carried"))
    if retry_after := getattr(error, "retry_after", None):
        response.headers["Retry-After"] = str(retry_after)
    return response


def _page(
    request: Request, target: str, login: str, error: HelpdeskError | None, status: int, seal: object = ""
) -> Response:
    carried, demo = carrying.opened(request, seal), services(request).settings.demo
    text = {"typed": carried.fields if carried else {}, "kept": False, "carried": seal if carried else ""}
    return html(request, "people/login.html", status, next=target, login=login, error=error, demo=demo, **text)


def _welcome(request: Request, person: Person, target: str) -> shapes.Shape:
    message = spoken(request, WELCOME)
    return {"message": message, "user": shapes.user(person), "redirect": target, "redirect_url": target}


async def _first_page(request: Request, person: Person) -> str:
    """A browser begins where its person chose; programs are promised their tasks (contract §3)."""
    if wants_html(request):
        return await views.first_page(request, person)
    return path_to(request, "tasks:my_tasks")
