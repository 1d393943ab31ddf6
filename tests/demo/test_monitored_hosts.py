"""The hosts of the demo: pages show something at once, and nothing happens by itself unless it is to play."""

from datetime import UTC, datetime, timedelta

from helpdesk.demo import monitored_hosts
from helpdesk.store import host_history, netmonitor
from helpdesk.store.database import Database
from tests.store.monitored import emptied
from tests.world import PEOPLE_IDS

NOW = datetime(2026, 3, 4, tzinfo=UTC)
LATER = NOW + timedelta(hours=10, minutes=7)


def test_there_are_hosts_with_a_history_and_incidents(database: Database) -> None:
    emptied(database).run_here(lambda db: monitored_hosts.add(db, NOW, PEOPLE_IDS["anna"]), writes=True)
    database.run_here(lambda db: monitored_hosts.place(db, 5000, 5001, LATER), writes=True)
    rows = {it.name: it for it in database.run_here(lambda db: netmonitor.overview(db, LATER))}
    assert len(rows) == len(monitored_hosts.HOSTS) and sum(it.is_public for it in rows.values()) == 3
    assert rows["Портал заявок"].address == "http://127.0.0.1:5000/healthz"
    assert rows["Wi-Fi на складе"].port == 5001
    assert all(None not in it.line[1:] for it in rows.values()), "the last hour is there"
    assert [name for name, it in rows.items() if it.incident] == ["Сервер печати"]
    assert [name for name, it in rows.items() if it.status == "offline"] == ["Сервер печати"]
    since = LATER - timedelta(days=14)
    for row in rows.values():
        points = database.run_here(lambda db, id=row.id: host_history.points(db, id, since, LATER))
        assert len(points) > 150
    incidents = database.run_here(netmonitor.incidents)
    assert [it.began_at for it in incidents] == sorted((it.began_at for it in incidents), reverse=True)
    assert len(incidents) > 8 and all(it.note == "" or it.noter == "Анна Смирнова" for it in incidents)
    found = database.run_here(lambda db: host_history.summary(db, [it.id for it in rows.values()], since, LATER))
    assert 0 < found[rows["Шлюз офиса"].id].loss < 5 and found[rows["Телефонная станция"].id].loss == 0
