"""Whose issues are, over Redmine's REST API as the owner of our key: authors, and fields with addresses.

A filter of Redmine only finds candidates, and Redmine silently ignores a filter that it does not know. Every issue is
compared whole afterwards, and an answer without the filter is refused.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping
from typing import Generic, TypeVar

from helpdesk.errors import BadResponse, Unavailable, WrongKey
from helpdesk.redmine_client import JSON, part, user_id
from helpdesk.requests.model import Ownership, OwnTask, Whole
from helpdesk.requests.ownership import beside
from helpdesk.requests.source import MOST_CANDIDATES, latest
from helpdesk.tasks.model import Actor, TaskRow
from helpdesk.tasks.redmine.private_files import Journal, private_files
from helpdesk.tasks.redmine.rest import json_mapper, query_params
from helpdesk.tasks.redmine.rest.calls import RestCalls
from helpdesk.tasks.redmine.rest.issue import PARTS, Issues
from helpdesk.tasks.redmine.rest.lists import IssueLists
from helpdesk.tasks.redmine.rest.metadata_cache import PAGE, Cache, items
from helpdesk.tasks.redmine.rest.query_params import Filter, Filters

LATEST_FIRST: Filter = ("", ["updated_on:desc,id:desc"])
REMEMBERED_SECONDS = 300
T = TypeVar("T")


Belongs = Callable[[Ownership], bool]


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
        self.issues = Issues(calls, self.lists)
        self.system = Remembered(self._owner).get

    async def _owner(self) -> Actor:
        """Return the owner of our key."""
        async with self.calls.reading():
            user = part(await self.calls.client.get_fixed("/users/current.json"), "user")
            return Actor(user_id(user), json_mapper.text(user, "login"), is_admin=user.get("admin") is True)

    async def own(
        self, system: Actor, /, belongs: Belongs, author: int | None, needles: Collection[str], limit: int
    ) -> dict[int, OwnTask]:
        """Return the issues that belong to a person, of those by an author and those whose fields contain one of the
        texts."""
        chosen: list[Filters] = [{"author_id": ("=", [author])}] if author else []
        chosen += [{field: ("~", [text])} for field in self.fields for text in sorted(needles)]
        async with self.calls.reading():
            pages = await asyncio.gather(*(self._own(system, belongs, filters, limit) for filters in chosen))
        return latest({task: it for page in pages for task, it in page.items()}, limit)

    async def _own(self, system: Actor, belongs: Belongs, filters: Filters, limit: int) -> dict[int, OwnTask]:
        every = filters | {"status_id": query_params.ANY, query_params.SORTED_BY: LATEST_FIRST}
        found = dict[int, OwnTask]()
        offset = 0
        while True:
            issues, total = await self.lists.issues(system, every, PAGE, offset)
            for issue in issues:
                self._require_match(issue, filters)
            read = {it.id: OwnTask(self._ownership(issue), it.status, it.updated_on, it) for issue, it in _rows(issues)}
            fields = {task: it.ownership for task, it in read.items()}
            own = await beside(fields, _belonging, fields, belongs)
            found |= {task: it for task, it in read.items() if task in own}
            offset += len(issues)
            if len(found) >= limit or offset >= min(total, MOST_CANDIDATES):
                return found
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
            found = {json_mapper.number(issue, "id"): issue for issues, _ in pages for issue in issues}
            return {task: self._ownership(found[task]) for task in ids if task in found}

    def _ownership(self, issue: JSON) -> Ownership:
        author = issue.get("author")
        told = [(field, text) for field in self.fields for text in _texts(issue, field)]
        texts, names = tuple(text for _, text in told), tuple(field for field, _ in told)
        return Ownership(json_mapper.ref(author).id if author else None, texts, names)

    async def whole(self, system: Actor, /, task_id: int) -> Whole:
        """Return an issue with the files of private comments, by one answer. Raises NotFound."""
        async with self.calls.reading():
            mine = await self.calls.users.me(system)
            issue = await self.issues.issue(system, task_id, PARTS)
            journals = map(_journal, issue.get("journals", ()))
            return Whole(await self.issues.to_task(system, mine, issue), private_files(journals, system.is_admin))

    async def private_files(self, system: Actor, /, task_id: int) -> dict[int, frozenset[int]]:
        """Return the files of private comments, by the entry that names them. Raises NotFound."""
        async with self.calls.reading():
            answer = await self.calls.client.get(f"/issues/{task_id}.json", None, [("include", "journals")])
            journals = items(part(answer, "issue"), "journals")
            return private_files((_journal(it) for it in journals), system.is_admin)


def _belonging(ownerships: Mapping[int, Ownership], belongs: Belongs) -> set[int]:
    return {task for task, each in ownerships.items() if belongs(each)}


def _rows(issues: Iterable[JSON]) -> Iterator[tuple[JSON, TaskRow]]:
    """Yield each issue with its row, in which no requester sees how high the priority is."""
    return ((issue, json_mapper.row(issue, ())) for issue in issues)


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
