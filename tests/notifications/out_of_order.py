"""Two transactions at once in Redmine's own database: the one with the lower number ends last, or is taken back."""

import asyncio
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime
from itertools import cycle
from random import Random
from typing import Any, NamedTuple

import pymysql  # type: ignore[import-untyped]  # ships no types

from tests.notifications.company import Company
from tests.notifications.crew import Crew
from tests.notifications.known_task import KnownTask
from tests.notifications.log_book import Did, Made

LONGEST_SECONDS = 25
"""How long one is kept open at most."""
HERE = ("boris", "olga")
"""Who writes like this; nobody of them writes over REST at the same time."""
KINDS = ("comment", "call", "private comment", "private call", "status", "hand over", "make", "make")
CHANGES = ("status", "hand over")
FATES = ("when the other was told", "soon", "when the other was told", "never")
NEW = """INSERT INTO issues (tracker_id, project_id, subject, description, status_id, priority_id, author_id,
    assigned_to_id, lock_version, created_on, updated_on, done_ratio, is_private, lft, rgt)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, 0, NOW(), NOW(), 0, %s, 1, 2)"""
JOURNAL = """INSERT INTO journals (journalized_id, journalized_type, user_id, notes, created_on, private_notes)
    VALUES (%s, 'Issue', %s, %s, NOW(), %s)"""
DETAIL = (
    "INSERT INTO journal_details (journal_id, property, prop_key, old_value, value) VALUES (%s, 'attr', %s, %s, %s)"
)
SET = {name: f"UPDATE issues SET {name} = %s WHERE id = %s" for name in ("status_id", "assigned_to_id")}
TOUCH = "UPDATE issues SET updated_on = NOW(), lock_version = lock_version + 1 WHERE id = %s"


class Written(NamedTuple):
    """An act in a transaction that is still open, and what is written last in it."""

    act: Did | Made
    task: KnownTask | None
    database: Any
    touch: dict[str, object]


class OutOfOrder:
    """Ends when the crew has no more changes to make; each pair is two of them. `late` counts those that were ended
    when what has a higher number had been told."""

    def __init__(self, company: Company, crew: Crew) -> None:
        self.company, self.crew = company, crew
        self.late = 0

    async def work(self) -> None:
        dice, fates = Random(f"{self.crew.seed} database"), cycle(FATES)
        while self.crew.left > 1:
            self.crew.left -= 2
            await self._pair(dice, next(fates))
            self.crew.done += 2

    async def _pair(self, dice: Random, fate: str) -> None:
        async with AsyncExitStack() as held:
            first, second = dice.sample(HERE, 2)
            one = await self._wish(first, None, dice, held)
            other = await self._wish(second, one[1], dice, held)
            slow, quick = self._written(*one), self._written(*other)
            await self._end(quick)
            if fate == "soon":
                await asyncio.sleep(dice.random())
            else:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.crew.told_until(datetime.now(UTC)), LONGEST_SECONDS)
                    self.late += fate != "never"
            await self._end(slow, is_kept=fate != "never")

    async def _wish(
        self, who: str, taken: KnownTask | None, dice: Random, held: AsyncExitStack
    ) -> tuple[Did | Made, KnownTask | None]:
        """What to do, and at which task, which is held from now on; a new task where nothing else can be done."""
        kind = dice.choice(KINDS)
        task = self.crew.choose(dice, lambda it: it is not taken and it.is_worked_on_by(who))
        if task is None or kind == "make":
            return self.crew.task_of(who, dice), None
        await held.enter_async_context(task.alone() if kind in CHANGES else task.shared())
        to = dice.choice(task.candidates())
        act = self.crew.wish(kind, who, task, to, dice) if task.is_worked_on_by(who) else None
        if act is None or (act.handed and task.changes_sight(to)):
            return self.crew.task_of(who, dice), None
        return act, task

    def _written(self, act: Did | Made, task: KnownTask | None) -> Written:
        way = self.company.redmine.mysql_writer
        place = {"host": way.host, "port": way.port, "user": way.user, "database": way.database}
        database = pymysql.connect(**place, password=way.password, charset="utf8mb4", autocommit=False)
        with database.cursor() as cursor:
            if isinstance(act, Made):
                return Written(self._made(cursor, act), None, database, {})
            return self._did(cursor, act, task, database)

    def _made(self, cursor: Any, task: Made) -> Made:
        redmine, ids = self.company.redmine, self.company.ids
        self.crew.texts += 1
        values = (
            redmine.trackers["Поддержка"], redmine.projects[task.project], f"Задача без очереди {self.crew.texts}",
            task.text, redmine.statuses["Новая"], redmine.priorities["Нормальный"], ids[task.author],
            ids[task.assignee] if task.assignee else None, task.private,
        )  # fmt: skip
        cursor.execute(NEW, values)
        number = cursor.lastrowid
        cursor.execute("UPDATE issues SET root_id = id WHERE id = %s", (number,))
        for who in task.watchers:
            watcher = "INSERT INTO watchers (watchable_type, watchable_id, user_id) VALUES ('Issue', %s, %s)"
            cursor.execute(watcher, (number, ids[who]))
        return task._replace(task=number, key=f"issue.{number}")

    def _did(self, cursor: Any, act: Did, task: KnownTask | None, database: Any) -> Written:
        redmine, ids = self.company.redmine, self.company.ids
        cursor.execute(JOURNAL, (act.task, ids[act.by], act.text, act.private))
        number, touch = cursor.lastrowid, dict[str, object]()
        if act.status:
            touch["status_id"] = redmine.statuses[act.status[1]]
            cursor.execute(DETAIL, (number, "status_id", redmine.statuses[act.status[0]], touch["status_id"]))
        if act.handed:
            old, new = (ids[who] if who else None for who in act.handed)
            touch["assigned_to_id"] = new
            cursor.execute(DETAIL, (number, "assigned_to_id", old, new))
        return Written(act._replace(key=f"journal.{number}"), task, database, touch)

    async def _end(self, written: Written, is_kept: bool = True) -> None:
        """The issue itself is touched at the very end, that nobody else waits for its row meanwhile."""

        def here() -> None:
            with written.database.cursor() as cursor:
                if written.task and is_kept:
                    for column, value in written.touch.items():
                        cursor.execute(SET[column], (value, written.task.number))
                    cursor.execute(TOUCH, (written.task.number,))
            written.database.commit() if is_kept else written.database.rollback()
            written.database.close()

        await asyncio.to_thread(here)
        if not is_kept:
            return
        if isinstance(written.act, Made):
            self.crew.made(written.act)
        elif written.task:
            self.crew.did(written.task, written.act)
