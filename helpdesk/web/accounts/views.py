"""Sign in and out, for browsers and programs."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import HelpdeskError, Invalid, sentence
from helpdesk.languages import LANGUAGES
from helpdesk.people.model import Person
from helpdesk.people.passwords import LONGEST_PASSWORD
from helpdesk.store import people as stored_people
from helpdesk.web.accounts import code_step, sessions, sign_in, splash
from helpdesk.web.core import flash, navigation, request_data, session
from helpdesk.web.core.after_write import stored
from helpdesk.web.core.errors import headers_of, status_of
from helpdesk.web.core.faces import Json, answer, answer_refusal, choose, html, json_response, see_other
from helpdesk.web.core.guards import refuse_foreign
from helpdesk.web.core.navigation import current_url, safe_path
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.templating import FOLDED, OFF, THEMES, language, translate
from helpdesk.web.drafts import handoff as draft_handoff
from helpdesk.web.lists import saved_views
from helpdesk.web.tasks import schemas as task_schemas

WELCOME = sentence("You are signed in.")
GOODBYE = sentence("You have signed out.")
CHOICES = {
    "theme": ("", *THEMES),
    "locale": tuple(LANGUAGES),
    "rail": ("", FOLDED),
    "keys": ("", OFF),
    "splash": ("", OFF),
}
"""The values of each cookie that `preferences` sets; an empty one deletes it."""


async def login(request: Request) -> Response:
    if request.method != "POST":
        return await _sign_in_page(request)
    fields = await request_data.read(request)
    try:
        person, remember = await _proven(request, fields)
    except HelpdeskError as error:
        again = code_step.page if code_step.is_asked(request) else _again
        return await answer_refusal(request, error, page=partial(again, request, fields, error))
    target = fields.next_path() or safe_path(request.query_params.get("next", "")) or await _first_page(request, person)
    response = await answer(
        request,
        json=lambda: json_response(request, _welcome(request, person, target)),
        page=lambda: splash.offer(request, see_other(target)),
    )
    earlier = sign_in.last_session(request)
    mark = await session.begin(request, response, person, remember, language(request), earlier=earlier)
    sign_in.log_success(request, person)
    sign_in.remember_device(request, response, person, mark)
    await draft_handoff.keep_carried(request, fields.values.get("carried"), person)
    return response


async def _proven(request: Request, fields: request_data.Fields) -> tuple[Person, bool]:
    """Return the person who has proven to be it, by a password and by a code if there is a second factor, and whether
    the session is to last."""
    if code_step.is_answered(fields):
        return await code_step.finish(request, fields)
    typed, password = fields.required_text("username", 200), fields.required_text("password", LONGEST_PASSWORD)
    remember = fields.flag("remember")
    person = await sign_in.sign_in(request, typed, password)
    await code_step.require(request, person, fields, remember)
    return person, remember


async def logout(request: Request) -> Response:
    """Sign out. A browser's GET asks first, since a picture in somebody's text must sign nobody out."""
    if request.method == "POST":
        return await _sign_out(request)
    ask = partial(html, request, "people/logout.html")
    return await answer(request, json=ask if _is_picture(request) else partial(_sign_out, request), page=ask)


def _is_picture(request: Request) -> bool:
    """Tell whether a page shows the answer. At a plain http address a browser does not send its destination."""
    usual = "image" if "image/" in request.headers.get("accept", "") else "empty"
    return request.headers.get("sec-fetch-dest", usual) not in ("document", "empty")


async def _sign_out(request: Request) -> Response:
    refuse_foreign(request)
    everywhere = request.method == "POST" and (await request_data.read(request)).flag("everywhere")
    response = await answer(
        request,
        json=lambda: json_response(request, {"message": translate(request, GOODBYE)}),
        page=lambda: flash.redirect(request, path_to(request, "people:login"), GOODBYE),
    )
    await session.end(request, everywhere)
    sessions.forget(response)
    return response


async def menu(request: Request) -> Response:
    """Show the person's own menu: settings, colours, language, and the way out."""
    person, own_rooms = await session.current_user(request), await navigation.own_rooms(request)
    context: dict[str, Any] = {"has_splash": not splash.is_off(request), "own_rooms": own_rooms}
    return await answer(
        request,
        json=lambda: json_response(request, {"user": task_schemas.account(person)}),
        page=lambda: html(request, "people/menu.html", on_board=False, **context),
        fragment=lambda: html(request, "people/_menu.html", on_board=navigation.is_on_board(request), **context),
    )


async def preferences(request: Request) -> Response:
    """Set the theme, the language, the width of the navigation, the single keys and the splash of this browser.

    They are cookies, so that the sign-in page obeys them too. Raises Invalid if the form has no value of them.
    """
    fields = await request_data.read(request)
    named = {name: fields.text(name, 10) for name in CHOICES if name in fields.values}
    chosen = {name: value for name, value in named.items() if value in CHOICES[name]}
    if not chosen:
        raise Invalid({name: [request_data.NO_CHOICE] for name in named})
    response = flash.redirect(request, safe_path(current_url(request)) or "/", flash.CHOICE_SAVED)
    for name, value in chosen.items():
        session.keep_choice(response, name, value)
    await _remember_language(request, chosen)
    return response


async def _remember_language(request: Request, chosen: Mapping[str, str]) -> None:
    """Remember the language of somebody who is signed in, for mails."""
    signed_in = await session.current(request) if "locale" in chosen else None
    if signed_in:
        person_id = signed_in.person.id
        await stored(request, lambda db: stored_people.choose_language(db, person_id, chosen["locale"]))


async def _sign_in_page(request: Request) -> Response:
    target = safe_path(request.query_params.get("next", ""))
    if signed_in := await session.current(request):
        return see_other(target or await saved_views.start_page(request, signed_in.person))
    return _page(request, target, "", None, 200)


def _again(request: Request, fields: request_data.Fields, error: HelpdeskError) -> Response:
    """Render the sign-in page with the error; the password is never sent back."""
    login = str(fields.values.get("username", ""))[:200]
    response = _page(request, fields.next_path(), login, error, status_of(error), fields.values.get("carried"))
    response.headers.update(headers_of(error))
    return response


def _page(
    request: Request, target: str, login: str, error: HelpdeskError | None, status: int, seal: object = ""
) -> Response:
    carried, demo = draft_handoff.opened(request, seal), services(request).settings.demo
    text = {"typed": carried.fields if carried else {}, "kept": False, "carried": seal if carried else ""}
    return html(request, "people/login.html", status, next=target, login=login, error=error, demo=demo, **text)


def _welcome(request: Request, person: Person, target: str) -> Json:
    message = translate(request, WELCOME)
    return {"message": message, "user": task_schemas.user(person), "redirect": target, "redirect_url": target}


async def _first_page(request: Request, person: Person) -> str:
    """Return the page to begin with: the person's choice, or the own tasks for programs (contract §3)."""

    async def own_tasks(request: Request, person: Person) -> str:
        return path_to(request, "tasks:my_tasks")

    return await choose(request, page=saved_views.start_page, json=own_tasks)(request, person)
