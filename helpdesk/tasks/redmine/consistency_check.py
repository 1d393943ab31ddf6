"""Compares the tasks that SQL and Redmine itself show, by counts, at intervals, for a few people.

The rules of visibility are proven on plain Redmine (docs/permissions.md); plugins and Easy Redmine may have others.
Redmine's lists may lack tasks as well, by an error of its database. So where counts differ for good, a few of the tasks
are read from Redmine one by one: administrators are told of those that its list lacks. A task that only one of the two
shows moves reading to REST, until the same person and project were equal CLEAN_ROUNDS times in a row. An answer that
does not come is no difference. Each process does this for itself.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import sqlalchemy as sa

from helpdesk.errors import HelpdeskError, sentence
from helpdesk.redmine_client import RedmineClient
from helpdesk.tasks.backend import State
from helpdesk.tasks.redmine.sql import tables as t
from helpdesk.tasks.redmine.sql.source import CONFIG_SECONDS, STALE_SECONDS, Source
from helpdesk.tasks.redmine.visible_both_ways import BothWays, Counts, Differing, Spot, differing

log = logging.getLogger(__name__)

PAUSE_SECONDS = 600.0
CONFIRM_SECONDS = CONFIG_SECONDS + STALE_SECONDS + 1
"""The pause between two reads of a difference: a change of roles may go unnoticed for this long."""
TRIES = 3
PEOPLE_A_ROUND = 2
CLEAN_ROUNDS = 3
SHORT_LIST = sentence(
    "Redmine's own lists lack tasks that it shows on their pages (%(where)s). Its database loses them: on MariaDB the"
    " server setting %(option)s helps."
)
OPTION = "optimizer_switch='exists_to_in=off'"


class Difference(NamedTuple):
    """A lasting difference: `wrong` tasks, which only one of the two shows, and `unlisted` ones in Redmine's list.

    Both are empty when a query plan loses tasks in Redmine's count and not in the pages of its list.
    """

    spot: Spot
    counts: Counts
    wrong: frozenset[int] = frozenset()
    unlisted: frozenset[int] = frozenset()

    @property
    def is_wrong(self) -> bool:
        return bool(self.wrong) or self.counts.shut_out

    @property
    def is_short(self) -> bool:
        return not self.is_wrong and self.counts.by_rest < self.counts.by_sql


class ConsistencyCheck(BothWays):
    """`people` returns the Redmine ids of recently signed in people. `turn` is where the rotation begins."""

    def __init__(
        self,
        client: RedmineClient,
        source: Source,
        people: Callable[[], Awaitable[Sequence[int]]],
        turn: int | None = None,
    ) -> None:
        super().__init__(client, source)
        self.people = people
        self.turn = random.randrange(1_000_000) if turn is None else turn
        self.suspects: tuple[Spot, ...] = ()
        self.short: Spot | None = None
        self.clean = 0

    async def watch(self) -> None:
        """Check at once and then every PAUSE_SECONDS, until cancelled."""
        while True:
            try:
                await self.check()
            except HelpdeskError as error:
                log.info("SQL and REST could not be compared", extra={"error": error.detail})
            except Exception:
                log.exception("the consistency check failed")
            await asyncio.sleep(PAUSE_SECONDS)

    async def check(self) -> None:
        """Run one round. Raises Unavailable, StoreUnavailable."""
        if self.suspects:
            await self._check_again()
            return
        for spot in dict.fromkeys([*([self.short] if self.short else []), *await self._next_spots()]):
            difference = await self._lasting_difference(spot)
            if difference and difference.is_wrong:
                await self._distrust(difference)
                return

    async def _next_spots(self) -> list[Spot]:
        """Return all projects of a few people, and one project of each: every pair has its turn in time."""
        people = sorted(await self.people())
        if not people:
            return []
        projects = await self._projects()
        spots: list[Spot] = []
        for turn in range(self.turn, self.turn + PEOPLE_A_ROUND):
            person, lap = people[turn % len(people)], turn // len(people)
            spots.append(Spot(person))
            if projects:
                spots.append(Spot(person, projects[(lap + turn % len(people)) % len(projects)]))
        self.turn += PEOPLE_A_ROUND
        return list(dict.fromkeys(spots))

    async def _differs(self, spot: Spot) -> Counts | None:
        """Return counts that differ each of TRIES times, without a change while they were read."""
        for attempt in range(TRIES):
            if attempt:
                await asyncio.sleep(CONFIRM_SECONDS)
            before, by_rest, after = await self._by_sql(spot), await self._by_rest(spot), await self._by_sql(spot)
            if by_rest in (before, after):
                return None
        return Counts(after, by_rest) if before == after else None

    async def _lasting_difference(self, spot: Spot) -> Difference | None:
        """Return a lasting difference and its tasks, and note a short list of Redmine's."""
        difference = await self._difference(spot)
        if difference and difference.wrong:  # a task may have been changed meanwhile
            await asyncio.sleep(CONFIRM_SECONDS)
            difference = await self._difference(spot)
        self._note_short(spot, difference)
        return difference

    async def _difference(self, spot: Spot) -> Difference | None:
        counts = await self._differs(spot)
        if counts is None or counts.shut_out:
            return Difference(spot, counts) if counts else None
        ours, theirs = await self._differing(spot, counts)
        login = await self._login(spot.person)
        by_rest = {task: await self._shows(login, task) for task in sorted(ours | theirs)}
        by_sql = set(await self._tasks(spot, t.issues.c.id.in_(sorted(by_rest))))
        wrong = {task for task in ours if task in by_sql and not by_rest[task]}
        wrong |= {task for task in theirs if task not in by_sql and by_rest[task]}
        unlisted = {task for task in ours if task in by_sql and by_rest[task]}
        return Difference(spot, counts, frozenset(wrong), frozenset(unlisted))

    async def _differing(self, spot: Spot, counts: Counts) -> Differing:
        """Return a few tasks that only one of the two lists has, from the beginning and from the end of both."""
        ours = sorted(await self._tasks(spot))
        first = await differing(ours, counts.by_rest, lambda offset, limit: self._page(spot, "id:asc", offset, limit))

        async def backwards(offset: int, limit: int) -> Sequence[int]:
            return [-task for task in await self._page(spot, "id:desc", offset, limit)]

        last = await differing([-task for task in reversed(ours)], counts.by_rest, backwards)
        return Differing(*(one | {-task for task in other} for one, other in zip(first, last, strict=True)))

    def _note_short(self, spot: Spot, difference: Difference | None) -> None:
        """Tell administrators for as long as the same person's list in the same project is short."""
        if difference and difference.is_short:
            if self.short is None:
                details = spot._asdict() | difference.counts._asdict()
                details |= {"tasks": sorted(difference.unlisted), "option": OPTION}
                log.warning("Redmine's own list lacks tasks that it shows", extra=details)
            self.short = spot
        elif spot == self.short and difference is None:
            self.short = None
            log.warning("Redmine's own list lacks no tasks any more")
        where = self.short.in_words() if self.short else None
        self.database.short_list = SHORT_LIST._replace(values={"where": where, "option": OPTION}) if where else None

    async def _distrust(self, difference: Difference) -> None:
        """Move reading to REST as soon as something is known to be wrong, and locate the project after that."""
        self._report(difference.spot, difference.counts)
        if difference.spot.project is None and difference.wrong:
            await self._report_project(difference.spot.person, min(difference.wrong))

    def _report(self, spot: Spot, counts: Counts) -> None:
        since = self.database.distrusted.since if self.database.distrusted else datetime.now(UTC)
        self.database.distrusted = State("differing", since, spot.in_words())
        self.suspects, self.clean = tuple(dict.fromkeys((spot, Spot(spot.person)))), 0
        log.error("SQL and REST show different tasks; reading goes over REST", extra=spot._asdict() | counts._asdict())

    async def _report_project(self, person: int, task: int) -> None:
        """Report the project of a task that only one of the two shows, unless an answer does not come."""
        query = sa.select(t.issues.c.project_id).where(t.issues.c.id == task)
        try:
            project = await self._ask(lambda db: db.scalar(query))
            spot = Spot(person, project)
            counts = Counts(await self._by_sql(spot), await self._by_rest(spot))
        except HelpdeskError as error:
            log.info("the difference between SQL and REST was not located", extra={"error": error.detail})
        else:
            if project is not None and counts.by_sql != counts.by_rest:
                self._report(spot, counts)

    async def _check_again(self) -> None:
        self.clean += 1
        for spot in self.suspects:
            difference = await self._lasting_difference(spot)
            if difference and difference.is_wrong:
                self.clean = 0
        if self.clean >= CLEAN_ROUNDS:
            self.suspects, self.database.distrusted = (), None
            log.warning("SQL and REST show the same tasks again; reading goes by SQL")
