"""Name the lists that people need most: overdue tasks, those without assignee, and those that wait for the person."""

from collections.abc import Iterable
from typing import NamedTuple

from starlette.requests import Request

from helpdesk.errors import Sentence, sentence
from helpdesk.tasks.lists import TaskQuery, Vocabulary
from helpdesk.tasks.model import Status
from helpdesk.tasks.phases import Rules, grouped
from helpdesk.web.core.services import path_to
from helpdesk.web.core.templating import today
from helpdesk.web.lists import statistics_tables
from helpdesk.web.lists.urls import NO_ID, Listing

OVERDUE, UNASSIGNED = sentence("overdue ones"), sentence("without assignee")


class Quick(NamedTuple):
    """A filter that many people need: an address that sets it, or takes it away when it is on."""

    label: Sentence
    address: str
    is_on: bool = False


def lists(request: Request, listing: Listing, vocabulary: Vocabulary, rules: Rules) -> list[Quick]:
    """Return the filters that people set most, each with the address that sets it or takes it away."""
    overdue, is_nobodys = _overdue(request, listing, vocabulary), listing.query.assignees == ("nobody",)
    is_overdue = overdue == listing.link()
    quick = [Quick(OVERDUE, listing.link(due_by=None) if is_overdue else overdue, is_overdue)]
    if not listing.is_mine:
        quick.append(Quick(UNASSIGNED, listing.link(assignees=() if is_nobodys else ("nobody",)), is_nobodys))
        quick.append(Quick(statistics_tables.FOR_ME, for_me(request, vocabulary.statuses, rules).link()))
    return quick


def for_me(request: Request, statuses: Iterable[Status], rules: Rules) -> Listing:
    """Return the list of the person's tasks that are new or in work and not resolved."""
    query = TaskQuery(("me",), status_ids=statistics_tables.waiting_for_me(statuses, rules) or (NO_ID,))
    return Listing(query, path_to(request, "tasks:my_tasks"), is_mine=True)


def overdue_of_mine(request: Request, statuses: Iterable[Status]) -> Listing:
    """Return the list of the person's overdue tasks."""
    mine = Listing(TaskQuery(("me",)), path_to(request, "tasks:my_tasks"), is_mine=True)
    return statistics_tables.overdue(mine, statuses, today(request))


def new_of_nobody(request: Request, statuses: Iterable[Status], rules: Rules) -> Listing:
    """Return the list of the new tasks that nobody has taken."""
    ids = tuple(it.id for it in grouped(statuses, rules)["new"])
    query = TaskQuery(("nobody",), status_ids=ids or (NO_ID,))
    return Listing(query, path_to(request, "tasks:index"))


def _overdue(request: Request, listing: Listing, vocabulary: Vocabulary) -> str:
    """Return the address of the overdue tasks. Closed tasks are never overdue, so a filter by their statuses alone is
    left out."""
    query, open_ids = listing.query, {it.id for it in vocabulary.statuses if not it.is_closed}
    if open_ids.isdisjoint(query.status_ids):
        listing = listing._replace(query=query._replace(status_ids=()))
    return statistics_tables.overdue(listing, vocabulary.statuses, today(request)).link()
