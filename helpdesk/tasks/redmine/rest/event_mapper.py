"""Maps issues with their journals, from REST, to events."""

import asyncio
from collections.abc import Iterable
from typing import NamedTuple

from helpdesk.errors import NotAllowed, NotFound, WrongKey
from helpdesk.redmine_client import JSON, RedmineClient, part
from helpdesk.tasks.feed import Event
from helpdesk.tasks.redmine import journal_events
from helpdesk.tasks.redmine.feed_cursor import FeedCursor
from helpdesk.tasks.redmine.journal_events import Assigned, Detail
from helpdesk.tasks.redmine.rest import json_mapper
from helpdesk.tasks.redmine.rest.metadata_cache import MetadataCache, items, names_by_id
from helpdesk.tasks.redmine.rest.user_cache import UserCache


class Principals:
    """Finds the people meant by a number: a group stands for its members. Cached as long as people's rights are."""

    def __init__(self, client: RedmineClient, users: UserCache) -> None:
        self.client = client
        self.users = users

    async def groups(self) -> frozenset[int]:
        """The numbers of all groups. Raises WrongKey for a key that is no administrator's."""
        groups: frozenset[int] = await self.users.access.get("groups", self.groups_now)
        return groups

    async def groups_now(self) -> frozenset[int]:
        try:
            found = await self.client.get("/groups.json")
        except (NotFound, NotAllowed) as error:
            raise WrongKey(detail=f"the key is no administrator's: {error.detail}") from error
        return frozenset(json_mapper.number(group, "id") for group in items(found, "groups"))

    async def people(self, *ids: int | None) -> frozenset[int]:
        """The people that these numbers mean."""
        groups, asked = await self.groups(), {each for each in ids if each is not None}
        members = await asyncio.gather(*(self._members(each) for each in asked & groups))
        return frozenset(asked - groups).union(*members)

    async def _members(self, group: int) -> frozenset[int]:
        async def fetch() -> frozenset[int]:
            try:
                found = part(await self.client.get(f"/groups/{group}.json", None, [("include", "users")]), "group")
            except (NotFound, NotAllowed):
                return frozenset()
            return frozenset(json_mapper.number(user, "id") for user in found.get("users", ()))

        members: frozenset[int] = await self.users.access.get(("group", group), fetch)
        return members


class Numbers(NamedTuple):
    """The numbers of what is above a cursor's floors: issues and journals."""

    issues: frozenset[int]
    journals: frozenset[int]


def new(issues: Iterable[JSON], known: FeedCursor) -> Numbers:
    """Return the numbers that are not known. What was before the start may be above a floor that began without it."""
    listed = list(issues)
    journals = (journal for issue in listed for journal in issue.get("journals", ()))
    return Numbers(
        frozenset(_above(listed, known.issues.floor, known)), frozenset(_above(journals, known.journals.floor, known))
    )


def _above(found: Iterable[JSON], floor: int, known: FeedCursor) -> Iterable[int]:
    for it in found:
        if json_mapper.number(it, "id") > floor and json_mapper.moment(it["created_on"]) >= known.begun:
            yield json_mapper.number(it, "id")


async def events(
    metadata: MetadataCache, principals: Principals, issues: Iterable[JSON], wanted: Numbers
) -> list[Event]:
    """Return the events of these numbers."""
    statuses, priorities = names_by_id(await metadata.statuses()), names_by_id(await metadata.priorities())
    result = []
    for issue in issues:
        journals = issue.get("journals", [])
        if issue["id"] in wanted.issues:
            made = await _of(principals, issue, 0)
            result.append(made._replace(notes=json_mapper.plain(issue.get("description"))))
        for journal in journals:
            if journal["id"] not in wanted.journals:
                continue
            details = _details(journal)
            change = journal_events.assigned(journal["id"], details)
            event = await _of(principals, issue, journal["id"])
            result.append(
                event._replace(
                    key=f"journal.{journal['id']}",
                    at=json_mapper.moment(journal["created_on"]),
                    by=json_mapper.member(journal.get("user")),
                    is_new=False,
                    notes=json_mapper.plain(journal.get("notes")),
                    private=journal.get("private_notes") is True,
                    status=journal_events.change(details, "status_id", statuses),
                    priority=journal_events.change(details, "priority_id", priorities),
                    was_assigned=change is not None,
                    files=journal_events.files(details),
                    former=await principals.people(change.old) if change else frozenset(),
                )
            )
    return result


async def _of(principals: Principals, issue: JSON, journal: int) -> Event:
    """The making of an issue, or what is known of it when a journal had been written."""
    project, author, present = json_mapper.ref(issue["project"]), issue.get("author"), issue.get("assigned_to")
    changes = list(_assigned(issue))
    assignee = journal_events.assignee_after(journal, changes, json_mapper.ref(present).id if present else None)
    return Event(
        key=f"issue.{issue['id']}",
        task_id=issue["id"],
        subject=json_mapper.text(issue, "subject"),
        project_id=project.id,
        project=project.name,
        at=json_mapper.moment(issue["created_on"]),
        by=json_mapper.member(author),
        is_new=True,
        author=json_mapper.ref(author).id if author else None,
        assignees=await principals.people(assignee),
        watchers=await principals.people(*(json_mapper.number(one, "id") for one in issue.get("watchers", ()))),
    )


def _assigned(issue: JSON) -> Iterable[Assigned]:
    for journal in issue.get("journals", ()):
        if change := journal_events.assigned(json_mapper.number(journal, "id"), _details(journal)):
            yield change


def _details(journal: JSON) -> list[Detail]:
    return [
        Detail(json_mapper.text(it, "property"), json_mapper.text(it, "name"), it.get("old_value"), it.get("new_value"))
        for it in journal.get("details", ())
    ]
