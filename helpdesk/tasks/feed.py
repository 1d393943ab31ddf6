"""Define the port to the events of tasks, for all people at once. `tests/tasks/test_feed_contract.py` tests it."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple, Protocol

from helpdesk.tasks.model import Actor, Member


class Change(NamedTuple):
    """The names of a value before and after; empty where there was none."""

    old: str
    new: str


class Event(NamedTuple):
    """One event of a task, with all that it changed.

    `key` never changes. People are the backend's numbers, with a group's members in its place. `author` and `assignees`
    are those after the event, `watchers` those when it is read. `former` were the assignees until this event;
    `was_assigned`: it changed the assignee. `notes` are the comment, or the description of a new task, when it is
    read.
    """

    key: str
    task_id: int
    subject: str
    project_id: int
    project: str
    at: datetime
    by: Member | None
    is_new: bool = False
    notes: str = ""
    private: bool = False
    status: Change | None = None
    priority: Change | None = None
    was_assigned: bool = False
    files: tuple[str, ...] = ()
    author: int | None = None
    assignees: frozenset[int] = frozenset()
    former: frozenset[int] = frozenset()
    watchers: frozenset[int] = frozenset()


class FeedPage(NamedTuple):
    """Events, oldest first, the next cursor, and whether there are more events behind it."""

    events: tuple[Event, ...]
    cursor: str
    more: bool = False


class Feed(Protocol):
    """The events of a backend. All methods raise Unavailable while it does not answer."""

    async def start(self) -> str:
        """Return the cursor of this moment, behind all earlier events."""

    async def read(self, cursor: str) -> FeedPage:
        """Return all events after the cursor, whatever the order in which writes ended. For a while the same events are
        repeated, under the same keys."""

    def key(self, entry_id: int) -> str:
        """Return the key of the event of an entry in a task's history."""

    async def event(self, task_id: int, entry_id: int) -> Event | None:
        """Return the event of that entry, as `read` does; None when the task has no such entry."""

    async def visible_to(self, event: Event, people: Iterable[Actor]) -> frozenset[int]:
        """Return the ids of the people who may now see the task and at least a part of the event.

        Private comments, changes of hidden fields and relations to hidden tasks do not count for those who may not see
        them.
        """
