"""Mark oneself as away until a day, with a deputy, and come back."""

from collections.abc import Mapping
from datetime import date, timedelta
from functools import partial
from typing import Any

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Invalid, NotAllowed, sentence
from helpdesk.store import absences
from helpdesk.store.absences import Colleague
from helpdesk.web.core import flash, request_data
from helpdesk.web.core.after_write import stored
from helpdesk.web.core.errors import status_of
from helpdesk.web.core.faces import Json, answer, answer_refusal, day, html, json_response
from helpdesk.web.core.navigation import current_url
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.session import current_user
from helpdesk.web.core.templating import today, translate
from helpdesk.web.edge.idempotency import idempotent
from helpdesk.web.people import colleagues

LONGEST_LOGIN = 200
LONGEST_ABSENCE = timedelta(days=366)
MOST_OFFERED = 200
AWAY = sentence("You are marked as away.")
BACK = sentence("Welcome back: you are not marked as away any more.")
NO_DAY = sentence("Please enter a day.")
OVER = sentence("This day is over already.")
TOO_LONG = sentence("Choose a day within a year.")


async def index(request: Request) -> Response:
    """Show the absence and its form; a POST marks the person as away."""
    if request.method == "POST":
        return await _save(request)
    return await answer(request, json=lambda: _to_json(request), page=lambda: _page(request))


@idempotent
async def back(request: Request) -> Response:
    """End the absence. Nothing changes for somebody who is not marked as away."""
    person = await current_user(request)
    await stored(request, lambda db: absences.end(db, person.id))
    services(request).absences.forget()
    return await answer(
        request,
        json=lambda: _to_json(request),
        page=lambda: flash.redirect(request, current_url(request), BACK),
    )


@idempotent
async def _save(request: Request) -> Response:
    person, fields = await current_user(request), await request_data.read(request)
    try:
        until, typed = _last_day(fields, today(request)), fields.text("deputy", LONGEST_LOGIN)
        await stored(request, lambda db: _store(db, person.id, until, typed))
    except Invalid as refusal:
        return await answer_refusal(request, refusal, page=partial(_page, request, fields.values, refusal))
    services(request).absences.forget()
    return await answer(
        request,
        json=lambda: _to_json(request),
        page=lambda: flash.redirect(request, path_to(request, "people:absence"), AWAY),
    )


def _store(session: Session, person_id: int, until: date, typed: str) -> None:
    deputy = absences.find(session, typed) if typed.strip() else None
    absences.set_away(session, person_id, until, deputy.id if deputy else None)


def _last_day(fields: request_data.Fields, now: date) -> date:
    """Return the last day of the absence. Raises Invalid."""
    try:
        until = date.fromisoformat(fields.required_text("until", 10))
    except ValueError as error:
        raise request_data.refusal("until", NO_DAY) from error
    if until < now:
        raise request_data.refusal("until", OVER)
    if until > now + LONGEST_ABSENCE:
        raise request_data.refusal("until", TOO_LONG)
    return until


async def _load(request: Request) -> tuple[Colleague, Colleague | None, Colleague | None, list[Colleague]]:
    """Return the person, the chosen deputy, who really stands in now, and for whom the person stands in."""
    person, now = await current_user(request), today(request)

    def work(db: Session) -> tuple[Colleague, Colleague | None, Colleague | None, list[Colleague]]:
        own = absences.of_person(db, person.id)
        chosen = absences.of_person(db, own.deputy_id) if own.deputy_id is not None else None
        _, stands_in = absences.deputies(db, [person.id], now).get(person.id, (own, None))
        return own, chosen, stands_in, absences.represented_by(db, person.id, now)

    return await services(request).database.run(work)


async def _to_json(request: Request) -> Response:
    own, chosen, stands_in, represented = await _load(request)
    is_away = own.is_away(today(request))
    body = {
        "away_until": day(own.until) if is_away else None,
        "deputy": _named(chosen) if is_away else None,
        "stands_in": _named(stands_in),
        "represents": [{**(_named(it) or {}), "away_until": day(it.until)} for it in represented],
    }
    message = {"message": translate(request, AWAY if is_away else BACK)} if request.method == "POST" else {}
    return json_response(request, {**body, **message})


def _named(it: Colleague | None) -> Json | None:
    return {"id": it.id, "username": it.login, "full_name": it.name} if it else None


async def _page(request: Request, typed: Mapping[str, Any] = {}, error: Invalid | None = None) -> Response:
    own, chosen, stands_in, represented = await _load(request)
    context: dict[str, Any] = {"own": own, "chosen": chosen, "stands_in": stands_in, "represented": represented}
    context |= {"typed": typed, "error": error, "is_away": own.is_away(today(request)), "today": today(request)}
    status = status_of(error) if error else 200
    return html(request, "leaving/absence.html", status, **context, offered=await offered(request))


async def offered(request: Request) -> list[colleagues.Colleague]:
    """Return the colleagues that the form suggests; none for somebody whom the task system does not know."""
    person = await current_user(request)
    try:
        found = await colleagues.find(request, "")
    except NotAllowed:
        return []
    return [it for it in found.people if it.account not in (None, person.id)][:MOST_OFFERED]
