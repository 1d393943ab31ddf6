"""Find tasks, colleagues, announcements, pages and commands: a page, and the palette of Ctrl+K over any page. Show the
keys."""

import asyncio
from collections.abc import Iterable
from typing import NamedTuple

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import HelpdeskError, NotAllowed, Unavailable, sentence
from helpdesk.languages import LANGUAGES
from helpdesk.people.rights import AGENT
from helpdesk.promises.service import Clocks
from helpdesk.requests.model import RequestQuery
from helpdesk.store import posts
from helpdesk.store.casefold import fold
from helpdesk.store.post_readers import reader_of
from helpdesk.store.posts import PostRow
from helpdesk.tasks.lists import TaskQuery
from helpdesk.tasks.model import TaskRow
from helpdesk.tasks.search_text import clean_search
from helpdesk.web.clocks import shown as clocks
from helpdesk.web.core.faces import answer, choose, html, json_response
from helpdesk.web.core.guards import actor, holds
from helpdesk.web.core.navigation import is_on_board, may_have_tasks, own_rooms, rooms_of
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.session import cookie, current_user, required
from helpdesk.web.core.templating import FOLDED, OFF, language, translate
from helpdesk.web.lists import saved_views
from helpdesk.web.people import colleagues
from helpdesk.web.people.colleagues import Colleague
from helpdesk.web.tasks import colors, schemas

MOST_TASKS = 8
MOST_PEOPLE = 5
MOST_POSTS = 5
"""Of announcements, and as many of knowledge pages."""
NOBODY = colleagues.Found([], True)


class Place(NamedTuple):
    """A page that the person may enter."""

    name: str
    address: str
    icon: str


class Command(NamedTuple):
    """A choice that POST /preferences keeps."""

    name: str
    field: str
    value: str


class Found(NamedTuple):
    """What was found; `error` says why there are no tasks. `has_more_people` says that there may be others. `posts` are
    announcements and knowledge pages, each with its state."""

    tasks: tuple[TaskRow, ...]
    people: list[Colleague]
    places: list[Place]
    commands: list[Command]
    error: HelpdeskError | None = None
    has_more_people: bool = False
    posts: tuple[tuple[PostRow, str], ...] = ()


KINDS = (posts.POST, posts.PAGE)
COMMANDS = (
    (sentence("Light colours"), "theme", "light"),
    (sentence("Dark colours"), "theme", "dark"),
    (sentence("Colours of the system"), "theme", ""),
    (sentence("Wide menu"), "rail", ""),
    (sentence("Menu of icons"), "rail", FOLDED),
    (sentence("Single keys: on"), "keys", ""),
    (sentence("Single keys: off"), "keys", OFF),
)


async def index(request: Request) -> Response:
    """Show what has the words of `?q=`, or all pages and commands. Without `q` htmx gets the whole palette."""
    search = clean_search(request.query_params.get("q", ""))[0]
    found = await _find(request, search)
    fragment = "search/_results.html" if "q" in request.query_params else "search/_palette.html"
    template = choose(request, page="search/index.html", fragment=fragment)
    return await answer(
        request,
        json=lambda: _json(request, found),
        page=lambda: _page(request, template, search, found),
    )


async def _page(request: Request, template: str, search: str, found: Found) -> Response:
    of_rows = await clocks.of_rows(request, await actor(request), found.tasks) if found.tasks else {}
    return html(request, template, search=search, found=found, clocks=of_rows)


async def keys(request: Request) -> Response:
    """Show the keys, and the form that switches single ones off."""
    template = choose(request, page="search/keys.html", fragment="search/_keys_dialog.html")
    takes_calls = services(request).desk is not None and holds(await current_user(request), AGENT)
    return html(request, template, takes_calls=takes_calls)


async def _find(request: Request, search: str) -> Found:
    found, found_posts = await asyncio.gather(_tasks_and_places(request, search), _posts(request, search))
    return found._replace(posts=found_posts)


async def _posts(request: Request, search: str) -> tuple[tuple[PostRow, str], ...]:
    """Return the first announcements and knowledge pages that the words find and that the person may read."""
    if not search:
        return ()
    reader, now = reader_of(await current_user(request)), services(request).clock()

    def work(db: Session) -> list[PostRow]:
        return [it for kind in KINDS for it in posts.page(db, reader, now, kind, search, MOST_POSTS)[0]]

    return tuple((it, it.state(now)) for it in await services(request).database.run(work))


