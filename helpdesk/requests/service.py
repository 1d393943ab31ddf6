"""Define what the rest of the helpdesk may ask about requests. Whose a request is, is decided here alone."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Protocol

from helpdesk.people.model import SignedIn
from helpdesk.requests.model import (
    Activity,
    Asker,
    Category,
    Grade,
    NewRequest,
    OwnTasks,
    Places,
    Request,
    Requester,
    RequestPage,
    RequestQuery,
)
from helpdesk.tasks.feed import Event
from helpdesk.tasks.files import Staged, Upload
from helpdesk.tasks.model import Actor, OpenFile, Task, TaskRow


class Requests(Protocol):
    """The requests of people. A task that is not one's own raises NotFound, like one that does not exist.

    All methods raise Unavailable, BadResponse and StoreUnavailable.
    """

    async def requester(self, signed_in: SignedIn) -> Requester:
        """Return who is signed in, as a requester: everybody is one."""

    async def own(self, who: Requester) -> OwnTasks:
        """Return the requests of a person, for `page` and `activity` of the same moment, which else read them."""

    async def page(self, who: Requester, query: RequestQuery, own: OwnTasks | None = None) -> RequestPage:
        """Return one page of the requests, and the number in each phase."""

    async def activity(
        self, who: Requester, since: datetime, limit: int, own: OwnTasks | None = None
    ) -> tuple[Activity, ...]:
        """Return what others did to the requests that are not closed, newest first."""

    async def show(self, who: Requester, task_id: int) -> Request:
        """Return a request. Raises NotFound."""

    async def reader(self) -> Actor:
        """Return the actor as whom requests are read, for what else is told of one that `show` returned."""

    async def open_file(self, who: Requester, task_id: int, file_id: int) -> OpenFile:
        """Find a public file of a request. Raises NotFound."""

    async def stage(self, who: Requester, upload: Upload) -> Staged:
        """Store a file for `answer` or `create`. Raises TooLarge, NotAllowed."""

    async def answer(self, who: Requester, task_id: int, text: str, files: tuple[Staged, ...] = ()) -> Request:
        """Add a public comment, and reopen what waits for it where the workflow allows.

        Raises NotFound, NotAllowed, Invalid; nothing is written then.
        """

    async def solve(self, who: Requester, task_id: int, grade: int | None = None, word: str = "") -> Request:
        """Close a request as solved where the workflow allows, with a grade if there is one.

        A grade alone is for what is done. Raises NotFound, NotAllowed, Invalid.
        """

    async def similar(self, who: Requester, words: str, limit: int) -> tuple[TaskRow, ...]:
        """Return open requests that have most of these words in their subjects, of those changed last."""

    async def categories(self, who: Requester) -> tuple[Category, ...]:
        """Return the categories in which a request can be created now, in their order."""

    async def create(self, who: Requester, new: NewRequest) -> int:
        """Create a request, and return its id. Raises Invalid, NotAllowed."""

    async def places(self) -> Places:
        """Return for administrators where categories may lead."""

    async def require_place(self, project_id: int, tracker_id: int | None) -> None:
        """Raise Invalid unless requests can be made in this project, with this type or without one."""

    async def visible(self, who: Requester, task_ids: Collection[int]) -> frozenset[int]:
        """Return those of these tasks that are requests of this person."""

    async def requesters_of(self, event: Event) -> Sequence[Requester]:
        """Return the active people to whom the task of an event belongs, by its author or an address."""

    async def readers(self, event: Event, people: Iterable[Requester]) -> frozenset[int]:
        """Return the accounts' ids of those of these people who may read the event as their request's: the task is
        theirs, and the event has a public comment, a new status or a public file."""

    async def asked_by(self, task: Task) -> tuple[Asker, ...]:
        """Return for staff who asked for a task, the author left out where an address names somebody.

        Addresses in custom fields that the task as it was read does not show are not told either.
        """

    async def add_requester(self, task_id: int, person_id: int) -> None:
        """Note an account as one who asked for a task, by a proven address, unless the task is theirs already.

        Where the task names somebody else already and has room for one only, it stays so.
        """

    async def correct_requester(self, actor: Actor, task_id: int, before: int | None, after: int | None) -> None:
        """Note another account as one who asked for a task in place of the one that `add_requester` has noted; None is
        nobody. It is a change by the actor.

        Raises NotFound, NotAllowed, Invalid, Conflict and OutcomeUnknown.
        """

    async def grades(self, task_id: int) -> tuple[Grade, ...]:
        """Return for staff how the requesters of a task found the help, the last grade first."""
