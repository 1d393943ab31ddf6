"""Go to the next or the previous task of the list that a task was opened from. It is looked for when it is asked for.

A task that was not changed meanwhile is where the list has it now. If it was, its place counts: an answer may have
moved it to the front of the list, or out of it. So the neighbours are found among the other tasks.
"""

from typing import NamedTuple

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import HelpdeskError, Invalid, Sentence, sentence
from helpdesk.tasks.lists import TaskPage, TaskQuery, Vocabulary
from helpdesk.tasks.model import TaskRow
from helpdesk.web.clocks import promised
from helpdesk.web.clocks.promised import BY_PROMISE
from helpdesk.web.core import errors, flash, request_data
from helpdesk.web.core.faces import see_other
from helpdesk.web.core.guards import actor
from helpdesk.web.core.navigation import Origin, origin_of
from helpdesk.web.core.services import path_to, services
from helpdesk.web.lists import page as list_page
from helpdesk.web.lists import params as list_params
from helpdesk.web.lists.urls import Listing
from helpdesk.web.tasks import page as task_page

NO_NEXT = sentence("There is no next task in the list.")
NO_PREVIOUS = sentence("There is no previous task in the list.")
NO_LIST = sentence("This list can't be shown any more. Please choose another one.")
AROUND = 12
"""The number of tasks that are read on each side of a task's place: so far one is found that has moved."""


class Part(NamedTuple):
    """A part of a list as it is now; `first` is the position of its first task."""

    listing: Listing
    page: TaskPage
    first: int

    def position_of(self, task_id: int) -> int | None:
        return next((self.first + index for index, row in enumerate(self.page.rows) if row.id == task_id), None)

    def at(self, position: int) -> TaskRow | None:
        index = position - self.first
        return self.page.rows[index] if 0 <= index < len(self.page.rows) else None

    def origin(self, position: int) -> Origin:
        """Return the origin of a task that was found: its page of the list may be another one."""
        listing = self.listing
        address = listing.link(page=(position - 1) // listing.query.per_page + 1)
        return Origin(address, position, self.page.total, list_page.last_change(self.page.rows))


async def next_task(request: Request) -> Response:
    """Redirect to the next task of the list; at the end of the list to the same task, with a message."""
    return await _go(request, 1, NO_NEXT)


async def previous_task(request: Request) -> Response:
    return await _go(request, -1, NO_PREVIOUS)


async def _go(request: Request, step: int, message: Sentence) -> Response:
    """Redirect to a neighbour; to the same task, with a message, where there is none or the list can't be read."""
    number = request_data.task_id(request)
    origin, own = origin_of(request, number), task_page.address(request, number)
    try:
        there = await _neighbour_address(request, origin, number, step) if origin else own
    except HelpdeskError as error:
        errors.report(request, error)
        return flash.redirect(request, own, NO_LIST if isinstance(error, Invalid) else error.message)
    return see_other(there) if there else flash.redirect(request, own, message)


async def _neighbour_address(request: Request, origin: Origin, number: int, step: int) -> str:
    """Return the address of a neighbour, empty at the end of the list. Raises Invalid for a list that is none."""
    part = await _part(request, origin)
    position = neighbour(origin, part, number, await _is_ahead(request, part, number), step)
    if part.at(position) is None and 0 < position <= part.page.total:
        part = await _part(request, part.origin(position))
    row = part.at(position)
    return path_to(request, "tasks:show", task_id=row.id) + part.origin(position).query(request) if row else ""


def neighbour(origin: Origin, part: Part, task_id: int, is_ahead: bool, step: int) -> int:
    """Return the position of a neighbour, which may be beyond the list.

    `is_ahead` says that the task is before the part: the others have moved up by one.
    """
    here = 0 if is_ahead else part.position_of(task_id)
    row = part.at(here) if here else None
    is_unchanged = row is not None and (not origin.position or list_page.last_change([row]) <= origin.as_of)
    place = here if here and is_unchanged else origin.position or part.first
    among_others = place if step > 0 else place - 1
    position = among_others + (here is not None and here <= among_others)
    return position if step > 0 else min(position, part.page.total)


async def _part(request: Request, origin: Origin) -> Part:
    """Read the list around the origin's position; its page where the position is not known. Raises Invalid."""
    path, _, text = origin.address.partition("?")
    params = QueryParams(text)

    def query(vocabulary: Vocabulary) -> TaskQuery:
        query = list_params.query_of(request, path, params, vocabulary)
        if not origin.position:
            return query
        return query._replace(page=1, per_page=2 * AROUND + 1, skip=max(0, origin.position - 1 - AROUND))

    page = await promised.tasks(request, await actor(request), query, params)
    assert page.vocabulary is not None
    listing = list_params.of_address(request, path, params, page.vocabulary)
    return Part(listing, page, page.query.offset + 1)


async def _is_ahead(request: Request, part: Part, task_id: int) -> bool:
    """Tell whether a task has moved before the part. The backend puts it and the part's first row in order; it knows
    nothing of promises."""
    if part.first == 1 or part.position_of(task_id) or part.listing.query.sort == BY_PROMISE:
        return False
    ids = (task_id, *(row.id for row in part.page.rows[:1]))
    query = part.page.query._replace(task_ids=ids, page=1, per_page=1, skip=0)
    rows = (await services(request).backend.tasks(await actor(request), query)).rows
    return bool(rows) and rows[0].id == task_id
