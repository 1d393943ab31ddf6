"""Who is told of an act: those whom the rules name, who may see it and who want to hear of it."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlmodel import Session

from helpdesk.notifications.rules import Type
from helpdesk.store import preferences
from helpdesk.store.database import Database
from helpdesk.store.feed_marks import Act
from helpdesk.store.notifications import New
from helpdesk.store.people import Account
from helpdesk.tasks.feed import Became, Feed, Happening
from helpdesk.tasks.model import Actor


class Heard(NamedTuple):
    """That a person, by the tracker's number, hears of an act: as which type, and what is kept of it for the words."""

    person: int
    type: Type
    kind: str
    old: str = ""
    new: str = ""
    excerpt: str = ""


class Wish(NamedTuple):
    """Whether a person wants a notification on the page, and which sound with it, if any."""

    page: bool
    sound: str = ""


Accounts = Callable[[Session, Collection[int] | None], list[Account]]
"""Active people of these numbers in the tracker, or all: one of `store/people.py`."""
Rules = Callable[[Happening, Sequence[Actor]], Iterable[Heard]]
"""Those of these people who hear of it, each once."""
Wishes = Callable[[str, Heard, Happening, datetime], Wish]
"""By the JSON of what the person chose, which is empty for who chose nothing."""


class Audience:
    """Asks the feed who may see what, and the store who has an account and wants what."""

    def __init__(self, feed: Feed, database: Database, accounts: Accounts, rules: Rules, wishes: Wishes) -> None:
        self.feed, self.database = feed, database
        self.accounts, self.rules, self.wishes = accounts, rules, wishes

    async def rows(self, happening: Happening, now: datetime) -> list[New]:
        """What is to be kept of an act. Raises Unavailable, StoreUnavailable."""
        numbers = concerned(happening)
        accounts = {it.number: it for it in await self.database.run(lambda db: self.accounts(db, numbers))}
        actors = {number: Actor(number, it.login, it.is_admin) for number, it in accounts.items()}
        hear = [it for it in self.rules(happening, list(actors.values())) if it.person in actors]
        if not hear:
            return []
        seers = await self.feed.seers(happening, [actors[it.person] for it in hear])
        told = [(accounts[it.person].id, it) for it in hear if it.person in seers]
        chosen = await self.database.run(lambda db: preferences.told(db, [person for person, _ in told]))
        wishes = [(person, it, self.wishes(chosen.get(person, ""), it, happening, now)) for person, it in told]
        return [_row(person, it, happening, wish.sound) for person, it, wish in wishes if wish.page]


def act_of(happening: Happening) -> Act:
    """What is kept of it for pages that show its task."""
    was = happening.status or Became("", "")
    author = happening.by.name if happening.by else ""
    return Act(happening.key, happening.task_id, happening.private, was.old, was.new, author, happening.at)


def seen(feed: Feed) -> Callable[[Act, Iterable[Actor]], Awaitable[frozenset[int]]]:
    """Who of some people sees what was kept of an act; raises as `Feed.seers` does."""

    async def seers(act: Act, people: Iterable[Actor]) -> frozenset[int]:
        happening = Happening(act.key, act.task_id, "", 0, "", act.happened_at, None, private=act.is_private)
        return await feed.seers(happening, people)

    return seers


def concerned(happening: Happening) -> frozenset[int] | None:
    """The numbers of those who may have to do with an act; None, when its text may call anybody."""
    if "@" in happening.notes:
        return None
    author = frozenset() if happening.author is None else {happening.author}
    return happening.assignees | happening.former | happening.watchers | author


def _row(person: int, heard: Heard, happening: Happening, sound: str) -> New:
    return New(
        person_id=person,
        happening=happening.key,
        type=heard.type,
        kind=heard.kind,
        task_id=happening.task_id,
        project_id=happening.project_id,
        subject=happening.subject,
        author=happening.by.name if happening.by else "",
        old=heard.old,
        new=heard.new,
        excerpt=heard.excerpt,
        is_private=happening.private,
        sound=sound,
        happened_at=happening.at,
    )
