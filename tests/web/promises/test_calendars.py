"""Administrators keep business calendars, in which promises are reckoned."""

from datetime import date, timedelta

import pytest

from tests.web.conftest import HTML, Client
from tests.web.dom import parsed, sent
from tests.web.promises.conftest import Aged

ADDRESS = "/admin/calendars"
FORM = {
    "name": "Офис",
    "timezone": "europe/moscow",
    **{f"hours_{day}": "09:00 - 13:00, 14:00–18:00" for day in range(1, 6)},
    "hours_6": "",
    "hours_7": "",
    "days": "2026-12-31 09:00-13:00 Канун\r\n\r\n01.01.2027 Новый год\r\n2027-01-07",
    "project_ids": ["1"],
    "is_default": "",
}


def add(client: Client, **more: object) -> int:
    answer = client.post(ADDRESS, json={**FORM, **more})
    assert answer.status_code == 201, answer.text
    number: int = answer.json()["id"]
    return number


def test_a_calendar_is_added_by_its_form(admin: Client) -> None:
    answer = admin.post(ADDRESS, data={**FORM, "idempotency_key": "once"}, headers=HTML)
    assert answer.status_code == 303
    (kept,) = admin.get(ADDRESS).json()["calendars"]
    assert kept["timezone"] == "Europe/Moscow" and kept["hours_1"] == "09:00-13:00,14:00-18:00"
    assert kept["days"] == [
        {"day": "2026-12-31", "hours": "09:00-13:00", "name": "Канун"},
        {"day": "2027-01-01", "hours": "", "name": "Новый год"},
        {"day": "2027-01-07", "hours": "", "name": ""},
    ]
    page = admin.get(f"{ADDRESS}/{kept['id']}", headers=HTML).text
    assert "2026-12-31 09:00-13:00 Канун\n2027-01-01 Новый год\n2027-01-07</textarea>" in page
    assert '<option value="1" selected>' in page


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"timezone": "Europe"}, "timezone"),
        ({"timezone": "../../etc/passwd"}, "timezone"),
        ({"hours_1": "9-18"}, "hours_1"),
        ({"hours_2": "18:00-09:00"}, "hours_2"),
        ({"hours_3": "00:00-24:01"}, "hours_3"),
        ({"days": "2027-02-30"}, "days"),
        ({"days": "Новый год"}, "days"),
        ({"days": "1969-12-31"}, "days"),
        ({"days": "2027-01-01\n01.01.2027"}, "days"),
        ({"days": "2027-01-01 18:00-09:00"}, "days"),
        ({"days": "2027-01-01 " + "я" * 300}, "days"),
        ({"days": "2027-01-01\n" * 20_000}, "days"),
        ({"days": "2026-12-30 - 2027-01-08 Каникулы"}, "days"),
        ({"days": "2026-12-30 2027-01-08 Каникулы"}, "days"),
        ({"days": "31.12.2026..10.01.2027"}, "days"),
        ({"days": "31.12.20261"}, "days"),
        ({"days": "2026-12-315 Канун"}, "days"),
        ({"days": "2026-12-31 9-13"}, "days"),
        ({"days": "2026-12-31\t900 - 1300\tКанун"}, "days"),
        ({"days": "2026-12-31 с 9:00 до 13:00"}, "days"),
        ({"days": "2026-12-31 09:00-13:00, 12:00-14:00"}, "days"),
        ({"days": "2026-12-31 09:00-13:00;Канун"}, "days"),
        ({"days": "\n".join(f"{day}.01.{year}" for year in range(2000, 2040) for day in range(10, 36))}, "days"),
        ({"timezone": "localtime"}, "timezone"),
        ({"timezone": "Factory"}, "timezone"),
        ({"project_ids": ["99"]}, "project_ids"),
        ({"project_ids": ["1"] * 501}, "project_ids"),
    ],
)
def test_what_is_wrong_is_told_at_its_field(admin: Client, change: dict[str, object], field: str) -> None:
    answer = admin.post(ADDRESS, json={**FORM, **change})
    assert answer.status_code == 422 and list(answer.json()["errors"]) == [field], answer.text
    page = admin.post(ADDRESS, data={**FORM, **change}, headers=HTML)
    assert page.status_code == 422 and 'aria-invalid="true"' in page.text
    assert admin.get(ADDRESS).json()["calendars"] == []


