"""The monitor's pages: how hosts are, who may see them, and what they weigh."""

import re
import socket
from contextlib import closing
from datetime import UTC, datetime, timedelta

import brotli  # type: ignore[import-untyped]
import pytest
from sqlmodel import select

from helpdesk.services import Services
from helpdesk.store import host_maintenance
from helpdesk.store.host_maintenance import WindowValues
from helpdesk.store.models.netmonitor import HostIncident, MonitorWatcher
from helpdesk.web.netmonitor import states
from helpdesk.web.netmonitor.show import MOST_INCIDENTS
from tests.web.conftest import HTML, HTMX, Client, Visit
from tests.web.dom import Element, parsed
from tests.web.netmonitor import watched
from tests.world import PEOPLE_IDS

KB = 1024
MONITOR = 12 * KB
ADDRESS = "/netmonitor"
RLO = "\u202e"
NASTY = ("<b onclick=x>&amp;", "🖨️ 👩‍👩‍👧‍👦", "שער ראשי", f"{RLO}gpj.exe", "{{ 7*7 }}", "'; DROP TABLE x --")


def page(client: Client, address: str = ADDRESS) -> Element:
    answer = client.get(address, headers=HTML)
    assert answer.status_code == 200, answer.text
    return parsed(answer.text)


def rows(found: Element) -> list[Element]:
    return found.all(lambda it: it.tag == "tr" and it.within("hosts") and it.one(lambda cell: cell.tag == "td"))


def names(found: Element) -> list[str]:
    links = [it.one(lambda each: each.tag == "a") for it in rows(found)]
    return [it.text for it in links if it]


def size(client: Client, address: str) -> int:
    headers = {**HTML, "Accept-Language": "ru", "Accept-Encoding": "br"}
    with client.stream("GET", address, headers=headers) as answer:
        raw = b"".join(answer.iter_raw())
    assert answer.status_code == 200 and b"</html>" in brotli.decompress(raw)
    return len(raw)


def test_the_page_of_200_hosts_is_light(anna: Client, services: Services) -> None:
    watched.company(services.database)
    found = page(anna)
    assert len(rows(found)) == 200
    drawn = {it["d"] for it in found.all(lambda it: it.tag == "path" and it.within("hosts"))}
    assert len(drawn) > 100, "the lines differ"
    weight = size(anna, ADDRESS)
    print(f"200 hosts: {weight} bytes")
    assert 5 * KB < weight <= MONITOR


def test_500_hosts_in_groups_of_one_are_shown(anna: Client, services: Services) -> None:
    for number in range(60):
        watched.watch(services.database, f"Узел {number}", group_name=f"Площадка {number}")
    found = page(anna)
    assert len(rows(found)) == len(found.all(lambda it: it.tag == "caption")) == 60


def test_the_worst_stands_first_and_counts_agree(anna: Client, services: Services) -> None:
    database, now = services.database, datetime.now(UTC)
    watched.watch(database, "быстрый", {"ms": 5.0}, group_name="А")
    watched.watch(database, "средний", {"ms": 300.0}, group_name="А")
    watched.watch(database, "медленный", {"ms": 800.0}, group_name="А")
    watched.watch(database, "ещё медленнее", {"ms": 900.0}, group_name="А")
    watched.watch(database, "забытый", {"checked_at": now - timedelta(minutes=5)}, group_name="А")
    watched.watch(database, "новый", {"status": "unknown", "ms": None, "checked_at": None}, group_name="А")
    watched.watch(database, "сайт", {"fault": "expiring"}, group_name="А")
    watched.watch(database, "моргнул", {"ms": None, "fault": "silent"}, group_name="А")
    watched.down(database, "лежит", group_name="Б")
    repaired, _ = watched.down(database, "чинят", group_name="Б")
    window = WindowValues(repaired, "", now - timedelta(hours=1), now + timedelta(hours=1), "Замена")
    database.run_here(lambda db: host_maintenance.add(db, PEOPLE_IDS["admin"], window, now), writes=True)
    found = page(anna)
    expected = [
        "лежит",
        "чинят",
        "моргнул",
        "сайт",
        "ещё медленнее",
        "медленный",
        "средний",
        "забытый",
        "новый",
        "быстрый",
    ]
    assert names(found) == expected
    counted = found.of_class("monitor-counts")[0].text
    counts = "down 1 no answer just now 1 certificate expires 1 poor 2 fair 1 not known 2 maintenance 1 excellent 1"
    assert counted.startswith(f"10 hosts: {counts}")
    in_groups = sum(
        int(it) for caption in found.all(lambda it: it.tag == "caption") for it in re.findall(r"\d+", caption.text)
    )
    assert in_groups == 10
    listed = found.of_class("monitor-down")[0]
    assert [it.text for it in listed.all(lambda it: it.tag == "a")] == ["лежит"]
    told = anna.get("/netmonitor/status").json()
    assert len(told["hosts"]) == 10
    assert sum(it["state"] == "down" for it in told["hosts"]) == 1


