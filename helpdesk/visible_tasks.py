"""Tell which tasks a person may see: as tasks in the backend, or as requests of their own."""

from collections.abc import Callable, Collection, Mapping

from helpdesk.errors import NotAllowed
from helpdesk.people.model import SignedIn
from helpdesk.requests.service import Requests
from helpdesk.tasks.backend import Backend
from helpdesk.tasks.model import Actor


class VisibleTasks:
    """Asks the backend, and for tasks that it does not show asks whose request they are."""

    def __init__(self, backend: Backend, identify: Callable[[SignedIn], Actor], requests: Requests) -> None:
        self.backend, self.identify, self.requests = backend, identify, requests

    def actor(self, signed_in: SignedIn) -> Actor | None:
        """Return the identity in the backend; None for somebody who has none."""
        try:
            return self.identify(signed_in)
        except NotAllowed:
            return None

    async def as_tasks(self, signed_in: SignedIn, task_ids: Collection[int]) -> Mapping[int, bool]:
        """Return those that are visible as tasks, each with whether others' private comments are visible, too. Raises
        Unavailable, NotAllowed."""
        actor = self.actor(signed_in)
        return await self.backend.seen(actor, task_ids) if actor and task_ids else {}

    async def seen(self, signed_in: SignedIn, task_ids: Collection[int]) -> Mapping[int, bool]:
        """Return the same with the requests of the person, which never show private comments. Raises as `as_tasks`."""
        seen = await self.as_tasks(signed_in, task_ids)
        own = await self.as_requests(signed_in, set(task_ids) - seen.keys())
        return {**dict.fromkeys(own, False), **seen}

    async def as_requests(self, signed_in: SignedIn, task_ids: Collection[int]) -> frozenset[int]:
        """Return those of these tasks that are requests of the person. Raises Unavailable."""
        if not task_ids:
            return frozenset()
        return await self.requests.visible(await self.requests.requester(signed_in), task_ids)
