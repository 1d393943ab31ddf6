"""One request of one's own: its public comments, an answer to them, thanks with a grade, and its news."""

import re

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Invalid, NotFound, Sentence, TooLarge, sentence
from helpdesk.requests import model
from helpdesk.requests.model import GRADES
from helpdesk.tasks.model import Entry
from helpdesk.texts import is_blank
from helpdesk.web.clocks import shown as clocks
from helpdesk.web.core import flash, request_data
from helpdesk.web.core.after_write import Act, recorded
from helpdesk.web.core.errors import status_of
from helpdesk.web.core.faces import (
    Json,
    answer,
    answer_refusal,
    choose,
    fragment_or_page,
    html,
    json_response,
    see_other,
)
from helpdesk.web.core.request_data import task_id
from helpdesk.web.core.services import services
from helpdesk.web.core.templating import language, translate
from helpdesk.web.drafts import service as drafts
from helpdesk.web.edge.idempotency import idempotent
from helpdesk.web.notifications import mark_read
from helpdesk.web.requests import page, schemas
from helpdesk.web.requests.requester import receive_files, requester
from helpdesk.web.tasks import colors

ANSWERED = sentence("Your answer was added.")
THANKED = sentence("Thank you! That helps us.")
CLOSED = sentence("Thank you! The request is closed.")
GRADE_MISSING = sentence("Please choose a grade, too.")
ENTRY = re.compile(r"\d{1,10}", re.ASCII)
PART = re.compile(r"[0-9]{1,5}")


@drafts.belongs_to("show", drafts.REQUEST)
async def show(request: Request) -> Response:
    """Show the request; a POST answers."""
    if request.method == "POST":
        return await _answer(request)
    asked = await page.load(request)
    return await answer(
        request,
        json=lambda: _to_json(request, asked),
        page=lambda: _show(request, asked),
        fragment=lambda: page.part(request, "requests/_answer.html", asked, with_state=False),
    )


async def _show(request: Request, asked: model.Request) -> Response:
    await mark_read.read_of_task(request, asked.id)
    return await page.whole(request, asked)


async def _to_json(request: Request, asked: model.Request, status: int = 200, message: str = "") -> Response:
    told: Json = {"message": message} if message else {}
    one = schemas.one(asked, await colors.load(request), language(request))
    if promised := clocks.of_request_to_json(await clocks.of_request(request, asked.row)):
        told["promises"] = promised
    return json_response(request, told | one, status)


@drafts.keeps_draft
@idempotent
async def _answer(request: Request) -> Response:
    who, number = await requester(request), task_id(request)
    try:
        act = Act("task_changed", number, {"what": ["comment"]})
        asked = await recorded(request, _write_answer(request, who, number), act)
    except (Invalid, TooLarge) as refusal:
        return await _refused(request, "answer", refusal)
    request.state.staged = []  # they are the request's now
    return await _saved(request, asked, "requests/_answer_saved.html", ANSWERED, 201)


async def _write_answer(request: Request, who: model.Requester, number: int) -> model.Request:
    """Add the comment and the files of a form. Raises NotFound before files of another's request are stored."""
    fields = await request_data.read(request)
    if fields.files:
        await page.load(request)
    files, text = await receive_files(request, who), fields.required_text("comment")
    try:
        return await services(request).requests.answer(who, number, text, files)
    except Invalid as refusal:
        raise page.named(refusal, "comment") from refusal


@drafts.belongs_to("solved", drafts.REQUEST)
async def solved(request: Request) -> Response:
    """Close the request as solved; go to it from this address, which somebody reloads or comes back to."""
    if request.method == "POST":
        return await _solve(request)
    return see_other(page.address(request, task_id(request)))


@drafts.keeps_draft
@idempotent
async def _solve(request: Request) -> Response:
    """Close the request, and keep the grade and the word if there are any."""
    who, number = await requester(request), task_id(request)
    try:
        grade, word = _grade(await request_data.read(request))
        act = Act("request_solved", number, {"grade": grade})
        asked = await recorded(request, services(request).requests.solve(who, number, grade, word), act)
    except Invalid as refusal:
        return await _refused(request, "solve", refusal)
    message = THANKED if grade else CLOSED
    return await _saved(request, asked, "requests/_solve_saved.html", message, 200)


def _grade(fields: request_data.Fields) -> tuple[int | None, str]:
    """Return the grade and the word. Raises Invalid for another grade, and for a word without one."""
    grade = fields.number("grade") if "grade" in fields.values else None
    word = fields.text("word", page.LONGEST_WORD).strip()
    if grade is None and not is_blank(word):
        raise request_data.refusal("grade", GRADE_MISSING)
    if grade is not None and grade not in GRADES:
        raise request_data.refusal("grade", request_data.NO_CHOICE)
    return grade, word


async def _saved(request: Request, asked: model.Request, template: str, message: Sentence, status: int) -> Response:
    return await answer(
        request,
        json=lambda: _to_json(request, asked, status, translate(request, message)),
        page=lambda: flash.redirect(request, page.address(request, asked.id), message),
        fragment=lambda: page.part(request, template, asked, message=message, shown=True, draft=None),
    )


async def _refused(request: Request, form: str, refusal: Invalid | TooLarge) -> Response:
    asked = await page.load(request)
    return await answer_refusal(
        request,
        refusal,
        page=lambda: page.refused(request, asked, form, refusal),
        fragment=lambda: page.refused_form(request, asked, form, refusal),
    )


async def changed(request: Request) -> Response:
    """Show the news to a page that heard of a change: nothing if `?since` names the present version.

    Others' news are announced; one's own, and all with `?show=1`, are shown, except for forms that somebody types in.
    """
    return await fragment_or_page(request, lambda: _news(request), page.address(request, task_id(request)))


async def _news(request: Request) -> Response:
    try:
        asked = await page.load(request)
    except NotFound as error:
        return html(request, "tasks/_task_gone.html", status_of(error))
    if request.query_params.get("show"):
        return await page.part(request, "requests/_refresh.html", asked, shown=True)
    if asked.version in request.query_params.getlist("since"):
        return Response(status_code=204)
    last = request.query_params.get("entry", "")
    known = int(last) if ENTRY.fullmatch(last) else 0
    unseen = [entry for entry in asked.entries if entry.id > known]
    own = (await requester(request)).actor
    others = [entry for entry in unseen if not (own and entry.author and entry.author.id == own.id)]
    if unseen and not others:
        return await page.part(request, "requests/_refresh.html", asked)
    entry = others[-1] if others else None
    return await page.part(request, "requests/_news.html", asked, with_state=entry is None, entry=entry)


async def text(request: Request) -> Response:
    """Show a text too long for the page: the comment of that number, or the description, which has the number 0."""
    asked, number = await page.load(request), request.path_params["entry_id"]
    first = int(start[0]) if (start := PART.fullmatch(request.query_params.get("from", ""))) else 0
    entry = _entry_of(asked, number) if number else None
    part = await page.text(request, asked, entry.notes if entry else asked.description, first)
    template = choose(request, page="tasks/text.html", fragment="tasks/_text.html")
    context = {"task": asked, "room": "requests", "entry": entry, "number": number, "text": part, "alone": True}
    context["takes_focus"] = choose(request, page=False, fragment=True)
    return await answer(
        request,
        json=lambda: json_response(request, {"html": part.html, "next": part.more}),
        page=lambda: html(request, template, **context),
    )


def _entry_of(asked: model.Request, number: int) -> Entry:
    """Return the comment with that number. Raises NotFound."""
    entry = next((entry for entry in asked.entries if entry.id == number), None)
    if entry is None:
        raise NotFound
    return entry
