"""Who hears of an event in the place of somebody who is away: true for all absences, then by examples."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session, col, update

from helpdesk.notifications import recipients
from helpdesk.notifications.mentions import mentioned_words
from helpdesk.notifications.messages import message
from helpdesk.notifications.recipients import Deputy, Recipients, with_deputies
from helpdesk.store import absences, people
from helpdesk.store.absences import Colleague, deputy_of
from helpdesk.store.database import Database
from helpdesk.store.models.notifications import NotificationRow
from helpdesk.store.models.tables import Person
from helpdesk.tasks.feed import Event
from tests.notifications.listed_feed import ADMIN, ANNA, BORIS, IRINA, NOON, STRANGER, ListedFeed
from tests.notifications.test_candidates import ACTS, PEOPLE

TODAY = NOON.date()
SOMEBODY = st.sampled_from(range(1, 6))
ABSENCES = st.dictionaries(
    SOMEBODY,
    st.builds(
        Colleague,
        id=st.just(0),
        name=st.just("Somebody"),
        until=st.none() | st.sampled_from([TODAY - timedelta(1), TODAY, TODAY + timedelta(9)]),
        deputy_id=st.none() | SOMEBODY,
        can_sign_in=st.booleans(),
    ),
).map(lambda found: {number: it._replace(id=number) for number, it in found.items()})
DEPUTIES = st.dictionaries(
    st.sampled_from([it.id for it in PEOPLE]), st.builds(Deputy, st.sampled_from(PEOPLE), st.just("Somebody"))
)


@given(SOMEBODY, ABSENCES)
def test_a_deputy_is_somebody_else_who_is_there_and_at_most_two_steps_away(
    person: int, known: Mapping[int, Colleague]
) -> None:
    found = deputy_of(person, known, TODAY)
    if found is None:
        return
    absent = known[person]
    assert found.id != person and found.can_sign_in and not found.is_away(TODAY) and absent.is_away(TODAY)
    first = known[absent.deputy_id or 0]
    assert found == first or (first.can_sign_in and first.is_away(TODAY) and first.deputy_id == found.id)


@given(ABSENCES)
def test_nobody_who_is_there_has_a_deputy(known: Mapping[int, Colleague]) -> None:
    assert all(it.is_away(TODAY) or deputy_of(number, known, TODAY) is None for number, it in known.items())


@given(ACTS, DEPUTIES)
def test_a_deputy_hears_once_of_what_addresses_an_absent_person(event: Event, deputies: Mapping[int, Deputy]) -> None:
    found = recipients.candidates(event, PEOPLE, mentioned_words(event.notes))
    both = with_deputies(event, found, deputies)
    assert both[: len(found)] == found
    numbers = [it.account.number for it in both]
    assert len(numbers) == len(set(numbers)) and (event.by is None or event.by.id not in numbers)
    addressed = {it.account: it.kind for it in found if it.kind in ("mentioned", "given")}
    for it in both[len(found) :]:
        assert it.instead_of and it.kind == addressed[it.instead_of]
        assert deputies[it.instead_of.id] == Deputy(it.account, it.absent)
    wanted = {deputies[it.id].account.number for it in addressed if it.id in deputies}
    assert wanted - ({event.by.id} if event.by else set()) <= set(numbers)


def away(database: Database, login_id: int, deputy_id: int | None, until: date = TODAY) -> None:
    database.run_here(lambda db: absences.set_away(db, login_id, until, deputy_id), writes=True)


def change(database: Database, person_id: int, **values: object) -> None:
    statement = update(Person).where(col(Person.id) == person_id).values(**values)
    database.run_here(lambda db: db.exec(statement), writes=True)


async def rows_of(
    feed: ListedFeed, database: Database, now: datetime = NOON, zone: str = "UTC"
) -> dict[int, NotificationRow]:
    asked = Recipients(feed, database, people.known_in_embedded, timezone=ZoneInfo(zone))
    return {it.notification.person_id: it.notification for it in await asked.deliveries(feed.acts[0], now)}


def given_to_anna(**told: object) -> ListedFeed:
    feed = ListedFeed()
    feed.happens(was_assigned=True, **told)
    return feed


async def test_a_deputy_is_told_for_whom(database: Database) -> None:
    away(database, ANNA, STRANGER)
    rows = await rows_of(given_to_anna(), database)
    assert rows.keys() == {ANNA, IRINA, STRANGER}
    assert (rows[STRANGER].kind, rows[STRANGER].absent, rows[ANNA].absent) == ("given", "Анна Смирнова", "")
    said = message(rows[STRANGER]).title
    assert said.text % said.values == "Борис Кузнецов assigned #7 to Анна Смирнова (away)"


async def test_a_deputy_hears_of_a_mention_but_not_of_a_plain_comment(database: Database) -> None:
    away(database, ANNA, STRANGER)
    mentioned, plain = ListedFeed(), ListedFeed()
    mentioned.happens(notes="@anna, посмотри")
    plain.happens(notes="готово")
    assert (await rows_of(mentioned, database))[STRANGER].kind == "mentioned"
    assert STRANGER not in await rows_of(plain, database)


@pytest.mark.parametrize("blind", [STRANGER, ANNA])
async def test_a_deputy_hears_of_nothing_that_either_may_not_see(database: Database, blind: int) -> None:
    away(database, ANNA, STRANGER)
    feed = given_to_anna()
    feed.blind = {blind}
    assert STRANGER not in await rows_of(feed, database)


async def test_who_hears_of_it_anyway_hears_of_it_once_and_as_oneself(database: Database) -> None:
    away(database, ANNA, IRINA)
    assert (await rows_of(given_to_anna(), database))[IRINA].absent == ""
    away(database, ANNA, BORIS)
    assert BORIS not in await rows_of(given_to_anna(), database), "boris did it"


async def test_a_deputy_who_is_away_too_is_followed_once(database: Database) -> None:
    away(database, ANNA, STRANGER)
    away(database, STRANGER, ADMIN)
    assert (await rows_of(given_to_anna(), database)).keys() == {ANNA, IRINA, ADMIN}
    away(database, ADMIN, BORIS)
    assert (await rows_of(given_to_anna(), database)).keys() == {ANNA, IRINA}
    away(database, STRANGER, ANNA)
    assert (await rows_of(given_to_anna(), database)).keys() == {ANNA, IRINA}


@pytest.mark.parametrize("gone", [{"is_active": False}, {"blocked_at": NOON}, {"anonymized_at": NOON}])
async def test_a_deputy_who_can_not_sign_in_any_more_hears_of_nothing(
    database: Database, gone: Mapping[str, object]
) -> None:
    away(database, ANNA, STRANGER)
    change(database, STRANGER, **gone)
    assert STRANGER not in await rows_of(given_to_anna(), database)


async def test_the_account_that_a_deputy_was_joined_into_hears_of_it(database: Database) -> None:
    away(database, ANNA, STRANGER)
    change(database, STRANGER, joined_into=ADMIN)
    assert ADMIN in await rows_of(given_to_anna(), database)


@pytest.mark.parametrize(
    ("now", "zone", "is_away"),
    [
        ("2026-11-21T20:59:59Z", "Europe/Moscow", True),
        ("2026-11-21T21:00:00Z", "Europe/Moscow", False),
        ("2026-11-22T07:59:59Z", "America/Los_Angeles", True),
        ("2026-11-22T08:00:00Z", "America/Los_Angeles", False),
        ("2026-11-21T09:59:59Z", "Pacific/Kiritimati", True),
        ("2026-11-21T10:00:00Z", "Pacific/Kiritimati", False),
    ],
)
async def test_an_absence_ends_with_its_last_day_in_the_company_s_zone(
    database: Database, now: str, zone: str, is_away: bool
) -> None:
    away(database, ANNA, STRANGER, date(2026, 11, 21))
    rows = await rows_of(given_to_anna(), database, datetime.fromisoformat(now).astimezone(UTC), zone)
    assert (STRANGER in rows) == is_away


def test_people_known_in_redmine_alone_are_found_by_their_number_there(database: Database) -> None:
    """The numbers of users of Redmine may be those of other accounts here."""
    for person_id, number in ((ANNA, 71), (STRANGER, ANNA), (IRINA, STRANGER)):
        change(database, person_id, redmine_id=number)

    def work(session: Session) -> dict[int, int]:
        colleagues = [absences.of_person(session, it) for it in (ANNA, STRANGER, BORIS)]
        found = absences.numbered(session, people.known_in_redmine, colleagues)
        return {it.id: it.number for it in found.values()}

    assert database.run_here(work) == {ANNA: 71, STRANGER: ANNA}
