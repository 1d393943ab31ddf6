"""The port to whatever keeps the tasks. `tests/tasks/test_tracker_contract.py` says what every adapter must do."""

from typing import Literal, NamedTuple, Protocol

from helpdesk.errors import Conflict, Invalid, NotAllowed, Sentence, TransitionNotAllowed, Unchanged, sentence
from helpdesk.tasks.model import (
    Actor,
    Choices,
    Edit,
    Field,
    Summary,
    Task,
    TaskPage,
    TaskQuery,
    TextFormat,
    Vocabulary,
    Written,
)


class Capabilities(NamedTuple):
    """What an adapter can do; pages show what is there and never pretend."""

    text_format: TextFormat
    searches: Literal["subject", "subject and description"]
    exact_assignees: bool


class Tracker(Protocol):
    """Every verb acts as `actor` and shows what that person may see; the invisible raises NotFound like the missing.

    All raise Unavailable when the tracker does not answer in time, Nonsense when its answer can't be one.
    """

    capabilities: Capabilities

    async def vocabulary(self, actor: Actor) -> Vocabulary:
        """Statuses, priorities, trackers and this person's projects."""

    async def tasks(self, actor: Actor, query: TaskQuery) -> TaskPage:
        """The visible tasks that match, and how many there are on all pages."""

    async def summary(self, actor: Actor, query: TaskQuery) -> Summary:
        """How many match the query but for what it says of statuses, by the tracker's own closed and default flags."""

    async def task(self, actor: Actor, task_id: int) -> Task:
        """One task. Raises NotFound."""

    async def change(self, actor: Actor, task_id: int, edit: Edit) -> Written:
        """Change fields, with the comment if there is one, at once or not at all.

        Raises NotFound, NotAllowed, Unchanged, Invalid or TransitionNotAllowed (field → sentences), and Conflict with
        the current Task when `edit.version` is not the current one; nothing is written then.
        """

    async def comment(self, actor: Actor, task_id: int, text: str, private: bool = False) -> Written:
        """Add a comment. A private one is never saved as public. Raises NotFound, NotAllowed, Invalid."""


def wanted(before: Task, edit: Edit) -> dict[Field, int | None]:
    """The fields that an edit really changes, once it is sure that it may be done.

    Raises Conflict for a stale version, Unchanged when there is nothing to do, NotAllowed, Invalid.
    """
    if edit.version is not None and edit.version != before.version:
        raise Conflict(before)
    changes = changed(before, edit)
    if not changes and not edit.comment.strip():
        raise Unchanged
    _require_offered(before.choices, changes)
    if edit.comment.strip():
        require_comment(before)
    return changes


def changed(before: Task, edit: Edit) -> dict[Field, int | None]:
    """The fields for which an edit wishes another value than they have."""
    return {field: value for field, value in edit.changes.items() if before.value(field) != value}


def require_comment(before: Task, private: bool = False) -> None:
    """Raise NotAllowed for somebody who may not comment, or not privately."""
    choices = before.choices
    if not (choices.may_comment_privately if private else choices.may_comment):
        raise NotAllowed


REFUSALS: dict[Field, tuple[str, type[Invalid], Sentence]] = {
    "status": ("status_id", TransitionNotAllowed, TransitionNotAllowed.default),
    "priority": ("priority_id", Invalid, sentence("There is no such priority.")),
    "assignee": ("assignee_id", Invalid, sentence("This person can't be assigned here.")),
}


def _require_offered(choices: Choices, changes: dict[Field, int | None]) -> None:
    """Raise NotAllowed for a field this person may not write, Invalid for a value that is not offered."""
    offers = {"status": choices.statuses, "priority": choices.priorities, "assignee": choices.assignees}
    for field, value in changes.items():
        offered = {choice[0] for choice in offers[field]}
        if not offered:
            raise NotAllowed
        if value not in offered and not (field == "assignee" and value is None):
            name, error, says = REFUSALS[field]
            raise error({name: [says]})
