"""The form of a post: empty, as the post is, as it was typed, or merged after a conflict."""

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Conflict, HelpdeskError, NotFound, sentence
from helpdesk.people.rights import GRANTED, RIGHTS
from helpdesk.store import post_audience, post_files, posts
from helpdesk.store.casefold import fold
from helpdesk.store.drafts import StoredDraft
from helpdesk.store.post_edits import LONGEST_TITLE
from helpdesk.store.post_readers import DEPARTMENT
from helpdesk.web.core import request_data
from helpdesk.web.core.errors import status_of
from helpdesk.web.core.faces import choose, html
from helpdesk.web.core.services import services
from helpdesk.web.drafts import service as drafts
from helpdesk.web.files import uploads
from helpdesk.web.posts import access, files, form_values, reading
from helpdesk.web.posts.form_input import LONGEST_ALT, Editing, Faults
from helpdesk.web.posts.form_values import Merged, as_it_is, as_typed

REFERENCE = "![]($)"
DELETED = sentence(
    "Somebody has deleted this meanwhile, with its files and its picture. Nothing was saved. "
    "Your text is below: saving it makes a new one."
)


async def load(request: Request, post_id: int = 0, kind: str = posts.POST) -> Editing:
    """Return the data of a post's form; of a new one of this kind without `post_id`. Raises NotFound."""
    reader, now = await access.reader(request), services(request).clock()

    def work(db: Session) -> Editing:
        departments = post_audience.departments(db)
        if not post_id:
            return Editing(departments, kind=kind)
        post = posts.one(db, reader, post_id, now)
        return Editing(departments, post, posts.audience(db, post_id), post_files.of_post(db, post_id), post.kind)

    return await services(request).database.run(work)


async def empty_or_draft(
    request: Request,
    draft: StoredDraft | None,
    post_id: int = 0,
    kind: str = posts.POST,
    begun: Mapping[str, Any] | None = None,
) -> Response:
    """Show the form as the post is, or with its draft; a new one with what was `begun`."""
    editing = await load(request, post_id, kind)
    if draft is None:
        return await page(request, editing, begun)
    await _restore_files(request, draft)
    return await page(request, editing, draft.fields, draft=draft)


async def refused(request: Request, error: HelpdeskError, post_id: int = 0, kind: str = posts.POST) -> Response:
    """Show the form as it was typed, with the reasons of the refusal."""
    return await page(request, await load(request, post_id, kind), (await request_data.read(request)).values, error)


async def gone(request: Request, values: Mapping[str, Any], draft: StoredDraft | None = None) -> Response:
    """Show the text that was typed for a deleted post in the form of a new one."""
    faults = Faults()
    await faults.awaited(files.receive(request), ())
    await faults.awaited(files.receive_picture(request), None)
    if draft:
        await _restore_files(request, draft)
    editing = await load(request, kind=posts.PAGE if values.get("kind") == posts.PAGE else posts.POST)
    return await page(request, editing, values, NotFound(DELETED), draft)


async def in_conflict(request: Request, error: Conflict, post_id: int) -> Response:
    """Show the typed values beside those that somebody else has saved. Saving again overwrites what both changed."""
    typed, editing = as_typed((await request_data.read(request)).values), await load(request, post_id)
    zone, picture = services(request).settings.timezone, await files.sealed_picture(request)
    merged = form_values.merged(typed, editing, zone, picture)
    return await page(request, editing, merged.typed, error, merged=merged)


async def page(
    request: Request,
    editing: Editing,
    values: Mapping[str, Any] | None = None,
    error: HelpdeskError | None = None,
    draft: StoredDraft | None = None,
    preview: Markup | None = None,
    merged: Merged | None = None,
) -> Response:
    """Show the form, by itself for htmx or in its page; without `values` as the post is."""
    zone = services(request).settings.timezone
    typed = as_it_is(editing, zone) if values is None else as_typed(values)
    if editing.post and str(typed["version"] or editing.post.version) == str(editing.post.version):
        typed["base"] = form_values.base_of(editing, zone)
    return html(
        request,
        choose(request, page="posts/edit.html", fragment="posts/_form.html"),
        status_of(error) if error else 200,
        post=editing.post,
        is_page=editing.kind == posts.PAGE,
        under=await _title(request, typed),
        files=editing.files,
        departments=_departments(editing),
        rights=[RIGHTS[name] for name in GRANTED],
        folded=fold,
        typed=typed,
        error=error,
        draft=draft,
        preview=preview,
        merged=merged,
        audience=reading.audience_in_words(editing.audience) if merged else (),
        longest_title=LONGEST_TITLE,
        longest_alt=LONGEST_ALT,
        typed_by=await drafts.form_owner(request),
        staged_picture=await files.sealed_picture(request),
        **{**uploads.context(request, await files.owner(request)), "reference": REFERENCE},
    )


async def _restore_files(request: Request, draft: StoredDraft) -> None:
    """Bring back the files and the picture that a draft names, unless they have expired."""
    uploads.restore(request, await files.owner(request), draft.fields.get("staged"))
    await files.restore_picture(request, draft.fields.get("staged_picture"))


async def _title(request: Request, typed: Mapping[str, Any]) -> str:
    """Return the title of the page under which a new one is to be; empty for a root."""
    parent = request_data.an_id(str(typed.get("parent") or ""))
    reader, now = await access.reader(request), services(request).clock()
    titles = await services(request).database.run(lambda db: posts.titles(db, reader, now, [parent])) if parent else {}
    return titles.get(parent, "")


def _departments(editing: Editing) -> list[str]:
    """Return the departments to choose from, with those that the post names and nobody is in any more."""
    known = {fold(it) for it in editing.departments}
    gone = [it.value for it in editing.audience if it.kind == DEPARTMENT and fold(it.value) not in known]
    return [*editing.departments, *gone]
