"""Ways through the helpdesk: the rooms of the navigation, the page that a person is on, and the list to go back to.

The browser's Referer names the list when one comes straight from it. After a form without scripts, or by way of
another task, it does not: then a cookie tells which list it was last. The cookie is its person's, ends with the
browser's session and with signing out, and is sent only when it changes. A task that was opened from a list has its
origin in its address, by which one goes to the next task of that very list.
"""

import re
from typing import NamedTuple
from urllib.parse import quote, unquote, urlsplit

from starlette.datastructures import URL, QueryParams
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Sentence, sentence
from helpdesk.netmonitor.access import may_see
from helpdesk.people.model import Person
from helpdesk.people.rights import ADMIN, AGENT, QUALITY, REPORTS, SUPERVISOR
from helpdesk.people.second_factor import is_offered
from helpdesk.store import second_factors
from helpdesk.web.core import session
from helpdesk.web.core.faces import htmx_page, is_htmx
from helpdesk.web.core.guards import holds
from helpdesk.web.core.services import path_to, services

BOARD = "tasks:board"
LISTS = ("tasks:my_tasks", "tasks:index", BOARD)  # their routes
COOKIE = "list"
PATH = "/tasks"
LONGEST = 1_500  # of what a cookie may hold
LONGEST_ORIGIN = 500  # of a list's address that is in each of its rows
LONGEST_ADDRESS = 8 * 1024  # of ours: web/edge/middleware.py refuses longer ones
SECRET_PATH = re.compile("(/users/password/).+", re.DOTALL)
ORIGIN = "list"
ORIGIN_TEXT = re.compile("([0-9]{1,10})-([0-9a-f]{1,12})-([0-9]{1,7})-(/[^/].*)-([0-9]{1,7})")


class Room(NamedTuple):
    """A link to a route, for everybody or for those who hold one of `rights`.

    Rooms of the `bar` are always in sight on phones; those with `only_bar` are nowhere else. Rooms of `tasks` need an
    identity in the task system; those `instead` of them are for people who have none. Rooms of the `phone` need a phone
    system, those of `reports` a backend that counts, and those of the `monitor` are for people who may see it.
    """

    group: str
    route: str
    name: Sentence
    icon: str
    rights: tuple[str, ...] = ()
    bar: bool = False
    only_bar: bool = False
    tasks: bool = False
    instead: bool = False
    phone: bool = False
    monitor: bool = False
    reports: bool = False


GROUPS = {
    "work": sentence("Work"),
    "service": sentence("Service"),
    "company": sentence("Company"),
    "administration": sentence("Administration"),
}
"""The names of the groups, in their order; rooms of the group "" stand above all, without a name."""
ROOMS = (
    Room("", "tasks:new", sentence("New task"), "plus", bar=True, tasks=True),
    Room("", "requests:new", sentence("New request"), "plus", bar=True, instead=True),
    Room("work", "tasks:my_tasks", sentence("My tasks"), "inbox", bar=True, tasks=True),
    Room("work", "tasks:index", sentence("All tasks"), "list", tasks=True),
    Room("work", BOARD, sentence("Board"), "square-kanban", bar=True, tasks=True),
    Room("work", "reports:index", sentence("Reports"), "list", (REPORTS, ADMIN), reports=True),
    Room("work", "notifications:index", sentence("Notifications"), "bell", bar=True, only_bar=True),
    Room("service", "requests:index", sentence("My requests"), "headset", tasks=True),
    Room("service", "requests:index", sentence("My requests"), "headset", bar=True, instead=True),
    Room("service", "calls:index", sentence("Calls"), "headset", (AGENT, SUPERVISOR), phone=True),
    Room("service", "calls:team", sentence("Team"), "list", (SUPERVISOR,), phone=True),
    Room("service", "netmonitor:index", sentence("Network monitor"), "list", monitor=True),
    Room("service", "quality:index", sentence("Quality control"), "list", (QUALITY, ADMIN)),
    Room("company", "posts:index", sentence("Announcements"), "list"),
    Room("company", "knowledge:index", sentence("Knowledge base"), "list"),
    Room("company", "people:index", sentence("Colleagues"), "list", tasks=True),
    Room("company", "people:index", sentence("Colleagues"), "list", bar=True, instead=True),
    Room("administration", "admin:index", sentence("Overview"), "list", (ADMIN,)),
    Room("administration", "tasks:columns", sentence("Columns of the board"), "columns-3-cog", (ADMIN,)),
)
OWN = (
    Room("", "people:profile", sentence("Your profile"), "list"),
    Room("", "notifications:preferences", sentence("Notification settings"), "bell"),
    Room("", "views:index", sentence("Saved views"), "bookmark", tasks=True),
    Room("", "replies:index", sentence("Reply templates"), "list", tasks=True),
    Room("", "search:keys", sentence("Keyboard"), "command"),
    Room("", "people:absence", sentence("Absence"), "list"),
    Room("", "people:sessions", sentence("Sessions"), "lock"),
    Room("", "people:password", sentence("Password"), "lock"),
    Room("", "people:second_factor", sentence("Second factor"), "lock"),
    Room("", "people:tokens", sentence("API tokens"), "lock"),
)
"""The rooms of the person's own menu."""


