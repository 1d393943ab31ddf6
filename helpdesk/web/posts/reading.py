"""The list of announcements, one of them, and the button by which somebody has understood it."""

import logging
from collections.abc import Sequence
from typing import Any

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import HelpdeskError, Sentence, sentence
from helpdesk.people.rights import RIGHTS
from helpdesk.store import post_files, post_reads, posts
from helpdesk.store.casefold import fold
from helpdesk.store.post_files import FileRow
from helpdesk.store.post_readers import RIGHT, is_for
from helpdesk.store.posts import Part, PostRow
from helpdesk.web.core import flash, request_data
from helpdesk.web.core.after_write import stored
from helpdesk.web.core.faces import Json, answer, html, is_prefetch, json_response
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.session import current_user
from helpdesk.web.core.templating import translate
from helpdesk.web.notifications import mark_read
from helpdesk.web.posts import access, page_place, schemas, texts
from helpdesk.web.posts.page_place import Beside

log = logging.getLogger(__name__)

PER_PAGE, MOST_PER_PAGE = 25, 100
LONGEST_WORDS = 100
UNDERSTOOD = sentence("Thank you. It is noted that you have read and understood this.")
CHANGED = sentence("The text was changed while you read it. Please read it again.")


async def index(request: Request) -> Response:
    """List announcements, pinned ones first; only those that hold each word of `?q=`."""
    params, now = request.query_params, services(request).clock()
    words = request_data.clean("q", params.get("q", "")[:LONGEST_WORDS]).strip()
    number = request_data.query_number(params, "page", 1)
    size = request_data.page_size(params, PER_PAGE, MOST_PER_PAGE)
    reader, person_id = await access.reader(request), (await current_user(request)).id
    rows, total = await services(request).database.run(
        lambda db: posts.page(db, reader, now, posts.POST, words, size, (number - 1) * size, person_id)
    )
    pages = max(1, -(-total // size))
    context: dict[str, Any] = {"total": total, "search": words, "page": number, "pages": pages, "size": size}
    return await answer(
        request,
        json=lambda: json_response(
            request,
            {
                "posts": [schemas.post(request, row, now) for row in rows],
                "pagination": {"page": number, "per_page": size, "total": total, "pages": pages},
            },
        ),
        page=lambda: _list(request, rows, context | {"may_write": reader.may_write, "is_usual_size": size == PER_PAGE}),
    )


async def _list(request: Request, rows: Sequence[PostRow], context: dict[str, Any]) -> Response:
    now, excerpts = services(request).clock(), await texts.excerpts(rows)
    listed = [(row, row.state(now), excerpt) for row, excerpt in zip(rows, excerpts, strict=True)]
    return html(request, "posts/index.html", posts=listed, **context)


async def show(request: Request) -> Response:
    """Show one post; opening its page is reading it."""
    post = await access.load(request)
    files, audience = await _beside(request, post)
    beside = await page_place.load(request, post) if post.kind == posts.PAGE else None
    return await answer(
        request,
        json=lambda: json_response(request, {"post": _to_json(request, post, files, audience, beside)}),
        page=lambda: _page(request, post, files, audience, beside),
    )


async def understood(request: Request) -> Response:
    """Note that the person has understood the post as it was in the version of their page."""
    post_id, seen = request_data.path_id(request, "post_id"), (await request_data.read(request)).number("version") or 0
    reader, person_id, now = await access.reader(request), (await current_user(request)).id, services(request).clock()
    post = await stored(request, lambda db: post_reads.understand(db, reader, post_id, person_id, seen, now))
    message, state = (UNDERSTOOD if post.is_understood else CHANGED), {"is_understood": post.is_understood}
    return await answer(
        request,
        json=lambda: json_response(request, {"message": translate(request, message), **state}),
        page=lambda: flash.redirect(request, path_to(request, "posts:show", post_id=post_id), message),
    )


def audience_in_words(parts: Sequence[Part]) -> list[Sentence | str]:
    """Return the titles of rights and the names of departments."""
    return [RIGHTS[it.value].title if it.kind == RIGHT else it.value for it in parts]


async def _beside(request: Request, post: PostRow) -> tuple[list[FileRow], list[Part] | None]:
    """Return the files of a post and its audience; None in its place for readers who do not write."""
    may_write = (await access.reader(request)).may_write

    def work(db: Session) -> tuple[list[FileRow], list[Part] | None]:
        return post_files.of_post(db, post.id), posts.audience(db, post.id) if may_write else None

    return await services(request).database.run(work)


def _to_json(
    request: Request, post: PostRow, files: Sequence[FileRow], audience: Sequence[Part] | None, beside: Beside | None
) -> Json:
    shown = schemas.post(request, post, services(request).clock()) | (page_place.to_json(beside) if beside else {})
    whom = {} if audience is None else schemas.audience(audience)
    return {**shown, "files": schemas.files(request, post.id, files), **whom}


async def _page(
    request: Request, post: PostRow, files: Sequence[FileRow], audience: Sequence[Part] | None, beside: Beside | None
) -> Response:
    text = await texts.render(request, post.content, post.id, files)
    reader, now = await access.reader(request), services(request).clock()
    folded = [(it.kind, fold(it.value)) for it in audience or ()]
    if not beside and post.read_at is None and request.method == "GET" and not is_prefetch(request):
        await _note_read(request, post)
    await mark_read.read_of_post(request, post.id)
    return html(
        request,
        "posts/show.html",
        post=post._replace(read_at=post.read_at or now),
        phase=post.state(now),
        text=text,
        files=files,
        audience=audience_in_words(audience or ()),
        beside=beside,
        asks=post.is_important and post.state(now) == posts.PUBLISHED and is_for(folded, reader),
        may_write=reader.may_write,
    )


async def _note_read(request: Request, post: PostRow) -> None:
    """Note that the person reads a post. A store that can't write just now does not keep anybody from reading."""
    person_id, now = (await current_user(request)).id, services(request).clock()
    try:
        await services(request).database.run(lambda db: post_reads.note_read(db, post.id, person_id, now), writes=True)
    except HelpdeskError as error:
        log.warning("a reading could not be noted", extra={"post": post.id, "error": error.detail})
