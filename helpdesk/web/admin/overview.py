"""Show administrators what is broken first, then how much there is of what, and where each leads."""

import asyncio
from datetime import datetime, time
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import HelpdeskError, NotAllowed, Sentence, sentence
from helpdesk.store import account_search
from helpdesk.store.system_health import DOWN
from helpdesk.tasks.lists import TaskQuery
from helpdesk.web.admin import broken, systems
from helpdesk.web.admin.sections import section_page
from helpdesk.web.core.faces import answer, json_response
from helpdesk.web.core.guards import actor
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.session import current_user
from helpdesk.web.core.templating import today, translate

BACKEND_SECONDS = 2.0
"""How long the page waits for the backend: it is opened when something is broken."""
LATE = sentence("The task system has not answered in time.")


class Count(NamedTuple):
    """A number of the overview and the page that it leads to. It is `bad` when somebody should do something."""

    key: str
    name: Sentence
    number: int
    address: str
    bad: bool = False


async def index(request: Request) -> Response:
    """Show the overview."""
    person = await current_user(request)
    faults, down, tasks, counts = await asyncio.gather(
        broken.found(request, person), _of_systems(request), _new_tasks(request), _counts(request)
    )
    faults += down
    if isinstance(tasks, Sentence):
        faults.append(tasks)
    elif tasks:
        counts.append(tasks)
    return await answer(
        request,
        json=lambda: json_response(
            request,
            {"broken": [translate(request, it) for it in faults], "counts": {it.key: it.number for it in counts}},
        ),
        page=lambda: section_page(request, "admin/index.html", broken=faults, counts=counts),
    )


async def _of_systems(request: Request) -> list[Sentence]:
    """Return a sentence for each system that did not work when it was checked last."""
    down = [it for it in (await systems.views(request)).values() if it.state.status == DOWN]
    return [
        sentence("%(system)s does not work. %(reason)s. %(advice)s", system=it.title, **it.trouble._asdict())
        if it.trouble
        else sentence("%(system)s does not work.", system=it.title)
        for it in down
    ]


async def _counts(request: Request) -> list[Count]:
    named, now = services(request).settings.administrators or (), services(request).clock()
    found = await services(request).database.run(lambda db: account_search.count(db, named, now))
    people = path_to(request, "admin:people")
    administrators = f"{people}?only=administrators"
    rule = services(request).settings.second_factor
    return [
        Count("people", sentence("people"), found.people, people),
        Count("administrators", sentence("administrators altogether"), found.administrators, administrators),
        Count(
            "without_second_factor",
            sentence("administrators without a second factor"),
            found.without_factor,
            administrators,
            bad=found.without_factor > 0 and rule == "administrators",
        ),
        Count("sessions", sentence("sessions now"), found.sessions, f"{people}?sort=last_seen"),
    ]


async def _new_tasks(request: Request) -> Count | Sentence | None:
    """Count the tasks that were made today, as far as this administrator sees them; else say why that can't be told.

    An administrator who is nobody in the backend sees none.
    """
    day = today(request)
    since = datetime.combine(day, time(), services(request).settings.timezone)
    query = TaskQuery(created_since=since, include_closed=True, per_page=1)
    try:
        async with asyncio.timeout(BACKEND_SECONDS):
            number = (await services(request).backend.tasks(await actor(request), query)).total
    except NotAllowed:
        return None
    except HelpdeskError as error:
        return error.message
    except TimeoutError:
        return LATE
    made_today = f"{path_to(request, 'tasks:index')}?created_since={day}&closed=1"
    return Count("tasks_today", sentence("requests and tasks made today"), number, made_today)
