"""What two requests do to a second factor at the same moment, in SQLite, a real MariaDB and a real PostgreSQL."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlmodel import Session

from helpdesk.errors import WrongCredentials
from helpdesk.store import second_factors, secrets
from helpdesk.store.database import Database
from helpdesk.store.models.tables import SecondFactor
from helpdesk.store.second_factors import Factor, Used
from tests.store.test_races import MANY, as_one, at_once
from tests.world import PEOPLE_IDS

ANNA, BORIS = PEOPLE_IDS["anna"], PEOPLE_IDS["boris"]
NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
CODES = ("first", "second")


def set_up(db: Session, person_id: int = ANNA, secret: str = "sealed") -> bool:
    return second_factors.set_up(db, person_id, secret, 10, NOW, CODES)


@pytest.fixture
def store(told_store: Database) -> Iterator[Database]:
    """The store without second factors, before and after."""

    def clear(db: Session) -> None:
        for person_id in (ANNA, BORIS):
            second_factors.remove(db, person_id)

    told_store.run_here(clear, writes=True)
    yield told_store
    told_store.run_here(clear, writes=True)


@pytest.fixture
def factor(store: Database) -> Factor:
    assert store.run_here(set_up, writes=True)
    found = store.run_here(lambda db: second_factors.of_person(db, ANNA))
    assert found == Factor(ANNA, "sealed", 10)
    return found


def left(store: Database) -> tuple[Factor | None, int]:
    return store.run_here(lambda db: (second_factors.of_person(db, ANNA), second_factors.codes_left(db, ANNA)))


def test_a_code_is_used_by_one(store: Database, factor: Factor) -> None:
    used = as_one(store, lambda db: second_factors.use(db, Used(factor, 11)))
    assert used.count(None) == 1 and sum(isinstance(it, WrongCredentials) for it in used) == MANY - 1
    assert left(store) == (factor._replace(last_step=11), 2)


def test_a_recovery_code_is_used_by_one(store: Database, factor: Factor) -> None:
    used = as_one(store, lambda db: second_factors.use(db, Used(factor, 11, "first")))
    assert used.count(None) == 1 and left(store) == (factor._replace(last_step=11), 1)


def test_a_code_and_a_recovery_code_for_one_seal_are_used_by_one(store: Database, factor: Factor) -> None:
    """What loses is not used up."""
    used = at_once(
        store,
        lambda db: second_factors.use(db, Used(factor, 11)),
        lambda db: second_factors.use(db, Used(factor, 12, "first")),
    )
    found, codes = left(store)
    assert used.count(None) == 1 and found and (found.last_step, codes) in ((11, 2), (12, 1))


def test_a_wrong_recovery_code_changes_nothing(store: Database, factor: Factor) -> None:
    for recovery in ("third", "First", ""):
        seen = factor if recovery else factor._replace(last_step=9)
        with pytest.raises(WrongCredentials):
            store.run_here(lambda db, s=seen, r=recovery: second_factors.use(db, Used(s, 11, r)), writes=True)
    assert left(store) == (factor, 2)


def test_a_second_factor_is_set_up_by_one(store: Database) -> None:
    made = at_once(store, *(lambda db, it=f"sealed {number}": set_up(db, ANNA, it) for number in range(4)))
    assert sorted(made) == [False, False, False, True] and left(store)[1] == 2


def test_it_is_switched_off_by_one_and_a_code_lets_nobody_in_after_that(store: Database, factor: Factor) -> None:
    used = at_once(
        store,
        lambda db: second_factors.switch_off(db, ANNA, Used(factor, 11)),
        lambda db: second_factors.switch_off(db, ANNA, Used(factor, 11)),
    )
    assert used.count(None) == 1 and left(store) == (None, 0)
    with pytest.raises(WrongCredentials):
        store.run_here(lambda db: second_factors.use(db, Used(factor, 12)), writes=True)


def test_a_secret_that_is_not_confirmed_does_not_count(store: Database) -> None:
    store.run_here(lambda db: db.add(SecondFactor(person_id=ANNA, secret="begun")), writes=True)
    assert left(store) == (None, 0) and not store.run_here(lambda db: second_factors.exists(db, ANNA))
    assert store.run_here(set_up, writes=True)
    assert left(store) == (Factor(ANNA, "sealed", 10), 2)


def test_a_secret_that_is_replaced_during_a_rotation_stays_the_new_one(store: Database, factor: Factor) -> None:
    def renew(sealed: str) -> str:
        return f"{sealed} again"

    def replaced(db: Session) -> secrets.Renewed:
        def meanwhile(sealed: str) -> str:
            db.get_one(SecondFactor, ANNA).secret = "another"
            db.flush()
            return renew(sealed)

        return secrets.renew_all(db, "second_factor", meanwhile)

    assert store.run_here(replaced, writes=True) == (0, ())
    assert left(store)[0] == factor._replace(secret="another")
    store.run_here(lambda db: secrets.renew_all(db, "second_factor", renew), writes=True)
    assert left(store)[0] == factor._replace(secret="another again")
