"""The form of a post: empty, as the post is, as it was typed, or after a conflict with the texts of both."""

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Any, NamedTuple

from markupsafe import Markup
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Conflict, HelpdeskError
from helpdesk.people.rights import GRANTED, RIGHTS
from helpdesk.store import post_audience, post_files, post_reads, posts
from helpdesk.store.casefold import fold
from helpdesk.store.drafts import StoredDraft
from helpdesk.store.post_edits import LONGEST_TITLE
from helpdesk.store.post_readers import DEPARTMENT, RIGHT
from helpdesk.store.posts import PostRow
from helpdesk.web.core import request_data
from helpdesk.web.core.errors import status_of
from helpdesk.web.core.faces import choose, html
from helpdesk.web.core.services import services
from helpdesk.web.drafts import service as drafts
from helpdesk.web.files import uploads
from helpdesk.web.posts import access, files
from helpdesk.web.posts.form_input import EVERYBODY, LOCAL, LONGEST_ALT, SOME, Editing

BOXES = ("pinned", "important", "ask_again", "keep_picture")
LISTS = ("departments", "rights", "kept_files")
FIELDS = (
    "title",
    "content",
    "published_from",
    "published_until",
    "audience",
    "picture_alt",
    "version",
    "draft_id",
    "parent",
)
REFERENCE = "![]($)"


class Theirs(NamedTuple):
    """What somebody else has saved meanwhile: the post as it is now, and whether its texts differ from those that the
    form began with. A text that was not touched in the form is theirs already."""

    post: PostRow
    title: bool
    content: bool


async def load(request: Request, post_id: int = 0, kind: str = posts.POST) -> Editing:
    """Return what the form of a post needs; of a new one of this kind without `post_id`. Raises NotFound."""
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
    uploads.restore(request, await files.owner(request), draft.fields.get("staged"))
    await files.restore_picture(request, draft.fields.get("staged_picture"))
    return await page(request, editing, draft.fields, draft=draft)


async def refused(request: Request, error: HelpdeskError, post_id: int = 0, kind: str = posts.POST) -> Response:
    """Show the form with what was typed, and why it was refused."""
    return await page(request, await load(request, post_id, kind), (await request_data.read(request)).values, error)


async def in_conflict(request: Request, error: Conflict, post_id: int, seen: int) -> Response:
    """Show what was typed beside what somebody else has saved. Saving again writes over that."""
    values, editing = (await request_data.read(request)).values, await load(request, post_id)
    base = await services(request).database.run(lambda db: post_reads.texts(db, post_id, [seen]).get(seen))
    post = editing.post
    assert post
    typed = {**values, "version": post.version}
    before = dict(zip(("title", "content"), base, strict=True)) if base else {}
    now = {"title": post.title, "content": post.content}
    for name, text in before.items():
        if str(values.get(name, "")).replace("\r\n", "\n") == text:
            typed[name] = now[name]
    theirs = Theirs(post, *(now[name] not in (before.get(name), typed.get(name)) for name in now))
    return await page(request, editing, typed, error, theirs=theirs)


async def page(
    request: Request,
    editing: Editing,
    values: Mapping[str, Any] | None = None,
    error: HelpdeskError | None = None,
    draft: StoredDraft | None = None,
    preview: Markup | None = None,
    theirs: Theirs | None = None,
) -> Response:
    """Show the form, by itself for htmx or in its page; without `values` as the post is."""
    zone = services(request).settings.timezone
    typed = _as_it_is(editing, zone) if values is None else _as_typed(values)
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
        theirs=theirs,
        longest_title=LONGEST_TITLE,
        longest_alt=LONGEST_ALT,
        typed_by=await drafts.form_owner(request),
        staged_picture=await files.sealed_picture(request),
        **{**uploads.context(request, await files.owner(request)), "reference": REFERENCE},
    )


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


def _as_it_is(editing: Editing, zone: tzinfo) -> dict[str, Any]:
    """Return the values of the form of a post that nobody has touched."""
    post = editing.post
    if post is None:
        return _as_typed({"audience": EVERYBODY})
    of_kind = {kind: [it.value for it in editing.audience if it.kind == kind] for kind in (DEPARTMENT, RIGHT)}
    return {
        **{"title": post.title, "content": post.content, "picture_alt": post.picture_alt, "version": post.version},
        **{"pinned": post.is_pinned, "important": post.is_important, "ask_again": False, "keep_picture": True},
        "published_from": _local(post.published_from, zone),
        "published_until": _local(post.published_until, zone),
        "audience": SOME if editing.audience else EVERYBODY,
        "departments": [fold(it) for it in of_kind[DEPARTMENT]],
        "rights": of_kind[RIGHT],
        "kept_files": [str(it.id) for it in editing.files],
        **{"draft_id": "", "parent": ""},
    }


def _as_typed(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a form that was sent: a box that is not ticked is absent."""
    lists = {name: _texts(values.get(name)) for name in LISTS}
    lists["departments"] = [fold(it) for it in lists["departments"]]
    return {
        **{name: str(values.get(name) or "") for name in FIELDS},
        **{name: bool(values.get(name)) for name in BOXES},
        **lists,
    }


def _texts(value: Any) -> list[str]:
    return [str(it) for it in value] if isinstance(value, list) else [str(value)] if value else []


def _local(at: datetime | None, zone: tzinfo) -> str:
    return at.astimezone(zone).strftime(LOCAL) if at else ""
