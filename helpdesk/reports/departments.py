"""Tell the departments of requesters, by the accounts of the authors of tasks."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from helpdesk.store import departments
from helpdesk.store.database import Database
from helpdesk.store.people import Accounts

NO_PERSON = 0
"""The author of no task: where a filter leaves nobody."""


class Departments(NamedTuple):
    """The store, and its way from people's numbers in the backend to their accounts."""

    database: Database
    accounts: Accounts

    async def of(self, numbers: Collection[int]) -> Mapping[int, str]:
        """Return the departments of these people; those of whom none is known are left out."""
        return await self.database.run(lambda db: departments.by_number(db, self.accounts, numbers))

    async def authors(self, names: Collection[str]) -> tuple[int, ...]:
        """Return the numbers of those who are of one of these departments, NO_PERSON if there is nobody."""
        found = await self.database.run(lambda db: departments.numbers_in(db, self.accounts, names))
        return tuple(sorted(found)) or (NO_PERSON,)
