"""Whose issues are, over Redmine's REST API as the owner of our key: authors, and fields with addresses.

A filter of Redmine only finds candidates, and Redmine silently ignores a filter that it does not know. Every issue is
compared whole afterwards, and an answer without the filter is refused.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator
from datetime import datetime
from typing import Generic, NamedTuple, TypeVar

from helpdesk.errors import BadResponse, Unavailable, WrongKey
from helpdesk.redmine_client import JSON, part, user_id
from helpdesk.requests.model import Ownership
from helpdesk.tasks.model import Actor
from helpdesk.tasks.redmine.private_files import Journal, private_files
from helpdesk.tasks.redmine.rest import json_mapper, query_params
from helpdesk.tasks.redmine.rest.calls import RestCalls
from helpdesk.tasks.redmine.rest.lists import IssueLists
from helpdesk.tasks.redmine.rest.metadata_cache import PAGE, Cache, items
from helpdesk.tasks.redmine.rest.query_params import Filter, Filters

LATEST_FIRST: Filter = ("", ["updated_on:desc,id:desc"])
REMEMBERED_SECONDS = 300
T = TypeVar("T")


class Candidate(NamedTuple):
    """An issue, whose it is, and when it was changed last."""

    id: int
    ownership: Ownership
    updated_on: datetime


class Remembered(Generic[T]):
    """A value that hardly ever changes: asked for again after some minutes, and kept while Redmine does not answer."""

    def __init__(self, fetch: Callable[[], Awaitable[T]]) -> None:
        self.fetch = fetch
        self.cache = Cache(1, REMEMBERED_SECONDS)
        self.last: tuple[T] | None = None

    async def get(self) -> T:
        """Return the value. Raises WrongKey, and Unavailable for a value that is not known yet."""
        try:
            self.last = (await self.cache.get("value", self.fetch),)
        except WrongKey:
            raise
        except Unavailable:
            if self.last is None:
                raise
        return self.last[0]


class RestOwnerships:
    """`fields` are those of REQUESTER_FIELDS."""

    def __init__(self, calls: RestCalls, fields: tuple[str, ...]) -> None:
        self.calls, self.fields = calls, fields
        self.lists = IssueLists(calls)
        self.system = Remembered(self._owner).get

    async def _owner(self) -> Actor:
        """Return the owner of our key."""
        async with self.calls.reading():
            user = part(await self.calls.client.get_fixed("/users/current.json"), "user")
            return Actor(user_id(user), json_mapper.text(user, "login"), is_admin=user.get("admin") is True)

    async def candidates(
        self, system: Actor, /, author: int | None, needles: Collection[str], limit: int
    ) -> dict[int, Ownership]:
        """Return the issues of an author, and those whose fields contain one of the texts, those changed last first."""
        chosen: list[Filters] = [{"author_id": ("=", [author])}] if author else []
        chosen += [{field: ("~", [text])} for field in self.fields for text in sorted(needles)]
        async with self.calls.reading():
            pages = await asyncio.gather(*(self._all(system, filters, limit) for filters in chosen))
        found = {it.id: it for page in pages for it in page}
        latest = sorted(found.values(), key=lambda it: (it.updated_on, it.id), reverse=True)
        return {it.id: it.ownership for it in latest[:limit]}

    async def _all(self, system: Actor, filters: Filters, limit: int) -> list[Candidate]:
        every = filters | {"status_id": query_params.ANY, query_params.SORTED_BY: LATEST_FIRST}
        found = dict[int, Candidate]()
        offset = 0
        while True:
            issues, total = await self.lists.issues(system, every, PAGE, offset)
            for issue in issues:
                self._require_match(issue, filters)
                candidate = self._candidate(issue)
                found[candidate.id] = candidate
            offset += len(issues)
            if offset >= min(total, limit):
                return list(found.values())
            if not issues:
                raise BadResponse(detail="a page without any of the issues that there are")

    def _require_match(self, issue: JSON, filters: Filters) -> None:
        """Raise BadResponse for an issue that the filter can't have found."""
        for name, (_, values) in filters.items():
            if name == "author_id":
                is_match = json_mapper.ref(issue["author"]).id == values[0]
            else:
                texts = list(_texts(issue, name))
                is_match = not texts or any(str(values[0]).lower() in text.lower() for text in texts)
            if not is_match:
                raise BadResponse(detail=f"Redmine does not filter by {name}")

    async def ownerships(self, system: Actor, /, task_ids: Collection[int]) -> dict[int, Ownership]:
        """Return whose these issues are; those that our key does not see are left out."""
        ids = sorted(set(task_ids))
        parts = [ids[start : start + PAGE] for start in range(0, len(ids), PAGE)]
        async with self.calls.reading():
            pages = await asyncio.gather(
                *(self.lists.issues(system, query_params.with_ids(part), PAGE, 0) for part in parts)
            )
            found = (self._candidate(issue) for issues, _ in pages for issue in issues)
            return {it.id: it.ownership for it in found if it.id in set(ids)}

    def _candidate(self, issue: JSON) -> Candidate:
        author = issue.get("author")
        texts = tuple(text for field in self.fields for text in _texts(issue, field))
        ownership = Ownership(json_mapper.ref(author).id if author else None, texts)
        return Candidate(json_mapper.number(issue, "id"), ownership, json_mapper.moment(issue["updated_on"]))

    async def private_files(self, system: Actor, /, task_id: int) -> dict[int, frozenset[int]]:
        """Return the files of private comments, by the entry that names them. Raises NotFound."""
        async with self.calls.reading():
            answer = await self.calls.client.get(f"/issues/{task_id}.json", None, [("include", "journals")])
            journals = items(part(answer, "issue"), "journals")
            return private_files((_journal(it) for it in journals), system.is_admin)


def _journal(data: JSON) -> Journal:
    files = frozenset(
        int(detail["name"])
        for detail in data.get("details", ())
        if detail.get("property") == "attachment" and detail.get("new_value")
    )
    user = data.get("user")
    return Journal(
        json_mapper.number(data, "id"),
        json_mapper.ref(user).id if user else None,
        json_mapper.moment(data["created_on"]),
        data.get("private_notes") is True,
        bool((data.get("notes") or "").strip()),
        files,
    )


def _texts(issue: JSON, field: str) -> Iterator[str]:
    """Yield the texts of a field with addresses."""
    if not field.startswith("cf_"):
        yield from _listed(issue.get(field))
        return
    for each in issue.get("custom_fields", ()):
        if each.get("id") == int(field.removeprefix("cf_")):
            yield from _listed(each.get("value"))


def _listed(value: object) -> Iterator[str]:
    values = value if isinstance(value, list) else [value]
    return (text for text in values if isinstance(text, str) and text)
