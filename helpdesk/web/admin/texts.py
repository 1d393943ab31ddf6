"""Let administrators keep the texts that all people get: the template of e-mail signatures, and the reasons that end a
call."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Invalid, sentence
from helpdesk.languages import say
from helpdesk.people import signature
from helpdesk.store import company_texts
from helpdesk.store.company_texts import SIGNATURE, WRAP_UP
from helpdesk.telephony import wrap_up
from helpdesk.web.admin.sections import section_page
from helpdesk.web.core import flash, request_data
from helpdesk.web.core.after_write import stored
from helpdesk.web.core.errors import status_of
from helpdesk.web.core.faces import answer, answer_refusal, json_response
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.session import current_user

SAVED = sentence("The text was saved.")
TOO_MANY_LINES = sentence(
    "At most %(most)s lines of %(longest)s characters.", most=wrap_up.MOST, longest=wrap_up.LONGEST
)


class Text(NamedTuple):
    """A text: what reads it from a form and raises Invalid, and what it is while nobody has written one."""

    read: Callable[[request_data.Fields], str]
    default: Callable[[Request], str]


async def index(request: Request) -> Response:
    """Show the texts; a POST changes one of them."""
    if request.method == "POST":
        return await _save(request)
    texts = await _texts(request)
    return await answer(
        request, json=lambda: json_response(request, {"texts": texts}), page=lambda: _page(request, texts)
    )


async def _save(request: Request) -> Response:
    fields, person = await request_data.read(request), await current_user(request)
    name = WRAP_UP if WRAP_UP in fields.values and _kinds(request).get(WRAP_UP) else SIGNATURE
    try:
        text = _kinds(request)[name].read(fields)
    except Invalid as error:
        texts = {**await _texts(request), name: str(fields.values.get(name) or "")}
        return await answer_refusal(request, error, page=partial(_page, request, texts, error))
    now = services(request).clock()
    await stored(request, lambda db: company_texts.write(db, name, text, now, person.id))
    return await answer(
        request,
        json=lambda: json_response(request, {"texts": {name: text}}),
        page=lambda: flash.redirect(request, path_to(request, "admin:texts"), SAVED),
    )


def _kinds(request: Request) -> Mapping[str, Text]:
    """Return the texts that there are: reasons end a call only where there is a phone system."""
    reasons = {WRAP_UP: Text(_reasons, _default_reasons)} if services(request).desk else {}
    return {SIGNATURE: Text(_template, lambda _: signature.DEFAULT), **reasons}


async def _texts(request: Request) -> dict[str, str]:
    kinds = _kinds(request)

    def work(db: Session) -> dict[str, str | None]:
        return {name: company_texts.read(db, name) for name in kinds}

    written = await services(request).database.run(work)
    return {name: text or kinds[name].default(request) for name, text in written.items()}


def _template(fields: request_data.Fields) -> str:
    """Read a template. Raises Invalid for an empty one, and for names that nobody has."""
    text = fields.required_text(SIGNATURE, signature.LONGEST).strip("\n")
    if unknown := signature.unknown_names(text):
        message = sentence("There is no such name: %(names)s.", names=", ".join(f"{{{name}}}" for name in unknown))
        raise request_data.refusal(SIGNATURE, message)
    return text


def _reasons(fields: request_data.Fields) -> str:
    """Read the reasons, one a line. Raises Invalid."""
    text = fields.required_text(WRAP_UP, wrap_up.LONGEST_TEXT)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > wrap_up.MOST or any(len(line) > wrap_up.LONGEST for line in lines):
        raise request_data.refusal(WRAP_UP, TOO_MANY_LINES)
    return "\n".join(wrap_up.reasons(text))


def _default_reasons(request: Request) -> str:
    return say(services(request).settings.default_locale, wrap_up.DEFAULT)


def _page(request: Request, texts: Mapping[str, str], error: Invalid | None = None) -> Response:
    status = status_of(error) if error else 200
    return section_page(request, "admin/texts.html", status, texts=texts, names=signature.NAMES, error=error)