def rooms_of(request: Request, person: Person) -> list[tuple[Sentence | None, list[Room]]]:
    """Return the rooms that this person may enter, under the name of their group."""
    has_tasks, has_phone = may_have_tasks(request), services(request).desk is not None
    has_reports = has_tasks and services(request).reports is not None
    has_monitor = may_see(person, services(request).settings.netmonitor_access, has_tasks)
    rooms = [
        room
        for room in ROOMS
        if (not room.rights or any(holds(person, it) for it in room.rights))
        and _is_for(room, has_tasks)
        and (has_phone or not room.phone)
        and (has_monitor or not room.monitor)
        and (has_reports or not room.reports)
    ]
    groups = [(GROUPS.get(key), [room for room in rooms if room.group == key]) for key in ("", *GROUPS)]
    return [(name, its_rooms) for name, its_rooms in groups if its_rooms]


async def own_rooms(request: Request) -> list[Room]:
    """Return the rooms of the person's own menu. Who may set up no second factor may still have one to switch off."""
    person, rule = await session.current_user(request), services(request).settings.second_factor
    has_tasks = may_have_tasks(request)
    has_factor = is_offered(person, rule) or await services(request).database.run(
        lambda db: second_factors.exists(db, person.id)
    )
    rooms = (room for room in OWN if _is_for(room, has_tasks))
    return [room for room in rooms if has_factor or room.route != "people:second_factor"]


def may_have_tasks(request: Request) -> bool:
    """Tell whether the person who is signed in has an identity in the task system: others have requests alone."""
    signed_in = getattr(request.state, "signed_in", None)
    return signed_in is None or services(request).visible_tasks.actor(signed_in) is not None


def _is_for(room: Room, has_tasks: bool) -> bool:
    return not room.instead if has_tasks else not room.tasks


def safe_path(target: str) -> str:
    """Return `target` when it is a path of ours, else nothing: a link to us sends nobody elsewhere.

    One that is too long is left out whole: its beginning would lead to another page.
    """
    is_path = target.startswith("/") and not target.startswith(("//", "/\\")) and target.isprintable()
    return target if is_path and len(target) <= LONGEST_ADDRESS else ""


def path_for_log(path: str) -> str:
    """Return a path without the secret of a link that sets a password."""
    return SECRET_PATH.sub(r"\1…", path)


