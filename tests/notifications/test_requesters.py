"""People whose request a task is are recipients of what they may read of it, as an author is, and of nothing else."""

from collections.abc import Iterable, Sequence

from helpdesk.notifications.recipients import Recipients
from helpdesk.people.model import Person
from helpdesk.requests.model import Requester
from helpdesk.store import people
from helpdesk.store.database import Database
from helpdesk.tasks.feed import Change, Event
from tests.notifications.listed_feed import ANNA, IRINA, NOON, STRANGER, ListedFeed


class ScriptedRequests:
    """Every task is the request of `owners`, of whom only `reading` may read an event."""

    def __init__(self, *owners: int, reading: Iterable[int] = ()) -> None:
        self.owners, self.reading = owners, frozenset(reading)

    async def requesters_of(self, event: Event) -> Sequence[Requester]:
        return [Requester(Person(it, "oracle", f"p{it}", f"P{it}")) for it in self.owners]

    async def readers(self, event: Event, people: Iterable[Requester]) -> frozenset[int]:
        return frozenset(it.person.id for it in people) & self.reading


async def told(feed: ListedFeed, database: Database, requests: ScriptedRequests) -> dict[int, str]:
    recipients = Recipients(feed, database, people.known_in_embedded, requests=requests)  # type: ignore[arg-type]  # two methods
    deliveries = [it for it in await recipients.deliveries(feed.acts[-1], NOON) if it.options]
    return {it.notification.person_id: it.notification.kind for it in deliveries}


async def test_somebody_who_sees_no_task_is_told_of_their_request(database: Database) -> None:
    feed = ListedFeed()
    feed.blind = {STRANGER}
    feed.happens()
    assert await told(feed, database, ScriptedRequests(STRANGER, reading={STRANGER})) == {
        ANNA: "commented",
        IRINA: "commented",
        STRANGER: "commented",
    }
    assert STRANGER not in await told(feed, database, ScriptedRequests(STRANGER))


async def test_an_author_who_may_not_see_the_task_any_more_is_told_as_a_requester(database: Database) -> None:
    feed = ListedFeed()
    feed.blind = {IRINA}
    feed.happens()
    assert await told(feed, database, ScriptedRequests(IRINA, reading={IRINA})) == {
        ANNA: "commented",
        IRINA: "commented",
    }
    assert await told(feed, database, ScriptedRequests(IRINA)) == {ANNA: "commented"}


async def test_nobody_is_told_twice(database: Database) -> None:
    feed = ListedFeed()
    feed.happens()
    requests = ScriptedRequests(IRINA, ANNA, reading={IRINA, ANNA})
    recipients = Recipients(feed, database, people.known_in_embedded, requests=requests)  # type: ignore[arg-type]  # two methods
    assert sorted(it.notification.person_id for it in await recipients.deliveries(feed.acts[0], NOON)) == [ANNA, IRINA]
    assert await recipients.account_ids(feed.acts[0], NOON) == {ANNA, IRINA}


async def test_a_requester_is_not_told_the_priority_with_a_new_file(database: Database) -> None:
    feed = ListedFeed()
    feed.blind = {ANNA, IRINA}
    feed.happens(notes="", priority=Change("низкий", "высокий"), files=("акт.pdf",))
    assert await told(feed, database, ScriptedRequests(STRANGER, reading={STRANGER})) == {STRANGER: "files"}


async def test_preferences_of_requesters_hold(database: Database) -> None:
    from helpdesk.store import preferences

    feed = ListedFeed()
    feed.happens()
    off = '{"muted_tasks": [7]}'
    database.run_here(lambda db: preferences.save(db, STRANGER, off), writes=True)
    assert STRANGER not in await told(feed, database, ScriptedRequests(STRANGER, reading={STRANGER}))
