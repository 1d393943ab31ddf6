"""Read the first tasks of the lists that the start page shows. The page never waits long for the task system."""

import asyncio
import logging
from collections.abc import Awaitable, Iterable
from typing import NamedTuple, TypeVar

from starlette.requests import Request

from helpdesk.errors import Sentence, Unavailable, WrongKey, sentence
from helpdesk.people.model import Person
from helpdesk.requests.model import RequestPage, RequestQuery
from helpdesk.tasks.lists import TaskPage, Vocabulary
from helpdesk.tasks.model import Actor
from helpdesk.tasks.phases import Rules
from helpdesk.web.core.services import path_to, services
from helpdesk.web.lists import page as list_page
from helpdesk.web.lists import quick
from helpdesk.web.lists.urls import Listing
from helpdesk.web.requests.requester import requester
from helpdesk.web.tasks import colors

log = logging.getLogger(__name__)

WAIT_SECONDS = 2.0
BESIDE_SECONDS = 0.5  # of what the lists do not need
SHOWN, REQUESTS_SHOWN = 3, 6  # tasks of a list
ASSIGNED = ("for-me", "overdue")  # the lists of the tasks that the person has
T = TypeVar("T")


class Section(NamedTuple):
    """A list: its key in ids of elements, its first tasks, and what is said of it when it has none.

    One's requests have no `listing`. `page` is None when the task system has not answered in time.
    """

    key: str
    title: Sentence
    nothing: Sentence
    address: str
    listing: Listing | None = None
    page: TaskPage | RequestPage | None = None


class Start(NamedTuple):
    """What the task system says for a start page. `asks` marks that of a person who may only ask for help.

    `sections` is None when not even the statuses came in time.
    """

    asks: bool = False
    may_ask: bool = True
    sections: list[Section] | None = None

    @property
    def is_whole(self) -> bool:
        return self.sections is not None and all(it.page for it in self.sections)


async def load(request: Request, person: Person, who: Actor) -> Start:
    """Read everything within WAIT_SECONDS; what is late is left out. Raises NotAllowed and every other refusal."""
    deadline = asyncio.get_running_loop().time() + WAIT_SECONDS
    start, _ = await asyncio.gather(
        _load(request, person, who, deadline),
        _beside(deadline, colors.prepare(request)),
    )
    return start


async def load_requests(request: Request) -> Start:
    """Read the requests of somebody whom the task system does not know, within WAIT_SECONDS."""
    deadline = asyncio.get_running_loop().time() + WAIT_SECONDS
    may_ask, section, _ = await asyncio.gather(
        _beside(deadline, _has_categories(request)),
        _requests(request, deadline),
        _beside(deadline, colors.prepare(request)),
    )
    return Start(asks=True, may_ask=may_ask is not False, sections=[section])


async def _load(request: Request, person: Person, who: Actor, deadline: float) -> Start:
    vocabulary, never_assigned = await asyncio.gather(
        _until(deadline, services(request).backend.vocabulary(who)),
        _beside(deadline, _was_never_assigned(request, person, who)),
    )
    may_ask, sections = await asyncio.gather(
        _may_ask(request, never_assigned, deadline),
        _sections(request, who, vocabulary, never_assigned, deadline),
    )
    return Start(_asks(never_assigned, sections or []), may_ask, sections)


async def _was_never_assigned(request: Request, person: Person, who: Actor) -> bool:
    return not person.is_admin and await list_page.was_never_assigned(request, who)


async def _may_ask(request: Request, never_assigned: bool | None, deadline: float) -> bool:
    """Tell whether the person may create requests, which is not asked for staff, and is taken for true if it is
    late."""
    return never_assigned is False or await _beside(deadline, _has_categories(request)) is not False


async def _has_categories(request: Request) -> bool:
    return bool(await services(request).requests.categories(await requester(request)))


