"""The hosts that are watched, with what is known of them, in SQLite, a real MariaDB and a real PostgreSQL."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session

from helpdesk.errors import NotFound
from helpdesk.store import host_recent, netmonitor
from helpdesk.store.database import Database
from helpdesk.store.maintenance import Window, is_on
from helpdesk.store.models.netmonitor import HostIncident, HostMaintenance, HostState
from tests.store.monitored import NOW, add_host, emptied
from tests.world import PEOPLE_IDS

ANNA = PEOPLE_IDS["anna"]


@pytest.fixture
def monitored(told_store: Database) -> Database:
    return emptied(told_store)


def incident(host_id: int, began: datetime, ended: datetime | None = None) -> HostIncident:
    open_id = None if ended else host_id
    return HostIncident(host_id=host_id, open_host_id=open_id, began_at=began, opened_at=began, ended_at=ended)


def fill(db: Session) -> list[int]:
    """A printer that is down and in maintenance, a gate that answers, a new one, and one that is not watched."""
    printer = add_host(db, "printer", group_name="Офис", method="icmp", port=None)
    gate, new, _ = add_host(db, "gate"), add_host(db, "Новый"), add_host(db, "old", is_active=False)
    recent = host_recent.add(b"", int(NOW.timestamp()) - 5, 1250)
    db.add(HostState(host_id=gate, status="online", since=NOW, ms=12.5, checked_at=NOW, successes=3, recent=recent))
    db.add(HostState(host_id=printer, status="offline", since=NOW, failures=4, fault="silent"))
    row = incident(printer, NOW - timedelta(minutes=5))
    row.note, row.noted_by, row.noted_at = "Идём смотреть", ANNA, NOW
    db.add_all([incident(printer, NOW - timedelta(hours=2), NOW - timedelta(hours=1)), row])
    db.flush()
    at = {"begins_at": NOW - timedelta(hours=1), "ends_at": NOW + timedelta(hours=1), "made_by": ANNA, "made_at": NOW}
    db.add(HostMaintenance(group_name="офис", reason="Переезд", **at))
    return [printer, gate, new]


def test_an_overview_has_all_that_are_watched(monitored: Database) -> None:
    printer, gate, new = monitored.run_here(fill, writes=True)
    rows = {it.id: it for it in monitored.run_here(lambda db: netmonitor.overview(db, NOW))}
    assert rows.keys() == {printer, gate, new}
    assert (rows[gate].status, rows[gate].ms, rows[gate].line[-1]) == ("online", 12.5, 12.5)
    assert rows[gate].incident is None and rows[gate].maintenance is None and len(rows[gate].line) == 30
    assert (rows[new].status, rows[new].fault, set(rows[new].line)) == ("unknown", "", {None})
    down = rows[printer]
    assert (down.maintenance, down.fault, down.checked_at) == ("Переезд", "silent", None)
    assert down.incident and (down.incident.note, down.incident.noter) == ("Идём смотреть", "Анна Смирнова")
    assert down.incident.began_at == NOW - timedelta(minutes=5) and down.incident.host_name == "printer"


def test_one_host_is_told_as_in_the_overview(monitored: Database) -> None:
    printer, *_ = monitored.run_here(fill, writes=True)
    told = monitored.run_here(lambda db: netmonitor.host(db, printer, NOW))
    assert told in monitored.run_here(lambda db: netmonitor.overview(db, NOW))
    with pytest.raises(NotFound):
        monitored.run_here(lambda db: netmonitor.host(db, 404, NOW))


def test_incidents_are_told_page_by_page_the_last_first(monitored: Database) -> None:
    printer, gate, _ = monitored.run_here(fill, writes=True)
    monitored.run_here(lambda db: db.add(incident(gate, NOW)), writes=True)
    last, second, third = monitored.run_here(netmonitor.incidents)
    assert [it.host_id for it in (last, second, third)] == [gate, printer, printer]
    assert monitored.run_here(lambda db: netmonitor.incidents(db, printer)) == [second, third]
    assert monitored.run_here(lambda db: netmonitor.incidents(db, open_only=True)) == [last, second]
    assert monitored.run_here(lambda db: netmonitor.incidents(db, limit=1, before=last.id)) == [second]
    assert monitored.run_here(lambda db: netmonitor.incident(db, third.id)) == third
    with pytest.raises(NotFound):
        monitored.run_here(lambda db: netmonitor.incident(db, 404))


def window(host_id: int | None = None, group: str = "") -> Window:
    return Window(host_id, group, NOW, NOW + timedelta(hours=1), "why")


def test_a_window_is_on_for_its_host_its_group_or_all() -> None:
    cases = [
        (window(7), True), (window(8), False), (window(group="УЗЕЛ"), True), (window(group="other"), False),
        (window(), True), (window(8, "узел"), False),
    ]  # fmt: skip
    assert [(it, is_on([it], 7, "узел", NOW) is not None) for it, _ in cases] == cases


def test_a_window_is_on_from_its_begin_until_before_its_end() -> None:
    moments = [-1, 0, 3599, 3600]
    on = [is_on([window()], 7, "", NOW + timedelta(seconds=it)) is not None for it in moments]
    assert on == [False, True, True, False]
