"""Define the port to what a backend tells of requesters, and to the ways in which they write."""

from collections.abc import Collection, Mapping
from typing import NamedTuple, Protocol

from helpdesk.requests.model import Ownership, OwnTask, OwnTasks, Requester, Whole
from helpdesk.tasks.creation import NewTask
from helpdesk.tasks.files import Staged, Upload
from helpdesk.tasks.model import Actor, Edit, Ref, Status

MOST_REQUESTS = 5_000
"""The most requests of one person that are looked at, those changed last."""
MOST_CANDIDATES = 50_000
"""The most tasks that are looked at for one person, since their fields contain an address like the person's."""


class Means(NamedTuple):
    """What a requester may do to a task, and as whom.

    `statuses` are those that may be chosen, without the present one. Without an `actor` it is somebody whom the backend
    knows no name of; `is_oneself` tells whether it is the requester.
    """

    statuses: tuple[Status, ...] = ()
    may_answer: bool = False
    may_attach: bool = False
    actor: Actor | None = None
    is_oneself: bool = True


def latest(found: Mapping[int, OwnTask], limit: int) -> dict[int, OwnTask]:
    """Return the tasks that were changed last, the last one first."""
    return dict(sorted(found.items(), key=lambda it: (it[1].updated_on, it[0]), reverse=True)[:limit])


class RequestSource(Protocol):
    """The port. All methods raise Unavailable, BadResponse and StoreUnavailable."""

    @property
    def at_once(self) -> int:
        """Return how many tasks the backend lists at a time."""

    @property
    def most_histories(self) -> int:
        """Return how many histories may be read for one page."""

    async def system(self) -> Actor:
        """Return the actor as whom requests are read, who sees more than any requester."""

    async def own(self, who: Requester, limit: int) -> OwnTasks:
        """Return the tasks that are this person's requests and that `system` sees, those changed last first."""

    async def whole(self, task_id: int) -> Whole:
        """Return a task as `system` sees it. Raises NotFound."""

    async def ownerships(self, task_ids: Collection[int]) -> Mapping[int, Ownership]:
        """Return whose these tasks are; tasks that are gone or hidden from `system` may be left out."""

    async def mark(self, task_id: int, address: str) -> None:
        """Add the address of somebody who asked for a task, where there is room for it."""

    async def correct(self, actor: Actor, task_id: int, gone: frozenset[str], address: str) -> None:
        """Take addresses out of the field that `mark` writes, and add another one where there is room for it.

        It is a change by the actor. Raises NotFound, NotAllowed (also where the backend has no such field that people
        may change), Invalid, Conflict; nothing is written then.
        """

    async def private_files(self, task_id: int) -> Mapping[int, frozenset[int]]:
        """Return the files that private comments brought, by the entry of the history that names them."""

    async def means(self, who: Requester, task_id: int) -> Means:
        """Return what this person may do to a task that is theirs."""

    async def write(self, who: Requester, task_id: int, means: Means, edit: Edit) -> None:
        """Write a comment, files and a status at once, or nothing. Raises NotFound, NotAllowed, Invalid."""

    async def stage(self, who: Requester, upload: Upload) -> Staged:
        """Store a file for `write` or `create`. Raises TooLarge, NotAllowed."""

    async def own_projects(self, who: Requester) -> tuple[Ref, ...]:
        """Return the projects in which the person may create tasks by a role, for a company without categories."""

    async def projects(self) -> frozenset[int]:
        """Return the projects in which requests can be created."""

    async def create(self, who: Requester, new_task: NewTask, address: str) -> int:
        """Create a task of this person, with the address in the field for it. Raises NotFound, NotAllowed, Invalid."""
