"""Keep who is away now, for pages that name many people."""

from collections.abc import Callable, Mapping, MutableMapping
from datetime import date, datetime, tzinfo
from typing import NamedTuple

from cachetools import TTLCache
from sqlmodel import Session

from helpdesk.store import absences
from helpdesk.store.absences import Colleague
from helpdesk.store.database import Database
from helpdesk.store.people import Accounts

FRESH_SECONDS = 30


class Away(NamedTuple):
    """An absence until the end of a day. `deputy_number` is the deputy's in the backend, None without one."""

    until: date
    deputy: str = ""
    deputy_number: int | None = None


class Absences:
    """The absences as they were read, until FRESH_SECONDS are over or they are forgotten. Another process keeps its
    own."""

    def __init__(self, database: Database, accounts: Accounts, clock: Callable[[], datetime], timezone: tzinfo) -> None:
        self.database, self.accounts, self.clock, self.timezone = database, accounts, clock, timezone
        self.forget()

    def forget(self) -> None:
        """Begin a cache of its own, so that absences which are being read just now do not get into it."""
        self._kept: MutableMapping[date, Mapping[int, Away]] = TTLCache(1, FRESH_SECONDS)

    @property
    def today(self) -> date:
        return self.clock().astimezone(self.timezone).date()

    async def now(self) -> Mapping[int, Away]:
        """Return who is away, by the numbers of the backend. Raises StoreUnavailable."""
        today, kept = self.today, self._kept
        found = kept.get(today)
        if found is None:
            found = kept[today] = await self.database.run(lambda db: self._read(db, today))
        return found

    def _read(self, session: Session, today: date) -> Mapping[int, Away]:
        away = absences.all_away(session, today)
        known = absences.numbered(session, self.accounts, (it for pair in away.values() for it in pair if it))
        numbers = {it.id: it.number for it in known.values()}
        return {numbers[it.id]: _away(it, deputy, numbers) for it, deputy in away.values() if it.id in numbers}


def _away(absent: Colleague, deputy: Colleague | None, numbers: Mapping[int, int]) -> Away:
    assert absent.until
    return Away(absent.until, deputy.name, numbers.get(deputy.id)) if deputy else Away(absent.until)
