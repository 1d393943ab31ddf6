"""Write announcements: new ones and edits, by a page or by a program, with a preview."""

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Conflict, Invalid, NotFound, TooLarge, sentence
from helpdesk.store import post_edits, posts
from helpdesk.store.post_edits import Wanted, Written
from helpdesk.web.core import flash, request_data
from helpdesk.web.core.after_write import stored
from helpdesk.web.core.faces import answer, answer_refusal, html, json_response
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.session import current_user
from helpdesk.web.core.templating import translate
from helpdesk.web.drafts import service as drafts
from helpdesk.web.edge.idempotency import idempotent
from helpdesk.web.posts import access, files, form, form_input, schemas, texts

NEW = "posts:new"
DRAFT_SAVED = sentence("The draft was saved. Only those who write see it.")
SAVED = sentence("It was saved.")


@drafts.belongs_to("new", drafts.POST)
async def new(request: Request) -> Response:
    """Show an empty form, or its draft; a POST adds a post."""
    if request.method == "POST":
        return await add(request)
    draft = await drafts.of_place(request, NEW)
    return await answer(
        request,
        json=lambda: json_response(request, {"draft": dict(draft.fields) if draft else None}),
        page=lambda: form.empty_or_draft(request, draft),
    )


@drafts.belongs_to("edit", drafts.POST)
async def edit(request: Request) -> Response:
    """Show a post in a form, or its draft; a POST changes it."""
    if request.method == "POST":
        return await _change(request)
    post_id = request_data.path_id(request, "post_id")
    draft = await drafts.of_place(request, f"post:{post_id}:edit")
    try:
        post = await access.load(request)
    except NotFound as error:
        if draft is None:
            raise
        refusal, found = error, draft
        return await answer_refusal(request, refusal, page=lambda: form.gone(request, found.fields, found))
    return await answer(
        request,
        json=lambda: json_response(request, {"post": schemas.post(request, post, services(request).clock())}),
        page=lambda: form.empty_or_draft(request, draft, post.id),
    )


@drafts.belongs_to("new", drafts.POST)
@drafts.keeps_draft
@idempotent
async def add(request: Request) -> Response:
    """Add a post."""
    person, now = await current_user(request), services(request).clock()
    try:
        wanted = await form_input.read(request, await form.load(request))
        written = await stored(request, lambda db: post_edits.add(db, person.id, wanted, now))
    except (Invalid, TooLarge) as error:
        refusal = error
        return await answer_refusal(request, refusal, page=lambda: form.refused(request, refusal))
    return await saved(request, wanted, written, 201)


@drafts.keeps_draft
@idempotent
async def _change(request: Request) -> Response:
    """Change a post that is still as its form had it."""
    person, now, post_id = (
        await current_user(request),
        services(request).clock(),
        request_data.path_id(request, "post_id"),
    )
    try:
        seen = (await request_data.read(request)).number("version") or 0
        wanted = await form_input.read(request, await form.load(request, post_id))
        written = await stored(request, lambda db: post_edits.edit(db, person.id, post_id, seen, wanted, now))
    except Conflict:
        current = schemas.post(request, await access.load(request), now)
        conflict = Conflict(current)
        return await answer_refusal(request, conflict, page=lambda: form.in_conflict(request, conflict, post_id))
    except NotFound as error:
        deleted, values = error, (await request_data.read(request)).values
        return await answer_refusal(request, deleted, page=lambda: form.gone(request, values))
    except (Invalid, TooLarge) as error:
        refusal = error
        return await answer_refusal(request, refusal, page=lambda: form.refused(request, refusal, post_id))
    return await saved(request, wanted, written, 200)


async def preview(request: Request) -> Response:
    """Show a text as HTML: by itself for htmx, else in its form, which keeps what was chosen."""
    await drafts.person_typing(request)
    fields = await request_data.read(request)
    post_id = request_data.an_id(request.query_params.get("of", ""))
    editing = await form.load(request, post_id, posts.PAGE if "parent" in fields.values else posts.POST)
    shown = await texts.render(request, fields.text("content"), post_id, editing.files)

    async def page() -> Response:
        await files.receive(request)
        await files.receive_picture(request)
        return await form.page(request, editing, fields.values, preview=shown)

    return await answer(
        request,
        json=lambda: json_response(request, {"html": shown}),
        page=page,
        fragment=lambda: html(request, "tasks/_preview.html", preview=shown),
    )


async def saved(request: Request, wanted: Wanted, written: Written, status: int) -> Response:
    """Delete the files that the post no longer has, and lead to it."""
    await files.clean(request)
    now = services(request).clock()
    reader = await access.reader(request)
    post = await services(request).database.run(lambda db: posts.one(db, reader, written.id, now))
    message = DRAFT_SAVED if wanted.is_draft else SAVED
    body = {"message": translate(request, message), "post": schemas.post(request, post, now)}
    return await answer(
        request,
        json=lambda: json_response(request, body, status),
        page=lambda: flash.redirect(request, path_to(request, "posts:show", post_id=written.id), message),
    )
