"""Let administrators keep the texts that all people get: the template of e-mail signatures."""

from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Invalid, sentence
from helpdesk.people import signature
from helpdesk.store import company_texts
from helpdesk.store.company_texts import SIGNATURE
from helpdesk.web.admin.sections import section_page
from helpdesk.web.core import flash, request_data
from helpdesk.web.core.after_write import stored
from helpdesk.web.core.errors import status_of
from helpdesk.web.core.faces import answer, answer_refusal, json_response
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.session import current_user

SAVED = sentence("The text was saved.")


async def index(request: Request) -> Response:
    """Show the template of signatures; a POST changes it."""
    if request.method == "POST":
        return await _save(request)
    text = await services(request).database.run(lambda db: company_texts.read(db, SIGNATURE)) or signature.DEFAULT
    return await answer(
        request,
        json=lambda: json_response(request, {"texts": {SIGNATURE: text}}),
        page=lambda: _page(request, text),
    )


async def _save(request: Request) -> Response:
    fields, person = await request_data.read(request), await current_user(request)
    try:
        text = _template(fields)
    except Invalid as error:
        return await answer_refusal(request, error, page=partial(_page, request, fields.values.get(SIGNATURE), error))
    now = services(request).clock()
    await stored(request, lambda db: company_texts.write(db, SIGNATURE, text, now, person.id))
    return await answer(
        request,
        json=lambda: json_response(request, {"texts": {SIGNATURE: text}}),
        page=lambda: flash.redirect(request, path_to(request, "admin:texts"), SAVED),
    )


def _template(fields: request_data.Fields) -> str:
    """Read a template. Raises Invalid for an empty one, and for names that nobody has."""
    text = fields.required_text(SIGNATURE, signature.LONGEST).strip("\n")
    if unknown := signature.unknown_names(text):
        message = sentence("There is no such name: %(names)s.", names=", ".join(f"{{{name}}}" for name in unknown))
        raise request_data.refusal(SIGNATURE, message)
    return text


def _page(request: Request, text: object, error: Invalid | None = None) -> Response:
    status = status_of(error) if error else 200
    return section_page(request, "admin/texts.html", status, text=str(text or ""), names=signature.NAMES, error=error)
