"""The people who asked for a task, for staff alone."""

import asyncio
from contextlib import suppress

from starlette.requests import Request

from helpdesk.errors import Unavailable
from helpdesk.requests.model import Asker
from helpdesk.tasks.model import Task
from helpdesk.web.core.services import services
from helpdesk.web.tasks import form_fields

WAIT_SECONDS = 0.5


async def of_task(request: Request, task: Task) -> tuple[Asker, ...]:
    """Return who asked; nobody to a person who is not staff, or if that can't be found out in time."""
    if not form_fields.is_staff(task.choices):
        return ()
    with suppress(Unavailable, TimeoutError):
        async with asyncio.timeout(WAIT_SECONDS):
            return (await services(request).requests.asked_by([task.id])).get(task.id, ())
    return ()
