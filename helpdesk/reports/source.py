"""Define the port to what a backend tells of many tasks at once. Reports, promises and quality control count by it."""

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from helpdesk.reports.model import Choices, Comment, Counts, Found, Involved, Key, Life, Question, Selection
from helpdesk.tasks.model import Actor

MOST_LIVES = 500
"""As many histories are read at once by number."""


class ReportSource(Protocol):
    """The port. All methods raise Unavailable, BadResponse and StoreUnavailable; NotFound for a custom field that is
    gone or that the person sees nowhere."""

    async def choices(self, actor: Actor) -> Choices:
        """Return what this person's reports can be filtered and grouped by."""

    async def counts(self, actor: Actor, question: Question) -> Counts:
        """Count the tasks of a question that this person sees."""

    async def counts_of(self, actor: Actor, questions: Sequence[Question]) -> tuple[Counts, ...]:
        """Count as `counts` does for several questions as of one moment, in their order."""

    async def found(
        self, actor: Actor, question: Question, cell: Mapping[str, Key], page: int = 1, per_page: int = 25
    ) -> Found:
        """Return the tasks that `counts` counts where its groups have these values, the newest first; of those that
        nobody has changed since a moment, the ones that were changed longest ago first.

        `cell` may name some of the groups, or none for all tasks of the question.
        """

    async def created(self, actor: Actor, question: Question, place: int) -> datetime | None:
        """Return when one of the tasks that `counts` counts was created: the one at this place, of which 0 is that of
        the task created last. None where there are fewer."""

    async def names(self, actor: Actor, ids: Collection[int]) -> Mapping[int, str]:
        """Return the names of people and groups, by their ids; those who are gone are left out."""

    async def value_names(self, actor: Actor, field_id: int, texts: Collection[str]) -> Mapping[str, str]:
        """Return the names of a custom field's texts that are ids, `#17` for those that are gone or that no task has
        which this person sees. Texts that are no ids are left out."""

    async def lives(self, actor: Actor, task_ids: Collection[int]) -> Mapping[int, Life]:
        """Return the histories of those of these tasks that this person sees, at most MOST_LIVES of them."""

    def lives_of(self, actor: Actor, question: Question) -> AsyncGenerator[tuple[Life, ...], None]:
        """Yield the histories of the tasks of a question, some at a time. Its groups are ignored."""

    def open_lives(self, selection: Selection) -> AsyncGenerator[tuple[Life, ...], None]:
        """Yield the histories of all open tasks, visible or not, some at a time: for warnings of promises."""

    async def last_comments(self, actor: Actor, task_ids: Collection[int]) -> Mapping[int, Comment]:
        """Return the last comment that this person may read on each of these tasks that has one: at most MOST_LIVES."""

    async def parents(self) -> Mapping[int, int]:
        """Return the project above each project that has one, visible or not: promises hold for sub-projects."""

    async def involved(self, task_ids: Collection[int]) -> Mapping[int, Involved]:
        """Return those of these tasks that are there, visible or not, with their people: at most MOST_LIVES."""