def current_url(request: Request) -> str:
    """Return the page that a person is on, as a path with its query: where to go after signing in."""
    headers = request.headers
    current = htmx_page(request)
    if request.method not in ("GET", "HEAD"):
        current = current or headers.get("referer") or "/"
    try:
        address = URL(current) if current else request.url
        return safe_path(address.path + (f"?{address.query}" if address.query else "")) or "/"
    except ValueError:  # a made-up header may hold no address at all
        return "/"


class Origin(NamedTuple):
    """The list that a task was opened from: the address of its page, the task's position in the whole list, which is 0
    where it is not known, and the length of the list.

    `as_of` is the last change of that page's tasks, in milliseconds. A task that was changed since may stand elsewhere.
    """

    address: str
    position: int = 0
    total: int = 0
    as_of: int = 0

    def query(self, request: Request) -> str:
        """Return the parameter for addresses of the task, empty if the list's address is too long for it.

        It ends with the position, which makes rows compress well.
        """
        if len(self.address) > LONGEST_ORIGIN:
            return ""
        text = f"{request.state.person_id}-{self.as_of:x}-{self.total}-{self.address}-{self.position}"
        return f"?{ORIGIN}={quote(text, safe='/?=,-')}"


def origin_of(request: Request, task_id: int) -> Origin | None:
    """Return the origin in the request's address, or in that of the task's page where the request comes from.

    Another person's, one that is no list, one of a place beyond the list, and a broken one are ignored.
    """
    text, page = request.query_params.get(ORIGIN), path_to(request, "tasks:show", task_id=task_id)
    if text is None:
        path, query = _parts(request.headers.get("referer", ""))
        text = QueryParams(query).get(ORIGIN) if path == page or path.startswith(f"{page}/") else None
    found = ORIGIN_TEXT.fullmatch(text) if text and len(text) < LONGEST else None
    if found is None or found[1] != str(request.state.person_id):
        return None
    address = _list(request, found[4])
    is_list = 0 < len(address) <= LONGEST_ORIGIN and address.partition("?")[0] != path_to(request, BOARD)
    origin = Origin(address, int(found[5]), int(found[3]), int(found[2], 16))
    return origin if is_list and origin.position <= origin.total else None


def is_on_board(request: Request) -> bool:
    """Tell whether a script of the board's page asks. That page has the menu of icons whatever its person chose."""
    page = referring_list(request) if is_htmx(request) else ""
    return page.partition("?")[0] == path_to(request, BOARD)


def referring_list(request: Request) -> str:
    """Return the list that the request comes from, empty when it comes from another page."""
    return _list(request, request.headers.get("referer", ""))


def last_list(request: Request) -> str:
    """Return the list to go back to: a path of ours with its query."""
    return referring_list(request) or _remembered(request) or path_to(request, LISTS[0])


def remember_list(request: Request, response: Response, address: str) -> None:
    """Remember the list for when the browser does not name it."""
    usual = path_to(request, LISTS[0])
    if _list(request, address) and address != (_remembered(request) or usual):
        value = f"{request.state.person_id}:{address}"
        response.set_cookie(COOKIE, quote(value, safe=""), path=PATH, httponly=True, samesite="lax")


def forget_list(response: Response) -> None:
    response.delete_cookie(COOKIE, path=PATH, httponly=True, samesite="lax")


def _remembered(request: Request) -> str:
    person_id, _, address = unquote(session.cookie(request, COOKIE)).partition(":")
    return _list(request, address) if person_id == str(request.state.person_id) else ""


def _list(request: Request, address: str) -> str:
    """Return the path and query of an address when it is a list of ours, on any host; else nothing."""
    path, query = _parts(address)
    whole = f"{path}?{query}" if query else path
    is_ours = path in {path_to(request, name) for name in LISTS}
    return whole if is_ours and len(whole) < LONGEST and whole.isascii() and whole.isprintable() else ""


def _parts(address: str) -> tuple[str, str]:
    """Return the path and the query of an address; a made-up header may hold no address at all."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return "", ""
    return parts.path, parts.query
