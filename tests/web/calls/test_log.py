"""The log of calls: what is found, its sums, its pages, its export, and hard input."""

import asyncio
import csv
import re
from datetime import timedelta
from html import unescape
from io import StringIO

import pytest
import sqlalchemy as sa
from sqlmodel import col

from helpdesk.demo.playable_phone import PlayablePhone
from helpdesk.errors import Unavailable
from helpdesk.services import Services, utc_now
from helpdesk.store import audit_log, call_lists
from helpdesk.store.audit_log import LogQuery
from helpdesk.store.call_lists import PER_PAGE, CallQuery
from helpdesk.store.database import Database
from helpdesk.store.models.tables import Person, PhoneAgent
from helpdesk.telephony import desk
from helpdesk.web.call_log import query
from helpdesk.web.calls import bar
from tests.telephony.desks import AGENT, SUPERVISOR, TO_THE_PHONE, beside_a_phone, grant
from tests.web.calls.logged import DAY, NOON, NUMBER, OTHER_NUMBER, asked, log
from tests.web.conftest import HTML, HTMX, Client, Visit
from tests.world import PEOPLE_IDS, EmbeddedWorld

PEOPLE = ("boris", "anna", "irina")


@pytest.fixture
def services(database: Database) -> Services:
    services = beside_a_phone(database, PlayablePhone())
    grant(services, "boris", AGENT)
    grant(services, "anna", SUPERVISOR)
    return services


@pytest.fixture
def boris(visit: Visit) -> Client:
    return visit("boris")


def found(client: Client, search: str = "") -> list[int]:
    answer = client.get(f"/calls?date={DAY}{search}")
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["sums"]["calls"] == body["total"] >= len(body["calls"])
    return [it["id"] for it in body["calls"]]


def test_nobody_else_finds_the_log(visit: Visit, database: Database) -> None:
    (call,) = log(database, {})
    for login, status in (("boris", 200), ("anna", 200), ("irina", 404)):
        client = visit(login)
        for address in ("/calls", "/contact-center/moscow", "/calls.csv", f"/calls/{call}"):
            assert client.get(address, headers=HTML).status_code == status, (login, address)
    irina = visit("irina")
    for form in ("note", "task", "called-back"):
        assert irina.post(f"/calls/{call}/{form}", headers=HTML).status_code == 404


def test_without_a_phone_system_there_is_no_log(visit: Visit, services: Services, database: Database) -> None:
    object.__setattr__(services, "desk", None)
    (call,) = log(database, {})
    boris = visit("boris")
    assert {boris.get(it).status_code for it in ("/calls", "/calls.csv", f"/calls/{call}")} == {404}


def test_calls_of_a_day_are_found_by_every_choice(boris: Client, database: Database) -> None:
    mine, hers, missed, out, before = log(
        database,
        {"queue": "Касса"},
        {"agent": "anna", "number": OTHER_NUMBER},
        {"outcome": "missed", "number": "+74951230117"},
        {"direction": "out", "outcome": "no_answer", "number": OTHER_NUMBER},
        {"began_at": NOON - timedelta(days=1), "outcome": "missed", "number": "8 (495) 123-01-17"},
    )
    assert found(boris) == [out, missed, hers, mine], "the newest first, and none of another day"
    assert found(boris, "&queue=Касса") == [mine]
    assert found(boris, "&agent=1001") == [hers]
    assert found(boris, "&outcome=no_answer") == [out]
    assert found(boris, "&number=1204") == [out, hers]
    assert found(boris, "&number=8 903 555-01-42") == [mine], "as people write it"
    assert found(boris, "&number=0142") == [mine], "the last digits"
    assert found(boris, "&number=4951230") == [missed], "a part"
    everywhere = boris.get("/calls?number=%2B7 495 123-01-17").json()
    assert [it["id"] for it in everywhere["calls"]] == [missed, before], "a number is looked for in all days"
    assert boris.get(f"/calls?date=2026-11-29&until={DAY}").json()["total"] == 5


def test_sums_are_those_of_the_rows(boris: Client, database: Database) -> None:
    log(database, {}, {"ended_at": NOON + timedelta(minutes=1, seconds=100)}, {"outcome": "missed"}, {"outcome": ""})
    body = boris.get(f"/calls?date={DAY}").json()
    talks = [it["talking_seconds"] for it in body["calls"] if it["talking_seconds"] is not None]
    assert sorted(talks) == [60, 90]
    assert body["sums"] == {"calls": 4, "answered": 2, "missed": 1, "average_talking_seconds": 75}


