"""New knowledge pages, and their places in the tree."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Invalid, TooLarge, sentence
from helpdesk.store import knowledge, post_edits, posts
from helpdesk.store.knowledge import Place, Tree
from helpdesk.store.post_edits import LONGEST_TITLE
from helpdesk.store.posts import PostRow
from helpdesk.web.core import flash, request_data
from helpdesk.web.core.after_write import stored
from helpdesk.web.core.errors import status_of
from helpdesk.web.core.faces import answer, answer_refusal, html, json_response
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.session import current_user
from helpdesk.web.core.templating import translate
from helpdesk.web.drafts import service as drafts
from helpdesk.web.edge.idempotency import idempotent
from helpdesk.web.knowledge.opinions import load
from helpdesk.web.posts import access, form, form_input, writing
from helpdesk.web.tasks.page import run_if_many

NEW = "posts:new_page"
LAST = knowledge.MOST_PAGES
MOVED = sentence("The page was moved.")


@drafts.belongs_to("new_page", drafts.POST)
async def new_page(request: Request) -> Response:
    """Show the form of a page, `?parent=` under another one and with `?title=`, or its draft; a POST adds the page."""
    if request.method == "POST":
        return await _add(request)
    draft, params = await drafts.of_place(request, NEW), request.query_params
    begun = {"parent": params.get("parent", ""), "title": params.get("title", "")[:LONGEST_TITLE]}
    return await answer(
        request,
        json=lambda: json_response(request, {"draft": dict(draft.fields) if draft else None}),
        page=lambda: form.empty_or_draft(request, draft, kind=posts.PAGE, begun=begun),
    )


@drafts.keeps_draft
@idempotent
async def _add(request: Request) -> Response:
    person, now = await current_user(request), services(request).clock()
    try:
        parent = _number_of(await request_data.read(request), "parent")
        wanted = await form_input.read(request, await form.load(request, kind=posts.PAGE))
        written = await stored(request, lambda db: post_edits.add_page(db, person.id, parent, wanted, now))
    except (Invalid, TooLarge) as error:
        refusal = error
        return await answer_refusal(request, refusal, page=lambda: form.refused(request, refusal, kind=posts.PAGE))
    return await writing.saved(request, wanted, written, 201)


async def move(request: Request) -> Response:
    """Show where a page is, in a form that moves it; a POST moves it."""
    if request.method == "POST":
        return await _move(request)
    page, tree = await load(request), await _tree(request)
    place = knowledge.place(tree, page.id)
    typed = {"parent": str(place.above[-1].id) if place.above else "", "number": _number(place, page)}
    return await answer(
        request,
        json=lambda: json_response(request, {"page": {"id": page.id, "title": page.title}, **typed}),
        page=lambda: _move_form(request, page, tree, typed),
    )


@idempotent
async def _move(request: Request) -> Response:
    page, person = await load(request), await current_user(request)
    try:
        fields = await request_data.read(request)
        parent, number = _number_of(fields, "parent"), _number_of(fields, "number") or LAST
        await stored(request, lambda db: knowledge.move(db, person.id, page.id, parent, number))
    except Invalid as error:
        refusal, typed = error, (await request_data.read(request)).values
        tree = await _tree(request)
        return await answer_refusal(request, refusal, page=lambda: _move_form(request, page, tree, typed, refusal))
    return await answer(
        request,
        json=lambda: json_response(request, {"message": translate(request, MOVED)}),
        page=lambda: flash.redirect(request, path_to(request, "posts:show", post_id=page.id), MOVED),
    )


async def _move_form(request: Request, page: PostRow, tree: Tree, typed: Any, error: Invalid | None = None) -> Response:
    offered = knowledge.without(tree, page.id)
    return await run_if_many(
        lambda: html(
            request,
            "knowledge/move.html",
            status_of(error) if error else 200,
            post=page,
            offered=offered,
            parent=str(typed.get("parent") or ""),
            number=str(typed.get("number") or ""),
            error=error,
        ),
        len(offered),
    )


async def _tree(request: Request) -> Tree:
    reader, now = await access.reader(request), services(request).clock()
    return await services(request).database.run(lambda db: knowledge.tree(db, reader, now))


def _number_of(fields: request_data.Fields, name: str) -> int | None:
    """Read a number that may be left out. Raises Invalid."""
    return fields.number(name) if name in fields.values else None


def _number(place: Place, page: PostRow) -> int:
    return next((number for number, it in enumerate(place.beside, start=1) if it.id == page.id), 1)
