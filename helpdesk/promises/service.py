"""Reckon the clocks of tasks: by the promises and calendars of the store, and by the histories of the backend."""

import asyncio
import heapq
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, MutableMapping
from datetime import UTC, datetime, timedelta
from math import inf
from time import monotonic
from typing import NamedTuple
from zoneinfo import ZoneInfo

from cachetools import TTLCache
from sqlmodel import Session

from helpdesk.errors import NotConfigured
from helpdesk.promises.clock import Clock, Limits, Meaning
from helpdesk.promises.hours import ALWAYS, WorkingHours, parse_day, parse_week
from helpdesk.promises.rules import NO_BOOK, Book, Place, Rule
from helpdesk.promises.states import State, going_states, most_urgent, urgency
from helpdesk.reports.model import Life, Question
from helpdesk.reports.source import MOST_LIVES, ReportSource
from helpdesk.store import board, business_calendars, promises
from helpdesk.store.business_calendars import StoredCalendar
from helpdesk.store.database import Database
from helpdesk.store.models.promises import Promise
from helpdesk.tasks.model import Actor, Status, TaskRow
from helpdesk.threads import Threads

FRESH_SECONDS = 5
RANKED_SECONDS = 10
MOST_PEOPLE = 50
MOST_RANKED = 20_000
"""As many tasks can be filtered and sorted by their clocks."""

Clocks = Mapping[int, tuple[Clock, ...]]
"""The clocks of tasks by their ids, without tasks for which nothing is promised."""


class Going(NamedTuple):
    """An open task with a clock that goes on: the states of its clocks."""

    task_id: int
    states: frozenset[State]


class Ranking(NamedTuple):
    """The open tasks with clocks that a person sees, the most urgent first. There are more if not `is_whole`."""

    tasks: tuple[Going, ...]
    is_whole: bool = True


class _Calendars(NamedTuple):
    """The calendars as they were in these versions: the hours of each, those of the default one, and the calendars of
    projects."""

    versions: frozenset[tuple[int, int]] | None = None
    hours: Mapping[tuple[int, int], WorkingHours] = {}
    default: WorkingHours = ALWAYS
    projects: Mapping[int, int] = {}


class _Stored(NamedTuple):
    """The rows of the store; no `calendars` if they are still in the versions that were known."""

    promises: tuple[Promise, ...] = ()
    versions: frozenset[tuple[int, int]] | None = None
    calendars: tuple[StoredCalendar, ...] | None = None
    waiting: frozenset[int] = frozenset()


_Ranked = tuple[tuple[float, int], int, Going]
"""How urgent a task is, and the task; of equals the newest is first."""


class Promises:
    """Keeps the book of promises for FRESH_SECONDS, and each person's ranking for RANKED_SECONDS.

    `source` is None where the backend can't tell histories: then there are no clocks.
    """

    def __init__(
        self,
        database: Database,
        source: ReportSource | None,
        statuses: Callable[[], Awaitable[tuple[Status, ...]]],
        clock: Callable[[], datetime],
    ) -> None:
        self.database, self.source, self.statuses, self.clock = database, source, statuses, clock
        self.threads = Threads(2)
        self._calendars = _Calendars()
        self.forget()

    def forget(self) -> None:
        """Have everything read again, after administrators changed something."""
        self._book, self._read_at = NO_BOOK, -inf
        self._ranked: MutableMapping[int, Ranking] = TTLCache(MOST_PEOPLE, RANKED_SECONDS)
        self._ranking: dict[int, asyncio.Task[Ranking]] = {}

    async def book(self) -> Book:
        """Return the promises that are in force; an empty book where there are none, or no histories."""
        if self.source is None:
            return NO_BOOK
        if monotonic() - self._read_at > FRESH_SECONDS:
            self._book, self._read_at = await self._load(self.source), monotonic()
        return self._book

    async def calendars(self) -> Book:
        """Return the book with its calendars also where nothing is promised, for reports. It is read each time."""
        return NO_BOOK if self.source is None else await self._load(self.source, without_rules=True)

    async def clocks(self, actor: Actor, rows: Collection[TaskRow]) -> Clocks:
        """Return the clocks of tasks, as far as this person sees them. Raises Unavailable."""
        book = await self.book()
        ids = [it.id for it in rows if book.rules and book.rule(it.project.id, it.tracker.id, it.priority.id)]
        if not ids or self.source is None:
            return {}
        lives = [
            life
            for first in range(0, len(ids), MOST_LIVES)
            for life in (await self.source.lives(actor, ids[first : first + MOST_LIVES])).values()
        ]
        return await self.threads.run(_reckoned, book, lives, self.now())

    async def ranking(self, actor: Actor) -> Ranking:
        """Return the open tasks with clocks that this person sees. Raises Unavailable, NotConfigured."""
        if self.source is None:
            raise NotConfigured
        if (known := self._ranked.get(actor.id)) is not None:
            return known
        if actor.id not in self._ranking:
            self._ranking[actor.id] = task = asyncio.create_task(self._rank(self.source, actor))
            task.add_done_callback(lambda _: self._ranking.pop(actor.id, None))
        return await asyncio.shield(self._ranking[actor.id])

    def now(self) -> int:
        return int(self.clock().timestamp())

    async def _rank(self, source: ReportSource, actor: Actor) -> Ranking:
        book, kept = await self.book(), self._ranked
        found: list[list[_Ranked]] = []
        seen, is_whole = 0, True
        if book.rules:
            lives_of = source.lives_of(actor, _open_question(book, self.clock()))
            try:
                async for lives in lives_of:
                    wanted = lives[: MOST_RANKED - seen]
                    seen += len(wanted)
                    found.append(await self.threads.run(_going, book, wanted, self.now()))
                    if len(wanted) < len(lives) or seen >= MOST_RANKED:
                        is_whole = False
                        break
            finally:
                await lives_of.aclose()
        ranking = Ranking(await self.threads.run(_merged, found), is_whole)
        kept[actor.id] = ranking
        return ranking

    async def _load(self, source: ReportSource, *, without_rules: bool = False) -> Book:
        known = self._calendars
        stored = await self.database.run(lambda session: _stored(session, without_rules, known.versions))
        rules = _rules(stored.promises)
        if not (rules or without_rules):
            return NO_BOOK
        closed = frozenset(it.id for it in await self.statuses() if it.is_closed)
        if stored.calendars is not None:
            known = await self.threads.run(_parsed, stored.calendars, stored.versions, known)
            self._calendars = known
        by_calendar = {id: its for (id, _), its in known.hours.items()}
        meaning = Meaning(closed, stored.waiting - closed)
        return Book(rules, by_calendar, known.projects, known.default, await source.parents(), meaning)


