"""Show colleagues: all of them, found by a few words, and the page of one."""

from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import NotFound
from helpdesk.store import colleagues, posts
from helpdesk.store.account_search import MOST_TERMS
from helpdesk.store.casefold import fold
from helpdesk.store.colleagues import Colleague, Found
from helpdesk.store.post_readers import reader_of
from helpdesk.web.core import request_data
from helpdesk.web.core.faces import answer, html, json_response
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.session import current_user
from helpdesk.web.people import schemas
from helpdesk.web.people.presence import is_online

PER_PAGE = 24
MOST_PER_PAGE = 100
LONGEST_WORDS = 100
MOST_POSTS = 5
CARDS, ROWS = "cards", "rows"


class Query(NamedTuple):
    """What is asked for. `view` shows people as cards or as rows."""

    words: str = ""
    page: int = 1
    per_page: int = PER_PAGE
    view: str = CARDS

    def address(self, path: str, **changed: object) -> str:
        """Return the address of the same people, with another page or view."""
        query = self._replace(**changed)  # type: ignore[arg-type]  # a page is a number, a view a text
        shown = {"q": query.words, "view": query.view if query.view != CARDS else "", "page": query.page}
        asked = urlencode({name: value for name, value in shown.items() if value not in ("", 1)})
        return f"{path}?{asked}" if asked else path


async def index(request: Request) -> Response:
    """List colleagues whose names, logins, departments, positions, offices or phones have all words of `?q=`."""
    query, now = _query(request), services(request).clock()
    words, offset = fold(query.words).split()[:MOST_TERMS], (query.page - 1) * query.per_page
    found = await services(request).database.run(lambda db: colleagues.search(db, words, query.per_page, offset))
    pages = max(1, -(-found.total // query.per_page))
    context: dict[str, Any] = {
        "found": found,
        "query": query,
        "pages": pages,
        "now": now,
        "is_online": is_online,
        "dialled": schemas.dialled,
        "path_here": path_to(request, "people:index"),
    }
    return await answer(
        request,
        json=lambda: json_response(request, _to_json(request, found, query, pages)),
        page=lambda: html(request, "people/index.html", **context),
        fragment=lambda: html(request, "people/_found.html", **context),
    )


async def colleague(request: Request) -> Response:
    """Show one colleague; `?source=` names the directory where several have the same login. Raises NotFound, also for
    disabled ones, whom administrators see."""
    login = request_data.path_text(request, "username")
    source = request_data.clean("source", request.query_params.get("source", ""))
    person, now = await current_user(request), services(request).clock()
    it = await services(request).database.run(lambda db: colleagues.with_login(db, login[:200], source[:20]))
    if it is None or not (it.is_active or person.is_admin):
        raise NotFound
    return await answer(
        request,
        json=lambda: json_response(request, schemas.colleague(request, it, now)),
        page=lambda: _card(request, it, now),
    )


async def _card(request: Request, it: Colleague, now: datetime) -> Response:
    """Render a colleague with the last announcements that they wrote and that the person may read."""
    reader = reader_of(await current_user(request))
    rows, total = await services(request).database.run(
        lambda db: posts.page(db, reader, now, limit=MOST_POSTS, author_id=it.id)
    )
    context: dict[str, Any] = {"it": it, "is_online": is_online(it.last_seen, now), "dialled": schemas.dialled}
    context |= {"posts": [(row, row.state(now)) for row in rows], "more_posts": total - len(rows)}
    return html(request, "people/colleague.html", **context)


def _query(request: Request) -> Query:
    """Read the address. Raises Invalid for a page that is no number."""
    params = request.query_params
    words = request_data.clean("q", params.get("q", "")[:LONGEST_WORDS]).strip()
    page, per_page = (
        request_data.query_number(params, "page", 1),
        request_data.page_size(params, PER_PAGE, MOST_PER_PAGE),
    )
    return Query(words, page, per_page, ROWS if params.get("view") == ROWS else CARDS)


def _to_json(request: Request, found: Found, query: Query, pages: int) -> dict[str, object]:
    now = services(request).clock()
    pagination = {"page": query.page, "per_page": query.per_page, "total": found.total, "pages": pages}
    return {"users": [schemas.colleague(request, it, now) for it in found.people], "pagination": pagination}
