"""The RequestSource port over `store`: requesters answer and ask without a role in the project.

The column `requester` of a task holds the addresses of those who asked for it.
"""

from collections.abc import Collection, Mapping

import sqlalchemy as sa
from sqlmodel import Session

from helpdesk.errors import NotAllowed, NotFound, TransitionNotAllowed
from helpdesk.requests import addresses
from helpdesk.requests.model import Ownership, Requester
from helpdesk.requests.ownership import Rules
from helpdesk.requests.source import Means
from helpdesk.store.database import KEYS_AT_ONCE, in_batches
from helpdesk.store.tracker import requests as rows
from helpdesk.store.tracker.tasks import next_statuses, roles_by_project
from helpdesk.tasks.creation import NewTask
from helpdesk.tasks.embedded.backend import EmbeddedBackend
from helpdesk.tasks.embedded.create import create
from helpdesk.tasks.embedded.row_mapper import load_to_write
from helpdesk.tasks.embedded.update import write
from helpdesk.tasks.files import Staged, Upload
from helpdesk.tasks.model import Actor, Edit, Ref, Status

SYSTEM = Actor(0, "", is_admin=True)
"""An administrator who is nobody: it sees every task that is not archived."""


class EmbeddedRequests:
    """Requesters always write as themselves; an Actor's id is the account's."""

    at_once = KEYS_AT_ONCE

    def __init__(self, backend: EmbeddedBackend, rules: Rules) -> None:
        self.backend, self.rules = backend, rules
        self.database = backend.database

    async def system(self) -> Actor:
        return SYSTEM

    async def candidates(self, who: Requester, limit: int) -> Mapping[int, Ownership]:
        author, canonical = who.actor.id if who.actor else None, self.rules.canonical
        needles = {needle for each in who.addresses for needle in addresses.needles(each, canonical)}
        return await self.database.run(lambda session: _read(session, rows.with_requester(author, needles), limit))

    async def ownerships(self, task_ids: Collection[int]) -> Mapping[int, Ownership]:
        return await self.database.run(lambda session: _ownerships(session, task_ids))

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
        found |= _read(session, rows.among(batch), len(batch))
    return found


def _read(session: Session, condition: sa.ColumnElement[bool], limit: int) -> dict[int, Ownership]:
    return {
        row.id: Ownership(row.author_id, (row.requester,) if row.requester else ())
        for row in rows.ownerships(session, condition, limit)
    }
