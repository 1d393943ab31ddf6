"""The port to whatever keeps the tasks. `tests/tasks/test_backend_contract.py` says what every adapter must do."""

from collections.abc import AsyncGenerator, Collection, Mapping
from datetime import datetime
from typing import Literal, NamedTuple, Protocol

from helpdesk.errors import Sentence
from helpdesk.tasks.creation import NewTask, NewTaskForm
from helpdesk.tasks.files import Staged, Upload
from helpdesk.tasks.lists import CardQueryFactory, Cards, QueryFactory, TaskPage, TaskQuery, Vocabulary
from helpdesk.tasks.model import Actor, Edit, Opened, Ref, Status, Task, TaskRow, TextFormat, Written
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
    """Where what is shown comes from at present: the best way that there is (`full`), or a lesser one since a moment,
    because the best does not answer (`silent`) or told something else than the lesser (`differing`; `where` says to
    administrators at whom, and in which project). `notes` are what administrators should know besides, whatever serves.
    """

    kind: Literal["full", "silent", "differing"] = "full"
    since: datetime | None = None
    where: Sentence | None = None
    notes: tuple[Sentence, ...] = ()


class Backend(Protocol):
    """Every verb acts as `actor` and shows what that person may see; the invisible raises NotFound like the missing.

    All raise Unavailable when the tracker does not answer in time, BadResponse when its answer can't be one.
    """

    @property
    def capabilities(self) -> Capabilities:
        """Return the abilities of this moment."""

    @property
    def state(self) -> State:
        """Return the source that serves at this moment."""

    async def statuses(self) -> tuple[Status, ...]:
        """Every status, in the tracker's order. They are no secret, so nobody acts here."""

    async def vocabulary(self, actor: Actor) -> Vocabulary:
        """Statuses, priorities, trackers and this person's projects."""

    async def members(self, actor: Actor, project_id: int) -> tuple[ProjectMember, ...]:
        """The people who are members of a project, those whose account is locked among them, by name. Raises NotFound.

        Source: Redmine's MembersController#index, which whoever sees a project may ask, and which hides nobody.
        """

    async def tasks(
        self, actor: Actor, asked: TaskQuery | QueryFactory, *, summed: bool = False, rules: Rules = NO_RULES
    ) -> TaskPage:
        """The visible tasks that match, and how many there are on all pages; when `summed` with a summary by phase, as
        the tracker's flags and `rules` say, of these and, unless statuses are named, of closed ones that match.

        A query that is made of the vocabulary is asked in the same look at the tracker. Raises what making it does.
        """

    def export(self, actor: Actor, query: TaskQuery) -> AsyncGenerator[tuple[TaskRow, ...], None]:
        """All visible tasks that match, in the query's order whatever page it names, some at a time.

        Whatever others do meanwhile, each that matches from the beginning to the end is there once and none is twice.
        Raises what `tasks` does, in the middle, too: what did not end so is whole.
        """

    async def cards(self, actor: Actor, asked: CardQueryFactory) -> Cards:
        """Visible tasks by their status, and how many there are of each. Raises what `asked` does."""

    async def seen(self, actor: Actor, task_ids: Collection[int]) -> Mapping[int, bool]:
        """Return the visible ones of these tasks, each with whether others' private comments are visible, too."""

    async def statistics(self, actor: Actor, query: TaskQuery, now: datetime, rules: Rules = NO_RULES) -> Statistics:
        """Count the tasks of a query, closed ones, too, unless statuses are named.

        Ages and delays are of days in the zone of `now`.
        """

    async def task(self, actor: Actor, task_id: int) -> Task:
        """One task. Raises NotFound."""

    async def change(self, actor: Actor, task_id: int, edit: Edit) -> Written:
        """Change fields, with the comment if there is one, at once or not at all.

        Raises NotFound, NotAllowed, Unchanged, Invalid or TransitionNotAllowed (field → sentences), and Conflict with
        the current Task when the same was changed after `edit.version` (its `theirs` says by whom), or when it can't be
        told what was; nothing is written then.
        """

    async def comment(self, actor: Actor, task_id: int, text: str, private: bool = False) -> Written:
        """Add a comment. A private one is never saved as public. Raises NotFound, NotAllowed, Invalid."""

    async def edit_comment(self, actor: Actor, task_id: int, entry_id: int, text: str) -> Written:
        """Give a comment another text; an empty one takes it away, and its entry when that tells of nothing else.

        Raises NotFound (also for an entry of another task), NotAllowed, Unchanged.
        """

    async def watch(self, actor: Actor, task_id: int, watching: bool) -> Task:
        """Begin or cease to watch a task, oneself; to do what is done already is no error.

        Raises NotFound, NotAllowed.
        """

    async def delete(self, actor: Actor, task_id: int) -> None:
        """Take a task away for good, with all that hangs on it. Raises NotFound, NotAllowed."""

    async def projects_for_new(self, actor: Actor) -> tuple[Ref, ...]:
        """The projects in which this person may create tasks, in the order of the vocabulary."""

    async def new_task_form(self, actor: Actor, project_id: int, tracker_id: int | None = None) -> NewTaskForm:
        """Return the form of a new task; of the project's first tracker when none is named.

        Raises NotFound for a project or tracker that is not among those offered, NotAllowed.
        """

    async def create(self, actor: Actor, new_task: NewTask) -> Task:
        """Make a task; nothing is made when anything is refused. Raises NotFound, NotAllowed, Invalid."""

    async def stage(self, actor: Actor, upload: Upload) -> Staged:
        """Take a file, for `Edit.files` or `NewTask.files`. What nobody attaches is thrown away in time.

        Raises TooLarge when the tracker takes no file so large, NotAllowed for somebody who may attach nowhere.
        """

    async def open_file(self, actor: Actor, task_id: int, file_id: int, first: int = 0) -> Opened:
        """Read a file of a task from byte `first` on. Raises NotFound, also for a file of another task."""
