"""The colors of statuses and priorities, for whatever answers them."""

from starlette.requests import Request

from helpdesk.errors import Conflict, HelpdeskError
from helpdesk.tasks import colors
from helpdesk.tasks.change_messages import conflict as conflict_in_words
from helpdesk.tasks.colors import Colors, Named
from helpdesk.tasks.lists import Vocabulary
from helpdesk.tasks.model import ConflictingChange, Task
from helpdesk.web.core.faces import Json
from helpdesk.web.core.guards import actor
from helpdesk.web.core.services import services
from helpdesk.web.core.templating import language, translate
from helpdesk.web.tasks import phase_rules, schemas, task_schema

_COLORS = "colors"


async def task(request: Request, found: Task) -> Json:
    """A task as the JSON that programs know."""
    return task_schema.task(found, await known(request))


async def conflict(request: Request, error: Conflict) -> Json:
    """Return what the JSON of a conflict says of the task: how it is now, and what others wrote meanwhile."""
    if not isinstance(error.current, Task):
        return {}
    current = await task(request, error.current)
    theirs = [it for it in error.theirs if isinstance(it, ConflictingChange)]
    if not theirs:
        return {"current": current}
    current["conflicts"] = schemas.conflicts(theirs, language(request))
    return {"message": translate(request, conflict_in_words(theirs)), "current": current}


async def known(request: Request) -> Colors:
    """Return the colors of the backend's statuses and priorities.

    They are the same for everybody and are asked for once in `colors.FRESH_SECONDS`. When the backend or the store is
    down after a task was read or written, the colors are those that a status and a priority have by themselves.
    """
    cache = services(request).color_cache.current
    if found := cache.get(_COLORS):
        return found
    try:
        found = await of(request, await services(request).backend.vocabulary(await actor(request)))
    except HelpdeskError:
        return Colors(named=_named(request))
    cache[_COLORS] = found
    return found


def forget(request: Request) -> None:
    """Have the colors asked for again: the phases of statuses were changed here. Who read them before the change has
    the old cache still."""
    services(request).color_cache.forget()


async def of(request: Request, words: Vocabulary) -> Colors:
    """The same, of words that were asked for already."""
    rules = await phase_rules.rules(request)
    return colors.known(words.statuses, words.priorities, rules, _named(request))


def _named(request: Request) -> Named:
    return services(request).settings.colors or {}
