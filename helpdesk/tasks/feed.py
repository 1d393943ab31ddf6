"""What happens to tasks, told for all people at once. `tests/tasks/test_feed_contract.py` says what every feed does."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple, Protocol

from helpdesk.tasks.model import Actor, Member


class Became(NamedTuple):
    """A value before and after, in the tracker's words; empty where there was none."""

    old: str
    new: str


class Happening(NamedTuple):
    """One act of somebody upon a task, with all that it changed.

    `key` is the act's for ever. People are the tracker's numbers, with a group's members in its place. Those who have
    to do with the task are given as the act left them, but for `watchers`, who are as they are when it is told.
    `former` had the task until this act; `was_assigned` says that it changed who has it. `notes` are the comment, or
    the description of a new task, as they are when it is told.
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
    status: Became | None = None
    priority: Became | None = None
    was_assigned: bool = False
    files: tuple[str, ...] = ()
    author: int | None = None
    assignees: frozenset[int] = frozenset()
    former: frozenset[int] = frozenset()
    watchers: frozenset[int] = frozenset()


class Told(NamedTuple):
    """Happenings, oldest first, the position to go on from, and whether it is known that there is more behind it."""

    happenings: tuple[Happening, ...]
    position: str
    more: bool = False


class Feed(Protocol):
    """All raise Unavailable while the tracker does not answer."""

    async def start(self) -> str:
        """The position of this moment: what was before is not told."""

    async def read(self, position: str) -> Told:
        """What happened since. Nothing is left out, whatever the order in which others' writes came to an end; for a
        while the same is told again, under the same key."""

    def key(self, entry_id: int) -> str:
        """The key of the act that an entry of a task's history is of."""

    async def act(self, task_id: int, entry_id: int) -> Happening | None:
        """What that entry is of, as `read` tells it; nothing when there is no such entry of the task."""

    async def seers(self, happening: Happening, people: Iterable[Actor]) -> frozenset[int]:
        """The numbers of those who may see it: the task, and what was said when that is private. As of now."""
