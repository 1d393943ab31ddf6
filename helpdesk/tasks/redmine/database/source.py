"""Reads of Redmine's database: as one person, by rules that are seldom older than a few seconds."""

from collections.abc import Callable
from time import monotonic
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from helpdesk.tasks.model import Actor
from helpdesk.tasks.redmine.database import persons, rules
from helpdesk.tasks.redmine.database.connection import RedmineDatabase
from helpdesk.tasks.redmine.database.reading import Reading
from helpdesk.tasks.redmine.database.rules import Rules
from helpdesk.tasks.redmine.database.tables import COMPANY

T = TypeVar("T")

RULES_SECONDS = 5.0
"""How long a change of roles, projects, workflow settings, fields or names may go unnoticed. A person's own state,
groups and memberships are read each time."""


class Source:
    """The database with its rules, of which one copy serves everybody."""

    def __init__(self, database: RedmineDatabase, rules_seconds: float = RULES_SECONDS) -> None:
        self.database = database
        self.rules_seconds = rules_seconds
        self._kept: tuple[float, Rules] | None = None

    async def read(self, actor: Actor, work: Callable[[Reading], T]) -> T:
        """What `work` reads as the actor. Raises Unavailable, LockedOut, and whatever `work` does."""

        def run(db: Connection) -> T:
            return work(Reading(db, self.database, self.rules(db), persons.person(db, actor)))

        return await self.database.run(run)

    def rules(self, db: Connection) -> Rules:
        """The rules, read anew when they are older than `rules_seconds`."""
        kept = self._kept
        if kept is None or monotonic() - kept[0] > self.rules_seconds:
            began = monotonic()
            kept = self._kept = began, rules.load(db, _company_tables(db))
        return kept[1]


def _company_tables(db: Connection) -> frozenset[str]:
    """Which of the tables are there that only some companies have."""
    present = sa.text("SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()")
    return frozenset(db.scalars(present)) & COMPANY.tables.keys()
