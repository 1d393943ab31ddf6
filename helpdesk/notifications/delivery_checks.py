"""Check once more, just before something is sent, that its person still may and wants to have it.

Between a notification and its sending, hours may pass. Nothing is sent about a task that its person can't see any more,
of what they have read, and of what they do not want any more.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlmodel import Session

from helpdesk.errors import Unavailable
from helpdesk.notifications import preferences, preferences_json
from helpdesk.notifications.channels.port import Item, Outcome
from helpdesk.notifications.channels.registry import OPTION_OF
from helpdesk.notifications.delivery import to_event
from helpdesk.notifications.kinds import READERS, REQUESTED, type_of
from helpdesk.notifications.preferences import Decision, Preferences
from helpdesk.notifications.readers import Rules, unreadable
from helpdesk.notifications.recipients import OF_REQUESTS
from helpdesk.requests.service import Requests
from helpdesk.store import notifications, people
from helpdesk.store import preferences as stored_preferences
from helpdesk.store.database import Database
from helpdesk.store.models.notifications import NotificationRow
from helpdesk.store.people import Account
from helpdesk.tasks.feed import Event, Feed
from helpdesk.tasks.model import Actor

EVENTS_AT_ONCE = 8
SECONDS = 15.0
"""The time to ask who may see the events of one claim. What was answered until then is sent."""
UNCHOSEN = Preferences()


class Facts(NamedTuple):
    """What the store says of the people and the notifications of some items.

    `hidden` are the people and events of notifications about no task that they may not read any more. `unread` are the
    ids of the notifications that are listed and unread, `read` those that were read. `accounts` are those of people
    whom the backend knows, by their ids.
    """

    active: frozenset[int]
    hidden: frozenset[tuple[int, str]]
    unread: frozenset[int]
    read: frozenset[int]
    chosen: Mapping[int, Preferences]
    accounts: Mapping[int, Account]


class DeliveryChecks:
    """Asks the store about people, the feed who may see an event, and `requests` whose request it is. By the `rules`
    people may read what is about no task."""

    def __init__(
        self,
        feed: Feed,
        database: Database,
        rules: Rules,
        requests: Requests | None,
        clock: Callable[[], datetime],
    ) -> None:
        self.feed, self.database, self.rules, self.requests = feed, database, rules, requests
        self.clock = clock

    async def refused(self, items: Sequence[Item]) -> dict[int, Outcome]:
        """Return the outcomes of those of these items that are not to be sent, by the ids of their rows. Raises
        StoreUnavailable."""
        now = self.clock()

        def work(session: Session) -> tuple[Facts, dict[int, Outcome]]:  # in its thread, for there may be hundreds
            facts = self._facts(session, items, now)
            return facts, {it.row.id: outcome for it in items if (outcome := _refusal(it, facts, now))}

        facts, outcomes = await self.database.run(work)
        left = [it for it in items if it.row.id not in outcomes and _is_about_task(it)]
        return outcomes | await self._unseen(left, facts)

    def _facts(self, session: Session, items: Sequence[Item], now: datetime) -> Facts:
        ids = {it.row.person_id for it in items}
        listed = notifications.states(session, {it.row.notification_id for it in items if it.row.notification_id})
        return Facts(
            people.active(session, ids),
            unreadable(session, (it.notification for it in items if it.notification), self.rules, now),
            frozenset(id for id, is_read in listed.items() if not is_read),
            frozenset(id for id, is_read in listed.items() if is_read),
            {id: preferences_json.from_json(it) for id, it in stored_preferences.of_people(session, ids).items()},
            people.numbered(session, self.rules.accounts, ids),
        )

    async def _unseen(self, items: Sequence[Item], facts: Facts) -> dict[int, Outcome]:
        """Return the outcomes of items about what their people can't see now, or of which that can't be found out."""
        by_event: dict[str, list[Item]] = {}
        for item in items:
            by_event.setdefault(item.row.event, []).append(item)
        gate, until = asyncio.Semaphore(EVENTS_AT_ONCE), asyncio.get_running_loop().time() + SECONDS

        async def ask(some: list[Item]) -> dict[int, Outcome]:
            try:
                async with asyncio.timeout_at(until), gate:
                    seeing = await self._seeing(some, facts)
            except (Unavailable, TimeoutError) as error:
                detail = getattr(error, "detail", "no answer in time")
                return {it.row.id: Outcome("later", "unchecked", detail) for it in some}
            return {it.row.id: Outcome("skipped", "not_visible") for it in some if it.row.person_id not in seeing}

        return {
            id: outcome for found in await asyncio.gather(*map(ask, by_event.values())) for id, outcome in found.items()
        }

    async def _seeing(self, items: Sequence[Item], facts: Facts) -> set[int]:
        """Return the people who may see the event of these items, as a task or as their request."""
        (notification, *_) = (it.notification for it in items if it.notification)
        known = {
            it.row.person_id: facts.accounts[it.row.person_id] for it in items if it.row.person_id in facts.accounts
        }
        actors = [Actor(it.number, it.login) for it in known.values()]
        visible_to = await self.feed.visible_to(to_event(notification), actors) if actors else frozenset()
        seeing = {id for id, account in known.items() if account.number in visible_to}
        others = {it.row.person_id for it in items if _may_be_request(it)} - seeing
        return seeing | (await self._requesters(notification, others) if others else frozenset())

    async def _requesters(self, notification: NotificationRow, person_ids: Collection[int]) -> frozenset[int]:
        """Return those of these people who may read the entry, as it is now, as one of their request."""
        event = await self._event(notification) if self.requests else None
        if self.requests is None or event is None:
            return frozenset()
        people = [it for it in await self.requests.requesters_of(event) if it.person.id in person_ids]
        return await self.requests.readers(event, people) if people else frozenset()

    async def _event(self, notification: NotificationRow) -> Event | None:
        """Read the event anew, since an entry may be private by now, or gone. A new task has no entry."""
        if notification.kind == "created":
            return to_event(notification)._replace(is_new=True)
        return await self.feed.event(notification.task_id, int(notification.event.rpartition(".")[2]))


def _refusal(item: Item, facts: Facts, now: datetime) -> Outcome | None:
    """Return the outcome of an item that is not to be sent, as far as the store can tell."""
    reason = _reason(item, facts)
    if reason:
        return Outcome("skipped", reason)
    if item.notification is None or item.notification.kind in REQUESTED:
        return None
    return _unwanted(item, item.notification, facts.chosen.get(item.row.person_id, UNCHOSEN), now)


def _reason(item: Item, facts: Facts) -> str:
    """Return why nobody may or needs to get an item; "" for no reason."""
    row, notification = item.row, item.notification
    if row.person_id not in facts.active:  # of a letter from a task it is the author
        return "account"
    if notification and (row.person_id, notification.event) in facts.hidden:
        return "not_visible"
    if notification and row.notification_id and row.notification_id not in facts.unread:
        return "read" if row.notification_id in facts.read else "withdrawn"
    return ""


def _unwanted(item: Item, notification: NotificationRow, wanted: Preferences, now: datetime) -> Outcome | None:
    """Ask the preferences as they are now. What is put off in quiet hours waits until they end; else what was put off
    is due, and is not put off again. Quiet hours that never end put off once."""
    decided = preferences.decide(wanted, type_of(notification.kind), notification.project_id, notification.task_id, now)
    decision = decided.get(OPTION_OF[item.row.channel], Decision("unwanted"))
    if decision.reason:
        return Outcome("skipped", decision.reason)
    if decision.due and wanted.quiet and wanted.quiet.hold(now) and not (item.row.bundle and wanted.quiet.is_endless):
        return Outcome("later", "quiet", after=(wanted.quiet.ends_after(now) - now).total_seconds())
    return None


def _is_about_task(item: Item) -> bool:
    return item.notification is not None and item.notification.kind not in READERS


def _may_be_request(item: Item) -> bool:
    notification = item.notification
    return bool(notification and notification.kind in OF_REQUESTS and not notification.is_private)