def hours(calendar: StoredCalendar) -> WorkingHours:
    """Return the working hours of a calendar. Raises Invalid for hours that only somebody else could have stored."""
    values = calendar.values
    days = {it.day: parse_day(it.hours) for it in values.days}
    return WorkingHours(ZoneInfo(values.timezone), parse_week(values.hours), days)


def _stored(session: Session, without_rules: bool, known: frozenset[tuple[int, int]] | None) -> _Stored:
    kept = tuple(it for it in promises.all(session) if it.is_active)
    if not (kept or without_rules):
        return _Stored()
    waiting = frozenset(id for id, it in board.columns(session).items() if it.phase == "waiting")
    versions = business_calendars.versions(session)
    calendars = None if versions == known else tuple(business_calendars.all(session))
    return _Stored(kept, versions, calendars, waiting)


def _parsed(
    calendars: Collection[StoredCalendar], versions: frozenset[tuple[int, int]] | None, known: _Calendars
) -> _Calendars:
    """Return the calendars, with those of `known` that did not change: these keep tables of their own."""
    parsed = {(it.id, it.version): known.hours.get((it.id, it.version)) or hours(it) for it in calendars}
    default = next((parsed[it.id, it.version] for it in calendars if it.values.is_default), ALWAYS)
    return _Calendars(versions, parsed, default, {each: it.id for it in calendars for each in it.values.project_ids})


def _rules(kept: Iterable[Promise]) -> dict[Place, Rule]:
    return {
        (it.project_id, it.tracker_id, it.priority_id): Rule(
            it.id or 0,
            it.name,
            (it.project_id, it.tracker_id, it.priority_id),
            Limits(it.answer_minutes, it.solution_minutes),
            it.escalate_to,
        )
        for it in kept
    }


def _open_question(book: Book, now: datetime) -> Question:
    return Question(book.open_tasks(), "open", (datetime(1970, 1, 1, tzinfo=UTC), now + timedelta(days=1)))


def _reckoned(book: Book, lives: Iterable[Life], now: int) -> Clocks:
    reckoned = {life.id: book.clocks(life, now) for life in lives}
    return {id: its for id, its in reckoned.items() if its}


def _going(book: Book, lives: Iterable[Life], now: int) -> list[_Ranked]:
    found = []
    for id, its in _reckoned(book, lives, now).items():
        urgent = most_urgent(its)
        if urgent:
            found.append((urgency(urgent), -id, Going(id, going_states(its))))
    return sorted(found)


def _merged(found: Iterable[Iterable[_Ranked]]) -> tuple[Going, ...]:
    """Return the tasks in their order. A sort of all would hold the other threads up."""
    return tuple(going for _, _, going in heapq.merge(*found))
