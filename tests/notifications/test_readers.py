"""What is about no task: who may read it when it is shown or sent, not when it was stored."""

import asyncio
from collections.abc import Collection
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import Session

from helpdesk.notifications.channels.port import Item
from helpdesk.notifications.delivery import from_content, to_content
from helpdesk.notifications.delivery_checks import DeliveryChecks
from helpdesk.notifications.kinds import Kind
from helpdesk.notifications.links import path_of
from helpdesk.notifications.messages import of_no_task
from helpdesk.notifications.readers import Rules, readable_events, unreadable
from helpdesk.people.rights import ADMIN, QUALITY, WRITER
from helpdesk.settings.netmonitor import Access
from helpdesk.store import people, rights
from helpdesk.store.database import Database
from helpdesk.store.models.posts import PostAudience
from helpdesk.store.models.tables import Person
from helpdesk.store.outbox import claim
from tests.clocks import NOON
from tests.notifications.listed_feed import ListedFeed
from tests.notifications.sending import put, waiting, write
from tests.posts.publishing import publish
from tests.world import PEOPLE_IDS, EmbeddedWorld

ANNA, BORIS, IRINA, ADMIN_ID = (PEOPLE_IDS[name] for name in ("anna", "boris", "irina", "admin"))
MOSCOW = ZoneInfo("Europe/Moscow")
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def world(embedded: EmbeddedWorld) -> None:
    """People are there."""


def reading(database: Database, kind: Kind, number: int, access: Access = "staff", known: bool = True) -> set[int]:
    """Who may read a notification of this kind about a page of this number."""
    rules = Rules(people.known_in_embedded if known else (lambda *_: []), (), access)
    rows = [of_no_task(id, f"{kind}.{number}", kind, NOON, "Лифт") for id in (ANNA, BORIS, IRINA, ADMIN_ID)]
    hidden = database.run_here(lambda db: unreadable(db, rows, rules, NOON))
    return {row.person_id for row in rows} - {person for person, _ in hidden}


def test_an_announcement_is_for_its_audience_while_it_is_published(database: Database) -> None:
    everybody = {ANNA, BORIS, IRINA, ADMIN_ID}
    writes = {ADMIN_ID}
    assert reading(database, "post", publish(database)) == everybody
    assert reading(database, "post", publish(database, is_draft=True)) == writes
    assert reading(database, "post", publish(database, published_from=NOON + HOUR)) == writes
    assert reading(database, "post", publish(database, published_until=NOON)) == writes
    assert reading(database, "post", publish(database, ("right", WRITER))) == writes
    assert reading(database, "post", 4_711) == set(), "nobody reads what is deleted"
    write(database, lambda db: rights.grant(db, IRINA, WRITER))
    assert reading(database, "post", publish(database, is_draft=True)) == {ADMIN_ID, IRINA}


def test_a_department_counts_only_where_somebody_vouches_for_it(database: Database) -> None:
    post = publish(database, ("department", "склад"))

    def work(db: Session) -> None:
        for id, is_proven in ((ANNA, True), (IRINA, False)):
            person = db.get_one(Person, id)
            person.department, person.is_department_proven = "Склад", is_proven

    write(database, work)
    assert reading(database, "post", post) == {ANNA, ADMIN_ID}


@pytest.mark.parametrize(
    ("access", "known", "seeing"),
    [
        ("everybody", False, {ANNA, BORIS, IRINA, ADMIN_ID}),
        ("staff", True, {ANNA, BORIS, IRINA, ADMIN_ID}),
        ("staff", False, {ADMIN_ID}),
        ("administrators", True, {ADMIN_ID}),
    ],
)
def test_news_of_hosts_are_for_who_may_see_the_monitor(
    database: Database, access: Access, known: bool, seeing: Collection[int]
) -> None:
    assert reading(database, "host_down", 3, access, known) == seeing


def test_news_of_systems_are_for_administrators_and_of_this_moment(database: Database) -> None:
    assert reading(database, "system_down", 1) == {ADMIN_ID}
    write(database, lambda db: rights.grant(db, ANNA, ADMIN))
    write(database, lambda db: rights.revoke(db, ADMIN_ID, ADMIN, ()))
    assert reading(database, "system_up", 1) == {ANNA}
    assert reading(database, "test", 1) == {ANNA, BORIS, IRINA, ADMIN_ID}


def test_how_many_requests_are_new_is_for_who_may_control_quality_now(database: Database) -> None:
    assert reading(database, "quality_new", 1) == {ADMIN_ID}
    write(database, lambda db: rights.grant(db, BORIS, QUALITY))
    assert reading(database, "quality_new", 1) == {ADMIN_ID, BORIS}
    assert reading(database, "promises", 1) == {ANNA, BORIS, IRINA, ADMIN_ID}, "a number of tasks tells nothing else"


def test_an_account_that_is_gone_reads_nothing(database: Database) -> None:
    row = of_no_task(4_711, "post.1", "post", NOON)
    assert database.run_here(lambda db: unreadable(db, [row], Rules(people.known_in_embedded), NOON))


def test_each_kind_leads_to_its_page() -> None:
    def leads(event: str, kind: Kind) -> str:
        return path_of(of_no_task(ANNA, event, kind, NOON))

    assert leads("post.7", "post") == "/posts/7"
    assert leads("host_down.3.12", "host_down") == leads("host_up.3.12", "host_up") == "/netmonitor/3"
    assert leads("hosts_down.many.12", "hosts_down") == "/netmonitor"
    assert leads("quality_new.many.12", "quality_new") == "/quality-control/new"
    assert leads("promises.many.12", "promises") == "/tasks?promise=any&sort=promise"
    assert leads("system_down.redmine.1", "system_down") == "/notifications"
    assert leads("post.x", "post") == "/posts" and leads("post.²", "post") == "/posts", "whatever is stored"


def test_what_was_narrowed_meanwhile_is_not_sent_and_is_in_no_file(database: Database) -> None:
    post = publish(database)
    for person in (ANNA, ADMIN_ID):
        row = of_no_task(person, f"post.{post}", "post", NOON, "Лифт")
        put(database, waiting(f"post.{post}", person, 0, content=to_content(row), type="post"))

    def refused() -> set[int]:
        rows = database.run_here(lambda db: claim(db, "webpush", "one", NOON, 90, 50), writes=True)
        items = [Item(it, from_content(it.content)) for it in rows]
        checks = DeliveryChecks(ListedFeed(), database, Rules(people.known_in_embedded), None, lambda: NOON)  # type: ignore[arg-type]  # a test's feed
        outcomes = asyncio.run(checks.refused(items))
        return {it.row.person_id for it in items if outcomes.get(it.row.id, ("",))[1:2] == ("not_visible",)}

    def told(person: int) -> frozenset[str]:
        rules = Rules(people.known_in_embedded)
        return database.run_here(lambda db: readable_events(db, [person], person, rules, NOON))

    assert told(ANNA) == told(ADMIN_ID) == {f"post.{post}"}
    write(database, lambda db: db.add(PostAudience(post_id=post, kind="right", value=WRITER, value_folded=WRITER)))
    assert refused() == {ANNA}
    assert not told(ANNA) and told(ADMIN_ID) == {f"post.{post}"}
