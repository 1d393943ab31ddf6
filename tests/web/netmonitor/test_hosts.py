"""Administrators keep hosts and windows of maintenance, and none of them overwrites another's change unseen."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from sqlmodel import select

from helpdesk.notifications.messages import of_no_task
from helpdesk.services import Services
from helpdesk.store import notifications
from helpdesk.store.models.netmonitor import HostMaintenance, MonitoredHost
from tests.web.conftest import HTML, Client, Visit
from tests.web.dom import Element, parsed
from tests.web.netmonitor import watched
from tests.world import PEOPLE_IDS

HOSTS, WINDOWS = "/netmonitor/hosts", "/netmonitor/maintenance"
FORM = {
    "name": "Почта",
    "group_name": "Офис",
    "method": "tcp",
    "address": "mail.example.test",
    "port": "25",
    "interval_seconds": "30",
    "certificate_days": "0",
    "failures_to_open": "3",
    "successes_to_close": "2",
    "is_active": "1",
}


@pytest.fixture
def admin(visit: Visit) -> Client:
    return visit("admin")


def stored(services: Services) -> list[MonitoredHost]:
    return list(services.database.run_here(lambda db: db.exec(select(MonitoredHost)).all()))


def windows(services: Services) -> list[HostMaintenance]:
    return list(services.database.run_here(lambda db: db.exec(select(HostMaintenance)).all()))


def faults(text: str) -> dict[str, str]:
    """The fields that are marked as wrong, with the values in them."""
    wrong = parsed(text).all(lambda it: it.get("aria-invalid") == "true")
    return {it["name"]: it.get("value") or "" for it in wrong}


def field(text: str, name: str) -> Element:
    found = parsed(text).one(lambda it: it.get("name") == name)
    assert found
    return found


def test_a_host_is_added_once_by_a_form(admin: Client, services: Services) -> None:
    assert field(admin.get(f"{HOSTS}/new", headers=HTML).text, "interval_seconds")["value"] == "30"
    for _ in range(2):
        answer = admin.post(HOSTS, data={**FORM, "idempotency_key": "once"}, headers=HTML)
        assert answer.status_code == 303, answer.text
    (host,) = stored(services)
    assert answer.headers["location"] == f"{HOSTS}#host-{host.id}"
    assert (host.name, host.method, host.port, host.opens_task, host.is_public) == ("Почта", "tcp", 25, False, False)
    assert "mail.example.test" in admin.get(HOSTS, headers=HTML).text


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"name": " "}, "name"),
        ({"name": "х" * 500}, "name"),
        ({"name": "шлюз"}, "name"),
        ({"name": "a\u202eb"}, "name"),
        ({"group_name": "х" * 101}, "group_name"),
        ({"method": "smoke"}, "method"),
        ({"address": "-f.example.test"}, "address"),
        ({"address": ""}, "address"),
        ({"address": "х" * 600}, "address"),
        ({"method": "http", "address": "javascript:alert(1)"}, "address"),
        ({"port": ""}, "port"),
        ({"port": "65536"}, "port"),
        ({"port": "9" * 5_000}, "port"),
        ({"interval_seconds": "9"}, "interval_seconds"),
        ({"failures_to_open": "0"}, "failures_to_open"),
        ({"successes_to_close": "21"}, "successes_to_close"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_stays_there(
    admin: Client, services: Services, change: dict[str, str], wrong: str
) -> None:
    watched.watch(services.database, "Шлюз")
    answer = admin.post(HOSTS, data=FORM | change, headers=HTML)
    assert answer.status_code == 422 and len(stored(services)) == 1
    assert set(faults(answer.text)) == {wrong}
    marked = field(answer.text, wrong)
    assert marked.tag == "select" or marked["value"] == change[wrong]
    assert list(admin.post(HOSTS, json={**FORM, **change}).json()["errors"]) == [wrong]


@pytest.mark.parametrize(
    "body", [{"name": ["x"]}, {"name": {"a": 1}}, {"port": True}, {"port": 2.5}, {"is_active": "x"}, {"name": None}, {}]
)
def test_a_program_that_sends_nonsense_is_refused(admin: Client, services: Services, body: dict[str, Any]) -> None:
    sent = {**FORM, **body} if body else {}
    assert admin.post(HOSTS, json=sent).status_code == 422
    assert stored(services) == []


def test_a_program_may_send_numbers_and_leave_out_what_is_usual(admin: Client, services: Services) -> None:
    added = admin.post(HOSTS, json={"name": "DNS", "method": "dns", "query": "example.test", "port": 53})
    assert added.status_code == 201, added.text
    number = added.json()["host"]["id"]
    changed = admin.post(f"{HOSTS}/{number}", json={"interval_seconds": 60})
    assert changed.json()["host"] | {"lock_version": ""} == {
        **added.json()["host"], "interval_seconds": 60, "lock_version": ""
    }  # fmt: skip


def test_a_second_editor_sees_what_the_first_one_wrote(admin: Client, services: Services) -> None:
    host = watched.watch(services.database, "Шлюз", group_name="Офис")
    form = {**FORM, "name": "Шлюз", "lock_version": "1"}
    assert admin.post(f"{HOSTS}/{host}", data=form | {"port": "80"}, headers=HTML).status_code == 303
    answer = admin.post(f"{HOSTS}/{host}", data=form | {"port": "443", "group_name": "Склад"}, headers=HTML)
    assert answer.status_code == 409
    assert [it.text for it in parsed(answer.text).of_class("monitor-theirs")] == ["Now: Офис", "Now: 80"]
    assert (field(answer.text, "port")["value"], field(answer.text, "lock_version")["value"]) == ("443", "2")
    assert stored(services)[0].port == 80
    again = form | {"port": "443", "lock_version": "2"}
    assert admin.post(f"{HOSTS}/{host}", data=again, headers=HTML).status_code == 303
    assert stored(services)[0].port == 443
    refused = admin.post(f"{HOSTS}/{host}", data=form | {"lock_version": "x"}, headers=HTML)
    assert refused.status_code == 422


def test_what_the_setting_owns_is_shown_and_stays(admin: Client, services: Services) -> None:
    host = watched.watch(services.database, "Шлюз", is_set=True, method="tcp", port=25)
    page = admin.get(f"{HOSTS}/{host}", headers=HTML).text
    assert "readonly" in field(page, "address").attributes and "Remove the host" not in page
    form = {**FORM, "name": "Другой", "address": "x.test", "port": "1", "group_name": "Склад", "is_active": ""}
    assert admin.post(f"{HOSTS}/{host}", data=form, headers=HTML).status_code == 303
    (row,) = stored(services)
    assert (row.name, row.address, row.port, row.group_name, row.is_active) == ("Шлюз", "127.0.0.1", 25, "Склад", True)
    assert admin.post(f"{HOSTS}/{host}/remove", json={"sure": True}).status_code == 403


def test_a_host_is_removed_only_when_one_is_sure(admin: Client, services: Services) -> None:
    host, _ = watched.down(services.database, "Шлюз")
    assert admin.get(f"{HOSTS}/{host}/remove", headers=HTML).status_code == 200
    assert admin.post(f"{HOSTS}/{host}/remove", data={}, headers=HTML).status_code == 422
    assert len(stored(services)) == 1
    assert admin.post(f"{HOSTS}/{host}/remove", data={"sure": "1"}, headers=HTML).status_code == 303
    assert stored(services) == [] and admin.get(f"/netmonitor/{host}").status_code == 404
    assert admin.post(f"{HOSTS}/{host}/remove", data={"sure": "1"}, headers=HTML).status_code == 404


def test_notifications_of_a_removed_host_are_taken_back(visit: Visit, services: Services) -> None:
    host, incident = watched.down(services.database, "Шлюз")
    row = of_no_task(PEOPLE_IDS["anna"], f"host_down.{host}.{incident}", "host_down", datetime.now(UTC), "Шлюз")
    services.database.run_here(lambda db: notifications.add(db, [row], datetime.now(UTC)), writes=True)
    anna, admin = visit("anna"), visit("admin")
    assert anna.get("/tasks/api/notifications").json()["unread_count"] == 1
    with services.wakeups.listening() as listener:
        assert admin.post(f"{HOSTS}/{host}/remove", json={"sure": True}).status_code == 200
        assert asyncio.run(asyncio.wait_for(listener.wait(), 5)) == frozenset({PEOPLE_IDS["anna"]})
    assert anna.get("/tasks/api/notifications").json()["unread_count"] == 0


def test_a_host_that_is_switched_off_keeps_its_page_and_leaves_the_list(admin: Client, services: Services) -> None:
    host = watched.watch(services.database, "Шлюз")
    form = {**FORM, "name": "Шлюз", "is_active": ""}
    assert admin.post(f"{HOSTS}/{host}", data=form, headers=HTML).status_code == 303
    assert admin.get("/netmonitor/status").json()["hosts"] == []
    assert "no longer" in admin.get(f"/netmonitor/{host}", headers=HTML).text


# Windows of maintenance


def local(moment: datetime) -> str:
    """A moment as a browser's field has it."""
    return moment.astimezone(ZoneInfo("Europe/Moscow")).strftime("%Y-%m-%dT%H:%M")