@pytest.mark.parametrize(
    ("line", "hours", "name"),
    [
        ("2026-12-31\t09:00-13:00\tКанун", "09:00-13:00", "Канун"),
        ("31.12.2026  9:00 – 13:00 , 14:00 - 15:00  Канун", "09:00-13:00,14:00-15:00", "Канун"),
        ("08.03.2026 8 Марта", "", "8 Марта"),
        ("2026-05-02\u00a01-е мая, день 2", "", "1-е мая, день 2"),
    ],
)
def test_days_are_pasted_from_a_sheet(admin: Client, line: str, hours: str, name: str) -> None:
    (day,) = admin.get(f"{ADDRESS}/{add(admin, days=line)}").json()["days"]
    assert (day["hours"], day["name"]) == (hours, name)


def test_what_a_program_was_told_it_can_send_back(admin: Client) -> None:
    number = add(admin)
    told = admin.get(f"{ADDRESS}/{number}").json()
    assert len(told["days"]) == 3
    kept = admin.post(f"{ADDRESS}/{number}", json=told).json()
    assert {name: kept[name] for name in FORM} == {name: told[name] for name in FORM}
    assert kept["lock_version"] == told["lock_version"]
    twin = admin.post(ADDRESS, json={**told, "name": "Двойник", "project_ids": []})
    assert twin.status_code == 201 and twin.json()["days"] == told["days"]


@pytest.mark.parametrize(
    "day",
    [
        5,
        {},
        {"day": None},
        {"day": 20261231},
        {"day": "2026-12-31 09:00-13:00"},
        {"day": "2026-12-31", "hours": "утром"},
        {"day": "2026-12-31", "hours": ["09:00-13:00"]},
        {"day": "2026-12-31", "hours": "", "name": "09:00-13:00"},
        {"day": "2026-12-31", "name": "я" * 300},
        {"day": "2026-12-31", "name": "\0"},
    ],
)
def test_odd_days_of_programs_are_refused(admin: Client, day: object) -> None:
    answer = admin.post(ADDRESS, json={**FORM, "days": [day]})
    assert answer.status_code == 422 and list(answer.json()["errors"]) == ["days"], answer.text


def test_the_longest_calendar_can_be_edited(admin: Client) -> None:
    hours = "9:00-9:05,9:10-9:15,9:20-9:25,9:30-9:35"
    first = date(2026, 1, 1)
    lines = "\n".join(f"{first + timedelta(it)} {hours} {'я' * 100}" for it in range(1_000))
    number = add(admin, days=lines)
    assert admin.post(f"{ADDRESS}/{number}", json={"name": "Склад"}).status_code == 200
    page = parsed(admin.get(f"{ADDRESS}/{number}", headers=HTML).text)
    (shown,) = page.all(lambda it: it.get("id") == "calendar-days")
    assert len(shown.text) <= int(shown["maxlength"]) and shown.text.count("2026-01-01") == 1
    form = {**FORM, "lock_version": "2", "days": "\r\n".join(lines.split("\n"))}
    answer = admin.post(f"{ADDRESS}/{number}", data=form, headers=HTML)
    assert answer.status_code == 303, answer.text
    assert len(admin.get(f"{ADDRESS}/{number}").json()["days"]) == 1_000


