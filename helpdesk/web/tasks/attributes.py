"""The facts that a task's page lists beside its history, and those that a write changed."""

from typing import Any, Literal, NamedTuple

from helpdesk.errors import Sentence, sentence
from helpdesk.tasks.change_messages import LABELS
from helpdesk.tasks.fields import name_of
from helpdesk.tasks.model import Task, Written
from helpdesk.texts import called

Kind = Literal["status", "priority", "person", "day", "moment", "percent", "hours", "custom", "people", "yes"]


class Fact(NamedTuple):
    """`kind` says how `value` is shown: templates/tasks/_fact.html."""

    name: str
    label: Sentence
    kind: Kind
    value: Any


def facts(task: Task) -> tuple[Fact, ...]:
    """In the order of the page. What there is nothing to say of is left out."""
    held = (
        Fact("is_private", LABELS["is_private"], "yes", task.row.is_private),
        Fact("start_date", LABELS["start_date"], "day", task.start_date),
        Fact("due_date", LABELS["due_date"], "day", task.row.due_date),
        Fact("done_ratio", sentence("Progress"), "percent", task.done_ratio),
        Fact("estimated_hours", sentence("Estimated"), "hours", task.estimated_hours),
        Fact("spent_hours", sentence("Spent"), "hours", task.spent_hours),
        *(Fact(name_of(it.field.id), Sentence(called(it.field)), "custom", it) for it in task.custom if it.value),
        Fact("watchers", sentence("Watchers"), "people", task.watchers),
    )
    return (
        Fact("status", LABELS["status"], "status", task.row.status),
        Fact("priority", LABELS["priority"], "priority", task.row.priority),
        Fact("assignee", LABELS["assignee"], "person", task.row.assignee),
        *(fact for fact in held if fact.value),
        Fact("updated_on", sentence("Changed"), "moment", task.row.updated_on),
    )


def changed(written: Written) -> tuple[Fact, ...] | None:
    """The facts that differ after a write; None when one came or went, so that all must be shown anew."""
    before, after = facts(written.before), facts(written.after)
    if [fact.name for fact in before] != [fact.name for fact in after]:
        return None
    return tuple(new for old, new in zip(before, after, strict=True) if old != new)