async def _sections(
    request: Request, who: Actor, vocabulary: Vocabulary | None, never_assigned: bool | None, deadline: float
) -> list[Section] | None:
    if vocabulary is None:
        return None
    rules = await colors.load_phase_rules(request)
    is_staff = vocabulary.may_edit if never_assigned is None else not never_assigned
    if is_staff:
        return await _read(request, who, _of_staff(request, vocabulary, rules), deadline)
    # New staff, who may work on tasks but have none yet, get the new ones beside their own requests.
    others = [_new_ones(request, vocabulary, rules)] if vocabulary.may_edit else []
    requests, lists = await asyncio.gather(_requests(request, deadline), _read(request, who, others, deadline))
    return [requests, *lists]


async def _read(request: Request, who: Actor, lists: Iterable[Section], deadline: float) -> list[Section]:
    """Read the first tasks of each list."""

    async def read(section: Section) -> Section:
        assert section.listing
        query = section.listing.query._replace(per_page=SHOWN)
        return section._replace(page=await _until(deadline, services(request).backend.tasks(who, query)))

    return list(await asyncio.gather(*map(read, lists)))


async def _requests(request: Request, deadline: float) -> Section:
    """Read the requests that changed last, open ones first."""
    address, nothing = path_to(request, "requests:index"), sentence("You have not asked for anything yet.")
    page = await _until(deadline, _own_requests(request))
    if page:
        rows = sorted(page.rows, key=lambda row: row.status.is_closed)
        page = page._replace(rows=tuple(rows[:REQUESTS_SHOWN]))
    return Section("requests", sentence("My requests"), nothing, address, page=page)


async def _own_requests(request: Request) -> RequestPage:
    return await services(request).requests.page(await requester(request), RequestQuery())


def _asks(never_assigned: bool | None, sections: Iterable[Section]) -> bool:
    """Tell whether to offer help. Where the answer is late, only a task of one's own is sure to be that of staff."""
    if never_assigned is not None:
        return never_assigned
    return not any(it.page and it.page.total for it in sections if it.key in ASSIGNED)


def _of_staff(request: Request, vocabulary: Vocabulary, rules: Rules) -> list[Section]:
    """Return the lists of people who work on tasks, the most urgent tasks of each first."""
    return [
        _listed(
            "for-me",
            sentence("Waiting for me"),
            sentence("Nothing waits for you."),
            _sorted(quick.for_me(request, vocabulary.statuses, rules), "priority", descending=True),
        ),
        _listed(
            "overdue",
            sentence("Overdue"),
            sentence("Nothing of yours is overdue."),
            _sorted(quick.overdue_of_mine(request, vocabulary.statuses), "due_date"),
        ),
        _new_ones(request, vocabulary, rules),
    ]


def _new_ones(request: Request, vocabulary: Vocabulary, rules: Rules) -> Section:
    return _listed(
        "new",
        sentence("New, without assignee"),
        sentence("Every new task has an assignee."),
        _sorted(quick.new_of_nobody(request, vocabulary.statuses, rules), "created_on"),
    )


def _listed(key: str, title: Sentence, nothing: Sentence, listing: Listing) -> Section:
    return Section(key, title, nothing, listing.link(), listing)


def _sorted(listing: Listing, column: str, descending: bool = False) -> Listing:
    return listing._replace(query=listing.query._replace(sort=column, descending=descending))


async def _beside(deadline: float, work: Awaitable[T]) -> T | None:
    """Await what the page can do without, for BESIDE_SECONDS at most."""
    return await _until(min(deadline, asyncio.get_running_loop().time() + BESIDE_SECONDS), work)


async def _until(deadline: float, work: Awaitable[T]) -> T | None:
    """Await work until a moment of the event loop; return None if it is late or the system does not answer.

    A refusal is raised: to try again would not help.
    """
    try:
        async with asyncio.timeout_at(deadline):
            return await work
    except WrongKey:
        raise
    except (Unavailable, TimeoutError) as error:
        extra = {"error": type(error).__name__, "detail": getattr(error, "detail", "")}
        log.info("a part of the start page is missing", extra=extra)
        return None