def test_counts_by_agent_and_hour_are_those_of_the_log(database: Database, services: Services) -> None:
    log(
        database, {}, {"agent": "anna"}, {"began_at": NOON + timedelta(hours=2)}, {"began_at": NOON - timedelta(days=1)}
    )
    hours = query.hours(NOON.date(), services.settings.timezone)
    counted = database.run_here(lambda db: call_lists.by_agent_and_hour(db, hours))
    assert [(it.name, it.sums.calls) for it in counted] == [("Анна Смирнова", 1), ("Борис Кузнецов", 2)]
    assert [sum(column) for column in zip(*(it.by_hour for it in counted), strict=True)][12:15] == [2, 0, 1]
    sums = database.run_here(lambda db: call_lists.sums(db, CallQuery(hours[0], hours[-1])))
    assert sum(it.sums.calls for it in counted) == sums.calls == 3
    assert sum(it.sums.seconds for it in counted) == pytest.approx(sums.seconds)


def test_a_missed_call_is_to_call_back_until_a_later_one_was_answered(boris: Client, database: Database) -> None:
    lost, returned, other, again = log(
        database,
        {"outcome": "missed", "number": OTHER_NUMBER},
        {"outcome": "missed"},
        {"number": "+74951230117"},
        {"direction": "out", "agent": "anna"},
    )
    assert found(boris, "&outcome=to_call_back") == [lost]
    assert set(found(boris, "&outcome=missed")) == {lost, returned} and other and again
    assert boris.post(f"/calls/{lost}/called-back").json()["message"] == "It was noted that you called back."
    said = boris.get(f"/calls/{lost}").json()["call"]
    assert said["called_back_by"]["id"] == PEOPLE_IDS["boris"] and said["called_back_at"] and not said["to_call_back"]
    assert found(boris, "&outcome=to_call_back") == []


def test_calling_back_is_noted_once_and_only_of_missed_calls(boris: Client, visit: Visit, database: Database) -> None:
    missed, answered = log(database, {"outcome": "missed"}, {"number": OTHER_NUMBER})
    boris.post(f"/calls/{missed}/called-back")
    first = boris.get(f"/calls/{missed}").json()["call"]
    for call in (missed, answered):
        late = visit("anna").post(f"/calls/{call}/called-back").json()
        assert late["message"] == "There is nothing to call back here any more."
    assert boris.get(f"/calls/{missed}").json()["call"] == first
    assert boris.get(f"/calls/{answered}").json()["call"]["called_back_by"] is None


def test_a_hidden_number_is_never_called_back_by_another_hidden_one(boris: Client, database: Database) -> None:
    missed, _ = log(database, {"outcome": "missed", "number": ""}, {"number": ""})
    assert found(boris, "&outcome=to_call_back") == [missed]
    assert "hidden number" in boris.get(f"/calls?date={DAY}", headers=HTML).text


def test_pages_have_fifty_calls(boris: Client, database: Database) -> None:
    ids = log(database, *({} for _ in range(PER_PAGE + 2)))
    page = boris.get(f"/calls?date={DAY}", headers=HTML).text
    assert page.count('class="call-when"') == PER_PAGE and "page 1 of 2" in page
    (following,) = re.findall(r'rel="next" href="([^"]*page=2)"', page)
    last = boris.get(following.replace("&amp;", "&"), headers=HTML).text
    assert [int(it) for it in re.findall(r'class="call-when"><a href="/calls/(\d+)"', last)] == [ids[1], ids[0]]
    assert boris.get(f"/calls?date={DAY}&page=1000000").json()["calls"] == []


def test_today_is_shown_first_and_leads_to_the_last_day_with_calls(boris: Client, database: Database) -> None:
    log(database, {"began_at": NOON - timedelta(days=400)})
    page = boris.get("/calls", headers=HTML).text
    assert "There were no calls today." in page
    (address,) = re.findall(r'href="(/calls\?date=[\d-]+)">Show the last day', page)
    assert boris.get(address).json()["total"] == 1


@pytest.mark.parametrize(("search", "field"), [
    ("date=9999-99-99", "date"), ("date=0001-01-01", "date"), ("date=2026-11-30T12", "date"), ("until=heute", "until"),
    ("date=2026-11-30&until=2026-11-29", "until"), ("date=2026-01-01&until=2026-12-31", "until"),
    ("page=-1", "page"), ("page=0", "page"), ("page=1e9", "page"),
    pytest.param("page=" + "9" * 5_000, "page", id="a long page"),
    ("outcome=DROP", "outcome"), ("number=abc", "number"), ("date=٢٠٢٦-١١-٣٠", "date"),
])  # fmt: skip
def test_what_makes_no_sense_is_refused_with_its_field(
    boris: Client, database: Database, search: str, field: str
) -> None:
    log(database, {})
    assert list(boris.get(f"/calls?{search}").json()["errors"]) == [field]
    page = boris.get(f"/calls?{search}", headers=HTML)
    assert page.status_code == 422 and f'id="calls-{field}-fault"' in page.text
    assert boris.get(f"/calls.csv?{search}").status_code == 422


