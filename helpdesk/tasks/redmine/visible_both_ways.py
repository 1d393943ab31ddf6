"""Reads the tasks that a person sees in both ways: by SQL and our rules, and from Redmine itself as that person.

`differing` finds differences between two lists that are too long to be read whole: ours, and Redmine's, which comes in
pages.
"""

import random
from bisect import bisect_right
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, NamedTuple, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from helpdesk.errors import LockedOut, NotAllowed, NotFound, Sentence, WrongKey, sentence
from helpdesk.redmine_client import JSON, RedmineClient, part, user_id
from helpdesk.tasks.lists import TaskQuery
from helpdesk.tasks.model import Actor
from helpdesk.tasks.redmine.rest import json_mapper, query_params
from helpdesk.tasks.redmine.rest.metadata_cache import items
from helpdesk.tasks.redmine.sql import tables as t
from helpdesk.tasks.redmine.sql import users
from helpdesk.tasks.redmine.sql.source import Reading, Source

T = TypeVar("T")

SHUT_OUT = -1
"""The count for a person who is not let in."""


class Spot(NamedTuple):
    """A person, by Redmine's number, and a project, or None for all."""

    person: int
    project: int | None = None

    def in_words(self) -> Sentence:
        if self.project is None:
            return sentence("user %(user)s", user=self.person)
        return sentence("user %(user)s, project %(project)s", user=self.person, project=self.project)


class Counts(NamedTuple):
    by_sql: int
    by_rest: int

    @property
    def shut_out(self) -> bool:
        """Whether one of the two does not let the person in."""
        return SHUT_OUT in self


class BothWays:
    """Every method raises Unavailable when the database or Redmine does not answer."""

    def __init__(self, client: RedmineClient, source: Source) -> None:
        self.client, self.source, self.database = client, source, source.database

    async def _by_sql(self, spot: Spot) -> int:
        try:
            return await self._ask(lambda db: db.scalar(self._seen(db, spot, sa.func.count())) or 0)
        except LockedOut:
            return SHUT_OUT

    async def _tasks(self, spot: Spot, *among: sa.ColumnElement[bool]) -> Sequence[int]:
        """Return the ids of the tasks that the person sees by SQL; none for somebody who is not let in."""
        try:
            return await self._ask(lambda db: [*db.scalars(self._seen(db, spot, t.issues.c.id).where(*among))])
        except LockedOut:
            return ()

    def _seen(self, db: Connection, spot: Spot, column: sa.ColumnElement[int]) -> sa.Select[Any]:
        person = users.person(db, Actor(spot.person, ""))
        visible = Reading(db, self.database, self.source.config(db), person).permissions.tasks
        of_project = () if spot.project is None else (t.issues.c.project_id == spot.project,)
        return sa.select(column).select_from(t.issues).where(visible, *of_project)

    async def _login(self, person: int) -> str | None:
        """Return the present login; None when the user is gone."""
        return await self._ask(lambda db: db.scalar(sa.select(t.users.c.login).where(t.users.c.id == person)))

    async def _by_rest(self, spot: Spot) -> int:
        login = await self._login(spot.person)
        if login is None:  # without a login Redmine would count for our key's owner
            return SHUT_OUT
        try:
            await self._require(login, spot.person)
            return json_mapper.number(await self._list(spot, login, "id:asc", 0, 1), "total_count")
        except LockedOut:
            return SHUT_OUT
        except NotAllowed:  # the person may view tasks nowhere
            return 0

    async def _page(self, spot: Spot, order: str, offset: int, limit: int) -> Sequence[int]:
        """Return the ids in the person's list; none for somebody who may view tasks nowhere, or is gone."""
        login = await self._login(spot.person)
        try:
            answer = await self._list(spot, login, order, offset, limit) if login else {"issues": []}
        except NotAllowed:
            return ()
        return [json_mapper.number(issue, "id") for issue in items(answer, "issues")]

    async def _list(self, spot: Spot, login: str, order: str, offset: int, limit: int) -> JSON:
        query = TaskQuery(include_closed=True, project_ids=() if spot.project is None else (spot.project,))
        filters = query_params.filters(query) | {query_params.SORTED_BY: ("", [order])}
        return await self.client.get("/issues.json", login, query_params.params(filters, limit, offset))

    async def _shows(self, login: str | None, task: int) -> bool:
        """Whether Redmine shows a task to the person on its own page."""
        try:
            if login is not None:
                await self.client.get(f"/issues/{task}.json", login)
        except (NotFound, NotAllowed):
            return False
        return login is not None

    async def _require(self, login: str, person: int) -> None:
        """Raise WrongKey when Redmine does not act as the person: then it counts for somebody else."""
        actual = user_id(part(await self.client.get_fixed("/users/current.json", login), "user"))
        if actual != person:
            raise WrongKey(detail=f"Redmine acts as user {actual} where {person} was asked for")

    async def _projects(self) -> Sequence[int]:
        return await self._ask(lambda db: db.scalars(sa.select(t.projects.c.id).order_by(t.projects.c.id)).all())

    async def _ask(self, work: Callable[[Connection], T]) -> T:
        return await self.database.run_noted(work)


PAGE = 100
FEW = 8
"""The most tasks of each kind that are returned, other ones each time."""

Page = Callable[[int, int], Awaitable[Sequence[int]]]
"""Returns ids in Redmine's list by offset and limit; both lists ascend."""


class Differing(NamedTuple):
    """A few tasks that only one of the two lists has."""

    ours: frozenset[int] = frozenset()
    theirs: frozenset[int] = frozenset()


async def differing(ours: Sequence[int], total: int, page: Page) -> Differing:
    """Return the tasks around the first difference. `total` is the length of Redmine's list, by its own count."""
    start = await _first(ours, total, page)
    theirs = await page(start, PAGE)
    end = bisect_right(ours, theirs[-1]) if len(theirs) == PAGE else len(ours)
    mine = ours[start:end]
    return Differing(_few(mine, set(theirs)), _few(theirs, set(mine)))


async def _first(ours: Sequence[int], total: int, page: Page) -> int:
    """Return the index of the first difference, found by halving; 0 where one page holds all."""
    low, high = 0, min(len(ours), total)
    if max(len(ours), total) <= PAGE:
        return 0
    while low < high:
        middle = (low + high) // 2
        if list(await page(middle, 1)) == [ours[middle]]:
            low = middle + 1
        else:
            high = middle
    return low


def _few(tasks: Iterable[int], without: set[int]) -> frozenset[int]:
    left = [it for it in tasks if it not in without]
    return frozenset(random.sample(left, min(FEW, len(left))))
