"""Simulate a colleague who goes on working while somebody looks at the demo."""

import asyncio
import logging
from itertools import cycle
from random import Random

from sqlmodel import Session, col, select

from helpdesk.demo import colleague_actions, quality_requests
from helpdesk.errors import HelpdeskError
from helpdesk.store import people
from helpdesk.store.database import Database
from helpdesk.store.models import tables
from helpdesk.tasks.backend import Backend
from helpdesk.tasks.lists import TaskQuery
from helpdesk.tasks.model import Actor, Ref

PAUSE_SECONDS = (15.0, 25.0)
"""The least and the most between two actions; each of RECIPIENTS hears of every second one, so within a minute."""

RECIPIENTS = ("anna", "boris")
LOGIN, FULL_NAME, EMAIL = "kolya", "Николай Озеров", "kolya@example.test"
DEPARTMENT, POSITION = "Служба поддержки", "Дежурный инженер"
ROLE, PERMISSIONS = "Дежурный", "comment edit view_all"
SUPPORT_ROLE = "Специалист поддержки"
"""The role in `seed.jsonl` whose status changes are his, too."""

_SEED = 20
_MOST_TASKS = 100

log = logging.getLogger(__name__)


def hire(session: Session) -> None:
    """Add his account, which nobody can sign in to, and his role in all projects but that of quality control: he works,
    but is assigned nothing.

    Does nothing when the account is there already; a demo of an earlier version gets it so.
    """
    if session.exec(select(tables.Person.id).where(tables.Person.login == LOGIN)).first() is not None:
        return
    person = people.add_local(session, LOGIN, FULL_NAME, EMAIL, "", is_admin=False)
    person.password_hash, person.department, person.position = None, DEPARTMENT, POSITION
    role = tables.Role(name=ROLE, permissions=PERMISSIONS)
    session.add(role)
    session.flush()
    assert person.id and role.id
    others = select(tables.Project.id).where(tables.Project.identifier != quality_requests.PROJECT)
    for project_id in session.exec(others).all():
        assert project_id
        session.add(tables.Membership(project_id=project_id, person_id=person.id, role_id=role.id))
    support = select(tables.Role.id).where(tables.Role.name == SUPPORT_ROLE)
    for it in session.exec(select(tables.Transition).where(col(tables.Transition.role_id).in_(support))).all():
        session.add(tables.Transition(role_id=role.id, old_status_id=it.old_status_id, new_status_id=it.new_status_id))


class SimulatedColleague:
    """Works through the port that people's pages use, with the rights of his account and no others."""

    def __init__(self, backend: Backend, database: Database, pause: tuple[float, float] = PAUSE_SECONDS) -> None:
        self.backend, self.database, self.pause = backend, database, pause
        self.rng = Random(_SEED)

    async def watch(self) -> None:
        """Do something every so often, until cancelled. A failure is logged, and the next action comes in its time."""
        for login in cycle(RECIPIENTS):
            await asyncio.sleep(self.rng.uniform(*self.pause))
            try:
                await self.act(login)
            except HelpdeskError as error:
                log.info("the demo's colleague could not do something", extra={"error": str(error)})
            except Exception:
                log.exception("the demo's colleague failed")

    async def act(self, login: str) -> bool:
        """Do one thing that the person with this login is notified of.

        Returns False when one of the two accounts is missing or disabled, or no task is open. Raises what the port
        does.
        """
        own, recipient = await self._account(LOGIN), await self._account(login)
        if own is None or recipient is None:
            return False
        actor = Actor(own.id, own.name)
        page = await self.backend.tasks(actor, TaskQuery(per_page=_MOST_TASKS))
        action = colleague_actions.chosen(self.rng, recipient.id, page.rows)
        if action is None:
            return False
        task = await self.backend.task(actor, action.task_id)
        await self.backend.change(actor, task.id, colleague_actions.edit(self.rng, action.kind, recipient, task))
        return True

    async def _account(self, login: str) -> Ref | None:
        def find(session: Session) -> Ref | None:
            row = people.by_login_or_email(session, "local", login)
            return Ref(row.id, row.login) if row and row.id else None

        return await self.database.run(find)
