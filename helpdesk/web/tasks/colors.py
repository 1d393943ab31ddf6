"""The colors of statuses and priorities in answers, and the phases that administrators give to statuses."""

from collections.abc import Mapping

from sqlmodel import Session
from starlette.requests import Request

from helpdesk.errors import Conflict, HelpdeskError, NotAllowed
from helpdesk.languages import say
from helpdesk.store import board
from helpdesk.tasks import colors
from helpdesk.tasks.change_messages import conflict as conflict_message
from helpdesk.tasks.change_messages import in_words
from helpdesk.tasks.colors import Colors, Named
from helpdesk.tasks.lists import Vocabulary
from helpdesk.tasks.model import ConflictingChange, Task
from helpdesk.tasks.phases import Rule, Rules
from helpdesk.web.core.faces import Json, moment
from helpdesk.web.core.guards import actor
from helpdesk.web.core.services import services
from helpdesk.web.core.templating import language, translate
from helpdesk.web.tasks import schemas

_COLORS = "colors"


async def task(request: Request, task: Task) -> Json:
    """Return a task as the JSON that programs know."""
    return schemas.task(task, await load(request))


async def conflict(request: Request, error: Conflict) -> Json:
    """Return what the JSON of a conflict says of the object: how it is now, and of a task what others wrote."""
    if isinstance(error.current, Mapping):
        return {"current": dict(error.current)}
    if not isinstance(error.current, Task):
        return {}
    current = await task(request, error.current)
    theirs = [it for it in error.theirs if isinstance(it, ConflictingChange)]
    if not theirs:
        return {"current": current}
    current["conflicts"] = [_conflict(it, language(request)) for it in theirs]
    return {"message": translate(request, conflict_message(theirs)), "current": current}


def _conflict(theirs: ConflictingChange, language: str) -> Json:
    """Return a change that somebody else made to one of the same fields meanwhile."""
    change, entry = theirs.change, theirs.entry
    return {
        "field": theirs.name,
        "old": change.old,
        "new": change.new,
        "change": say(language, in_words(change)),
        "author": schemas.member(entry.author),
        "changed_on": moment(entry.created_on),
    }


async def load(request: Request) -> Colors:
    """Return the colors of the backend's statuses and priorities.

    They are the same for everybody and are asked for once in `colors.FRESH_SECONDS`. When the backend or the store is
    down after a task was read or written, the colors are those that a status and a priority have by themselves.
    """
    cache = services(request).color_cache.current
    if cached := cache.get(_COLORS):
        return cached
    try:
        current = await of_vocabulary(request, await services(request).backend.vocabulary(await actor(request)))
    except NotAllowed:  # the person is nobody in the backend
        return await _of_statuses(request)
    except HelpdeskError:
        return Colors(named=_named(request))
    cache[_COLORS] = current
    return current


async def _of_statuses(request: Request) -> Colors:
    """Return the colors of the statuses alone, which are no secret."""
    try:
        statuses, rules = await services(request).backend.statuses(), await load_phase_rules(request)
    except HelpdeskError:
        return Colors(named=_named(request))
    return colors.known(statuses, (), rules, _named(request))


async def prepare(request: Request) -> Colors:
    """Have templates draw statuses by the present phases, and return them."""
    services(request).renderer.colors = current = await load(request)
    return current


async def of_vocabulary(request: Request, vocabulary: Vocabulary) -> Colors:
    """Return the colors of a vocabulary that was read already."""
    rules = await load_phase_rules(request)
    return colors.known(vocabulary.statuses, vocabulary.priorities, rules, _named(request))


def phase_rules(session: Session) -> Rules:
    """Return the phases that administrators gave to statuses."""
    return {status: Rule(it.phase, it.wip_limit) for status, it in board.columns(session).items()}


async def load_phase_rules(request: Request) -> Rules:
    return await services(request).database.run(phase_rules)


def _named(request: Request) -> Named:
    return services(request).settings.colors or {}
