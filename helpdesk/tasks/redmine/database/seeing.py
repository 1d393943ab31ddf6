"""Who of several people sees one act upon an issue at this moment, by three short queries."""

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from helpdesk.tasks.feed import Happening
from helpdesk.tasks.redmine.database import persons
from helpdesk.tasks.redmine.database import tables as t
from helpdesk.tasks.redmine.database.rules import Rules
from helpdesk.tasks.redmine.database.together import Together
from helpdesk.tasks.redmine.visibility import Sight


def seers(db: Connection, rules: Rules, happening: Happening, people: Iterable[int]) -> frozenset[int]:
    """Those who are active, see the issue, and may read what was said with it; nobody when either is gone."""
    kind, _, number = happening.key.partition(".")
    journal = int(number) if kind == "journal" else 0
    found = _PLACE.ask(db, {"task": happening.task_id, "journal": journal})
    if not found["task"] or (journal and not found["journal"]):
        return frozenset()
    project, said = found["task"][0].project_id, next(iter(found["journal"]), None)
    # The rights in this project alone: of the task's condition nothing else can hold.
    places = {project: rules.places[project]} if project in rules.places else {}
    sights = [Sight(person, rules.roles, places) for person in persons.people(db, people).values()]
    if said is not None and said.private_notes:
        sights = [it for it in sights if it.permits("view_private_notes", project) or it.person.id == said.user_id]
    if not sights:
        return frozenset()
    asked = (
        sa.select(sa.literal(it.person.id)).select_from(t.issues).where(t.issues.c.id == happening.task_id, it.tasks)
        for it in sights
    )
    return frozenset(db.scalars(sa.union_all(*asked)))


_PLACE = Together(
    task=sa.select(t.issues.c.project_id).where(t.issues.c.id == sa.bindparam("task")),
    journal=sa.select(t.journals.c.private_notes, t.journals.c.user_id).where(
        t.journals.c.id == sa.bindparam("journal")
    ),
)
