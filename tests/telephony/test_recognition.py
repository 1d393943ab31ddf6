"""Who calls: accounts that hold the number, and people of earlier calls, in SQLite and on the servers."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from secrets import randbelow, token_hex

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col

from helpdesk.store import call_lists, callers, people
from helpdesk.store.database import Database
from helpdesk.store.models.tables import Person
from helpdesk.store.models.telephony import PhoneCall
from helpdesk.telephony import recognition
from tests.world import PEOPLE_IDS

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
ADMIN, ANNA, BORIS, IRINA = (PEOPLE_IDS[login] for login in ("admin", "anna", "boris", "irina"))


@pytest.fixture(
    params=["sqlite", *(pytest.param(it, marks=pytest.mark.xdist_group(it)) for it in ("mariadb", "postgresql"))]
)
def store(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A store without calls, where nobody has a number."""
    name = "database" if request.param == "sqlite" else f"embedded_on_{request.param}"
    fixture = request.getfixturevalue(name)
    database: Database = fixture if request.param == "sqlite" else fixture.database

    def clear(db: Session) -> None:
        db.exec(sa.delete(PhoneCall))
        db.exec(sa.update(Person).values(phone="", is_phone_proven=False))

    database.run_here(clear, writes=True)
    yield database
    database.run_here(clear, writes=True)


def give(store: Database, person_id: int, phone: str, is_proven: bool = True) -> None:
    change = sa.update(Person).where(col(Person.id) == person_id).values(phone=phone, is_phone_proven=is_proven)
    store.run_here(lambda db: db.exec(change), writes=True)


def call(store: Database, key: str, minutes_ago: int = 0, caller: int | None = None) -> int:
    def work(db: Session) -> int:
        row = PhoneCall(
            agent_id="1001", dialog_id=str(randbelow(10**9)), person_id=ADMIN, direction="in", from_number=key,
            to_number="5500", other_key=key, began_at=NOW - timedelta(minutes=minutes_ago), caller_id=caller,
        )  # fmt: skip
        db.add(row)
        db.flush()
        return row.id or 0

    return store.run_here(work, writes=True)


def found(store: Database, key: str, others: tuple[int, ...] = ()) -> list[tuple[int, str]]:
    incoming = PhoneCall(other_key=key, person_id=ADMIN)
    return [(it.person.id, it.why) for it in store.run_here(lambda db: recognition.candidates(db, incoming, others))]


def recognised(store: Database, call_id: int) -> int | None:
    people = store.run_here(lambda db: recognition.certain_callers(db, [call_id]))
    store.run_here(lambda db: callers.recognise(db, people), writes=True)
    return store.run_here(lambda db: db.get_one(PhoneCall, call_id).caller_id)


@pytest.mark.parametrize(
    "phone", ["8 (903) 555-01-42", "+79035550142", "1204, моб. 903\u00a0555\u20110142", "89035550142"]
)
def test_the_owner_of_a_number_is_certain(store: Database, phone: str) -> None:
    give(store, IRINA, phone)
    give(store, BORIS, "8 (903) 555-01-421")
    assert found(store, "9035550142") == [(IRINA, "number")]
    assert recognised(store, call(store, "9035550142")) == IRINA


@pytest.mark.parametrize("phone", ["1204", "12-04", "1 204", "8 495 123-01-17 доб. 1204", "вн.1204; +7 903 555-01-42"])
def test_an_internal_number_is_found(store: Database, phone: str) -> None:
    give(store, IRINA, phone)
    give(store, BORIS, "+7 903 512-04-00, 11204, 12045")
    assert found(store, "1204") == [(IRINA, "number")]


def test_a_switchboard_is_nobody_for_certain(store: Database) -> None:
    give(store, IRINA, "8 495 123-01-17 доб. 1204")
    assert found(store, "4951230117") == [(IRINA, "switchboard")]
    give(store, ANNA, "495 123-01-17 (1205)")
    assert {it for it, _ in found(store, "4951230117")} == {ANNA, IRINA}
    assert recognised(store, call(store, "4951230117")) is None


