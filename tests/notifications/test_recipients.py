"""Whoever is told, and how many: the texts of an act are read once, and only those who may be meant are looked up."""

import threading
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import Session

from helpdesk.notifications import messages
from helpdesk.notifications.plain_text import excerpt
from helpdesk.notifications.preferences import Digest, Preferences
from helpdesk.notifications.preferences_json import to_json
from helpdesk.notifications.recipients import Accounts, Recipients
from helpdesk.store import people, preferences
from helpdesk.store.database import Database
from helpdesk.store.models import tables
from helpdesk.store.models.notifications import NotificationRow
from helpdesk.store.people import Account
from tests.notifications.listed_feed import ANNA, BORIS, NOON, STRANGER, ListedFeed
from tests.store.test_plans import steps

CROWD = 300


def crowd(session: Session) -> frozenset[int]:
    """More people with an account; their numbers."""
    now = datetime.now(UTC)
    made = [
        tables.Person(source="local", login=f"Crowd{it}", login_folded=f"crowd{it}", created_at=now)
        for it in range(CROWD)
    ]
    session.add_all(made)
    session.flush()
    return frozenset(it.id for it in made if it.id)


async def rows_of(feed: ListedFeed, database: Database, accounts: Accounts) -> list[NotificationRow]:
    deliveries = await Recipients(feed, database, accounts).deliveries(feed.acts[0], NOON)
    return [it.notification for it in deliveries]


async def test_the_texts_of_an_event_are_shortened_once_for_all_its_recipients_and_beside_the_event_loop(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = list[threading.Thread]()

    def counted(text: str) -> str:
        read.append(threading.current_thread())
        return excerpt(text)

    monkeypatch.setattr(messages, "excerpt", counted)
    feed, watchers = ListedFeed(), database.run_here(crowd, writes=True)
    feed.happens(notes="Готово, @anna.", watchers=watchers)
    rows = await rows_of(feed, database, people.known_in_embedded)
    assert len(rows) == CROWD + 2 and {row.excerpt for row in rows} == {"Готово, @anna."}
    assert len(read) == 2, "what was said, and the names of files"
    assert threading.current_thread() not in read


async def test_only_people_who_are_named_or_concerned_are_looked_up(database: Database) -> None:
    database.run_here(crowd, writes=True)
    loaded = list[str]()

    def known(session: Session, numbers: Collection[int], logins: Collection[str]) -> list[Account]:
        found = people.known_in_embedded(session, numbers, logins)
        loaded.extend(it.login for it in found)
        return found

    feed = ListedFeed()
    feed.happens(notes="@Crowd7! @stranger. help@crowd8 @nobody", assignees=frozenset({ANNA}), author=BORIS)
    rows = await rows_of(feed, database, known)
    assert sorted(loaded) == ["Crowd7", "anna", "boris", "stranger"]
    kinds = {row.person_id: row.kind for row in rows}
    assert kinds[ANNA] == "commented" and kinds[STRANGER] == "mentioned" and BORIS not in kinds and len(kinds) == 3


def test_people_are_looked_up_by_an_index(database: Database) -> None:
    """However many have an account."""

    def plan(session: Session) -> list[str]:
        return steps(database, session, lambda db: people.known_in_embedded(db, [ANNA], ["anna", "nobody"]))

    found = " ".join(database.run_here(plan))
    assert "ix_person_login_folded (login_folded=?)" in found and "SCAN" not in found


async def test_a_digest_for_which_no_zone_was_chosen_goes_by_that_of_the_helpdesk(database: Database) -> None:
    chosen = to_json(Preferences(digest=True, digest_at=Digest(days=frozenset(range(7)))))
    database.run_here(lambda db: preferences.save(db, ANNA, chosen), writes=True)
    feed, zone = ListedFeed(), ZoneInfo("Asia/Yekaterinburg")
    feed.happens(was_assigned=True)
    asked = Recipients(feed, database, people.known_in_embedded, timezone=zone)
    found = {it.notification.person_id: it.decisions for it in await asked.deliveries(feed.acts[0], NOON)}
    decided = found[ANNA]["email"]
    assert decided.due and decided.due.astimezone(zone).hour == 9 and decided.due - NOON < timedelta(days=1)
