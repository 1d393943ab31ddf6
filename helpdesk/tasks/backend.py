"""Define the port to the system that stores the tasks. `tests/tasks/test_backend_contract.py` tests every adapter."""

from collections.abc import AsyncGenerator, Collection, Mapping
from datetime import datetime
from typing import Literal, NamedTuple, Protocol

from helpdesk.errors import Sentence
from helpdesk.tasks.creation import NewTask, NewTaskForm
from helpdesk.tasks.files import Staged, Upload
from helpdesk.tasks.lists import CardQueryFactory, Cards, QueryFactory, TaskPage, TaskQuery, Vocabulary
from helpdesk.tasks.model import Actor, Edit, OpenFile, Ref, Status, Task, TaskRow, TextFormat, Written
from helpdesk.tasks.phases import NO_RULES, Rules
from helpdesk.tasks.projects import ProjectMember
from helpdesk.tasks.statistics import Statistics

Searches = Literal["subject", "subject and description", "subject, description and comments"]


class Capabilities(NamedTuple):
    """The abilities of an adapter; pages offer nothing beyond them."""

    text_format: TextFormat
    searches: Searches
    exact_assignees: bool


class State(NamedTuple):
    """The present source of the data: the best one (`full`), or since a moment a lesser one, because the best does not
    answer (`silent`) or disagrees with the lesser (`differing`; `where` tells administrators the person and the
    project). `notes` are for administrators, whatever the source.
    """

    kind: Literal["full", "silent", "differing"] = "full"
    since: datetime | None = None
    where: Sentence | None = None
    notes: tuple[Sentence, ...] = ()


class Backend(Protocol):
    """The port. Methods act as `actor`; tasks that this person may not see raise NotFound like missing ones.

    All raise Unavailable when the backend does not answer in time, BadResponse when its answer is invalid.
    """

    @property
    def capabilities(self) -> Capabilities:
        """Return the abilities of this moment."""

    @property
    def state(self) -> State:
        """Return whether the best source serves now or a lesser one stands in, and notes for administrators."""

    async def statuses(self) -> tuple[Status, ...]:
        """Return every status, in the backend's order. They are no secret, so there is no actor."""

    async def vocabulary(self, actor: Actor) -> Vocabulary:
        """Return statuses, priorities, trackers and this person's projects."""

    async def members(self, actor: Actor, project_id: int) -> tuple[ProjectMember, ...]:
        """Return the members of a project by name, including locked accounts. Raises NotFound.

        Source: Redmine's MembersController#index, which everybody who sees a project may read, and which hides nobody.
        """

    async def colleagues(self, actor: Actor) -> tuple[Ref, ...]:
        """Return the people whom this person may know: the members of all projects that this person sees, by name.

        Locked accounts are left out where the backend tells them.
        """

    async def tasks(
        self, actor: Actor, query: TaskQuery | QueryFactory, *, summed: bool = False, rules: Rules = NO_RULES
    ) -> TaskPage:
        """Return a page of the visible tasks that match, and their total; with `summed` a summary by phase, too.

        The summary counts tasks of any status, whatever the query says of statuses, by the backend's flags and `rules`.
        A factory gets the vocabulary of the same read. Raises what the factory raises.
        """

    def export(self, actor: Actor, query: TaskQuery) -> AsyncGenerator[tuple[TaskRow, ...], None]:
        """Yield all visible tasks that match, in the query's order whatever its page, some at a time.

        Whatever others do meanwhile, each that matches from beginning to end appears once and none twice. Raises what
        `tasks` does, in the middle, too; an export that ends without an error is complete.
        """

    async def cards(self, actor: Actor, factory: CardQueryFactory) -> Cards:
        """Return visible tasks by status, and the total of each. Raises what the factory raises."""

    async def seen(self, actor: Actor, task_ids: Collection[int]) -> Mapping[int, bool]:
        """Return the visible ones of these tasks, each with whether others' private comments are visible, too."""

    async def statistics(self, actor: Actor, query: TaskQuery, now: datetime, rules: Rules = NO_RULES) -> Statistics:
        """Count the tasks of a query, closed ones, too, unless statuses are named.

        Ages and delays count days in the zone of `now`.
        """

    async def task(self, actor: Actor, task_id: int) -> Task:
        """Return a task. Raises NotFound."""

    async def change(self, actor: Actor, task_id: int, edit: Edit) -> Written:
        """Change fields, with the comment if there is one, at once or not at all.

        A private comment makes an entry of its own, beside that of the changes, and can't bring files.

        Raises NotFound, NotAllowed, Unchanged, Invalid or TransitionNotAllowed (field → sentences), and Conflict with
        the current Task when others changed the same fields after `edit.version` (see its `theirs`), or when their
        changes are not known. Nothing is written then.
        """

    async def comment(self, actor: Actor, task_id: int, text: str, private: bool = False) -> Written:
        """Add a comment. A private one is never saved as public. Raises NotFound, NotAllowed, Invalid."""

    async def edit_comment(self, actor: Actor, task_id: int, entry_id: int, text: str) -> Written:
        """Change the text of a comment; an empty one deletes it, and its entry when that has no changes.

        Raises NotFound (also for an entry of another task), NotAllowed, Unchanged.
        """

    async def watch(self, actor: Actor, task_id: int, watching: bool) -> Task:
        """Start or stop watching a task as the actor; repeating this is no error.

        Raises NotFound, NotAllowed.
        """

    async def delete(self, actor: Actor, task_id: int) -> None:
        """Delete a task with everything that belongs to it. Raises NotFound, NotAllowed."""

    async def projects_for_new(self, actor: Actor) -> tuple[Ref, ...]:
        """Return the projects in which this person may create tasks, in the order of the vocabulary."""

    async def new_task_form(self, actor: Actor, project_id: int, tracker_id: int | None = None) -> NewTaskForm:
        """Return the form of a new task; of the project's first tracker when none is given.

        Raises NotFound for a project or tracker that is not offered, NotAllowed.
        """

    async def create(self, actor: Actor, new_task: NewTask) -> Task:
        """Create a task; nothing is created when anything is refused. Raises NotFound, NotAllowed, Invalid."""

    async def stage(self, actor: Actor, upload: Upload) -> Staged:
        """Store a file, for `Edit.files` or `NewTask.files`. Files that are never attached are deleted later.

        Raises TooLarge when the backend refuses its size, NotAllowed for an actor who may attach nowhere.
        """

    async def open_file(self, actor: Actor, task_id: int, file_id: int) -> OpenFile:
        """Find a file of a task; its bytes are opened later. Raises NotFound, also for a file of another task."""
