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
VARIABLE = re.compile(r"\{([a-z]+)\}")


def values(task: Task, person: Person) -> dict[str, str]:
    """Return the value of each variable. One without a value is absent, so that its name stays in the text."""
    row = task.row
    of_task = {"person": person.full_name, "task": f"#{row.id}", "subject": row.subject, "project": row.project.name}
    people = {"author": row.author, "assignee": row.assignee}
    return of_task | {name: member.name for name, member in people.items() if member}


def filled(text: str, values: Mapping[str, str]) -> str:
    """Replace each `{name}` that has a value; other braces stay as they are typed, also those in a value."""
    return VARIABLE.sub(lambda match: values.get(match[1], match[0]), text)


def inserted(text: str, addition: str, at: int | None) -> str:
    """Insert `addition` before the character number `at`, or on a line of its own at the end."""
    if at is not None and at <= len(text):
        return text[:at] + addition + text[at:]
    return f"{text}\n{addition}" if text and not text.endswith("\n") else text + addition
