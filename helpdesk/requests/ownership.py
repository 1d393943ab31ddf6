"""Decide whose a request is. Lists, single requests, files, notifications and streams all ask here."""

from collections.abc import Callable, Iterable, Mapping
from typing import ParamSpec, TypeVar

from helpdesk.requests import addresses
from helpdesk.requests.addresses import Canonical
from helpdesk.requests.model import Ownership, Requester
from helpdesk.threads import Threads

LONG_TEXT = 5_000
"""Characters from which on fields are read beside the event loop."""
THREADS = Threads(2)
P = ParamSpec("P")
T = TypeVar("T")


async def beside(ownerships: Mapping[int, Ownership], work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return the result of work that reads these fields, done beside the event loop if they are long."""
    if sum(len(text) for each in ownerships.values() for text in each.fields) < LONG_TEXT:
        return work(*args, **kwargs)
    return await THREADS.run(work, *args, **kwargs)


class Rules:
    """The settings: the domains that mean the same, and the author who stands for people without an account."""

    def __init__(self, canonical: Canonical = addresses.NO_ALIASES, anonymous_id: int | None = None) -> None:
        self.canonical, self.anonymous_id = canonical, anonymous_id

    def belongs(self, ownership: Ownership, who: Requester) -> bool:
        """Return whether a task is a request of this person: by its author, or by a proven address in a field."""
        return self._is_author(ownership, who) or not who.addresses.isdisjoint(self.addresses(ownership))

    def addresses(self, ownership: Ownership) -> frozenset[str]:
        """Return the addresses in the fields of a task."""
        return frozenset(self.listed(ownership))

    def listed(self, ownership: Ownership) -> tuple[str, ...]:
        """Return the addresses in the fields of a task in their order, each once."""
        found = (each for text in ownership.fields for each in addresses.listed(text, self.canonical))
        return tuple(dict.fromkeys(found))

    def owners(self, ownership: Ownership, named: frozenset[str], people: Iterable[Requester]) -> list[Requester]:
        """Return those of these people to whom a task belongs. Its fields were read once: they hold `named`."""
        return [who for who in people if self._is_author(ownership, who) or not who.addresses.isdisjoint(named)]

    def own(self, who: Requester, ownerships: Mapping[int, Ownership]) -> list[int]:
        """Return the ids of those of these tasks that belong to this person, in their order."""
        return [task_id for task_id, each in ownerships.items() if self.belongs(each, who)]

    def _is_author(self, ownership: Ownership, who: Requester) -> bool:
        author = ownership.author
        return who.actor is not None and author == who.actor.id and author != self.anonymous_id
