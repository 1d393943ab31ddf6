"""The task that an address names."""

from starlette.requests import Request

from helpdesk.errors import Conflict, HelpdeskError
from helpdesk.tasks.model import Task
from helpdesk.web.core import request_data
from helpdesk.web.core.guards import actor
from helpdesk.web.core.services import services


async def load(request: Request) -> Task:
    """Return the task that the address names, as this person may see it. Raises NotFound."""
    return await services(request).backend.task(await actor(request), request_data.task_id(request))


async def of_refusal(request: Request, refusal: HelpdeskError) -> Task:
    """Return the task whose change was refused, as it is now; a conflict brings it. Raises NotFound."""
    current = refusal.current if isinstance(refusal, Conflict) else None
    return current if isinstance(current, Task) else await load(request)