def test_a_state_is_a_word_and_a_class_for_its_shape(anna: Client, services: Services) -> None:
    watched.down(services.database, "лежит")
    mark = rows(page(anna))[0].of_class("host")[0]
    assert mark.text == "down" and "host-down" in mark.classes
    css = anna.get("/static/netmonitor.css", follow_redirects=True).text
    assert all(f".host-{name}" in css for name in states.STATES)


def test_where_nothing_measures_the_page_says_so(anna: Client, services: Services) -> None:
    assert "does not run" not in page(anna).text
    watched.watch(services.database, "узел", {"checked_at": datetime.now(UTC) - timedelta(minutes=9)})
    assert "does not run" in page(anna).text
    watched.watch(services.database, "другой")
    assert "does not run" not in page(anna).text


@pytest.mark.parametrize(("login", "words"), [("admin", "Add a host"), ("anna", "Administrators choose")])
def test_without_hosts_the_page_teaches(visit: Visit, login: str, words: str) -> None:
    assert words in page(visit(login)).text


@pytest.mark.parametrize("access", ["everybody", "staff", "administrators"])
def test_who_may_not_see_the_monitor_finds_nothing(
    visit: Visit, services: Services, monkeypatch: pytest.MonkeyPatch, access: str
) -> None:
    host, incident = watched.down(services.database, "узел")
    without_tasks = "irina"
    monkeypatch.setattr(
        "helpdesk.web.netmonitor.access.may_have_tasks", lambda request: request.state.person.login != without_tasks
    )
    sees = {"everybody": {"admin", "anna", "irina"}, "staff": {"admin", "anna"}, "administrators": {"admin"}}[access]
    addresses = (ADDRESS, f"{ADDRESS}/{host}", *(f"/netmonitor/{it}" for it in ("status", "summary")), "/api/status")
    for login in ("admin", "anna", "irina"):
        client = visit(login, netmonitor_access=access)
        wanted = 200 if login in sees else 404
        assert [client.get(it).status_code for it in addresses] == [wanted] * len(addresses), login
        assert client.get("/netmonitor/history?host=узел").status_code == wanted
        assert client.post("/netmonitor/watch", json={"on": False}).status_code == wanted
        noted = client.post(f"/netmonitor/incidents/{incident}/note", json={"note": login}).status_code
        assert noted == (404 if wanted == 404 else 403 if login == without_tasks else 200)
        assert client.get("/netmonitor/hosts").status_code == (200 if login == "admin" else 403)
    assert visit().get(ADDRESS).status_code == 401


@pytest.mark.parametrize("name", NASTY)
def test_hostile_names_stay_text(visit: Visit, services: Services, name: str) -> None:
    host, _ = watched.down(
        services.database, name, group_name=name, address=name, fault="made-up", detail=name, is_public=True
    )
    incident_of = {"note": name, "noted_by": PEOPLE_IDS["anna"], "noted_at": datetime.now(UTC)}
    watched.incident(services.database, host, datetime.now(UTC) - timedelta(days=1), datetime.now(UTC), **incident_of)
    admin = visit("admin", netmonitor_status_page=True)
    addresses = (ADDRESS, f"/netmonitor/{host}", "/netmonitor/hosts", f"/netmonitor/hosts/{host}", "/status")
    for address in (*addresses, f"/netmonitor/hosts/{host}/remove", "/netmonitor/maintenance"):
        answer = admin.get(address, headers=HTML)
        assert answer.status_code == 200 and "<b onclick" not in answer.text
        if RLO in name:
            text = answer.text
            assert text.count(RLO) <= text.count("\u2068") + text.count("<bdi>") + text.count('value="'), address


