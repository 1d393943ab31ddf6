"""The tree of knowledge pages, the search in it, and the titles that a text can link to."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.store import knowledge, page_titles, posts
from helpdesk.store.casefold import fold
from helpdesk.store.knowledge import Page, Tree
from helpdesk.store.posts import PostRow
from helpdesk.web.core import request_data
from helpdesk.web.core.faces import answer, html, json_response, see_other
from helpdesk.web.core.services import path_to, services
from helpdesk.web.posts import access, texts
from helpdesk.web.tasks.page import run_if_many

LONGEST_WORDS = 100
MOST_FOUND = 50
MOST_OFFERED = 8
MOST_OPEN = 60
"""A tree of more pages is closed, except for the way to the page that one comes from."""
NO_LINK = set("[]|")
"""A title with one of these can't be written as a link."""


class Branch(NamedTuple):
    """A page with those under it; `is_open` shows them at once."""

    page: Page
    under: "Sequence[Branch]"
    is_open: bool


async def index(request: Request) -> Response:
    """Show the tree, `?at=` with the way to a page open; `?q=` finds pages by words of titles and texts."""
    words = request_data.clean("q", request.query_params.get("q", "")[:LONGEST_WORDS]).strip()
    return await _found(request, words) if words else await _tree(request)


async def titles(request: Request) -> Response:
    """Offer the titles with the words of `?q=` to a text in which somebody writes `[[`."""
    words = request_data.clean("q", request.query_params.get("q", "")[:LONGEST_WORDS])
    reader, now = await access.reader(request), services(request).clock()
    found = await services(request).database.run(lambda db: page_titles.beginning(db, reader, now, words, MOST_OFFERED))
    pages = [it for it in found if not NO_LINK & set(it.title)]
    return await answer(
        request,
        json=lambda: json_response(request, {"pages": [it._asdict() for it in pages]}),
        page=lambda: see_other(path_to(request, "knowledge:index")),
        fragment=lambda: html(request, "knowledge/_titles.html", pages=pages),
    )


def branches(tree: Tree, at: int | None = None) -> list[Branch]:
    """Return the roots of a tree with all that is under them."""
    under: dict[int | None, list[Page]] = {}
    for page in tree:
        under.setdefault(page.parent_id, []).append(page)
    opened = {it.id for it in knowledge.place(tree, at).above} | {at} if at else set()

    def below(parent: int | None) -> Iterator[Branch]:
        for page in under.get(parent, ()):
            yield Branch(page, list(below(page.id)), len(tree) <= MOST_OPEN or page.id in opened)

    return list(below(None))


async def _tree(request: Request) -> Response:
    reader, now = await access.reader(request), services(request).clock()
    tree = await services(request).database.run(lambda db: knowledge.tree(db, reader, now))
    at = request_data.an_id(request.query_params.get("at", "")) or None
    context: dict[str, Any] = {"may_write": reader.may_write, "search": "", "total": len(tree), "at": at}
    context["stale"] = [it for it in tree if it.is_stale and it.is_published] if reader.may_write else []
    return await answer(
        request,
        json=lambda: json_response(request, {"pages": [it._asdict() for it in tree], "total": len(tree)}),
        page=lambda: run_if_many(
            lambda: html(request, "knowledge/index.html", branches=branches(tree, at), found=None, **context), len(tree)
        ),
    )


async def _found(request: Request, words: str) -> Response:
    reader, now = await access.reader(request), services(request).clock()
    rows, total = await services(request).database.run(
        lambda db: posts.page(db, reader, now, posts.PAGE, words, MOST_FOUND)
    )
    rows.sort(key=lambda it: not all(word in fold(it.title) for word in fold(words).split()))
    context: dict[str, Any] = {"may_write": reader.may_write, "search": words, "total": total, "stale": [], "at": None}
    return await answer(
        request,
        json=lambda: json_response(request, {"pages": [_to_json(it) for it in rows], "total": total}),
        page=lambda: _list(request, rows, context),
    )


async def _list(request: Request, rows: Sequence[PostRow], context: dict[str, Any]) -> Response:
    found = list(zip(rows, await texts.excerpts(rows), strict=True))
    return html(request, "knowledge/index.html", found=found, branches=[], **context)


def _to_json(row: PostRow) -> dict[str, Any]:
    return {"id": row.id, "title": row.title}
