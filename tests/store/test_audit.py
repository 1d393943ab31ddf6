"""The record of what is done to accounts."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import Session, select

from helpdesk.store import audit
from helpdesk.store.database import CLEANED, Database
from helpdesk.store.models.tables import AuditRecord
from tests.world import PEOPLE_IDS


def noting(action: str, details: dict[str, object] | None = None) -> Callable[[Session], None]:
    return lambda db: audit.note(db, PEOPLE_IDS["admin"], action, PEOPLE_IDS["anna"], details)


def records(database: Database) -> list[AuditRecord]:
    of_anna = select(AuditRecord).where(AuditRecord.person_id == PEOPLE_IDS["anna"])
    return list(database.run_here(lambda db: db.exec(of_anna.order_by(AuditRecord.id)).all()))


def test_an_act_is_recorded_with_whose_it_is_and_what_it_was(database: Database) -> None:
    database.run_here(noting("grant", {"right": "is_admin", "почта": 'a"b'}), writes=True)
    (record,) = records(database)
    assert (record.actor_id, record.action, record.person_id) == (PEOPLE_IDS["admin"], "grant", PEOPLE_IDS["anna"])
    assert json.loads(record.details) == {"right": "is_admin", "почта": 'a"b'}
    assert datetime.now(UTC) - record.at < timedelta(minutes=1)


def test_a_record_is_never_larger_than_a_column_and_says_what_it_left_out(database: Database) -> None:
    details: dict[str, object] = {"name": "роль", "added": ["ш" * 90] * 1_000, "removed": ["ш"] * 9}
    database.run_here(noting("tracker_workflow", details), writes=True)
    (record,) = records(database)
    assert json.loads(record.details) == {"name": "роль", "removed": ["ш"] * 9, "left_out": ["added"]}


def test_records_are_deleted_after_as_many_days_as_the_setting_says(database: Database) -> None:
    def age(db: Session) -> None:
        for record, days in zip(records(database), (31, 29), strict=True):
            db.get_one(AuditRecord, record.id).at -= timedelta(days=days)

    for action in ("old", "recent"):
        database.run_here(noting(action), writes=True)
    database.run_here(age, writes=True)
    shorter = Database(str(database.engine.url), audit_days=30)
    shorter.run_here(noting("new"), writes=True)
    shorter.close()
    assert [record.action for record in records(database)] == ["recent", "new"]


def test_records_are_cleaned_once_an_hour_not_with_each_act(database: Database, statements: list[str]) -> None:
    for _ in range(3):
        database.run_here(noting("new"), writes=True)
    assert len([it for it in statements if "audit_record" in it and it.startswith("SELECT")]) == 1
    database.info[CLEANED][0] -= audit.CLEANED_EVERY
    database.run_here(noting("new"), writes=True)
    assert len([it for it in statements if "audit_record" in it and it.startswith("SELECT")]) == 2


def test_an_act_that_is_rolled_back_leaves_no_record(database: Database) -> None:
    def fail(db: Session) -> None:
        noting("grant")(db)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        database.run_here(fail, writes=True)
    assert records(database) == []
