"""Read the first tasks of the lists that the start page shows. The page never waits long for the task system."""

import asyncio
import logging
from collections.abc import Awaitable
from typing import NamedTuple, TypeVar

from starlette.requests import Request

from helpdesk.errors import HelpdeskError, Sentence, sentence
from helpdesk.people.model import Person
from helpdesk.tasks.lists import TaskPage, Vocabulary
from helpdesk.tasks.model import Actor
from helpdesk.tasks.phases import Rules
from helpdesk.web.core.services import services
from helpdesk.web.lists import page as list_page
from helpdesk.web.lists import quick
from helpdesk.web.lists.urls import Listing
from helpdesk.web.tasks import colors

log = logging.getLogger(__name__)

WAIT_SECONDS = 2.0
SHOWN, REQUESTS_SHOWN = 3, 6  # tasks of a list
T = TypeVar("T")


class Section(NamedTuple):
    """A list: its key in ids of elements, its first tasks, and what is said of it when it has none.

    `page` is None when the task system has not answered in time.
    """

    key: str
    title: Sentence
    nothing: Sentence
    listing: Listing
    shown: int = SHOWN
    page: TaskPage | None = None


class Start(NamedTuple):
    """What the task system says for a start page. `asks` marks that of a person who only asks for help.

    `sections` is None when not even the statuses came in time.
    """

    asks: bool = False
    may_ask: bool = True
    sections: list[Section] | None = None


async def load(request: Request, person: Person, who: Actor) -> Start:
    """Read everything within WAIT_SECONDS; what is late or refused is left out."""
    backend, deadline = services(request).backend, asyncio.get_running_loop().time() + WAIT_SECONDS
    vocabulary, never_assigned, _ = await asyncio.gather(
        _until(deadline, backend.vocabulary(who)),
        _until(deadline, list_page.was_never_assigned(request, who)),
        _until(deadline, colors.prepare(request)),
    )
    asks = bool(never_assigned) and not person.is_admin
    may_ask = not asks or await _until(deadline, backend.projects_for_new(who)) != ()
    if vocabulary is None:
        return Start(asks, may_ask)
    rules = await colors.load_phase_rules(request)
    sections = _of_requester(request, vocabulary, rules) if asks else _of_staff(request, vocabulary, rules)
    queries = (it.listing.query._replace(per_page=it.shown) for it in sections)
    pages = await asyncio.gather(*(_until(deadline, backend.tasks(who, query)) for query in queries))
    read = [section._replace(page=page) for section, page in zip(sections, pages, strict=True)]
    return Start(asks, may_ask, read)


def _of_staff(request: Request, vocabulary: Vocabulary, rules: Rules) -> list[Section]:
    """Return the lists of people who work on tasks, the most urgent tasks of each first."""
    return [
        Section(
            "for-me",
            sentence("Waiting for me"),
            sentence("Nothing waits for you."),
            _sorted(quick.for_me(request, vocabulary.statuses, rules), "priority", descending=True),
        ),
        Section(
            "overdue",
            sentence("Overdue"),
            sentence("Nothing of yours is overdue."),
            _sorted(quick.overdue_of_mine(request, vocabulary.statuses), "due_date"),
        ),
        _new_ones(request, vocabulary, rules),
    ]


def _of_requester(request: Request, vocabulary: Vocabulary, rules: Rules) -> list[Section]:
    """Return the person's requests. New staff, who may work on tasks but have none yet, get the new ones, too."""
    nothing = sentence("You have no open requests.")
    requests = Section("requests", sentence("My requests"), nothing, quick.requested(request), REQUESTS_SHOWN)
    return [requests, _new_ones(request, vocabulary, rules)] if vocabulary.may_edit else [requests]


def _new_ones(request: Request, vocabulary: Vocabulary, rules: Rules) -> Section:
    return Section(
        "new",
        sentence("New, without assignee"),
        sentence("Every new task has an assignee."),
        _sorted(quick.new_of_nobody(request, vocabulary.statuses, rules), "created_on"),
    )


def _sorted(listing: Listing, column: str, descending: bool = False) -> Listing:
    return listing._replace(query=listing.query._replace(sort=column, descending=descending))


async def _until(deadline: float, work: Awaitable[T]) -> T | None:
    """Await work until a moment of the event loop; return None if it is late or fails."""
    try:
        async with asyncio.timeout_at(deadline):
            return await work
    except (HelpdeskError, TimeoutError) as error:
        log.info("a part of the start page is missing", extra={"error": type(error).__name__})
        return None
