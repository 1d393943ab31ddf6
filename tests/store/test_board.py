"""What is kept for the board, in SQLite, a real MariaDB and a real PostgreSQL: for everybody, and for each person."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import pairwise

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session

from helpdesk.demo import seed
from helpdesk.demo.load import load
from helpdesk.store import board, people, schema
from helpdesk.store.board import ColumnSettings
from helpdesk.store.database import Database
from helpdesk.store.models import tables
from tests.soak import examples
from tests.world import PEOPLE_IDS

ANNA, BORIS = PEOPLE_IDS["anna"], PEOPLE_IDS["boris"]
COLUMN_SETTINGS = st.builds(ColumnSettings, st.sampled_from(["active", "waiting"]), st.none() | st.integers(1, 9_999))


@pytest.fixture
def store(told_store: Database) -> Database:
    """Where nobody has said or chosen anything of the board."""

    def clear(session: Session) -> None:
        session.exec(sa.delete(tables.BoardFold))
        session.exec(sa.delete(tables.BoardColumn))

    told_store.run_here(clear, writes=True)
    return told_store


def keep(store: Database, said: dict[int, ColumnSettings]) -> None:
    store.run_here(lambda db: board.save_columns(db, said), writes=True)


def fold(store: Database, person: int, status: int, folded: bool) -> None:
    store.run_here(lambda db: board.fold(db, person, status, folded), writes=True)


def folds(store: Database, person: int) -> dict[int, bool]:
    return store.run_here(lambda db: board.folds(db, person))


def at_once(count: int, work: Callable[[int], object]) -> list[object]:
    """What `work` of each number gives, all begun together; raises what any of them raised."""
    together = threading.Barrier(count)

    def one(number: int) -> object:
        together.wait()
        return work(number)

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(one, range(count)))


def test_settings_of_the_given_statuses_are_replaced_and_of_others_stay(store: Database) -> None:
    assert store.run_here(board.columns) == {}
    keep(store, {2: ColumnSettings("active", 5), 77: ColumnSettings("waiting")})
    keep(store, {2: ColumnSettings("waiting", None), 4: ColumnSettings("active", 9_999)})
    assert store.run_here(board.columns) == {
        2: ColumnSettings("waiting", None), 4: ColumnSettings("active", 9_999), 77: ColumnSettings("waiting", None)
    }  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=examples(15), deadline=None)
@given(said=st.lists(st.dictionaries(st.integers(1, 5), COLUMN_SETTINGS), max_size=4))
def test_the_last_setting_of_each_status_counts(store: Database, said: list[dict[int, ColumnSettings]]) -> None:
    store.run_here(lambda db: db.exec(sa.delete(tables.BoardColumn)), writes=True)
    whole: dict[int, ColumnSettings] = {}
    for each in said:
        keep(store, each)
        whole |= each
    assert store.run_here(board.columns) == whole


def test_a_column_is_folded_and_opened_by_each_for_oneself(store: Database) -> None:
    assert folds(store, ANNA) == {}
    fold(store, ANNA, 5, True)
    fold(store, ANNA, 2, False)
    fold(store, BORIS, 5, False)
    assert folds(store, ANNA) == {5: True, 2: False}
    fold(store, ANNA, 5, False)
    fold(store, ANNA, 5, False)
    assert folds(store, ANNA) == {5: False, 2: False}
    assert folds(store, BORIS) == {5: False}


def test_a_hint_is_closed_for_its_person_until_all_are_shown_again(store: Database) -> None:
    def closed(person: int) -> str:
        return store.run_here(lambda db: db.get(tables.Person, person).closed_hints)

    for name, wanted in (("move", "move"), ("cards", "cards move"), ("move", "cards move"), ("", "")):
        store.run_here(lambda db, name=name: people.close_hint(db, ANNA, name), writes=True)
        assert closed(ANNA) == wanted and closed(BORIS) == ""


def test_of_two_who_fold_the_same_at_once_none_fails(store: Database) -> None:
    """Several people and columns, of which there is nothing yet: rows side by side must not wait for each other."""
    for status in (1, 2):
        at_once(8, lambda number, status=status: fold(store, (ANNA, BORIS)[number % 2], status, number < 4))
        assert set(folds(store, ANNA)) == set(folds(store, BORIS)) == set(range(1, status + 1))


def test_of_administrators_who_speak_at_once_each_is_kept_whole(store: Database) -> None:
    """One says it from the first column to the last, the next from the last to the first."""
    columns = list(range(1, 7))

    def speak(number: int) -> None:
        order = columns if number % 2 else columns[::-1]
        keep(store, {status: ColumnSettings("waiting", number + 1) for status in order})

    at_once(6, speak)
    kept = store.run_here(board.columns)
    assert sorted(kept) == columns and all(one == other for one, other in pairwise(kept.values()))


def test_the_demo_has_columns_that_wait_and_one_with_a_limit(tmp_path: object) -> None:
    demo = Database(f"sqlite:///{tmp_path}/demo.db")
    schema.migrate(demo, "demo")
    demo.run_here(lambda db: load(db, datetime(2026, 5, 6, 14, tzinfo=UTC)), writes=True)
    kept, statuses = demo.run_here(board.columns), seed.read().world["status"]
    said = {it["key"]: kept.get(number) for number, it in enumerate(statuses, start=1)}
    assert {key for key, it in said.items() if it and it.phase == "waiting"} == {"clarification", "paused"}
    assert {key for key, it in said.items() if it and it.wip_limit} == {"in_progress"}
    demo.close()
