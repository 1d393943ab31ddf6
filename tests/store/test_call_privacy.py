"""Calls go in time, and what they say of a person goes with the person."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from helpdesk.errors import StoreUnavailable
from helpdesk.people import personal_file
from helpdesk.store import anonymizing, call_privacy
from helpdesk.store.database import Database
from helpdesk.store.models import tables
from helpdesk.store.models.telephony import PhoneAgent, PhoneCall
from helpdesk.store.personal_texts import Visible
from helpdesk.telephony import retention
from helpdesk.telephony.retention import Retention
from tests.web.calls.logged import NOON, log, stored
from tests.world import PEOPLE_IDS

ANNA, BORIS, IRINA = PEOPLE_IDS["anna"], PEOPLE_IDS["boris"], PEOPLE_IDS["irina"]
NOW = datetime(2026, 12, 1, tzinfo=UTC)


def ids(database: Database) -> list[int | None]:
    return list(database.run_here(lambda db: db.exec(select(PhoneCall.id).order_by(col(PhoneCall.id))).all()))


def test_calls_are_deleted_after_their_days_in_small_batches(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call_privacy, "AT_ONCE", 2)
    monkeypatch.setattr(retention, "PAUSE_SECONDS", 0)
    old = ({"began_at": NOW - timedelta(days=30, seconds=1 + it)} for it in range(5))
    *_, kept = log(database, *old, {"began_at": NOW - timedelta(days=30)})
    deleted: list[str] = []
    sa.event.listen(database.engine, "before_cursor_execute", lambda *it: deleted.append(it[2]))
    asyncio.run(Retention(database, 30, lambda: NOW).step())
    assert ids(database) == [kept]
    assert sum(it.startswith("DELETE FROM phone_call") for it in deleted) == 3


def test_a_broken_store_ends_no_watch(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> int:
        raise StoreUnavailable

    monkeypatch.setattr(call_privacy, "delete_old", fail)
    asyncio.run(Retention(database, 30, lambda: NOW).step())


def archive(database: Database, person_id: int) -> list[dict[str, object]]:
    file = BytesIO()
    personal_file.write(database, person_id, Visible({7: False}), Path("/nowhere"), file, None)
    rows: list[dict[str, object]] = json.loads(ZipFile(file).read("phone_call.json"))
    return rows


def test_a_callers_file_has_the_calls_without_what_the_agent_wrote(database: Database) -> None:
    log(
        database,
        {"caller_id": IRINA, "note": "грубит", "wrap_up": "жалоба", "task_id": 7},
        {"caller_id": IRINA, "task_id": 8},
        {"number": "1204"},
    )
    first, second = archive(database, IRINA)
    assert (first["from_number"], first["caller_id"], first["task_id"]) == ("+79035550142", IRINA, 7)
    assert second["task_id"] is None, "a task that she does not see"
    for row in (first, second):
        assert {row[it] for it in ("note", "wrap_up", "agent_id", "person_id", "dialog_id")} == {None}
    assert [it["note"] for it in archive(database, BORIS)] == ["грубит", "", ""], "the agent's own calls are whole"


def test_who_called_back_gets_no_data_of_the_caller(database: Database) -> None:
    log(database, {"called_back_by": ANNA, "called_back_at": NOON, "note": "x"})
    (row,) = archive(database, ANNA)
    assert row["called_back_by"] == ANNA
    assert {row[it] for it in ("from_number", "to_number", "other_key", "note", "person_id")} == {None}


def test_who_was_taken_for_the_caller_gets_no_data_of_the_caller_nor_the_other_way(database: Database) -> None:
    log(database, {"caller_id": IRINA, "requester_id": ANNA, "note": "x"})
    (of_anna,), (of_irina,) = archive(database, ANNA), archive(database, IRINA)
    assert of_anna["requester_id"] == ANNA and {of_anna[it] for it in ("from_number", "caller_id", "note")} == {None}
    assert of_irina["caller_id"] == IRINA and of_irina["requester_id"] is None


def test_anonymising_a_caller_takes_name_and_number_and_leaves_the_call(database: Database) -> None:
    incoming, outgoing, other = log(
        database,
        {"caller_id": IRINA},
        {"caller_id": IRINA, "direction": "out"},
        {"number": "1204", "requester_id": IRINA},
    )
    seen = {"dialogs": '["+79035550142"]', "asked_to": "1", "passing_to": "+79035550142"}
    database.run_here(lambda db: db.exec(sa.update(PhoneAgent).values(**seen)), writes=True)
    disabled = sa.update(tables.Person).where(col(tables.Person.id) == IRINA).values(is_active=False)
    database.run_here(lambda db: db.exec(disabled), writes=True)
    database.run_here(lambda db: anonymizing.anonymize(db, IRINA, "irina", NOON, None), writes=True)
    masked = stored(database, incoming)
    assert (masked.caller_id, masked.from_number, masked.to_number, masked.other_key) == (None, "", "5500", "")
    agent, another = database.run_here(lambda db: [db.get_one(PhoneAgent, it) for it in ("1002", "1001")])
    assert (agent.dialogs, agent.asked_to, agent.passing_to) == ("[]", "", "") and agent.version == another.version + 1
    assert another.dialogs == '["+79035550142"]'
    masked = stored(database, outgoing)
    assert (masked.caller_id, masked.from_number, masked.to_number, masked.other_key) == (None, "1002", "", "")
    assert masked.person_id == BORIS and stored(database, other).from_number == "1204"
    assert stored(database, other).requester_id is None
