"""The browsers and phones of people: whose they are, how many, and when they are forgotten."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.store import api_tokens, devices, local_passwords, outbox, people, sessions
from helpdesk.store.database import AUDIT_DAYS, CLEANED, Database
from helpdesk.store.devices import FCM, MOST_DEVICES, WEB_PUSH, Address
from helpdesk.store.models import tables
from helpdesk.store.models.delivery import Device, OutboxRow
from helpdesk.store.tokens import hashed
from tests.world import PEOPLE_IDS

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
ANNA, BORIS = PEOPLE_IDS["anna"], PEOPLE_IDS["boris"]


@pytest.fixture
def db(database: Database) -> Iterator[Session]:
    with Session(database.engine, info={CLEANED: [], AUDIT_DAYS: 1}) as session:
        yield session


def begun(db: Session, person: int) -> str:
    return sessions.begin(db, person, NOW, False, "", "")[0]


def subscribed(db: Session, person: int, session: str, address: str = "https://push.example/1") -> int:
    service = FCM if address.startswith("token") else WEB_PUSH
    return devices.subscribe(db, person, Address(service, address, "p", "a"), "Firefox", hashed(session), NOW).id or 0


def waiting(db: Session, person: int, device: int, event: str = "journal.1") -> None:
    row = {"channel": WEB_PUSH, "person_id": person, "event": event, "type": "comment", "device_id": device}
    outbox.add(db, [{**row, "due_at": NOW, "created_at": NOW}])


def states(db: Session) -> list[tuple[int, str, str]]:
    return [(it.person_id, it.state, it.reason) for it in db.exec(select(OutboxRow).order_by(col(OutboxRow.id)))]


def owners(db: Session) -> dict[str, int]:
    return {it.address: it.person_id for it in db.exec(select(Device))}


def test_a_browser_belongs_to_who_used_it_last_and_gets_nothing_of_the_one_before(db: Session) -> None:
    device = subscribed(db, ANNA, begun(db, ANNA))
    waiting(db, ANNA, device)
    assert subscribed(db, BORIS, begun(db, BORIS)) == device
    waiting(db, BORIS, device)
    assert owners(db) == {"https://push.example/1": BORIS}
    assert states(db) == [(ANNA, "failed", "gone"), (BORIS, "waiting", "")]


def test_of_many_devices_those_are_kept_that_were_renewed_last(db: Session) -> None:
    session = begun(db, ANNA)
    phone = subscribed(db, ANNA, session, "token")
    made = [subscribed(db, ANNA, session, f"https://push.example/{number}") for number in range(200)]
    kept = {it.id for it in devices.of_person(db, ANNA)}
    assert kept == {phone, *made[-MOST_DEVICES:]}


SIGNS_OUT: dict[str, Callable[[Session, str], object]] = {
    "here": lambda db, session: sessions.end(db, session),
    "from the list": lambda db, session: sessions.end_one(db, ANNA, hashed(session)),
    "everywhere": lambda db, session: sessions.end_all(db, ANNA),
    "by another password": lambda db, session: local_passwords.change(
        db, ANNA, local_passwords.hash_of(db, ANNA), "new", "of another session"
    ),
    "disabled": lambda db, session: people.disable(db, "anna"),
    "somebody else": lambda db, session: sessions.replace(db, session, begun(db, BORIS), BORIS),
}


@pytest.mark.parametrize("way", SIGNS_OUT)
def test_who_signs_out_gets_no_pushes_there_any_more(db: Session, way: str) -> None:
    session = begun(db, ANNA)
    device = subscribed(db, ANNA, session)
    waiting(db, ANNA, device)
    SIGNS_OUT[way](db, session)
    assert owners(db) == {} and states(db) == [(ANNA, "failed", "gone")]


def test_the_session_in_which_the_others_are_ended_keeps_its_devices_and_so_does_a_token(db: Session) -> None:
    here, there = begun(db, ANNA), begun(db, ANNA)
    token, text = api_tokens.add(db, ANNA, "phone", "write", None, NOW)
    for number, session in enumerate((here, there, text)):
        subscribed(db, ANNA, session, f"https://push.example/{number}")
    sessions.end_all(db, ANNA, but=hashed(here))
    assert owners(db).keys() == {"https://push.example/0", "https://push.example/2"}
    api_tokens.revoke(db, ANNA, token.id)
    assert owners(db).keys() == {"https://push.example/0"}


def test_a_session_that_expires_leaves_its_devices_which_follow_into_the_next(db: Session) -> None:
    session = begun(db, ANNA)
    subscribed(db, ANNA, session)
    db.exec(sa.update(tables.Session).values(expires_at=NOW - timedelta(1)))
    following = begun(db, ANNA)
    sessions.replace(db, session, following, ANNA)
    assert owners(db) == {"https://push.example/1": ANNA}
    sessions.end(db, following)
    assert owners(db) == {}
