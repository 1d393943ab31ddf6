"""The port to the events of tasks, for all people at once. Its contract is `tests/tasks/test_feed_contract.py`."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple, Protocol

from helpdesk.tasks.model import Actor, Member


class Change(NamedTuple):
    """A value before and after, in the tracker's words; empty where there was none."""

    old: str
    new: str


class Event(NamedTuple):
    """One event of a task, with all that it changed.

    `key` is the event's for ever. People are the tracker's numbers, with a group's members in its place. Those who have
    to do with the task are given as the event left them, but for `watchers`, who are as they are when it is read.
    `former` had the task until this event; `was_assigned` says that it changed who has it. `notes` are the comment, or
    the description of a new task, as they are when it is read.
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
    """Events, oldest first, the cursor to go on from, and whether there is more behind it."""

    events: tuple[Event, ...]
    cursor: str
    more: bool = False


class Feed(Protocol):
    """All raise Unavailable while the tracker does not answer."""

    async def start(self) -> str:
        """Return the cursor of this moment: earlier events are not read."""

    async def read(self, cursor: str) -> FeedPage:
        """Return the events since. None is left out, whatever the order in which others' writes ended; for a while the
        same events come again, under the same keys."""

    def key(self, entry_id: int) -> str:
        """Return the key of the event of an entry in a task's history."""

    async def event(self, task_id: int, entry_id: int) -> Event | None:
        """Return the event of that entry, as `read` does; None when the task has no such entry."""

    async def visible_to(self, event: Event, people: Iterable[Actor]) -> frozenset[int]:
        """Return the ids of the people who see the task, and something of what was said or changed, at this moment.

        A private comment, a change of a hidden field and a relation to a hidden task are nothing to who may not see it.
        """