def test_a_number_that_people_type_themselves_is_only_a_possibility(store: Database) -> None:
    give(store, IRINA, "+7 903 555-01-42", is_proven=False)
    assert found(store, "9035550142") == [(IRINA, "typed")]
    assert recognised(store, call(store, "9035550142")) is None
    give(store, ANNA, "903 555-01-42")
    assert found(store, "9035550142") == [(ANNA, "number"), (IRINA, "typed")]
    assert recognised(store, call(store, "9035550142")) == ANNA, "nobody takes her number from her by typing it"


def test_many_who_type_a_number_hide_nobody_who_has_it(store: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callers, "MOST_SHARING", 3)
    give(store, IRINA, "+7 903 555-01-42")
    logins = [f"typing-{token_hex(4)}" for _ in range(9)]

    def add(db: Session) -> None:
        for login in logins:
            people.add_local(db, login, " А", "", "", is_admin=False).phone = "9035550142"

    store.run_here(add, writes=True)
    assert found(store, "9035550142")[0] == (IRINA, "number")
    assert recognised(store, call(store, "9035550142")) == IRINA


def test_two_people_with_one_number_are_both_offered(store: Database) -> None:
    give(store, IRINA, "1204")
    give(store, BORIS, "1204")
    assert {it for it, _ in found(store, "1204")} == {BORIS, IRINA}
    assert recognised(store, call(store, "1204")) is None


def test_people_of_earlier_calls_are_offered_the_last_first(store: Database) -> None:
    call(store, "9035550142", 60, caller=ANNA)
    call(store, "9035550142", 50, caller=BORIS)
    call(store, "9035550142", 40, caller=ANNA)
    call(store, "9035550143", 30, caller=IRINA)
    assert found(store, "9035550142", (IRINA, BORIS)) == [(ANNA, "earlier"), (BORIS, "earlier"), (IRINA, "task")]
    assert recognised(store, call(store, "9035550142")) is None, "an earlier choice may have been wrong"


def test_what_somebody_chose_stays(store: Database) -> None:
    give(store, IRINA, "1204")
    assert recognised(store, call(store, "1204", caller=BORIS)) == BORIS


def test_who_is_gone_is_not_offered(store: Database) -> None:
    logins = [f"gone-{token_hex(4)}" for _ in range(3)]

    def settle(db: Session) -> list[int]:
        made = [people.add_local(db, it, "Кто-то", f"{it}@example.test", "", is_admin=False) for it in logins]
        for row in made:
            row.phone = "+7 903 555-01-99"
        made[0].is_active, made[1].blocked_at, made[2].anonymized_at = False, NOW, NOW
        db.flush()
        return [row.id or 0 for row in made]

    gone = store.run_here(settle, writes=True)
    call(store, "9035550199", 5, caller=gone[0])
    assert found(store, "9035550199", tuple(gone)) == []


def test_no_more_than_five_are_offered(store: Database) -> None:
    for person_id in PEOPLE_IDS.values():
        give(store, person_id, "1204")
    logins = [f"more-{token_hex(4)}" for _ in range(2)]

    def add(db: Session) -> None:
        for login in logins:
            people.add_local(db, login, "Шестой", "", "", is_admin=False).phone = "1204"

    store.run_here(add, writes=True)
    assert len(found(store, "1204")) == 5


def test_the_agent_of_a_call_is_not_calling(store: Database) -> None:
    give(store, ADMIN, "1204")
    assert found(store, "1204", (ADMIN,)) == []


def test_a_hidden_number_is_nobody(store: Database) -> None:
    give(store, IRINA, "нет")
    call(store, "", 5, caller=IRINA)
    assert found(store, "") == []


def test_earlier_calls_are_those_with_the_same_number(store: Database) -> None:
    numbers = [call(store, "9035550142", minutes) for minutes in (40, 30, 20, 10)]
    call(store, "9035550143", 15)
    last = numbers[-1]

    def earlier(db: Session) -> list[int | None]:
        return [it.id for it in call_lists.earlier(db, db.get_one(PhoneCall, last), 2)]

    assert store.run_here(earlier) == [numbers[2], numbers[1]]


def test_a_choice_replaces_what_was_recognised(store: Database) -> None:
    give(store, IRINA, "1204")
    number = call(store, "1204")
    assert recognised(store, number) == IRINA
    store.run_here(lambda db: callers.choose(db, number, None), writes=True)
    assert store.run_here(lambda db: db.exec(sa.select(col(PhoneCall.caller_id))).scalar_one()) is None