@pytest.mark.parametrize("of", ["all", "group:Офис", "host"])
def test_a_window_is_set_in_the_time_zone_and_ended(admin: Client, services: Services, of: str) -> None:
    host, now = watched.watch(services.database, "Шлюз", group_name="Офис"), datetime.now(UTC)
    other = watched.watch(services.database, "Склад", group_name="Склад")
    of = f"host:{host}" if of == "host" else of
    form = {"of": of, "begins_at": "", "ends_at": local(now + timedelta(hours=2)), "reason": "Замена кабеля"}
    answer = admin.post(WINDOWS, data=form, headers=HTML)
    assert answer.status_code == 303, answer.text
    (row,) = windows(services)
    assert abs(row.ends_at - now - timedelta(hours=2)) < timedelta(minutes=1) and row.begins_at <= datetime.now(UTC)
    states = {it["id"]: it["state"] for it in admin.get("/netmonitor/status").json()["hosts"]}
    assert states == {host: "maintenance", other: "maintenance" if of == "all" else "excellent"}
    assert "Замена кабеля" in admin.get(f"/netmonitor/{host}", headers=HTML).text
    assert admin.post(f"{WINDOWS}/{row.id}/end", data={}, headers=HTML).status_code == 303
    assert "maintenance" not in {it["state"] for it in admin.get("/netmonitor/status").json()["hosts"]}
    assert "Замена кабеля" in admin.get(WINDOWS, headers=HTML).text
    assert admin.post(f"{WINDOWS}/999/end", data={}, headers=HTML).status_code == 404


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"of": "host:999999"}, "of"),
        ({"of": "host:" + "9" * 5_000}, "of"),
        ({"of": "host:x"}, "of"),
        ({"of": "group:Нет такой"}, "of"),
        ({"of": "group:"}, "of"),
        ({"of": "nonsense"}, "of"),
        ({"ends_at": ""}, "ends_at"),
        ({"ends_at": "yesterday"}, "ends_at"),
        ({"ends_at": "2020-01-01T10:00"}, "ends_at"),
        ({"ends_at": "9999-12-31T23:59"}, "ends_at"),
        ({"ends_at": "0001-01-01T00:00+23:59"}, "ends_at"),
        ({"begins_at": "9998-12-31T23:59", "ends_at": "9999-01-01T00:00"}, "begins_at"),
        ({"begins_at": "31.12.2026"}, "begins_at"),
        ({"reason": " "}, "reason"),
        ({"reason": "х" * 201}, "reason"),
    ],
)
def test_a_window_that_makes_no_sense_is_refused_at_its_field(
    admin: Client, services: Services, change: dict[str, str], wrong: str
) -> None:
    watched.watch(services.database, "Шлюз", group_name="Офис")
    form = {"of": "all", "ends_at": local(datetime.now(UTC) + timedelta(hours=1)), "reason": "Замена", **change}
    answer = admin.post(WINDOWS, data=form, headers=HTML)
    assert answer.status_code == 422 and set(faults(answer.text)) == {wrong}, answer.text[-3000:]
    assert windows(services) == []
    told = admin.post(WINDOWS, json=form)
    assert list(told.json()["errors"]) == [wrong]


def test_of_windows_over_each_other_any_is_enough(admin: Client, services: Services) -> None:
    watched.watch(services.database, "Шлюз", group_name="Офис")
    ends = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    numbers = [
        admin.post(WINDOWS, json={"of": of, "ends_at": ends, "reason": of}).json()["windows"][-1]["id"]
        for of in ("all", "group:Офис")
    ]
    assert admin.post(f"{WINDOWS}/{numbers[0]}/end", json={}).status_code == 200
    assert admin.get("/netmonitor/status").json()["hosts"][0]["state"] == "maintenance"


def test_a_group_without_regard_to_case_is_the_same(admin: Client, services: Services) -> None:
    watched.watch(services.database, "Шлюз", group_name="Офис")
    ends = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    assert admin.post(WINDOWS, json={"of": "group:Офис", "ends_at": ends, "reason": "x"}).status_code == 201
    services.database.run_here(lambda db: db.execute(sa.update(MonitoredHost).values(group_name="офис")), writes=True)
    assert admin.get("/netmonitor/status").json()["hosts"][0]["state"] == "maintenance"