def test_a_host_shows_its_chart_its_numbers_and_what_to_look_at(anna: Client, services: Services) -> None:
    host, _ = watched.down(services.database, "узел", detail="Connection refused", fault="refused")
    now = datetime.now(UTC)
    samples = {now - timedelta(minutes=10 * it): (None if it % 10 == 3 else 20.0 + it % 5) for it in range(1, 100)}
    watched.measure(services.database, host, samples)
    found = page(anna, f"/netmonitor/{host}")
    assert "the port is closed: Connection refused" in found.text and "The machine is up" in found.text
    for period, least in (("day", 16), ("week", 1), ("month", 1)):
        found = page(anna, f"/netmonitor/{host}?period={period}")
        (mean,) = found.of_class("chart-mean")
        assert (
            mean["d"].startswith("M")
            and len(found.of_class("monitor-numbers")[0].all(lambda it: it.tag == "tr")) > least
        )
    summary = anna.get(f"/netmonitor/{host}").json()["summary"]["day"]
    answered = [ms for ms in samples.values() if ms is not None]
    assert summary["loss"] == pytest.approx(100 * 10 / 99, abs=0.001) and summary["max"] == max(answered)
    assert summary["avg"] == pytest.approx(sum(answered) / len(answered), abs=0.01)
    assert anna.get(f"/netmonitor/{host}?period=year", headers=HTML).status_code == 422
    assert anna.get("/netmonitor/999999", headers=HTML).status_code == 404
    assert anna.get(f"/netmonitor/{10**30}", headers=HTML).status_code == 404


def test_the_parts_that_change_come_alone(anna: Client, services: Services) -> None:
    host, _ = watched.down(services.database, "узел")
    for address, id in ((ADDRESS, "hosts"), (f"/netmonitor/{host}", "host-now")):
        text = anna.get(address, headers=HTMX).text
        assert text.strip().startswith(f'<div id="{id}"') and "<html" not in text


def test_an_unchanged_page_is_not_sent_again(anna: Client, services: Services) -> None:
    watched.watch(services.database, "узел", {"checked_at": datetime.now(UTC) + timedelta(hours=1)})
    for headers in (HTML, HTMX):
        first = anna.get(ADDRESS, headers=headers)
        assert anna.get(ADDRESS, headers=headers | {"If-None-Match": first.headers["etag"]}).status_code == 304


def test_a_note_is_written_once_and_shown(anna: Client, services: Services) -> None:
    host, incident = watched.down(services.database, "узел")
    form = {"note": "Выбило автомат.\nВключили.", "idempotency_key": "once"}
    for _ in range(2):
        answer = anna.post(f"/netmonitor/incidents/{incident}/note", data=form, headers=HTML)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/netmonitor/{host}#incident-{incident}")
    shown = page(anna, f"/netmonitor/{host}")
    assert "Выбило автомат." in shown.of_class("monitor-note")[0].text and "Анна" in shown.text
    row = services.database.run_here(lambda db: db.get(HostIncident, incident))
    assert row and (row.noted_by, row.note) == (PEOPLE_IDS["anna"], form["note"])
    assert anna.post("/netmonitor/incidents/999/note", json={"note": "x"}).status_code == 404


def test_of_two_notes_at_once_the_second_one_sees_the_first(visit: Visit, services: Services) -> None:
    host, incident = watched.down(services.database, "узел")
    form = parsed(visit("boris").get(f"/netmonitor/{host}", headers=HTML).text)
    known = next(it["value"] for it in form.all(lambda it: it.get("name") == "lock_version"))
    address, sent = f"/netmonitor/incidents/{incident}/note", {"lock_version": known}
    assert visit("anna").post(address, data=sent | {"note": "Выбило автомат"}, headers=HTML).status_code == 303
    refused = visit("boris").post(address, data=sent | {"note": "Нет света"}, headers=HTML)
    found = parsed(refused.text)
    area = found.by_id(f"note-{incident}")
    assert refused.status_code == 409 and area and area.text == "Нет света"
    assert found.of_class("monitor-note")[0].text == "Выбило автомат"
    again = next(it["value"] for it in found.all(lambda it: it.get("name") == "lock_version"))
    answer = visit("boris").post(address, data={"lock_version": again, "note": "Нет света"}, headers=HTML)
    assert answer.status_code == 303


