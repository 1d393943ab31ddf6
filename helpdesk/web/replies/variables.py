"""The variables of reply templates: pure, and nothing but putting text for text."""

import re
from collections.abc import Mapping

from helpdesk.errors import sentence
from helpdesk.people.model import Person
from helpdesk.tasks.model import Task

VARIABLES = {
    "person": sentence("your name"),
    "author": sentence("who asked for the task"),
    "assignee": sentence("who works on the task"),
    "task": sentence("the number of the task, such as #7"),
    "subject": sentence("the subject of the task"),
    "project": sentence("the project of the task"),
}
PLACE = re.compile(r"\{([a-z]+)\}")


def values(task: Task, person: Person) -> dict[str, str]:
    """What each variable stands for here. One without a value is absent, so that it stays in sight."""
    row = task.row
    known = {"person": person.full_name, "task": f"#{row.id}", "subject": row.subject, "project": row.project.name}
    people = {"author": row.author, "assignee": row.assignee}
    return known | {name: member.name for name, member in people.items() if member}


def filled(text: str, values: Mapping[str, str]) -> str:
    """`text` with each `{name}` replaced that has a value; whatever else is in braces stays as it was typed.

    A value is put in as it is: braces in a task's subject are text.
    """
    return PLACE.sub(lambda found: values.get(found[1], found[0]), text)


def inserted(text: str, addition: str, at: int | None) -> str:
    """`text` with `addition` before its character number `at`, or on a line of its own at the end."""
    if at is not None and at <= len(text):
        return text[:at] + addition + text[at:]
    return f"{text}\n{addition}" if text and not text.endswith("\n") else text + addition
