"""Ask the backend who sees a task, as each of some people, unless that is known."""

import asyncio
from collections.abc import Mapping, Sequence

from starlette.requests import Request

from helpdesk.errors import NotAllowed, NotFound, Unavailable
from helpdesk.people.model import SignedIn, entitled, person_of
from helpdesk.store import people
from helpdesk.tasks.model import Actor, Task
from helpdesk.tasks.readers import Answer
from helpdesk.web.core.services import services
from helpdesk.web.people.colleagues import Colleague


def known(request: Request, task: Task, some: Sequence[Colleague]) -> dict[int, Answer]:
    """Return what is known already of what each of these people sees."""
    return services(request).reader_cache.known([it.id for it in some], task.row.id, task.version)


async def among(request: Request, task: Task, some: Sequence[Colleague]) -> Mapping[int, Answer]:
    """Return what each of these people sees; one whom the backend could not be asked about is missing."""
    answered = known(request, task, some)
    actors = await _actors(request, [it.account for it in some if it.id not in answered and it.account is not None])
    answers = await asyncio.gather(*(_ask(request, it, task.row.id) for it in actors))
    asked = {it.id: sees for it, sees in zip(actors, answers, strict=True) if not isinstance(sees, Unavailable)}
    services(request).reader_cache.keep(asked, task.row.id, task.version)
    return answered | asked


async def _actors(request: Request, accounts: Sequence[int]) -> list[Actor]:
    """Return the identities in the backend of these accounts."""
    if not accounts:
        return []
    named, now = services(request).settings.administrators, services(request).clock()
    rows = await services(request).database.run(lambda db: people.with_ids(db, accounts))
    persons = [entitled(person_of(*row), named) for row in rows]
    return [services(request).identify(SignedIn(person, "", now)) for person in persons]


async def _ask(request: Request, person: Actor, task_id: int) -> Answer | Unavailable:
    """Ask as one person. A failure is returned: what goes wrong for one says nothing of the others."""
    try:
        return (await services(request).backend.seen(person, (task_id,))).get(task_id)
    except (NotAllowed, NotFound):  # locked meanwhile, or no longer there
        return None
    except Unavailable as error:
        return error