@pytest.mark.parametrize("search", [
    pytest.param("number=%00%ED%A0%80" + "1" * 5_000, id="a long number"), "agent=%27;DROP TABLE phone_call;--",
    "queue=%3Cscript%3E", pytest.param("agent=" + "x" * 5_000, id="a long agent"),
    "date=", "number=__%25&number=2", "date=1971-01-01",
])  # fmt: skip
def test_what_finds_nothing_is_an_empty_page(boris: Client, database: Database, search: str) -> None:
    log(database, {})
    page = boris.get(f"/calls?{search}", headers=HTML)
    assert page.status_code == 200 and "<script>" not in page.text


def test_a_foreign_number_is_no_address(boris: Client, database: Database) -> None:
    log(database, {"number": "javascript:alert(1)", "other_key": "1", "queue": "<b>q</b>"})
    page = boris.get(f"/calls?date={DAY}", headers=HTML).text
    assert 'href="javascript' not in page and 'href="tel:javascript%3Aalert%281%29"' in page and "<b>q</b>" not in page


@pytest.mark.parametrize("number", ["0", "999999", "9" * 400])
def test_a_call_that_is_not_there_is_not_found(boris: Client, number: str) -> None:
    assert boris.get(f"/calls/{number}", headers=HTML).status_code == 404
    for form in ("note", "task", "called-back"):
        assert boris.post(f"/calls/{number}/{form}", headers=HTML).status_code == 404


def test_subjects_are_told_to_those_who_see_the_task(visit: Visit, services: Services, embedded: EmbeddedWorld) -> None:
    """irina handles calls, and is no member of the warehouse."""
    grant(services, "irina", AGENT)
    hidden, seen = embedded.new_task(project="warehouse"), embedded.new_task()
    call, _ = log(services.database, {"task_id": hidden}, {"task_id": seen})
    for login, sees in (("irina", False), ("boris", True)):
        client = visit(login)
        for address in (f"/calls?date={DAY}", f"/calls/{call}"):
            page = client.get(address, headers=HTML).text
            assert f"#{hidden}" in page and (f'href="/tasks/{hidden}"' in page) is sees
        assert f'href="/tasks/{seen}"' in client.get(f"/calls?date={DAY}", headers=HTML).text


