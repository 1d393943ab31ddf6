"""Agents of the playable phone whom a poller of the test's own asks for, at a clock that the test moves."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session, select

from helpdesk.demo.playable_phone import PASSWORD, PlayablePhone
from helpdesk.encryption import Box
from helpdesk.notifications.wakeups import Wakeups
from helpdesk.people.model import SignedIn, load_person
from helpdesk.people.rights import AGENT
from helpdesk.store import phone_agents, rights, sessions
from helpdesk.store.database import Database
from helpdesk.store.models import table, tables
from helpdesk.store.models.telephony import PhoneAgent, PhoneCall
from helpdesk.telephony.desk import Desk
from helpdesk.telephony.numbers import key_of
from helpdesk.telephony.phone import Agent, Credentials, Dialog, PhoneRefused, PhoneUnanswered, PhoneUnavailable
from helpdesk.telephony.poller import Poller
from tests.clocks import Clock
from tests.world import PEOPLE_IDS

EXTENSION = "1001"


class WatchedPhone(PlayablePhone):
    """The playable phone, of which a test sees what it was asked, and which passwords it has refused. `passwords` are
    those that it takes; it may be out of service for all agents, or for some, or slow. While `is_mute` it takes what it
    is asked, checks the password, and does not answer."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock.now)
        self.asked: list[tuple[str, str, str]] = []
        self.passwords: dict[str, str] = {}
        self.refused: list[str] = []
        self.is_down, self.down_for, self.is_mute = False, set[str](), False
        self.slow: dict[str, asyncio.Event] = {}

    async def dialogs(self, who: Credentials) -> Sequence[Dialog]:
        await self._ask("dialogs", who)
        return await super().dialogs(who._replace(password=PASSWORD))

    async def agent(self, who: Credentials) -> Agent:
        await self._ask("agent", who)
        return await super().agent(who._replace(password=PASSWORD))

    async def sign_in(self, who: Credentials) -> None:
        await self._ask("sign_in", who)
        await super().sign_in(who._replace(password=PASSWORD))

    async def set_state(self, who: Credentials, state: str, reason_id: str = "") -> None:
        await self._ask("set_state", who)
        await super().set_state(who._replace(password=PASSWORD), state, reason_id)

    async def _ask(self, what: str, who: Credentials) -> None:
        self.asked.append((what, who.agent_id, who.password))
        if self.is_down or who.agent_id in self.down_for:
            raise PhoneUnavailable
        if event := self.slow.get(who.agent_id):
            await event.wait()
        if who.password != self.passwords.get(who.agent_id, PASSWORD):
            self.refused.append(who.password)
            raise PhoneUnanswered if self.is_mute else PhoneRefused
        if self.is_mute:
            raise PhoneUnanswered

    def times(self, what: str, agent_id: str = "") -> int:
        return sum(it[0] == what and it[1] == (agent_id or it[1]) for it in self.asked)


@dataclass
class Crew:
    """People on the phone, and the processes that poll for them."""

    database: Database
    clock: Clock
    phone: WatchedPhone
    box: Box = field(default_factory=lambda: Box(["for the length of a test"]))
    woken: list[frozenset[int]] = field(default_factory=list)
    ids: dict[str, str] = field(default_factory=dict)
    """The ids of sessions by their marks."""

    def poller(self) -> Poller:
        """Another process."""
        crew = self

        class Noted(Wakeups):
            def wake(self, people: object = ()) -> None:
                crew.woken.append(frozenset(people))  # type: ignore[call-overload]

        return Poller(self.phone, self.database, self.box, Noted(), self.clock.now, key_of, self.clock.ticks)

    def desk(self, poller: Poller) -> Desk:
        return Desk(self.phone, self.database, self.box, poller, self.clock.now)

    def session(self, login: str) -> SignedIn:
        """A session of somebody who may handle calls."""

        def work(db: Session) -> SignedIn:
            rights.grant(db, PEOPLE_IDS[login], AGENT)
            id, _ = sessions.begin(db, PEOPLE_IDS[login], self.clock.now(), False, "", "")
            person = load_person(db, db.get_one(tables.Person, PEOPLE_IDS[login]))
            self.ids[sessions.mark_of(id)] = id
            return SignedIn(person, sessions.mark_of(id))

        return self.database.run_here(work, writes=True)

    async def on_phone(self, poller: Poller, login: str, agent: str, password: str = PASSWORD) -> SignedIn:
        """Somebody who is signed in to the phone, with a page on a screen."""
        session = self.session(login)
        await self.desk(poller).sign_in(session, agent, password, EXTENSION)
        await calm(poller)
        return session

    def row(self, agent: str) -> PhoneAgent:
        return self.database.run_here(lambda db: db.get_one(PhoneAgent, agent))

    def calls(self) -> Sequence[PhoneCall]:
        return self.database.run_here(lambda db: db.exec(select(PhoneCall).order_by(PhoneCall.id)).all())  # type: ignore[arg-type]

    def secret(self, session: SignedIn) -> str | None:
        found = self.database.run_here(lambda db: db.get(tables.Session, session.mark))
        return found.phone_secret if found else None

    def audit(self) -> Sequence[tables.AuditRecord]:
        return self.database.run_here(
            lambda db: db.exec(select(tables.AuditRecord).order_by(tables.AuditRecord.id)).all()  # type: ignore[arg-type]
        )

    def rows(self) -> Sequence[object]:
        """All rows of the tables that know of the phone."""
        models = (tables.Session, PhoneAgent, PhoneCall, tables.AuditRecord, tables.PhoneRefusal)
        return self.database.run_here(
            lambda db: [tuple(it) for model in models for it in db.execute(select(table(model)))]
        )

    def keep_watched(self, *agents: str) -> None:
        now = self.clock.now()

        def work(db: Session) -> None:
            for agent in agents:
                phone_agents.watch(db, agent, datetime.fromtimestamp(now.timestamp() + 90, now.tzinfo))

        self.database.run_here(work, writes=True)

    async def pass_(self, seconds: float, *pollers: Poller, step: float = 0.1) -> None:
        """Let time pass, in which these processes poll."""
        for _ in range(round(seconds / step)):
            self.clock.pass_(step)
            for poller in pollers:
                await poller.step()
            for poller in pollers:
                await poller.finish()


async def calm(poller: Poller) -> None:
    """Let go what looks soon again after an action: tests decide when it is looked."""
    hurried = list(poller._hurried.values())
    for task in hurried:
        task.cancel()
    await asyncio.gather(*hurried, return_exceptions=True)
