"""The hosts and windows that administrators keep, in each of our databases."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Event, Thread
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from helpdesk.errors import Conflict, Invalid, NotAllowed, NotFound
from helpdesk.store import (
    host_maintenance,
    host_news,
    host_samples,
    leases,
    monitor_watchers,
    monitored_hosts,
    notifications,
    outbox,
)
from helpdesk.store.database import Database
from helpdesk.store.host_maintenance import WindowValues
from helpdesk.store.models import netmonitor, tables
from helpdesk.store.models.netmonitor import MonitoredHost
from helpdesk.store.monitored_hosts import HostValues
from tests.notifications.sending import claim, notified, put, waiting
from tests.notifications.sending import states as sent_states
from tests.store.test_phone import together
from tests.world import PEOPLE_IDS

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
ADMIN, ANNA, BORIS = (PEOPLE_IDS[it] for it in ("admin", "anna", "boris"))
GATE = HostValues("Шлюз", "Офис", "icmp", "10.0.0.1", None, "", "", "", 0, 30, 3, 2, False, True, True)
OF_A_HOST = ("HostSample", "HostHour", "HostState", "HostIncident", "HostMaintenance")


@pytest.fixture
def store(told_store: Database) -> Database:
    """Without hosts that other tests left in a shared server."""

    def clear(db: Session) -> None:
        for name in (*OF_A_HOST, "MonitoredHost", "MonitorWatcher", "HostNews"):
            db.execute(sa.delete(getattr(netmonitor, name)))
        db.execute(sa.delete(tables.AuditRecord))

    told_store.run_here(clear, writes=True)
    return told_store


def added(store: Database, values: HostValues = GATE) -> MonitoredHost:
    return store.run_here(lambda db: monitored_hosts.add(db, ADMIN, values, NOW), writes=True)


def changed(store: Database, id: int, values: HostValues, version: int | None = None) -> MonitoredHost:
    return store.run_here(lambda db: monitored_hosts.change(db, ADMIN, id, values, version, NOW), writes=True)


def acts(store: Database) -> list[tuple[str, dict[str, Any]]]:
    rows = store.run_here(lambda db: db.exec(select(tables.AuditRecord).order_by(tables.AuditRecord.id)).all())  # type: ignore[arg-type]
    return [(it.action, json.loads(it.details)) for it in rows]


def test_hosts_and_groups_that_differ_in_an_accent_are_two(store: Database) -> None:
    for name in ("Café", "Cafe"):
        added(store, replace(GATE, name=name, group_name=name))
    assert sorted(store.run_here(monitored_hosts.groups)) == ["Cafe", "Café"]


def test_a_host_is_kept_and_changed_by_its_version(store: Database) -> None:
    host = added(store)
    assert host.id and host.version == 1
    again = changed(store, host.id, replace(GATE, address="10.0.0.2", port=7), 1)
    assert again.version == 2 and monitored_hosts.values(again).address == "10.0.0.2"
    with pytest.raises(Conflict) as conflict:
        changed(store, host.id, GATE, 1)
    assert isinstance(conflict.value.current, MonitoredHost) and conflict.value.current.address == "10.0.0.2"
    assert changed(store, host.id, replace(GATE, address="10.0.0.2", port=7), 2).version == 2, "nothing was changed"
    assert [name for name, _ in acts(store)] == ["host_added", "host_changed"]
    assert acts(store)[1][1]["changes"] == ["address: 10.0.0.1 → 10.0.0.2", "port: None → 7"]


def test_no_two_hosts_have_the_same_name(store: Database) -> None:
    host, other = added(store), added(store, replace(GATE, name="Сервер"))
    assert host.id and other.id
    for name in ("ШЛЮЗ", " шлюз "):
        with pytest.raises(Invalid):
            added(store, replace(GATE, name=name))
        with pytest.raises(Invalid):
            changed(store, other.id, replace(GATE, name=name))
    assert changed(store, host.id, replace(GATE, name="шлюз")).name == "шлюз"
    long = "ﷺ" * 100
    assert len(added(store, replace(GATE, name=long)).name_folded) <= 100


def test_of_two_that_add_the_same_host_at_once_one_is_refused(store: Database) -> None:
    def add(db: Session) -> str:
        try:
            monitored_hosts.add(db, ADMIN, GATE, NOW)
            return "added"
        except Invalid:
            return "refused"

    assert sorted(together(store, [add, add])) == ["added", "refused"]


def test_what_the_setting_says_of_a_host_stays(store: Database) -> None:
    host = added(store)
    assert host.id
    store.run_here(lambda db: db.execute(sa.update(MonitoredHost).values(is_set=True)), writes=True)
    wanted = replace(GATE, name="X", address="x", port=1, method="tcp", is_active=False, group_name="Склад")
    after = monitored_hosts.values(changed(store, host.id, wanted))
    assert after == replace(GATE, group_name="Склад")
    with pytest.raises(NotAllowed):
        store.run_here(lambda db: monitored_hosts.remove(db, ADMIN, host.id or 0, NOW), writes=True)


def test_a_removed_host_leaves_nothing_and_its_number_does_not_come_again(store: Database) -> None:
    host, other = added(store), added(store, replace(GATE, name="Сервер"))
    assert host.id and other.id

    def measure(db: Session) -> None:
        for id in (host.id or 0, other.id or 0):
            db.add(netmonitor.HostSample(host_id=id, at=1, ms=2.0))
            db.add(netmonitor.HostHour(host_id=id, hour=0, probes=1, lost=0))
            db.add(netmonitor.HostIncident(host_id=id, began_at=NOW, opened_at=NOW))
            db.add(netmonitor.HostMaintenance(host_id=id, begins_at=NOW, ends_at=NOW, made_by=ADMIN, made_at=NOW))

            leases.take(db, host_samples.check_lease(id), "anna", NOW, 5)

    store.run_here(measure, writes=True)
    store.run_here(lambda db: monitored_hosts.remove(db, ADMIN, other.id or 0, NOW), writes=True)
    for name in OF_A_HOST:
        model = getattr(netmonitor, name)
        rows = store.run_here(lambda db, model=model: db.exec(select(model)).all())
        assert [it.host_id for it in rows] == [host.id], name
    for id, is_left in ((host.id, True), (other.id, False)):
        lease = host_samples.check_lease(id)
        assert bool(store.run_here(lambda db, lease=lease: db.get(tables.Lease, lease))) == is_left
    newer = added(store, replace(GATE, name="Новый"))
    assert newer.id and newer.id > other.id
    with pytest.raises(NotFound):
        changed(store, other.id, GATE)


def test_windows_are_listed_ended_and_counted(store: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    host, hour = added(store), timedelta(hours=1)

    def add(begins: datetime, ends: datetime, host_id: int | None = None, group: str = "") -> int:
        values = WindowValues(host_id, group, begins, ends, "Замена")
        row = store.run_here(lambda db: host_maintenance.add(db, ADMIN, values, NOW), writes=True)
        assert row.id
        return row.id

    on, later = add(NOW - hour, NOW + hour, host.id), add(NOW + hour, NOW + 2 * hour, group="Офис")
    past = add(NOW - 3 * hour, NOW - 2 * hour)
    listed = store.run_here(lambda db: (host_maintenance.open(db, NOW), host_maintenance.ended(db, NOW)))
    assert [[it.row.id for it in part] for part in listed] == [[on, later], [past]]
    assert [it.host for it in listed[0]] == ["Шлюз", None] and listed[0][0].maker

    monkeypatch.setattr(host_maintenance, "MOST", 2)
    with pytest.raises(Invalid):
        add(NOW, NOW + hour)
    with pytest.raises(NotFound):
        add(NOW - 3 * hour, NOW - 2 * hour, host_id=999_999)
    for id in (on, later, past):
        store.run_here(lambda db, id=id: host_maintenance.end(db, ADMIN, id, NOW), writes=True)
    listed = store.run_here(lambda db: (host_maintenance.open(db, NOW), host_maintenance.ended(db, NOW)))
    assert [[it.row.id for it in part] for part in listed] == [[], [on, past]], "what had not begun is gone"
    assert [name for name, _ in acts(store)][1:] == ["maintenance_added"] * 3 + ["maintenance_ended"] * 2


def test_a_person_asks_to_be_notified_once(store: Database) -> None:
    for on in (True, True, False, False):
        store.run_here(lambda db, on=on: monitor_watchers.switch(db, ANNA, on), writes=True)
        assert store.run_here(lambda db: monitor_watchers.is_watching(db, ANNA)) is on


ENDED = sa.update(netmonitor.HostIncident).where(sa.column("ended_at").is_(None)).values(ended_at=NOW)


def test_of_a_removed_host_only_incidents_with_a_task_are_kept_for_a_while(store: Database) -> None:
    """Without what people wrote: until their tasks have a comment, or for two days."""
    states = ("", "wanted", "opening", "open", "closing", "closed", "failed")
    wrote: dict[str, Any] = {"note": "кабель", "noted_by": ADMIN, "noted_at": NOW}

    def broken(db: Session, host_id: int) -> None:
        for state in states:
            known = {"open_host_id": host_id if state == "open" else None, "task_state": state}
            db.add(netmonitor.HostIncident(host_id=host_id, began_at=NOW, opened_at=NOW, **known, **wrote))

    for name, now, kept in (("a", NOW, 3), ("b", NOW + timedelta(days=3), 3)):
        host = added(store, replace(GATE, name=name))
        store.run_here(lambda db, id=host.id or 0: broken(db, id), writes=True)
        store.run_here(lambda db, id=host.id or 0, at=now: monitored_hosts.remove(db, ADMIN, id, at), writes=True)
        store.run_here(lambda db: db.execute(ENDED), writes=True)
        rows = store.run_here(lambda db: db.exec(select(netmonitor.HostIncident)).all())
        assert {(it.host_id, it.open_host_id, it.note, it.noted_by) for it in rows} == {(None, None, "", None)}
        assert len(rows) == kept
        assert [it.task_state for it in rows if it.is_unwatched] == ["open"]


def test_a_removed_host_takes_its_news_along(store: Database) -> None:
    """Also what waits to be told or sent; news of other hosts, and of many at once, stay."""
    number = added(store).id or 0
    mine = [f"host_down.{number}.1", f"host_up.{number}.23", f"host_expiring.{number}.1772600000"]
    others = [f"host_down.{number}1.1", f"host_down.9{number}.1", f"hosts_down.many.{number}", f"post.{number}"]
    others += [f"hostXdown.{number}.4", f"host_down.{number}"]
    for event in (*mine, *others):
        people = [ANNA] if event == mine[0] else [BORIS] if event in mine else [ADMIN]
        rows = [notified(it, event, 0) for it in people]
        store.run_here(lambda db, rows=rows: notifications.add(db, rows, NOW), writes=True)
        store.run_here(lambda db, event=event: host_news.add(db, "host_down", event, "Шлюз", NOW), writes=True)
    put(store, *(waiting(event, ADMIN, 0) for event in (*mine, *others)))
    (sent,) = claim(store, limit=1)
    store.run_here(lambda db: outbox.end(db, sent, outbox.SENT, NOW), writes=True)
    told = store.run_here(lambda db: monitored_hosts.remove(db, ADMIN, number, NOW), writes=True)
    assert told == {ANNA, BORIS}
    left = store.run_here(lambda db: [notifications.page(db, it, limit=50) for it in (ADMIN, ANNA, BORIS)])
    assert [[row.event for row in rows] for rows in left] == [others[::-1], [], []]
    news = store.run_here(lambda db: db.exec(select(netmonitor.HostNews.event)).all())
    assert sorted(news) == sorted(others)
    assert sent_states(store) == {sent.event: ("sent", ""), **dict.fromkeys(others, ("waiting", ""))}


def test_news_that_are_being_told_of_a_host_are_taken_back_when_it_is_removed(store: Database) -> None:
    """Whoever removes it waits for the holder of the sampler's lease."""
    number, has_told = added(store).id or 0, Event()
    store.run_here(lambda db: leases.take(db, host_samples.LEASE, "sampler", NOW, 5), writes=True)
    event = f"host_down.{number}.1"
    store.run_here(lambda db: host_news.add(db, "host_down", event, "Шлюз", NOW), writes=True)

    def tell(db: Session) -> None:
        assert leases.keep(db, host_samples.LEASE, "sampler")
        (news,) = db.exec(select(netmonitor.HostNews))
        has_told.set()
        removing.join(0.3)
        host_news.note_progress(db, news, ANNA)
        notifications.add(db, [notified(ANNA, event, 0)], NOW)

    def remove() -> None:
        has_told.wait(5)
        told.append(store.run_here(lambda db: monitored_hosts.remove(db, ADMIN, number, NOW), writes=True))

    told, removing = list[set[int]](), Thread(target=remove)
    removing.start()
    store.run_here(tell, writes=True)
    removing.join(10)
    assert told == [{ANNA}] and store.run_here(lambda db: notifications.total(db, ANNA)) == 0
    assert not store.run_here(host_news.is_waiting)
