"""Count the tasks that the navigation's links to lists show: one's own, and those of each saved view."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from math import inf
from time import monotonic
from typing import NamedTuple

from starlette.datastructures import QueryParams
from starlette.requests import Request

from helpdesk.errors import HelpdeskError
from helpdesk.tasks.lists import TaskQuery, Vocabulary
from helpdesk.web.clocks import promised
from helpdesk.web.core import session
from helpdesk.web.core.faces import WROTE
from helpdesk.web.core.guards import actor
from helpdesk.web.core.services import path_to, services
from helpdesk.web.lists import params as list_params

FRESH_SECONDS = 30
WAIT_SECONDS = 0.5
MOST_PEOPLE = 5_000


class Numbers(NamedTuple):
    """The numbers of a person's lists by their addresses; `mark` is the browser's mark of its last write by then."""

    by_address: Mapping[str, int] = {}
    counted_at: float = -inf
    mark: str = ""


class Counts:
    """The numbers of each person's lists, until FRESH_SECONDS are over or the person has written something.

    Another process notices a write by the browser's mark, which the `wrote` cookie changes with every write.
    """

    def __init__(self) -> None:
        self.known: dict[int, Numbers] = {}
        self.running: dict[int, asyncio.Task[None]] = {}

    def forget(self, person_id: int) -> None:
        """Have the lists of a person counted anew. A count that is running has begun too early."""
        self.known.pop(person_id, None)
        self.running.pop(person_id, None)

    async def of(self, request: Request) -> Mapping[str, int]:
        """Return the numbers for the person who asks; the earlier ones, or none, when counting takes WAIT_SECONDS.

        A page must not wait for numbers beside its links; what is counted late is there for the next page.
        """
        person_id, mark = request.state.person_id, session.cookie(request, WROTE)
        known = self.known.get(person_id, Numbers())
        if monotonic() - known.counted_at < FRESH_SECONDS and known.mark == mark:
            return known.by_address
        if person_id not in self.running:
            self.running[person_id] = asyncio.create_task(self._count(request, person_id, mark))
        await asyncio.wait([self.running[person_id]], timeout=WAIT_SECONDS)
        return self.known.get(person_id, known).by_address

    async def _count(self, request: Request, person_id: int, mark: str) -> None:
        try:
            numbers = await _counted(request)
        finally:
            is_current = self.running.get(person_id) is asyncio.current_task()
            if is_current:
                del self.running[person_id]
        if not is_current:
            return
        if len(self.known) >= MOST_PEOPLE:
            self.known.clear()
        self.known[person_id] = Numbers(numbers, monotonic(), mark)


async def _counted(request: Request) -> dict[str, int]:
    """Count all lists at once. Over REST the saved views are left out: each would be a request."""
    addresses = [path_to(request, "tasks:my_tasks")]
    if services(request).backend.capabilities.searches != "subject":
        addresses += [view.address for view in request.state.saved_views]
    try:
        vocabulary = await services(request).backend.vocabulary(await actor(request))
    except HelpdeskError:
        return {}
    numbers = await asyncio.gather(*(_number(request, address, vocabulary) for address in addresses))
    return {address: number for address, number in zip(addresses, numbers, strict=True) if number is not None}


async def _number(request: Request, address: str, vocabulary: Vocabulary) -> int | None:
    """Count the tasks of a list; None if that fails, and for somebody without own tasks, who sees requests there."""
    path, _, text = address.partition("?")
    params = QueryParams(text)
    is_mine = path == path_to(request, "tasks:my_tasks") and not list_params.names_somebody(params)

    def query(_: Vocabulary) -> TaskQuery:
        return list_params.query_of(request, path, params, vocabulary)._replace(page=1, per_page=1)

    with suppress(HelpdeskError):
        number = (await promised.tasks(request, await actor(request), query, params)).total
        return None if is_mine and not number else number
    return None


def correct(request: Request, number: int) -> None:
    """Have the navigation show the number of the list that is on the page, where it links to this list."""
    query = f"?{request.url.query}" if request.url.query else ""
    numbers = getattr(request.state, "counts", {})  # only the request of a page has them
    if (here := request.url.path + query) in numbers:
        request.state.counts = {**numbers, here: number}
