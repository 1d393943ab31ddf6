"""Decide who is notified of an event.

`candidates` applies the rules, and `with_deputies` adds those who stand in for the absent. `Recipients` keeps those who
may see the event, adds the people whose request the task is, and asks each one's preferences.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, tzinfo
from typing import NamedTuple

from sqlmodel import Session

from helpdesk.notifications import messages, preferences, preferences_json
from helpdesk.notifications.delivery import Delivery
from helpdesk.notifications.kinds import TYPES, URGENT, Kind
from helpdesk.notifications.mentions import mentioned_logins, mentioned_words, possible_logins
from helpdesk.notifications.messages import Excerpts, excerpts
from helpdesk.requests.service import Requests
from helpdesk.store import absences, rights
from helpdesk.store import preferences as stored_preferences
from helpdesk.store.casefold import fold
from helpdesk.store.database import Database
from helpdesk.store.people import Account, Accounts
from helpdesk.tasks.feed import Event, Feed
from helpdesk.tasks.model import Actor
from helpdesk.texts import is_blank
from helpdesk.threads import Threads

THREADS = Threads(2)
"""Texts that are read at the same time. Reading is pure CPU work, and other requests need some of it."""

OF_REQUESTS: tuple[Kind, ...] = ("created", "commented", "status", "files")
"""The kinds of news about a request, the first one that applies: of a task its requester sees no more."""


class EventTexts(NamedTuple):
    """What is read once from the texts of an event: the folded words after an `@`, the folded logins that they may
    mean, and the excerpts."""

    words: tuple[str, ...]
    logins: frozenset[str]
    excerpts: Excerpts


class Candidate(NamedTuple):
    """A person whom the rules name, and the kind of news that the event is to this person.

    A deputy gets it `instead_of` an absent person, who has the name `absent`.
    """

    account: Account
    kind: Kind
    instead_of: Account | None = None
    absent: str = ""


class Recipient(NamedTuple):
    """An account that is notified, the kind of news, and the name of the absent person whose deputy it is."""

    account_id: int
    kind: Kind
    absent: str = ""


class Deputy(NamedTuple):
    """The account of a deputy, and the name of the absent person."""

    account: Account
    absent: str


def candidates(event: Event, accounts: Iterable[Account], words: Collection[str]) -> tuple[Candidate, ...]:
    """Return the accounts that the rules name, ordered by their number in the backend, each once.

    The rules name the assignees, the former assignees, the author, the watchers and the people mentioned by `words`
    (as `mentions.mentioned_words` returns them), but never the person who acted.
    """
    by_number = {account.number: account for account in accounts}
    mentioned = _mentioned(words, by_number.values())
    actor = event.by.id if event.by else None
    numbers = by_number.keys() & (involved(event) | mentioned) - {actor}
    return tuple(Candidate(by_number[number], _kind(event, number, mentioned)) for number in sorted(numbers))


def with_deputies(
    event: Event, candidates: Sequence[Candidate], deputies: Mapping[int, Deputy]
) -> tuple[Candidate, ...]:
    """Return the candidates, and the deputies of those who are away and are addressed themselves.

    `deputies` are by the id of the absent account. Neither the person who acted nor another candidate is added, and
    nobody twice.
    """
    known = {it.account.number for it in candidates} | ({event.by.id} if event.by else set())
    added = dict[int, Candidate]()
    for it in candidates:
        deputy = deputies.get(it.account.id)
        if deputy and it.kind in URGENT and deputy.account.number not in known:
            added.setdefault(deputy.account.number, Candidate(deputy.account, it.kind, it.account, deputy.absent))
    return (*candidates, *added.values())


def involved(event: Event) -> frozenset[int]:
    """Return the numbers of the people involved in the task, whatever the text of the event says."""
    author = frozenset() if event.author is None else {event.author}
    return event.assignees | event.former | event.watchers | author


def _mentioned(words: Collection[str], accounts: Iterable[Account]) -> frozenset[int]:
    if not words:
        return frozenset()
    logins = {account.number: fold(account.login) for account in accounts}
    mentioned = mentioned_logins(words, frozenset(logins.values()))
    return frozenset(number for number, login in logins.items() if login in mentioned)


def _kind(
    event: Event, person: int | None = None, mentioned: Collection[int] = (), kinds: Iterable[Kind] = TYPES
) -> Kind:
    """Return the first of these kinds that applies."""
    applies: dict[Kind, bool] = {
        "mentioned": person in mentioned,
        "given": (event.is_new or event.was_assigned) and person in event.assignees,
        "taken": event.was_assigned and person in event.former,
        "created": event.is_new,
        "commented": not is_blank(event.notes),
        "status": event.status is not None,
        "priority": event.priority is not None,
        "files": bool(event.files),
        "reassigned": event.was_assigned,
    }
    return next((kind for kind in kinds if applies.get(kind)), "changed")


async def event_texts(event: Event) -> EventTexts:
    """Read the texts of an event in a thread."""
    return await THREADS.run(read_texts, event)


def read_texts(event: Event) -> EventTexts:
    """Read the texts of an event in the calling thread."""
    words = mentioned_words(event.notes)
    return EventTexts(words, possible_logins(words), excerpts(event))


class Recipients:
    """Asks the feed who may see an event, `requests` whose request it is, and the store for accounts and preferences.

    `administrators` returns the ids of the accounts that are notified of dropped events. Absences end with their last
    day in the zone `timezone`, by which also digests go for whom no other one was chosen.
    """

    def __init__(
        self,
        feed: Feed,
        database: Database,
        accounts: Accounts,
        administrators: Callable[[Session], Sequence[int]] = rights.administrators,
        timezone: tzinfo = UTC,
        requests: Requests | None = None,
    ) -> None:
        self.feed, self.database, self.accounts = feed, database, accounts
        self.administrators, self.timezone, self.requests = administrators, timezone, requests

    async def deliveries(self, event: Event, now: datetime) -> list[Delivery]:
        """Return what is delivered of an event, and to whom. Raises Unavailable, StoreUnavailable."""
        texts = await event_texts(event)
        recipients = await self._recipients(event, texts, now)
        if not recipients:
            return []
        local = now.astimezone(self.timezone)
        return await self.database.run(lambda db: _deliveries(db, recipients, event, texts, local))

    async def account_ids(self, event: Event, now: datetime) -> frozenset[int]:
        """Return the accounts of the people whom the rules name and who may see it, whatever their preferences. Raises
        as `deliveries` does."""
        return frozenset(it.account_id for it in await self._recipients(event, await event_texts(event), now))

    async def _recipients(self, event: Event, texts: EventTexts, now: datetime) -> list[Recipient]:
        """Return those of the candidates who may see the event as a task, and the others whose request it is."""
        visible = await self._visible_candidates(event, texts, now)
        seeing = [Recipient(it.account.id, it.kind, it.absent) for it in visible]
        requesters = await self._requesters(event, {it.account_id for it in seeing}) if self.requests else ()
        return [*seeing, *(Recipient(account_id, _kind(event, kinds=OF_REQUESTS)) for account_id in requesters)]

    async def _visible_candidates(self, event: Event, texts: EventTexts, now: datetime) -> list[Candidate]:
        """Ask the feed also about those who are away: a deputy gets nothing that the absent person would not get."""
        today = now.astimezone(self.timezone).date()
        candidates = await self.database.run(lambda db: self._candidates(db, event, texts, today))
        if not candidates:
            return []
        visible_to = await self.feed.visible_to(
            event, [Actor(it.account.number, it.account.login) for it in candidates]
        )
        return [it for it in candidates if {it.account.number, (it.instead_of or it.account).number} <= visible_to]

    async def _requesters(self, event: Event, known: Collection[int]) -> list[int]:
        """Return the accounts of people who read the event as one of their request, without the `known` ones."""
        assert self.requests
        people = [it for it in await self.requests.requesters_of(event) if it.person.id not in known]
        return sorted(await self.requests.readers(event, people)) if people else []

    def _candidates(self, session: Session, event: Event, texts: EventTexts, today: date) -> tuple[Candidate, ...]:
        """Apply the rules in the thread that reads the accounts: with thousands of people it takes a while."""
        found = candidates(event, self.accounts(session, involved(event), texts.logins), texts.words)
        addressed = [it.account.id for it in found if it.kind in URGENT]
        deputies = deputies_of(session, self.accounts, addressed, today) if addressed else {}
        return with_deputies(event, found, deputies)


def deputies_of(session: Session, accounts: Accounts, person_ids: Collection[int], today: date) -> dict[int, Deputy]:
    """Return the deputies of those of these people who are away, by the absent ids."""
    away = absences.deputies(session, person_ids, today)
    found = {absent: deputy for absent, (_, deputy) in away.items() if deputy}
    by_id = absences.numbered(session, accounts, found.values())
    return {absent: Deputy(by_id[it.id], away[absent][0].name) for absent, it in found.items() if it.id in by_id}


def _deliveries(
    session: Session, recipients: Sequence[Recipient], event: Event, texts: EventTexts, now: datetime
) -> list[Delivery]:
    """Return the notifications that these people want, each with the options that they chose for it."""
    chosen = stored_preferences.of_people(session, [it.account_id for it in recipients])
    deliveries = (_delivery(it, chosen.get(it.account_id, ""), event, texts, now) for it in recipients)
    return [delivery for delivery in deliveries if delivery.decisions]


def _delivery(recipient: Recipient, chosen: str, event: Event, texts: EventTexts, now: datetime) -> Delivery:
    """Apply the preferences of one person, given as JSON."""
    person, kind, absent = recipient
    wanted = preferences_json.from_json(chosen)
    decisions = preferences.decide(wanted, TYPES[kind], event.project_id, event.task_id, now)
    options = preferences.at_once(decisions)
    sound = preferences.sound_of(wanted, kind) if "sound" in options else ""
    row = messages.notification(event, person, kind, texts.excerpts, sound)
    return Delivery(row._replace(absent=absent), options, decisions)