async def _tasks_and_places(request: Request, search: str) -> Found:
    words = fold(search).split()
    places = [it for it in await _places(request) if _has(it.name, words)]
    commands = [it for it in _commands(request) if _has(it.name, words)]
    if not may_have_tasks(request):
        return Found((), [], [*places, *await _requests(request, search)], commands)
    try:
        tasks, people = await asyncio.gather(_tasks(request, search), _people(request, search))
        has_more = len(people.people) > MOST_PEOPLE or not people.is_whole
        return Found(tasks, people.people[:MOST_PEOPLE], places, commands, has_more_people=has_more)
    except (Unavailable, NotAllowed) as error:  # also somebody whom the task system has locked finds pages
        return Found((), [], places, commands, error)


async def _requests(request: Request, search: str) -> list[Place]:
    """Return the first requests that the words find, for somebody who has no tasks."""
    requests = services(request).requests
    who = await requests.requester(await required(request))
    page = await requests.page(who, RequestQuery(search=search, per_page=MOST_TASKS)) if search else None
    return [_place(request, row) for row in page.rows] if page else []


def _place(request: Request, row: TaskRow) -> Place:
    return Place(f"#{row.id} {row.subject}", path_to(request, "requests:show", task_id=row.id), "headset")


async def _tasks(request: Request, search: str) -> tuple[TaskRow, ...]:
    """Return the first tasks that the words find, closed ones too."""
    if not search:
        return ()
    query = TaskQuery(search=search, include_closed=True, per_page=MOST_TASKS)
    page = await services(request).backend.tasks(await actor(request), query)
    await colors.prepare(request)
    return page.rows


async def _people(request: Request, search: str) -> colleagues.Found:
    """Return the colleagues whom the words find, who lead to their tasks; nobody while they can't be read."""
    try:
        return await colleagues.find(request, search) if search else NOBODY
    except Unavailable:
        return NOBODY._replace(is_whole=False)


async def _places(request: Request) -> list[Place]:
    person = await current_user(request)
    rooms = [room for _, rooms in rooms_of(request, person) for room in rooms]
    rooms += await own_rooms(request)
    places = [Place(translate(request, room.name), path_to(request, room.route), room.icon) for room in rooms]
    views = [Place(view.name, view.address, "bookmark") for view in await saved_views.of_person(request)]
    start = Place(translate(request, sentence("Start page")), path_to(request, "home"), "headset")
    sign_out = Place(translate(request, sentence("Sign out")), path_to(request, "people:logout"), "command")
    return [*places, *views, start, sign_out]


def _commands(request: Request) -> list[Command]:
    """Return the choices that differ from those that hold now, without the width of the menu where it is fixed."""
    fixed = "rail" if is_on_board(request) else ""
    own = [(translate(request, name), field, value) for name, field, value in COMMANDS if field != fixed]
    own += [(name, "locale", code) for code, name in LANGUAGES.items()]
    return [Command(*it) for it in own if it[2] != (language(request) if it[1] == "locale" else cookie(request, it[1]))]


def _has(name: str, words: Iterable[str]) -> bool:
    folded = fold(name)
    return all(word in folded for word in words)


async def _json(request: Request, found: Found) -> Response:
    """Answer a program. Raises NotAllowed for somebody without tasks."""
    who = await actor(request)
    return json_response(request, _to_dict(found, await clocks.known(request, who, found.tasks)))


def _to_dict(found: Found, known: Clocks) -> dict[str, object]:
    """Return what a program gets. Raises the error: to a program no tasks would mean that none has the words."""
    if found.error:
        raise found.error
    return {
        "tasks": clocks.with_promises([schemas.row(it) for it in found.tasks], known),
        "posts": [
            {"id": it.id, "kind": it.kind, "title": it.title, "address": f"/posts/{it.id}", "state": state}
            for it, state in found.posts
        ],
        "people": [{"id": it.id, "name": it.name, "login": it.login} for it in found.people],
        "pages": [{"name": it.name, "address": it.address} for it in found.places],
    }
