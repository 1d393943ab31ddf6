"""Send saved reports by e-mail to those who chose to get them, each counted with the eyes of who gets it.

Of all processes the one that holds a lease does so. In one transaction a report is put into the outbox, from where the
channel sends it, and its next time is written: whoever is killed before or after that, it is sent once.
"""

import asyncio
import logging
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from secrets import token_hex
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlmodel import Session, col

from helpdesk.errors import HelpdeskError, Invalid, NotAllowed, OutcomeUnknown, StoreUnavailable, Unavailable
from helpdesk.notifications.kinds import REPORT
from helpdesk.notifications.messages import of_no_task
from helpdesk.notifications.outbox import Outbox
from helpdesk.notifications.report_letters import ReportLetter, to_text
from helpdesk.people.model import Person, SignedIn, load_people
from helpdesk.people.rights import ADMIN, REPORTS
from helpdesk.reports import letters, rhythms
from helpdesk.reports.address import Address
from helpdesk.reports.address_parser import parse
from helpdesk.reports.departments import Departments
from helpdesk.reports.letters import Words
from helpdesk.reports.report import THREADS, Reporter
from helpdesk.reports.source import ReportSource
from helpdesk.store import leases, rights, saved_reports
from helpdesk.store.database import Database
from helpdesk.store.models import tables
from helpdesk.store.people import Accounts
from helpdesk.store.rights import Named
from helpdesk.store.saved_reports import Mailing
from helpdesk.tasks.model import Actor

log = logging.getLogger(__name__)

LEASE = "report_mailings"
LEASE_SECONDS = 180.0
COUNT_SECONDS = 120.0
"""A report that takes longer is not sent."""
TICK_SECONDS = 30.0
REST = timedelta(minutes=10)
MOST_FAILURES = 3
"""So many reports in a row that can't be counted are no fault of theirs."""


class MailedBy(NamedTuple):
    """The outbox, by whose clocks mailings go, the language of who has chosen none, and the administrators whom the
    settings name."""

    outbox: Outbox
    clock: Callable[[], datetime]
    zone: ZoneInfo
    language: str
    named: Named = ()


class Mailer:
    """Sends reports of `source`. `identify` returns a person's identity in the backend, and raises NotAllowed without
    one."""

    def __init__(
        self,
        database: Database,
        source: ReportSource,
        accounts: Accounts,
        identify: Callable[[SignedIn], Actor],
        by: MailedBy,
    ) -> None:
        self.database, self.source, self.accounts, self.identify = database, source, accounts, identify
        self.outbox, self.clock, self.zone, self.language, self.named = by
        self.holder = token_hex(8)
        self._is_silent = False
        self._resting = dict[tuple[int, ...], datetime]()

    async def watch(self) -> None:
        """Send what is due, until cancelled."""
        while True:
            await asyncio.sleep(TICK_SECONDS * random.uniform(0.8, 1.2))
            await self.step()

    async def step(self) -> None:
        """Put into the outbox what is due. What can't be counted now is tried again after a while, and after a few of
        these the others wait for the next step."""
        failures = 0
        try:
            while failures < MOST_FAILURES and (mailing := await self.database.run(self._next, writes=True)):
                failures = 0 if await self._is_done(mailing) else failures + 1
            self._is_silent = False
        except (StoreUnavailable, OutcomeUnknown) as error:
            if not self._is_silent:
                log.warning("no report is sent, the store does not answer", extra={"error": error.detail})
            self._is_silent = True

    def _next(self, session: Session) -> Mailing | None:
        """Return a mailing that is due, and hold the lease for the time that it takes."""
        now = self.clock()
        if "email" not in self.outbox.workers or not leases.take(session, LEASE, self.holder, now, LEASE_SECONDS):
            return None
        self._resting = {key: until for key, until in self._resting.items() if until > now}
        due = saved_reports.due(session, now, len(self._resting) + 1)
        return next((it for it in due if it[:2] not in self._resting), None)

    async def _is_done(self, mailing: Mailing) -> bool:
        """Send a mailing. Return False when it has to be tried again."""
        # Before, so that an error that ends the watcher does not meet it again at once, before all others.
        self._resting[mailing[:2]] = self.clock() + REST
        try:
            await self._send(mailing)
        except Unavailable as error:
            extra = {"report": mailing.report_id, "error": error.detail}
            log.warning("a report can't be counted now, and is sent later", extra=extra)
            return False
        del self._resting[mailing[:2]]
        return True

    async def _send(self, mailing: Mailing) -> None:
        person = await self.database.run(partial(self._reader, mailing))
        letter = await self._letter(mailing, person) if person else None
        await self.database.run(partial(self._put, mailing, letter), writes=True)
        self.outbox.wake()

    def _reader(self, mailing: Mailing, session: Session) -> Person | None:
        """Return who gets it, None when they may not read it any more."""
        active = rights.ACTIVE, col(tables.Person.joined_into).is_(None), col(tables.Person.id) == mailing.person_id
        people = load_people(session, self.named, *active)
        may_read = people and people[0].rights & {ADMIN, REPORTS}
        return people[0] if may_read and saved_reports.one(session, mailing.person_id, mailing.report_id) else None

    async def _letter(self, mailing: Mailing, person: Person) -> ReportLetter | None:
        """Return what is sent; None to who is nobody in the backend, and when it can't be counted."""
        try:
            actor = self.identify(SignedIn(person, ""))
            async with asyncio.timeout(COUNT_SECONDS):
                return await self._counted(mailing, actor)
        except NotAllowed:
            return None
        except Unavailable:
            raise
        except (HelpdeskError, TimeoutError) as error:
            extra = {"report": mailing.report_id, "error": getattr(error, "detail", "") or type(error).__name__}
            log.error("a report could not be counted, and is not sent", extra=extra)
        return None

    async def _counted(self, mailing: Mailing, actor: Actor) -> ReportLetter:
        now = self.clock()
        today, sent_on = now.astimezone(self.zone).date(), rhythms.last_day(mailing.rhythm, now, self.zone)
        words = Words(mailing.report_id, mailing.name, mailing.rhythm, mailing.language or self.language)
        address = Address()
        try:
            # The days of the saved report are not those of the letter, so they may have become too many.
            saved = parse(mailing.query, today, is_divided=False)
            address = rhythms.address_of(mailing.rhythm, saved, sent_on)
            reporter = Reporter(self.source, actor, Departments(self.database, self.accounts), self.zone, today)
            report = await reporter.report(address, await reporter.choices(address))
        except Invalid as error:
            return letters.failed(words, address, [it for each in error.fields.values() for it in each])
        return await THREADS.run(letters.letter, words, report)

    def _put(self, mailing: Mailing, letter: ReportLetter | None, session: Session) -> None:
        """Write the next time and the row of the outbox together, unless somebody else has done so."""
        now = self.clock()
        is_mine = saved_reports.put_off(session, mailing, rhythms.next_time(mailing.rhythm, now, self.zone))
        if is_mine and letter:
            event = f"{saved_reports.event_of(mailing.report_id)}.{mailing.next_at:%Y-%m-%d}"
            row = of_no_task(mailing.person_id, event, REPORT, now, mailing.name)
            self.outbox.add_report(session, row._replace(excerpt=to_text(letter)), now)
