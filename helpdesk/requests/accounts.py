"""Find the requesters of tasks among the accounts, by the authors of tasks and by proven addresses."""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from sqlmodel import Session

from helpdesk.errors import NotAllowed
from helpdesk.people.model import SignedIn, person_of
from helpdesk.requests import addresses
from helpdesk.requests.model import Asker, Ownership, Requester
from helpdesk.requests.ownership import Rules, beside
from helpdesk.store import requesters
from helpdesk.store.database import Database
from helpdesk.tasks.model import Actor

MOST_ASKERS = 20
"""The most addresses of a task that staff are shown."""


class RequesterAccounts:
    """`number` is the column of accounts with the backend's numbers; `identify` raises NotAllowed without one."""

    def __init__(self, database: Database, rules: Rules, number: Any, identify: Callable[[SignedIn], Actor]) -> None:
        self.database, self.rules, self.number, self.identify = database, rules, number, identify

    async def requester(self, signed_in: SignedIn) -> Requester:
        """Return who is signed in, with the proven addresses."""
        emails = await self.database.run(lambda db: requesters.emails_of(db, signed_in.person.id))
        return self._requester(signed_in, emails)

    async def of_person(self, person_id: int) -> Requester | None:
        """Return an active account as a requester."""
        account = await self.database.run(lambda db: requesters.account(db, person_id))
        return self._of_account(account) if account else None

    async def addresses_of(self, person_id: int) -> frozenset[str]:
        """Return the proven addresses of an account, be it active or not."""
        return self._normalized(await self.database.run(lambda db: requesters.emails_of(db, person_id)))

    async def of_task(self, ownership: Ownership) -> Sequence[Requester]:
        """Return the active people to whom a task belongs."""
        author = ownership.author if ownership.author != self.rules.anonymous_id else None

        named = await beside({0: ownership}, self.rules.addresses, ownership)

        def work(db: Session) -> list[Requester]:
            return self.rules.owners(ownership, named, self._found(db, [author], named))

        return await self.database.run(work)

    async def askers(self, ownership: Ownership) -> tuple[Asker, ...]:
        """Return the people whom the fields of a task name, else its author's account if there is one."""
        named = (await beside({0: ownership}, self.rules.listed, ownership))[:MOST_ASKERS]
        author = ownership.author if not named and ownership.author != self.rules.anonymous_id else None
        return await self.database.run(lambda db: self._askers(db, author, named))

    def _askers(self, db: Session, author: int | None, named: Sequence[str]) -> tuple[Asker, ...]:
        accounts = requesters.accounts(db, self.number, self._numbers([author]), self._variants(named))
        people = [(self._of_account(it), _asker(it)) for it in accounts]
        by_address = {address: asker for who, asker in people for address in who.addresses}
        authors = [asker for who, asker in people if author and who.actor and who.actor.id == author]
        return tuple(dict.fromkeys([by_address.get(each) or Asker(each, each) for each in named] or authors))

    def _found(self, db: Session, numbers: Iterable[int | None], wanted: Collection[str]) -> list[Requester]:
        accounts = requesters.accounts(db, self.number, self._numbers(numbers), self._variants(wanted))
        return [self._of_account(each) for each in accounts]

    def _numbers(self, numbers: Iterable[int | None]) -> list[int]:
        return [each for each in numbers if each is not None]

    def _variants(self, wanted: Iterable[str]) -> set[str]:
        return {variant for each in wanted for variant in addresses.variants(each, self.rules.canonical)}

    def _of_account(self, account: requesters.Account) -> Requester:
        return self._requester(SignedIn(person_of(account.row, account.rights), ""), account.emails)

    def _requester(self, signed_in: SignedIn, emails: Iterable[str]) -> Requester:
        try:
            actor = self.identify(signed_in)
        except NotAllowed:
            actor = None
        return Requester(signed_in.person, actor, self._normalized(emails))

    def _normalized(self, emails: Iterable[str]) -> frozenset[str]:
        return frozenset(addresses.normalized(each, self.rules.canonical) for each in emails) - {""}


def _asker(account: requesters.Account) -> Asker:
    row = account.row
    return Asker(row.full_name, row.email, row.id, row.login, row.phone, row.office, row.department)
