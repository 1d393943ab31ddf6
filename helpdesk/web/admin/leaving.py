"""What administrators do when a person leaves the company."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Invalid, NotFound, sentence
from helpdesk.people import personal_file
from helpdesk.store import anonymizing, directory_accounts, people
from helpdesk.store.models.tables import Person
from helpdesk.web.admin.sections import section_page
from helpdesk.web.core import flash, request_data
from helpdesk.web.core.after_write import stored
from helpdesk.web.core.errors import status_of
from helpdesk.web.core.faces import answer, answer_refusal, json_response
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.session import current_user
from helpdesk.web.core.templating import translate
from helpdesk.web.leaving import hand_over as handing_over

LONGEST_LOGIN = 120
DONE = sentence("The account is nobody's now.")

hand_over = handing_over.handler(section_page, "admin")


async def anonymize(request: Request) -> Response:
    """Ask for the login of the account, and make it nobody's when that is right."""
    person = await _person(request)
    if request.method != "POST":
        return await answer(request, json=lambda: _to_json(request, person), page=lambda: _page(request, person))
    fields, me, found = await request_data.read(request), await current_user(request), services(request)
    try:
        typed, now, named = fields.required_text("login", LONGEST_LOGIN), found.clock(), found.settings.administrators
        pictures = await stored(request, lambda db: anonymizing.anonymize(db, person.id or 0, typed, now, named, me.id))
    except Invalid as refusal:
        return await answer_refusal(request, refusal, page=partial(_page, request, person, fields.values, refusal))
    await _forget(request, pictures)
    return await answer(
        request,
        json=lambda: json_response(request, {"id": person.id, "message": translate(request, DONE)}),
        page=lambda: flash.redirect(request, path_to(request, "admin:anonymize", person_id=person.id), DONE),
    )


async def _forget(request: Request, pictures: list[str]) -> None:
    """Forget what is kept beside the store."""
    found = services(request)
    await personal_file.THREADS.run(personal_file.forget_pictures, pictures, found.settings.pictures_folder)
    found.absences.forget()
    await found.live.end_finished()


async def _person(request: Request) -> Person:
    """Return the account, or the one that it was joined into. Raises NotFound."""
    number = request_data.path_id(request, "person_id")

    def work(db: Any) -> Person:
        rows = people.with_ids(db, [number])
        if not rows:
            raise NotFound
        return directory_accounts.kept_of(db, rows[0][0])

    return await services(request).database.run(work)


def _to_json(request: Request, person: Person) -> Response:
    body = {"id": person.id, "is_active": person.is_active, "is_anonymized": person.anonymized_at is not None}
    return json_response(request, body)


def _page(request: Request, person: Person, typed: Mapping[str, Any] = {}, error: Invalid | None = None) -> Response:
    status = status_of(error) if error else 200
    has_redmine = services(request).settings.redmine_url is not None
    context = {"it": person, "typed": typed, "error": error, "has_redmine": has_redmine}
    return section_page(request, "admin/anonymize.html", status, **context)