def test_a_note_that_is_too_long_stays_in_its_form(anna: Client, services: Services) -> None:
    _, incident = watched.down(services.database, "узел")
    text = "я" * 10_001
    answer = anna.post(f"/netmonitor/incidents/{incident}/note", data={"note": text}, headers=HTML)
    area = parsed(answer.text).by_id(f"note-{incident}")
    assert answer.status_code == 422 and area and area["aria-invalid"] == "true" and text in answer.text
    assert anna.post(f"/netmonitor/incidents/{incident}/note", json={"note": ["x"]}).status_code == 422


def flapping(services: Services, number: int) -> tuple[int, list[int]]:
    """A host that was down so often; the ids of its incidents, the last one first. Another host has some, too."""
    database, at = services.database, datetime.now(UTC) - timedelta(days=1)
    host, other = watched.watch(database, "узел"), watched.watch(database, "другой")
    ids = list[int]()
    for it in range(number):
        began = at + timedelta(minutes=it)
        ids.append(watched.incident(database, host, began, began + timedelta(seconds=30)))
        watched.incident(database, other, began, began + timedelta(seconds=30))
    return host, ids[::-1]


def shown_incidents(found: Element) -> list[int]:
    its = found.of_class("monitor-incidents")
    return [int(it["id"].split("-")[1]) for it in its[0].all(lambda it: it.tag == "li")] if its else []


def linked(found: Element, words: str) -> str | None:
    link = found.one(lambda it: it.tag == "a" and it.text == words)
    return link["href"] if link else None


def test_older_incidents_are_a_link_away(anna: Client, services: Services) -> None:
    host, ids = flapping(services, 2 * MOST_INCIDENTS + 1)
    address, seen = f"/netmonitor/{host}?period=week", list[int]()
    while address:
        found = page(anna, address)
        assert (linked(found, "The last incidents") is None) == (not seen)
        seen += shown_incidents(found)
        address = linked(found, "Older incidents") or ""
        assert not address or "period=week" in address and address.endswith("#incidents")
    assert seen == ids
    address = f"/netmonitor/{host}?before={ids[-1]}"
    assert "There are no older ones." in page(anna, address).text
    assert linked(page(anna, address), "The last incidents") == f"/netmonitor/{host}?period=day#incidents"
    assert linked(page(anna, address), "Week") == f"/netmonitor/{host}?period=week&before={ids[-1]}"


def test_programs_read_older_incidents(anna: Client, services: Services) -> None:
    host, ids = flapping(services, 2 * MOST_INCIDENTS)
    first = anna.get(f"/netmonitor/{host}").json()
    assert ([it["id"] for it in first["incidents"]], first["older"]) == (ids[:20], ids[19])
    rest = anna.get(f"/netmonitor/{host}?before={first['older']}").json()
    assert ([it["id"] for it in rest["incidents"]], rest["older"]) == (ids[20:], None)
    for before in ("x", "-1", "9" * 5_000, "1.5", "1\0"):
        answer = anna.get(f"/netmonitor/{host}", params={"before": before})
        assert answer.status_code == 422 and list(answer.json()["errors"]) == ["before"]


@pytest.mark.parametrize("place", [0, MOST_INCIDENTS - 1, MOST_INCIDENTS, 2 * MOST_INCIDENTS])
def test_a_note_of_an_older_incident_stays_in_its_form_when_it_is_refused(
    anna: Client, services: Services, place: int
) -> None:
    host, ids = flapping(services, 2 * MOST_INCIDENTS + 1)
    number = ids[place]
    address, is_recent = f"/netmonitor/incidents/{number}/note", place < MOST_INCIDENTS
    for status, sent in ((409, {"note": "Нет света", "lock_version": "other"}), (422, {"note": "я" * 10_001})):
        answer = anna.post(address, data=sent, headers=HTML)
        found = parsed(answer.text)
        area = found.by_id(f"note-{number}")
        assert answer.status_code == status and area and area.text == sent["note"]
        assert area["aria-invalid"] == "true" and found.by_id(f"note-{number}-fault")
        assert shown_incidents(found)[0] == (ids[0] if is_recent else number)
    answer = anna.post(address, data={"note": "Нет света"}, headers=HTML)
    then = "" if is_recent else f"?before={number + 1}"
    assert answer.headers["location"] == f"/netmonitor/{host}{then}#incident-{number}"
    assert number in shown_incidents(page(anna, answer.headers["location"]))


