"""Who is meant by a number, over REST: a group's members in its place."""

import asyncio

from helpdesk.errors import NotAllowed, NotFound, WrongKey
from helpdesk.redmine_client import RedmineClient, part
from helpdesk.tasks.redmine import reading
from helpdesk.tasks.redmine.look_ups import LookUps
from helpdesk.tasks.redmine.words import cached, items


class Principals:
    """Groups and their members are kept as long as people's rights are."""

    def __init__(self, client: RedmineClient, look_up: LookUps) -> None:
        self.client = client
        self.look_up = look_up

    async def groups(self) -> frozenset[int]:
        """The numbers of all groups. Raises WrongKey for a key that is no administrator's."""
        groups: frozenset[int] = await cached(self.look_up.access, "groups", self.groups_now)
        return groups

    async def groups_now(self) -> frozenset[int]:
        try:
            found = await self.client.get("/groups.json")
        except (NotFound, NotAllowed) as error:
            raise WrongKey(detail=f"the key is no administrator's: {error.detail}") from error
        return frozenset(reading.number(group, "id") for group in items(found, "groups"))

    async def people(self, *ids: int | None) -> frozenset[int]:
        """The people that these numbers mean."""
        groups, asked = await self.groups(), {each for each in ids if each is not None}
        members = await asyncio.gather(*(self._members(each) for each in asked & groups))
        return frozenset(asked - groups).union(*members)

    async def _members(self, group: int) -> frozenset[int]:
        async def fetch() -> frozenset[int]:
            try:
                found = part(await self.client.get(f"/groups/{group}.json", None, [("include", "users")]), "group")
            except (NotFound, NotAllowed):
                return frozenset()
            return frozenset(reading.number(user, "id") for user in found.get("users", ()))

        members: frozenset[int] = await cached(self.look_up.access, ("group", group), fetch)
        return members
