"""Define what reports count: tasks by what they are, and by when something happened to them.

People count the tasks that they see, by the present values of these, and by the events of their history.
Times are aware UTC; a Life has seconds since 1970.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal, NamedTuple

from helpdesk.errors import Sentence, sentence
from helpdesk.tasks.fields import CustomField
from helpdesk.tasks.lists import Vocabulary
from helpdesk.tasks.model import Ref, TaskRow

Measure = Literal["created", "closed", "reopened", "open"]
"""What is counted in a period: tasks that were created in it; that were closed in it, or reopened, at least once; or
that are open at its end, of those created before. A task is closed when its status becomes a closed one, reopened when
it becomes an open one again. A task that was created closed was closed then."""
MEASURES: tuple[Measure, ...] = ("created", "closed", "reopened", "open")

NAMED_GROUPS = ("project", "tracker", "status", "priority", "executor", "author", "time")
"""What tasks are grouped by, besides `cf_N`, the custom field N. An executor is the assignee, or else who closed the
task last; a time is a place in the question's `borders`."""
EXECUTOR, TIME = "executor", "time"
SAMPLED = sentence("These are those of one task in %(every)s: all of them are too many to read.", every=1)
NOBODY = 0
"""The executor of tasks without one."""
Key = int | str
"""The value of a group: an id, a place among borders, or a custom field's text, which is "" without a value, and where
the person may not see it. A task with several values of a field counts at each."""


class Selection(NamedTuple):
    """The tasks that are looked at, of those that the person sees. An empty filter lets all through.

    A project includes those below it. `phase` leaves tasks that are open or closed now. `fields` are pairs of a custom
    field and one of its texts; several texts of one field are alternatives. `task_ids` are some thousand at
    most. `unchanged_since` leaves tasks whose last change is before it, `created_since` those that were created
    then or later. `every` leaves a sample: about one of so many tasks, by their ids alone, so that they stay the same.
    """

    project_ids: tuple[int, ...] = ()
    tracker_ids: tuple[int, ...] = ()
    status_ids: tuple[int, ...] = ()
    phase: Literal["", "open", "closed"] = ""
    priority_ids: tuple[int, ...] = ()
    executor_ids: tuple[int, ...] = ()
    author_ids: tuple[int, ...] = ()
    fields: tuple[tuple[int, str], ...] = ()
    task_ids: tuple[int, ...] = ()
    unchanged_since: datetime | None = None
    created_since: datetime | None = None
    every: int = 1


class Question(NamedTuple):
    """A question to count: the `measure` from the first of `borders` until the last, which is not included, by groups.

    Borders rise. Of the group "time" the place is that of the border before the event; of `open` each place counts the
    tasks that are open at the next border, and without that group those open at the last one.
    """

    selection: Selection
    measure: Measure
    borders: tuple[datetime, ...]
    groups: tuple[str, ...] = ()


Keys = tuple[Key, ...]
"""The values of a question's groups, in their order."""
Counts = Mapping[Keys, int]
"""The number of tasks by the values of a question's groups, without zeros."""


class Found(NamedTuple):
    """A page of the tasks that a number counts, and that number; of a sample about one task of `every`."""

    rows: tuple[TaskRow, ...]
    total: int
    every: int = 1

    @property
    def note(self) -> Sentence | None:
        """Return what there is to say of a sample."""
        return SAMPLED._replace(values={"every": self.every}) if self.every > 1 else None


class Choices(NamedTuple):
    """What a report can be filtered and grouped by: the vocabulary, the custom fields that this person sees in any
    project, and the people who are executors of visible tasks."""

    vocabulary: Vocabulary
    fields: tuple[CustomField, ...]
    executors: tuple[Ref, ...]


def people(ids: Iterable[int], names: Mapping[int, str]) -> tuple[Ref, ...]:
    """Return people by their names; those who are gone are named by their numbers, at the end. NOBODY is left out."""
    known = (Ref(each, names.get(each, f"#{each}")) for each in ids if each != NOBODY)
    return tuple(sorted(known, key=lambda it: (it.id not in names, it.name.casefold(), it.id)))


class Life(NamedTuple):
    """The history of a task as far as times depend on it, in seconds since 1970.

    `statuses` are the ids in which it was, each with its beginning, the first at its creation. `answered` is the first
    public comment by somebody else than its author; None without one. `executor_id` is NOBODY without one, and so is
    `closer_id`, who closed it last.
    """

    id: int
    project_id: int
    tracker_id: int
    priority_id: int
    author_id: int
    executor_id: int
    created: int
    statuses: tuple[tuple[int, int], ...]
    answered: int | None = None
    closer_id: int = NOBODY


class Comment(NamedTuple):
    """A comment with the beginning of its text, as it was typed: at most LONGEST_BEGINNING characters."""

    author: str
    created_on: datetime
    text: str


LONGEST_BEGINNING = 8_000


class Involved(NamedTuple):
    """A task with the people who work on it and those who watch it, with the members of groups in their place."""

    subject: str
    project_id: int
    assignees: frozenset[int] = frozenset()
    watchers: frozenset[int] = frozenset()
