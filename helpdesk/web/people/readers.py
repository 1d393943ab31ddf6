"""Ask the backend who sees a task, as each of some people, and keep the answers for a while."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence

from cachetools import TTLCache
from starlette.requests import Request

from helpdesk.errors import NotAllowed, NotFound, Unavailable
from helpdesk.people.model import SignedIn, entitled, person_of
from helpdesk.store import people
from helpdesk.tasks.model import Actor, Task
from helpdesk.web.core.services import services
from helpdesk.web.people.colleagues import Colleague

FRESH_SECONDS = 60
MOST_KNOWN = 20_000  # answers, some 200 bytes each

Key = tuple[int, int, str]
"""A person, a task and its version: a write may change who sees it."""
Sight = bool | None
"""None for somebody who does not see the task, else whether others' internal comments are seen, too."""


class Readers:
    """What the backend said of who sees a task. Another process keeps its own answers."""

    def __init__(self) -> None:
        self.known: TTLCache[Key, Sight] = TTLCache(MOST_KNOWN, FRESH_SECONDS)


def unknown(request: Request, task: Task, some: Iterable[Colleague]) -> list[Colleague]:
    """Return those of whom the backend would have to be asked."""
    return [it for it in some if _key(it.id, task) not in services(request).readers.known]


async def among(request: Request, task: Task, some: Sequence[Colleague]) -> Mapping[int, Sight]:
    """Return what each of these people sees; one whom the backend could not be asked about is missing."""
    known = services(request).readers.known
    told = {it.id: known[key] for it in some if (key := _key(it.id, task)) in known}
    actors = await _actors(request, [it.account for it in some if it.id not in told and it.account is not None])
    answers = await asyncio.gather(*(_sight(request, it, task.row.id) for it in actors))
    asked = {it.id: sight for it, sight in zip(actors, answers, strict=True) if not isinstance(sight, Unavailable)}
    known.update({_key(number, task): sight for number, sight in asked.items()})
    return told | asked


def _key(number: int, task: Task) -> Key:
    return number, task.row.id, task.version


async def _actors(request: Request, accounts: Sequence[int]) -> list[Actor]:
    """Return the identities in the backend of these accounts."""
    if not accounts:
        return []
    named, now = services(request).settings.administrators, services(request).clock()
    rows = await services(request).database.run(lambda db: [people.with_id(db, number) for number in accounts])
    persons = [entitled(person_of(row), named) for row in rows if row]
    return [services(request).identify(SignedIn(person, "", now)) for person in persons]


async def _sight(request: Request, person: Actor, task_id: int) -> Sight | Unavailable:
    """Ask as one person. A failure is returned: what goes wrong for one says nothing of the others."""
    try:
        return (await services(request).backend.seen(person, (task_id,))).get(task_id)
    except (NotAllowed, NotFound):  # locked meanwhile, or no longer there
        return None
    except Unavailable as error:
        return error
