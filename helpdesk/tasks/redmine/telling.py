"""Issues with their journals, as REST tells them, as happenings."""

from collections.abc import Iterable
from typing import NamedTuple

from helpdesk.redmine_client import JSON
from helpdesk.tasks.feed import Happening
from helpdesk.tasks.redmine import acts, reading
from helpdesk.tasks.redmine.acts import Assigned, Detail
from helpdesk.tasks.redmine.look_ups import LookUps
from helpdesk.tasks.redmine.position import Position
from helpdesk.tasks.redmine.principals import Principals
from helpdesk.tasks.redmine.words import names_by_id


class Numbers(NamedTuple):
    """The numbers of what is above a position's floors: issues and journals."""

    issues: frozenset[int]
    journals: frozenset[int]


def new(issues: Iterable[JSON], known: Position) -> Numbers:
    """What of all this is not known. What was before the start may be above a floor that began without it."""
    told = list(issues)
    journals = (journal for issue in told for journal in issue.get("journals", ()))
    return Numbers(
        frozenset(_above(told, known.issues.floor, known)), frozenset(_above(journals, known.journals.floor, known))
    )


def _above(found: Iterable[JSON], floor: int, known: Position) -> Iterable[int]:
    for it in found:
        if reading.number(it, "id") > floor and reading.moment(it["created_on"]) >= known.begun:
            yield reading.number(it, "id")


async def happenings(
    look_up: LookUps, principals: Principals, issues: Iterable[JSON], wanted: Numbers
) -> list[Happening]:
    """What these numbers are about."""
    statuses, priorities = names_by_id(await look_up.statuses()), names_by_id(await look_up.priorities())
    told = []
    for issue in issues:
        journals = issue.get("journals", [])
        if issue["id"] in wanted.issues:
            made = await _of(principals, issue, 0)
            told.append(made._replace(notes=reading.plain(issue.get("description"))))
        for journal in journals:
            if journal["id"] not in wanted.journals:
                continue
            details = _details(journal)
            change = acts.assigned(journal["id"], details)
            bare = await _of(principals, issue, journal["id"])
            told.append(
                bare._replace(
                    key=f"journal.{journal['id']}",
                    at=reading.moment(journal["created_on"]),
                    by=reading.member(journal.get("user")),
                    is_new=False,
                    notes=reading.plain(journal.get("notes")),
                    private=journal.get("private_notes") is True,
                    status=acts.became(details, "status_id", statuses),
                    priority=acts.became(details, "priority_id", priorities),
                    was_assigned=change is not None,
                    files=acts.files(details),
                    former=await principals.people(change.old) if change else frozenset(),
                )
            )
    return told


async def _of(principals: Principals, issue: JSON, journal: int) -> Happening:
    """The making of an issue, or what is known of it when a journal had been written."""
    project, author, present = reading.ref(issue["project"]), issue.get("author"), issue.get("assigned_to")
    changes = list(_assigned(issue))
    assignee = acts.assignee_after(journal, changes, reading.ref(present).id if present else None)
    return Happening(
        key=f"issue.{issue['id']}",
        task_id=issue["id"],
        subject=reading.text(issue, "subject"),
        project_id=project.id,
        project=project.name,
        at=reading.moment(issue["created_on"]),
        by=reading.member(author),
        is_new=True,
        author=reading.ref(author).id if author else None,
        assignees=await principals.people(assignee),
        watchers=await principals.people(*(reading.number(one, "id") for one in issue.get("watchers", ()))),
    )


def _assigned(issue: JSON) -> Iterable[Assigned]:
    for journal in issue.get("journals", ()):
        if change := acts.assigned(reading.number(journal, "id"), _details(journal)):
            yield change


def _details(journal: JSON) -> list[Detail]:
    return [
        Detail(reading.text(it, "property"), reading.text(it, "name"), it.get("old_value"), it.get("new_value"))
        for it in journal.get("details", ())
    ]