def test_a_person_chooses_to_be_notified(anna: Client, services: Services) -> None:
    watched.watch(services.database, "узел")
    assert "Notify me of incidents" in page(anna).text
    for on, words in (("1", "Do not notify me"), ("", "Notify me of incidents")):
        assert anna.post("/netmonitor/watch", data={"on": on}, headers=HTML).status_code == 303
        assert words in page(anna).text
        found = services.database.run_here(lambda db: db.exec(select(MonitorWatcher.person_id)).all())
        assert list(found) == ([PEOPLE_IDS["anna"]] if on else [])


# For programs


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("host=узел", 200),
        ("host=УЗЕЛ", 200),
        ("target=10.9.8.7", 200),
        ("host=nowhere", 404),
        ("host=%25", 404),
        ("host=' OR 1=1 --", 404),
        ("host=" + "я" * 501, 422),
        ("host=a%00b", 422),
        ("", 422),
        ("host=узел&since=yesterday", 422),
        ("host=узел&since=0001-01-01", 200),
        ("host=узел&since=9999-12-31T23:59:59-23:59", 422),
        ("host=узел&until=9999-12-31", 200),
        ("host=узел&since=2026-01-01T00:00:00Z&until=2020-01-01", 200),
        ("host=узел&limit=0", 422),
        ("host=узел&limit=99999999", 200),
        ("host=узел&limit=x", 422),
        ("host=узел&since=" + "9" * 5_000, 422),
    ],
)
def test_history_takes_what_it_understands(anna: Client, services: Services, query: str, status: int) -> None:
    host = watched.watch(services.database, "узел", address="10.9.8.7")
    watched.measure(services.database, host, {datetime.now(UTC) - timedelta(minutes=1): 5.0})
    for address in ("/netmonitor/history", "/api/ping-history"):
        answer = anna.get(f"{address}?{query}")
        assert answer.status_code == status, answer.text
        assert status != 200 or answer.json()["host"] == "узел"


def test_a_host_that_was_not_checked_yet_is_offline_without_a_check(anna: Client, services: Services) -> None:
    watched.watch(services.database, "новый", {"status": "unknown", "ms": None, "checked_at": None, "since": None})
    (told,) = anna.get("/netmonitor/status").json()["hosts"]
    assert (told["status"], told["grade"], told["last_check"]) == ("offline", "disconnected", None)
    assert anna.get("/api/ping?target=новый").json()["time_ms"] == -1
    (told,) = anna.get("/netmonitor/summary").json()["hosts"]
    assert told["loss"] is None and told["incidents"] == 0


def test_a_host_that_has_just_failed_is_not_down_yet(anna: Client, services: Services) -> None:
    host = watched.watch(services.database, "моргнул", {"ms": None, "fault": "silent", "failures": 1})
    told = anna.get("/netmonitor/status").json()["hosts"][0]
    assert (told["status"], told["grade"], told["state"]) == ("online", "disconnected", "failing")
    assert anna.get("/netmonitor/status").json()["targets"]["моргнул"]["success"] is False
    last = anna.get("/api/ping?target=моргнул").json()
    assert (last["status"], last["time_ms"], last["error"]) == ("offline", -1, "silent")
    assert "no answer just now" in page(anna, f"/netmonitor/{host}").text


