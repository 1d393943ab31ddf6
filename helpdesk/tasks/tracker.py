"""The port to whatever keeps the tasks. `tests/tasks/test_tracker_contract.py` says what every adapter must do."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Literal, NamedTuple, Protocol

from helpdesk.errors import Sentence
from helpdesk.tasks.cards import Asking, Cards
from helpdesk.tasks.creation import Blank, NewTask
from helpdesk.tasks.files import Staged, Upload
from helpdesk.tasks.lists import Asked, TaskPage, TaskQuery, Vocabulary
from helpdesk.tasks.model import Actor, Edit, Opened, Ref, Task, TextFormat, Written
from helpdesk.tasks.projects import ProjectMember
from helpdesk.tasks.statistics import Statistics

Searches = Literal["subject", "subject and description", "subject, description and comments"]


class Capabilities(NamedTuple):
    """What an adapter can do; pages show what is there and never pretend."""

    text_format: TextFormat
    searches: Searches
    exact_assignees: bool


class State(NamedTuple):
    """Where what is shown comes from at present: the best way that there is (`full`), or a lesser one since a moment,
    because the best does not answer (`silent`) or told something else than the lesser (`differing`; `where` says to
    administrators at whom, and in which project).
    """

    kind: Literal["full", "silent", "differing"] = "full"
    since: datetime | None = None
    where: Sentence | None = None


class Tracker(Protocol):
    """Every verb acts as `actor` and shows what that person may see; the invisible raises NotFound like the missing.

    All raise Unavailable when the tracker does not answer in time, Nonsense when its answer can't be one.
    """

    @property
    def capabilities(self) -> Capabilities:
        """What it can do at present."""

    @property
    def state(self) -> State:
        """What serves at present."""

    async def vocabulary(self, actor: Actor) -> Vocabulary:
        """Statuses, priorities, trackers and this person's projects."""

    async def members(self, actor: Actor, project_id: int) -> tuple[ProjectMember, ...]:
        """The people who are members of a project, those whose account is locked among them, by name. Raises NotFound.

        Source: Redmine's MembersController#index, which whoever sees a project may ask, and which hides nobody.
        """

    async def tasks(self, actor: Actor, asked: Asked, *, summed: bool = False) -> TaskPage:
        """The visible tasks that match, and how many there are on all pages; when `summed` with a summary of those that
        match but for what the query says of statuses, by the tracker's own closed and default flags.

        A query that is made of the vocabulary is asked in the same look at the tracker. Raises what making it does.
        """

    async def cards(self, actor: Actor, asked: Asking) -> Cards:
        """Visible tasks by their status, and how many there are of each. Raises what `asked` does."""

    async def seen(self, actor: Actor, task_ids: Collection[int]) -> Mapping[int, bool]:
        """Which of these tasks the person sees at present, and whether with the private comments of others."""

    async def statistics(self, actor: Actor, query: TaskQuery, now: datetime) -> Statistics:
        """What the tasks of a query amount to, whatever it says of statuses.

        Ages and delays are of days in the zone of `now`.
        """

    async def task(self, actor: Actor, task_id: int) -> Task:
        """One task. Raises NotFound."""

    async def change(self, actor: Actor, task_id: int, edit: Edit) -> Written:
        """Change fields, with the comment if there is one, at once or not at all.

        Raises NotFound, NotAllowed, Unchanged, Invalid or TransitionNotAllowed (field → sentences), and Conflict with
        the current Task when `edit.version` is not the current one; nothing is written then.
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

    async def blank(self, actor: Actor, project_id: int, tracker_id: int | None = None) -> Blank:
        """What a new task may say; of the project's first tracker when none is named.

        Raises NotFound for a project or tracker that is not among those offered, NotAllowed.
        """

    async def create(self, actor: Actor, wish: NewTask) -> Task:
        """Make a task; nothing is made when anything is refused. Raises NotFound, NotAllowed, Invalid."""

    async def stage(self, actor: Actor, upload: Upload) -> Staged:
        """Take a file, for `Edit.files` or `NewTask.files`. What nobody attaches is thrown away in time.

        Raises TooLarge when the tracker takes no file so large, NotAllowed for somebody who may attach nowhere.
        """

    async def open_file(self, actor: Actor, task_id: int, file_id: int, first: int = 0) -> Opened:
        """Read a file of a task from byte `first` on. Raises NotFound, also for a file of another task."""