def test_a_project_follows_one_calendar_and_one_is_the_default(admin: Client) -> None:
    first = add(admin, is_default=True)
    taken = admin.post(ADDRESS, json={**FORM, "name": "Склад"})
    assert taken.status_code == 422 and list(taken.json()["errors"]) == ["project_ids"]
    same = admin.post(ADDRESS, json={**FORM, "name": "ОФИС", "project_ids": []})
    assert same.status_code == 422 and list(same.json()["errors"]) == ["name"]
    second = add(admin, name="Склад", project_ids=[], is_default=True)
    kept = {it["id"]: it for it in admin.get(ADDRESS).json()["calendars"]}
    assert [kept[it]["is_default"] for it in (first, second)] == [False, True]
    assert kept[first]["lock_version"] == "2"


def test_nobody_overwrites_unseen_what_another_has_changed(admin: Client) -> None:
    number = add(admin)
    admin.post(f"{ADDRESS}/{number}", json={"hours_6": "10:00-14:00"}).raise_for_status()
    form = {**FORM, "lock_version": "1", "hours_6": "08:00-09:00"}
    refused = admin.post(f"{ADDRESS}/{number}", data=form, headers=HTML)
    assert refused.status_code == 409 and "Now: 10:00-14:00" in parsed(refused.text).text
    again = admin.post(f"{ADDRESS}/{number}", data={**form, "lock_version": "2"}, headers=HTML)
    assert again.status_code == 303 and admin.get(f"{ADDRESS}/{number}").json()["hours_6"] == "08:00-09:00"


def test_a_conflict_tells_that_another_is_the_default_now(admin: Client) -> None:
    number = add(admin, is_default=True)
    add(admin, name="Склад", project_ids=[], is_default=True)
    form = {**FORM, "lock_version": "1", "is_default": "1"}
    refused = admin.post(f"{ADDRESS}/{number}", data=form, headers=HTML)
    assert refused.status_code == 409
    assert "Now: not for projects that follow no other" in parsed(refused.text).text


def test_nobody_deletes_unseen_what_another_has_changed(admin: Client) -> None:
    number = add(admin)
    admin.post(f"{ADDRESS}/{number}", json={"hours_6": "10:00-14:00"}).raise_for_status()
    refused = admin.post(f"{ADDRESS}/{number}/delete", data={"lock_version": "1"}, headers=HTML)
    assert refused.status_code == 409 and 'value="10:00-14:00"' in refused.text
    assert "This is how it is now." in parsed(refused.text).text
    (form,) = parsed(refused.text).all(lambda it: it.get("action") == f"{ADDRESS}/{number}/delete")
    assert admin.post(f"{ADDRESS}/{number}/delete", json={"lock_version": "1"}).status_code == 409
    assert admin.post(f"{ADDRESS}/{number}/delete", data=sent(form), headers=HTML).status_code == 303
    assert admin.get(ADDRESS).json()["calendars"] == []


def test_a_form_without_projects_takes_them_away_and_a_program_does_not(admin: Client) -> None:
    number = add(admin)
    assert admin.post(f"{ADDRESS}/{number}", json={"name": "Другое"}).json()["project_ids"] == [1]
    form = {name: it for name, it in FORM.items() if name != "project_ids"}
    admin.post(f"{ADDRESS}/{number}", data={**form, "lock_version": "2"}, headers=HTML)
    assert admin.get(f"{ADDRESS}/{number}").json()["project_ids"] == []


def test_clocks_run_in_the_hours_of_their_calendar(admin: Client, anna: Client, promised: int, aged: Aged) -> None:
    number = aged(600)
    assert [it["state"] for it in anna.get(f"/tasks/{number}").json()["promises"]] == ["over"]
    off = {f"hours_{day}": "" for day in range(1, 8)}
    calendar = add(admin, **off, days="")
    (clock,) = anna.get(f"/tasks/{number}").json()["promises"]
    assert (clock["state"], clock["elapsed_minutes"], clock["due_at"]) == ("running", 0, None)
    admin.post(f"{ADDRESS}/{calendar}/delete", json={}).raise_for_status()
    assert [it["state"] for it in anna.get(f"/tasks/{number}").json()["promises"]] == ["over"]
