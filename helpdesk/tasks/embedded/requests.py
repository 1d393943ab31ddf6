"""The RequestSource port over `store`: requesters answer and ask without a role in the project.

The column `requester` of a task holds the addresses of those who asked for it.
"""

from collections.abc import Collection, Mapping
from itertools import islice
from typing import Any

from sqlmodel import Session

from helpdesk.errors import NotAllowed, NotFound, TransitionNotAllowed
from helpdesk.requests import addresses
from helpdesk.requests.model import Ownership, OwnTask, OwnTasks, Requester, Whole
from helpdesk.requests.ownership import Rules
from helpdesk.requests.source import MOST_CANDIDATES, Means, latest
from helpdesk.store.database import KEYS_AT_ONCE, in_batches
from helpdesk.store.tracker import requests as rows
from helpdesk.store.tracker.tasks import next_statuses, roles_by_project
from helpdesk.tasks.creation import NewTask
from helpdesk.tasks.embedded.backend import EmbeddedBackend
from helpdesk.tasks.embedded.create import create
from helpdesk.tasks.embedded.lists import statuses
from helpdesk.tasks.embedded.permissions import SYSTEM
from helpdesk.tasks.embedded.row_mapper import load_to_write
from helpdesk.tasks.embedded.update import write
from helpdesk.tasks.files import Staged, Upload
from helpdesk.tasks.model import Actor, Edit, Ref, Status


class EmbeddedRequests:
    """Requesters always write as themselves; an Actor's id is the account's."""

    at_once = KEYS_AT_ONCE
    most_histories = 40

    def __init__(self, backend: EmbeddedBackend, rules: Rules) -> None:
        self.backend, self.rules = backend, rules
        self.database = backend.database

    async def system(self) -> Actor:
        return SYSTEM

    async def own(self, who: Requester, limit: int) -> OwnTasks:
        return await self.database.run(lambda session: self._own(session, who, limit))

    def _own(self, session: Session, who: Requester, limit: int) -> OwnTasks:
        """Read the tasks of the author apart: they take no place of those whose requesters only look alike."""
        needles = {needle for each in who.addresses for needle in addresses.needles(each, self.rules.canonical)}
        conditions = [rows.with_requester(needles)] + ([rows.of_author(who.actor.id)] if who.actor else [])
        known, found = {it.id: it for it in statuses(session)}, dict[int, OwnTask]()
        for condition in conditions:
            candidates = rows.ownerships(session, condition, MOST_CANDIDATES)
            tasks = ((row.id, OwnTask(_ownership(row), known[row.status_id], row.updated_at)) for row in candidates)
            own = ((task, it) for task, it in tasks if self.rules.belongs(it.ownership, who))
            found |= dict(islice(own, limit))
        return latest(found, limit)

    async def whole(self, task_id: int) -> Whole:
        """Return the task; no private comment brings files here."""
        return Whole(await self.backend.task(SYSTEM, task_id), {})

    async def ownerships(self, task_ids: Collection[int]) -> Mapping[int, Ownership]:
        return await self.database.run(lambda session: _ownerships(session, task_ids))

    async def mark(self, task_id: int, address: str) -> None:
        await self.database.run(lambda session: rows.add_requester(session, task_id, address), writes=True)

    async def correct(self, actor: Actor, task_id: int, gone: frozenset[str], address: str) -> None:
        """Change the column, if the actor may change the task's other fields. As with `mark`, there is no entry in the
        history, which requesters read."""

        def work(session: Session) -> None:
            if "subject" not in load_to_write(session, actor, task_id).choices.details:
                raise NotAllowed
            rows.remove_requesters(session, task_id, lambda text: addresses.without(text, gone, self.rules.canonical))
            if address:
                rows.add_requester(session, task_id, address)

        await self.database.run(work, writes=True)

    async def private_files(self, task_id: int) -> Mapping[int, frozenset[int]]:
        """Return nothing: no private comment brings files here."""
        return {}

    async def means(self, who: Requester, task_id: int) -> Means:
        return await self.database.run(lambda session: _means(session, who, task_id))

    async def write(self, who: Requester, task_id: int, means: Means, edit: Edit) -> None:
        def work(session: Session) -> None:
            before = load_to_write(session, SYSTEM, task_id)
            self._require_own(session, who, task_id)
            now_offered = {it.id for it in _means(session, who, task_id).statuses}
            kept = edit._replace(changes={field: it for field, it in edit.changes.items() if it in now_offered})
            if kept.is_empty:
                raise TransitionNotAllowed
            write(session, _author(who), self.backend.clock(), before, kept)

        await self.database.run(work, writes=True)

    def _require_own(self, session: Session, who: Requester, task_id: int) -> None:
        ownership = _ownerships(session, [task_id]).get(task_id)
        if ownership is None or not self.rules.belongs(ownership, who):
            raise NotFound

    async def stage(self, who: Requester, upload: Upload) -> Staged:
        return await self.backend.files.store(_author(who), upload)

    async def own_projects(self, who: Requester) -> tuple[Ref, ...]:
        return await self.backend.projects_for_new(_author(who))

    async def projects(self) -> frozenset[int]:
        return frozenset(await self.database.run(rows.open_projects))

    async def create(self, who: Requester, new_task: NewTask, address: str) -> int:
        author = _author(who)

        def work(session: Session) -> int:
            if new_task.project_id not in rows.open_projects(session):
                raise NotFound
            return create(session, SYSTEM, new_task, self.backend.clock(), author.id, address)

        return await self.database.run(work, writes=True)


def _author(who: Requester) -> Actor:
    if who.actor is None:
        raise NotAllowed
    return who.actor


def _means(session: Session, who: Requester, task_id: int) -> Means:
    """Return what the roles that the person holds in the project allow; to answer takes none."""
    task, actor = rows.place(session, task_id), _author(who)
    if task is None:
        raise NotFound
    roles = {role for project, role, _ in roles_by_project(session, actor.id) if project == task.project_id}
    offered = (Status(*row) for row in next_statuses(session, roles, task.status_id))
    return Means(tuple(it for it in offered if it.id != task.status_id), True, True, actor)


def _ownerships(session: Session, task_ids: Collection[int]) -> dict[int, Ownership]:
    found: dict[int, Ownership] = {}
    for batch in in_batches(task_ids):
        found |= {row.id: _ownership(row) for row in rows.ownerships(session, rows.among(batch), len(batch))}
    return found


def _ownership(row: Any) -> Ownership:
    return Ownership(row.author_id, (row.requester,) if row.requester else ())
