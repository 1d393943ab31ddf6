"""A directory whose people and failures a test writes down. The real ones have the contract suite."""

from collections.abc import Collection, Mapping

from helpdesk.errors import HelpdeskError
from helpdesk.people.directory import Checking, Profile, unlimited
from helpdesk.store.directory_accounts import Known


class ScriptedDirectory:
    checks_passwords = True
    trouble: str | None = None

    def __init__(self, source: str, people: Mapping[tuple[str, str], Profile] | None = None) -> None:
        self.source, self.people = source, dict(people or {})
        self.failure: HelpdeskError | None = None
        self.asked: list[str] = []

    async def sign_in(self, login: str, password: str, checking: Checking = unlimited) -> Profile | None:
        self.asked.append(login)
        if self.failure:
            raise self.failure
        return self.people.get((login, await checking(login, password)))

    async def find(self, login: str) -> Profile | None:
        if self.failure:
            raise self.failure
        return next((profile for (name, _), profile in self.people.items() if name == login), None)

    async def search(self, text: str) -> list[Profile]:
        return [profile for (name, _), profile in self.people.items() if text in name]

    async def blocked(self, accounts: Collection[Known]) -> set[int]:
        if self.failure:
            raise self.failure
        return {it.id for it in accounts if (found := await self.find(it.login)) is None or found.is_blocked}
