"""The people who asked for a task and how they found the help, for staff alone."""

import asyncio
from contextlib import suppress
from typing import NamedTuple

from starlette.requests import Request

from helpdesk.errors import Unavailable
from helpdesk.requests.model import Asker, Grade
from helpdesk.tasks.model import Task
from helpdesk.web.core.services import services
from helpdesk.web.tasks import form_fields

WAIT_SECONDS = 0.5


class Asked(NamedTuple):
    """Who asked for a task, and the grades that they gave."""

    people: tuple[Asker, ...] = ()
    grades: tuple[Grade, ...] = ()


async def of_task(request: Request, task: Task) -> Asked:
    """Return who asked; nobody to a person who is not staff, or if that can't be found out in time."""
    if not form_fields.is_staff(task.choices):
        return Asked()
    requests = services(request).requests
    with suppress(Unavailable, TimeoutError):
        async with asyncio.timeout(WAIT_SECONDS):
            return Asked(await requests.asked_by(task), await requests.grades(task.id))
    return Asked()
