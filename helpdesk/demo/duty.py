"""The colleague on duty: a made-up one, who goes on working while somebody looks at the demo."""

import asyncio
import logging
from itertools import cycle
from random import Random

from sqlmodel import Session, col, select

from helpdesk.demo import errands, world
from helpdesk.errors import HelpdeskError
from helpdesk.store import people, tables
from helpdesk.store.database import Database, StoreUnavailable
from helpdesk.tasks.lists import TaskQuery
from helpdesk.tasks.model import Actor, Ref
from helpdesk.tasks.tracker import Tracker

PAUSE_SECONDS = (15.0, 25.0)
"""The least and the most between two acts; whoever is of WHOM hears of each second one, so within a minute."""

WHOM = ("anna", "boris")
_SEED = 20
_MOST_TASKS = 100

log = logging.getLogger(__name__)


def hire(session: Session) -> None:
    """His account, which nobody can sign in to, and his role in every project: he works, but is given no tasks.

    Nothing is done when there is the account already; a demo of an earlier version gets it so.
    """
    him = world.ON_DUTY
    if session.exec(select(tables.Person.id).where(tables.Person.login == him.login)).first() is not None:
        return
    person = people.add_local(session, him.login, him.full_name, him.email, "", him.is_admin)
    person.password_hash, person.department, person.position = None, him.department, him.position
    role = tables.Role(name=world.DUTY.name, permissions=" ".join(sorted(world.DUTY.permissions)))
    session.add(role)
    session.flush()
    assert person.id and role.id
    for project_id in session.exec(select(tables.Project.id)).all():
        assert project_id
        session.add(tables.Membership(project_id=project_id, person_id=person.id, role_id=role.id))
    support = select(tables.Role.id).where(tables.Role.name == world.ROLES[0].name)
    for lead in session.exec(select(tables.Transition).where(col(tables.Transition.role_id).in_(support))).all():
        session.add(
            tables.Transition(role_id=role.id, old_status_id=lead.old_status_id, new_status_id=lead.new_status_id)
        )


class OnDuty:
    """Works through the port that people's pages use, with the rights of his account and no others."""

    def __init__(self, tracker: Tracker, database: Database, pause: tuple[float, float] = PAUSE_SECONDS) -> None:
        self.tracker, self.database, self.pause = tracker, database, pause
        self.rng = Random(_SEED)

    async def watch(self) -> None:
        """Do something every so often, until cancelled; what fails is logged, and the next is tried in its time."""
        for login in cycle(WHOM):
            await asyncio.sleep(self.rng.uniform(*self.pause))
            try:
                await self.act(login)
            except (HelpdeskError, StoreUnavailable) as error:
                log.info("the demo's colleague could not do something", extra={"why": str(error)})
            except Exception:
                log.exception("the demo's colleague failed")

    async def act(self, login: str) -> bool:
        """One act of which the person with this login hears. False when the account of either is not there or shut out,
        or there is no open task. Raises what the port does.
        """
        him, whom = await self._account(world.ON_DUTY.login), await self._account(login)
        if him is None or whom is None:
            return False
        actor = Actor(him.id, him.name)
        page = await self.tracker.tasks(actor, TaskQuery(per_page=_MOST_TASKS))
        errand = errands.chosen(self.rng, whom.id, page.rows)
        if errand is None:
            return False
        task = await self.tracker.task(actor, errand.task_id)
        await self.tracker.change(actor, task.id, errands.edit(self.rng, errand.kind, whom, task))
        return True

    async def _account(self, login: str) -> Ref | None:
        def find(session: Session) -> Ref | None:
            row = people.by_login_or_email(session, "local", login)
            return Ref(row.id, row.login) if row and row.id else None

        return await self.database.run(find)