def test_of_what_is_not_measured_any_more_nothing_good_is_told(anna: Client, services: Services) -> None:
    watched.watch(services.database, "забытый", {"checked_at": datetime.now(UTC) - timedelta(hours=9)})
    told = anna.get("/netmonitor/status").json()
    (host,), target = told["hosts"], told["targets"]["забытый"]
    found = [host[it] for it in ("state", "status", "grade", "response_time")]
    assert found == ["unknown", "offline", "disconnected", None] and host["last_check"]
    assert (target["status"], target["success"], target["time_ms"]) == ("disconnected", False, -1)
    last = anna.get("/api/ping?target=забытый").json()
    assert (last["status"], last["time_ms"]) == ("offline", -1)


def test_an_incident_from_a_clock_that_was_ahead_has_lasted_no_time(anna: Client, services: Services) -> None:
    host, _ = watched.down(services.database, "узел", datetime.now(UTC) + timedelta(minutes=2))
    assert "(0:00)" in page(anna, f"/netmonitor/{host}").text


@pytest.mark.parametrize(("ms", "grade"), [(99.9, "excellent"), (100, "good"), (200, "average"), (500, "poor")])
def test_grades_are_by_the_time(anna: Client, services: Services, ms: float, grade: str) -> None:
    watched.watch(services.database, "узел", {"ms": ms})
    assert anna.get("/api/ping?target=узел").json()["time_ms"] == ms
    assert anna.get("/netmonitor/status").json()["hosts"][0]["grade"] == grade


def test_a_program_with_a_token_reads_but_keeps_no_hosts(visit: Visit, services: Services) -> None:
    watched.watch(services.database, "узел")
    token = visit("admin").post("/users/tokens", json={"name": "Панель", "scope": "write"}).json()["token"]
    program, headers = visit(), {"Authorization": f"Bearer {token}"}
    assert program.get("/netmonitor/status", headers=headers).status_code == 200
    assert program.post("/netmonitor/hosts", json={}, headers=headers).status_code == 403


def test_a_summary_says_since_when_and_goes_back_a_year(anna: Client, services: Services) -> None:
    host, now = watched.watch(services.database, "узел"), datetime.now(UTC)
    watched.measure(services.database, host, {now - timedelta(days=it): 5.0 for it in (1, 2, 360, 370)})
    since, year = now - timedelta(days=3), now - timedelta(days=366)
    for asked, told in (
        (since.isoformat(), since),
        ("0001-01-01", year),
        ((now - timedelta(days=3_000)).isoformat(), year),
    ):
        found = anna.get("/netmonitor/summary", params={"since": asked}).json()
        assert abs(datetime.fromisoformat(found["since"]) - told) < timedelta(minutes=5)
        assert [it["max"] for it in found["hosts"]] == [5.0]


def test_history_ends_now(anna: Client, services: Services) -> None:
    host, now = watched.watch(services.database, "узел"), datetime.now(UTC)
    watched.measure(services.database, host, {now - timedelta(minutes=it): 5.0 for it in (1, 20, 200)})
    for until in ("9999-12-31", (now + timedelta(days=400)).isoformat()):
        points = anna.get("/netmonitor/history", params={"host": "узел", "until": until}).json()["points"]
        assert [it["probes"] for it in points] == [1, 1, 1]


# Check now


def test_a_host_is_checked_at_once_and_not_too_often(visit: Visit, services: Services) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
        up = watched.watch(
            services.database, "узел", {"status": "unknown"}, method="tcp", address="127.0.0.1", port=port
        )
        anna = visit("anna")
        answer = anna.post(f"/netmonitor/{up}/check", data={}, headers=HTML)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/netmonitor/{up}")
        assert "It answered." in anna.get(f"/netmonitor/{up}", headers=HTML).text
    again = anna.post(f"/netmonitor/{up}/check", data={}, headers=HTML)
    assert again.status_code == 429 and int(again.headers["retry-after"]) > 0
    closed = watched.watch(services.database, "другой", method="tcp", address="127.0.0.1", port=port)
    told = anna.post(f"/netmonitor/{closed}/check", json={})
    assert (told.json()["fault"], told.json()["response_time"]) == ("refused", None)
    assert told.json()["message"] == "It did not answer: the port is closed."
    off = watched.watch(services.database, "выключен", is_active=False)
    for number in (off, 999_999):
        assert anna.post(f"/netmonitor/{number}/check", json={}).status_code == 404
    assert "Check now" not in anna.get(f"/netmonitor/{off}", headers=HTML).text