def test_the_log_is_shown_while_the_task_system_is_silent(
    visit: Visit, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent(*_: object, **__: object) -> None:
        raise Unavailable

    log(services.database, {"task_id": 7})
    boris = visit("boris")
    monkeypatch.setattr(services.backend, "tasks", silent)
    page = boris.get(f"/calls?date={DAY}", headers=HTML)
    assert page.status_code == 200 and ">#7</a>" in page.text


@pytest.mark.parametrize("silent", ["agent", "team"])
def test_the_log_and_the_phone_are_shown_while_the_phone_system_is_silent(
    boris: Client, services: Services, monkeypatch: pytest.MonkeyPatch, silent: str
) -> None:
    async def hang(*_: object) -> None:
        await asyncio.Event().wait()

    log(services.database, {})
    assert services.desk
    boris.post("/finesse/session", json=TO_THE_PHONE).raise_for_status()
    boris.post("/calls/favourites", data={"number": "77", "name": "Вахта"}, headers=HTML)
    assert "The phone system is slow" not in boris.get("/calls/bar", headers=HTML).text
    monkeypatch.setattr(bar, "DESK_SECONDS", 0.05)
    monkeypatch.setattr(desk, "FRESH", timedelta())
    monkeypatch.setattr(services.desk.phone, silent, hang)
    for address in (f"/calls?date={DAY}", "/calls/bar"):
        page = boris.get(address, headers=HTML)
        assert page.status_code == 200 and "The phone system is slow" in page.text and "Вахта" in page.text
        assert f'class="button" href="{address}"' in page.text, "again leads here"
    assert boris.get(f"/calls?date={DAY}", headers=HTML).text.count('class="call-when"') == 1


def test_the_export_has_every_call_and_no_formula(boris: Client, database: Database) -> None:
    many = 1_001
    log(database, *({"queue": "=1+1", "began_at": NOON + timedelta(seconds=it // 2)} for it in range(many)))
    answer = boris.get(f"/calls.csv?date={DAY}", headers={"Accept-Language": "en", "Accept-Encoding": ""})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.reader(StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))
    assert rows[0][:3] == ["When", "Direction", "Who"] and len(rows) == many + 1
    assert rows[1][3] == f"'{NUMBER}" and rows[1][5] == "'=1+1", "a spreadsheet calculates nothing"
    assert rows[1][6:9] == ["10", "60", "Answered"] or rows[1][7] == "0"
    assert boris.get(f"/calls.csv?date={DAY}&outcome=missed").text.count("\n") == 1


def test_a_page_asks_for_its_calls_once_however_many_there_are(boris: Client, services: Services) -> None:
    log(services.database, *({"caller_id": PEOPLE_IDS["irina"]} for _ in range(30)))
    with asked(services.database) as found:
        boris.get(f"/calls?date={DAY}", headers=HTML)
    assert len(found) == 3, "the page, its sums and the queues"


def test_the_record_of_an_export_says_what_was_looked_for_but_no_number(boris: Client, database: Database) -> None:
    for search in (f"date={DAY}&outcome=missed", "number=5550142"):
        assert boris.get(f"/calls.csv?{search}").status_code == 200
    lines = database.run_here(lambda db: audit_log.page(db, LogQuery(actions=["calls_exported"]), 9)).lines
    assert [it.details for it in reversed(lines)] == [
        {"days": f"{DAY} – {DAY}", "narrowed": ["outcome"]},
        {"days": None, "narrowed": ["number"]},
    ]


def test_the_sums_lead_to_the_calls_that_they_count(boris: Client, database: Database) -> None:
    missed = {"outcome": "missed", "number": "+74951230117"}
    returned = {"outcome": "missed", "number": OTHER_NUMBER}
    log(database, missed, {**missed, "began_at": NOON - timedelta(days=1)}, returned, {"number": OTHER_NUMBER})
    page = boris.get(f"/calls?date={DAY}&agent=1002", headers=HTML).text
    for word, outcome, number in (("Missed calls", "missed", 2), ("To call back", "to_call_back", 1)):
        link = re.search(rf'<a href="([^"]+)">{word}</a> <b>{number}</b>', page)
        assert link, word
        address = unescape(link[1])
        assert address == f"/calls?date={DAY}&agent=1002&outcome={outcome}"
        assert len(boris.get(address).json()["calls"]) == number
    assert 'href="/calls?outcome=to_call_back"' in page, "those of other days"
    some_days = boris.get(f"/calls?date=2026-11-29&until={DAY}", headers=HTML).text
    assert f"date=2026-11-29&amp;until={DAY}&amp;outcome=to_call_back" in some_days


def test_each_call_that_is_to_be_called_back_has_a_button(boris: Client, database: Database) -> None:
    (call,) = log(database, {"outcome": "missed"})
    page = boris.get(f"/calls?date={DAY}", headers=HTML).text
    assert f'action="/calls/{call}/called-back"' in page
    form = {"next": f"/calls?date={DAY}"}
    assert boris.post(f"/calls/{call}/called-back", data=form, headers=HTML).headers["location"] == form["next"]
    page = boris.get(f"/calls?date={DAY}", headers=HTML).text
    assert "called-back" not in page and ">called back</span>" in page


def test_the_average_of_nothing_is_no_time(boris: Client, database: Database) -> None:
    log(database, {"outcome": "missed"})
    assert "<b>—</b>" in boris.get(f"/calls?date={DAY}", headers=HTML).text


def test_agents_have_one_name_in_rows_and_in_the_filter(boris: Client, database: Database) -> None:
    """That of the person, with the agent's id where two have the same; the phone system may call them otherwise."""
    log(database, {}, {"agent": "anna"}, {"person_id": PEOPLE_IDS["irina"]})
    change = sa.update(PhoneAgent).values(name="Агент")
    database.run_here(lambda db: db.exec(change), writes=True)
    names = {it["id"]: it["agent"] for it in boris.get(f"/calls?date={DAY}").json()["calls"]}
    then, hers, mine = (names[it] for it in sorted(names, reverse=True))
    page = boris.get(f"/calls?date={DAY}", headers=HTML).text
    assert f'<option value="1001">{hers}</option>' in page and f'<option value="1002">{mine}</option>' in page
    people = {it: database.run_here(lambda db, it=it: db.get_one(Person, PEOPLE_IDS[it])).full_name for it in PEOPLE}
    assert [mine, hers, then] == [people[it] for it in PEOPLE]
    alike = sa.update(Person).where(col(Person.id) == PEOPLE_IDS["anna"]).values(full_name=people["boris"])
    database.run_here(lambda db: db.exec(alike), writes=True)
    page = boris.get(f"/calls?date={DAY}", headers=HTML).text
    assert page.count(f"{people['boris']} (1001)") == page.count(f"{people['boris']} (1002)") == 2


def test_a_script_gets_todays_calls_alone(boris: Client, database: Database) -> None:
    log(database, {"began_at": utc_now()})
    page, alone = (boris.get("/calls", headers=it).text for it in (HTML, HTMX))
    assert 'id="call-log" data-from="/calls"' in page
    assert alone.lstrip().startswith('<div id="call-log"') and alone.count('class="call-when"') == 1
    assert "data-from" not in boris.get(f"/calls?date={DAY}", headers=HTMX).text
