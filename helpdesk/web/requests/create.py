"""A new request, by its page or by a program."""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import HelpdeskError, Invalid, Sentence, TooLarge, sentence
from helpdesk.requests.model import Category, NewRequest, Requester
from helpdesk.store import page_words
from helpdesk.store.drafts import StoredDraft
from helpdesk.store.page_titles import Title
from helpdesk.store.post_readers import reader_of
from helpdesk.web.core import flash, request_data
from helpdesk.web.core.after_write import Act, record, saved
from helpdesk.web.core.errors import status_of
from helpdesk.web.core.faces import answer, answer_refusal, choose, html, json_response, see_other
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.session import current_user
from helpdesk.web.core.templating import translate
from helpdesk.web.drafts import service as drafts
from helpdesk.web.edge.idempotency import idempotent
from helpdesk.web.files import uploads
from helpdesk.web.requests import page, schemas
from helpdesk.web.requests.requester import owner, receive_files, requester
from helpdesk.web.tasks import colors

PLACE = "requests:new"
LONGEST_SUBJECT = 255
FEWEST_LETTERS = 3  # of a subject for which similar requests are looked up
MOST_SIMILAR = 5
MOST_PAGES = 3
MOST_RADIOS = 8  # more categories are a list to choose from
CREATED = sentence("Your request was sent. Here you see what becomes of it.")
CHOOSE = sentence("Please choose what it is about.")


@drafts.belongs_to("new", drafts.REQUEST)
async def new(request: Request) -> Response:
    """Show the form, with the draft if there is one; a POST creates the request."""
    if request.method == "POST":
        return await _create(request)
    who = await requester(request)
    return await answer(
        request,
        json=lambda: _to_json(request, who),
        page=lambda: _empty_or_draft(request, who),
    )


async def _to_json(request: Request, who: Requester) -> Response:
    return json_response(request, schemas.categories(await services(request).requests.categories(who)))


async def _empty_or_draft(request: Request, who: Requester) -> Response:
    draft = await drafts.of_place(request, PLACE)
    if draft:
        uploads.restore(request, owner(who), draft.fields.get("staged"))
    return await _form(request, who, draft.fields if draft else {}, draft=draft)


@drafts.keeps_draft
@idempotent
async def _create(request: Request) -> Response:
    who, fields = await requester(request), await request_data.read(request)
    try:
        files = await receive_files(request, who)
        wanted = _read(fields, await services(request).requests.categories(who))._replace(files=files)
        number = await saved(request, services(request).requests.create(who, wanted))
    except (Invalid, TooLarge) as error:
        refusal = page.named(error, "description") if isinstance(error, Invalid) else error
        values = fields.values
        return await answer_refusal(request, refusal, page=lambda: _form(request, who, values, refusal))
    await record(request, Act("task_created", number))
    body = {"message": translate(request, CREATED), "data": {"id": number, "subject": wanted.subject}}
    return await answer(
        request,
        json=lambda: json_response(request, body, 201),
        page=lambda: flash.redirect(request, page.address(request, number), CREATED),
    )


def _read(fields: request_data.Fields, categories: Sequence[Category]) -> NewRequest:
    """Read a new request. Raises Invalid that names every wrong field at once."""
    faults: dict[str, Sequence[Sentence]] = {}
    subject = text = ""
    category_id = 0
    try:
        subject = fields.required_text("subject", LONGEST_SUBJECT)
    except Invalid as error:
        faults |= error.fields
    try:
        text = fields.required_text("description")
    except Invalid as error:
        faults |= error.fields
    try:
        category_id = _category(fields, categories)
    except Invalid as error:
        faults |= error.fields
    if faults:
        raise Invalid(faults)
    return NewRequest(subject, text, category_id)


def _category(fields: request_data.Fields, categories: Sequence[Category]) -> int:
    """Return the chosen category; the only one need not be chosen. Raises Invalid."""
    chosen = fields.values.get("category_id")
    offered = {str(each.id): each.id for each in categories}
    if chosen in (None, "") and len(offered) == 1:
        return categories[0].id
    if str(chosen) not in offered:
        raise request_data.refusal("category_id", CHOOSE if chosen in (None, "") else request_data.NO_CHOICE)
    return offered[str(chosen)]


async def _form(
    request: Request,
    who: Requester,
    typed: Mapping[str, Any],
    error: HelpdeskError | None = None,
    draft: StoredDraft | None = None,
) -> Response:
    """Show the form with the typed values, by itself for htmx or in its page."""
    categories = await services(request).requests.categories(who)
    return html(
        request,
        choose(request, page="requests/new.html", fragment="requests/_form.html"),
        status_of(error) if error else 200,
        categories=categories,
        radios=len(categories) <= MOST_RADIOS,
        longest_subject=LONGEST_SUBJECT,
        typed=typed,
        error=error,
        draft=draft,
        typed_by=await drafts.form_owner(request),
        draft_id=typed.get(drafts.DRAFT_ID),
        rows=(),
        pages=await _pages(request, str(typed.get("subject") or "")[:LONGEST_SUBJECT]) if error or draft else (),
        **uploads.context(request, owner(who)),
    )


@drafts.belongs_to("new", drafts.REQUEST)
async def similar(request: Request) -> Response:
    """Show what may answer the subject being typed: knowledge pages, and open requests of one's own that are like it.

    The form comes by POST when the session has ended while it was typed in (static/js/task/draft.js).
    """
    who, subject = await requester(request), request.query_params.get("subject", "")[:LONGEST_SUBJECT]
    if request.method == "POST":
        values = (await request_data.read(request)).values
        return await answer(request, json=lambda: _to_json(request, who), page=lambda: _form(request, who, values))
    is_enough = len(subject.strip()) >= FEWEST_LETTERS
    pages = await _pages(request, subject) if is_enough else ()
    rows = await services(request).requests.similar(who, subject, MOST_SIMILAR) if is_enough else ()
    await colors.prepare(request)
    body = {"requests": [schemas.row(each) for each in rows], "pages": [each._asdict() for each in pages]}
    return await answer(
        request,
        json=lambda: json_response(request, body),
        page=lambda: see_other(path_to(request, PLACE)),
        fragment=lambda: html(request, "requests/_similar.html", rows=rows, pages=pages),
    )


async def _pages(request: Request, subject: str) -> Sequence[Title]:
    """Return the knowledge pages that may answer a request with this subject, and that the person may read."""
    reader, now = reader_of(await current_user(request)), services(request).clock()
    return await services(request).database.run(lambda db: page_words.suggested(db, reader, now, subject, MOST_PAGES))
