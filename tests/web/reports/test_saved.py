"""Saved reports: under names, shared, sent by e-mail, and a page for all of it."""

import re
from html import unescape
from typing import NoReturn

import pytest

from helpdesk.errors import Unavailable
from helpdesk.notifications.channels.email.unsubscribe import Link, token
from helpdesk.services import Services
from helpdesk.store import saved_reports
from helpdesk.store.database import Database
from tests.web.conftest import HTML, SECRET, Client, Visit
from tests.web.reports import world
from tests.world import FIELD_IDS, PEOPLE_IDS, EmbeddedWorld

AT = "/reports/saved"
BORIS = PEOPLE_IDS["boris"]
HOSTILE = "'\"><script>alert(1)</script> %s"
SENDS = {"smtp_host": "127.0.0.1", "smtp_from": "a@example.test"}


@pytest.fixture
def boris(embedded: EmbeddedWorld, visit: Visit) -> Client:
    world.fill(embedded)
    return visit("boris")


def save(client: Client, name: str = "Итог", query: str = "group=executor&period=last-month") -> int:
    answer = client.post(AT, json={"name": name, "query": query})
    assert answer.status_code == 201, answer.text
    number: int = answer.json()["report"]["id"]
    return number


def test_a_report_is_saved_from_its_own_page_as_it_stands(boris: Client) -> None:
    asked = "period=last-month&group=executor&page=2&nonsense=1"
    page = boris.get(f"/reports?{asked}", headers=HTML).text
    address = unescape(re.search(r'href="(/reports/saved\?save=1[^"]*)"', page)[1])  # type: ignore[index]
    form = boris.get(address, headers=HTML).text
    query = unescape(re.search(r'name="query" value="([^"]*)"', form)[1])  # type: ignore[index]
    assert query == "period=last-month&group=executor"
    for _ in range(2):
        fields = {"name": "  Итог   недели ", "query": query, "idempotency_key": "k"}
        assert boris.post(AT, data=fields, headers=HTML).status_code == 303
    (only,) = boris.get(AT).json()["reports"]
    assert (only["name"], only["query"], only["shared"], only["mailing"]) == ("Итог недели", query, False, None)
    assert boris.get(f"{AT}/{only['id']}", headers=HTML).headers["location"] == f"/reports?{query}"
    assert f'href="/reports?{query.replace("&", "&amp;")}"' in boris.get(AT, headers=HTML).text


def test_the_page_says_what_each_report_is_about(boris: Client, visit: Visit) -> None:
    asked = f"since=2026-01-01&until=2026-01-31&by=week&group=project&executor_id={BORIS}&executor_id=0&phase=open"
    form = boris.get(f"{AT}?save=1&{asked}", headers=HTML).text
    number = save(boris, query=asked)
    boris.post(f"{AT}/{number}", json={"shared": True})
    save(boris, "Обычный", "")
    told = "Period: 01.2026; Divide: weeks; Group by: Project; Assignee: Борис Кузнецов, nobody; Status: open now"
    for page in (form, boris.get(AT, headers=HTML).text, visit("irina").get(AT, headers=HTML).text):
        assert told in re.sub(r"</?(?:b|span)>", "", page)
    assert "Period: Twelve months" in re.sub(r"</?(?:b|span)>", "", boris.get(AT, headers=HTML).text)


def test_reports_are_listed_while_names_cannot_be_read(
    boris: Client, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent(*_: object) -> NoReturn:
        raise Unavailable

    number = save(boris)
    monkeypatch.setattr(services.reports, "choices", silent)
    page = boris.get(AT, headers=HTML)
    assert page.status_code == 200 and "Итог" in page.text and "Period:" not in page.text
    assert boris.post(f"{AT}/{number}/delete").status_code == 200


def test_without_a_database_to_count_in_reports_are_still_renamed_and_deleted(
    boris: Client, services: Services, visit: Visit
) -> None:
    number, other = save(boris), save(boris, "Другой")
    object.__setattr__(services, "reports", None)
    boris = visit("boris")
    page = boris.get(AT, headers=HTML)
    assert page.status_code == 200 and "Итог" in page.text and "Period:" not in page.text
    refused = boris.post(f"{AT}/{other}", data={"name": "ИТОГ"}, headers=HTML)
    assert refused.status_code == 422 and 'value="ИТОГ"' in refused.text
    assert boris.post(f"{AT}/{number}", json={"name": "Новый"}).json()["report"]["name"] == "Новый"
    assert boris.post(f"{AT}/{number}/delete").status_code == 200


def test_values_that_are_ids_are_named(boris: Client, services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    async def names(*_: object) -> dict[str, str]:
        return {"17": "Версия 1.0"}

    save(boris, query=f"cf_{FIELD_IDS['Способ связи']}=17")
    monkeypatch.setattr(services.reports, "value_names", names)
    assert "Способ связи: <b>Версия 1.0</b>" in boris.get(AT, headers=HTML).text


def test_a_report_of_a_field_that_is_gone_is_listed_all_the_same(boris: Client) -> None:
    save(boris, query="group=cf_987654&cf_987654=x")
    page = boris.get(AT, headers=HTML)
    assert page.status_code == 200 and "a field that is gone" in page.text


def test_a_shared_report_is_seen_and_not_changed_by_others(boris: Client, visit: Visit) -> None:
    number, irina = save(boris, HOSTILE), visit("irina")
    assert irina.get(f"{AT}/{number}").status_code == 404
    assert boris.post(f"{AT}/{number}", json={"shared": True}).json()["report"]["shared"]
    assert irina.get(f"{AT}/{number}").json()["report"]["owner"] == "Борис Кузнецов"
    page = irina.get(AT, headers=HTML).text
    assert "Shared by others" in page and "<script>alert" not in page
    assert irina.post(f"{AT}/{number}", json={"name": "Моё"}).status_code == 404
    assert irina.post(f"{AT}/{number}", json={"shared": False}).status_code == 404
    assert irina.post(f"{AT}/{number}/delete").status_code == 404
    numbers = [it.get("/reports?group=executor").json()["report"]["total"]["created"] for it in (boris, irina)]
    assert numbers[0] > numbers[1] > 0, "each counts what they see"


def test_who_may_not_read_reports_has_none_of_this(boris: Client, visit: Visit) -> None:
    number = save(boris)
    boris.post(f"{AT}/{number}", json={"shared": True})
    for path in (AT, f"{AT}/{number}"):
        assert visit("anna").get(path).status_code == 403
        assert visit("anna").post(path, json={"name": "x", "query": ""}).status_code == 403
    assert visit("anna").post(f"{AT}/{number}/delete").status_code == 403


def test_a_report_is_renamed_and_deleted(boris: Client) -> None:
    number, other = save(boris), save(boris, "Другой")
    assert boris.post(f"{AT}/{number}", json={"name": "Новый"}).json()["report"]["name"] == "Новый"
    refused = boris.post(f"{AT}/{other}", data={"name": "НОВЫЙ"}, headers=HTML)
    assert refused.status_code == 422 and 'aria-invalid="true"' in refused.text and 'value="НОВЫЙ"' in refused.text
    assert boris.post(f"{AT}/{number}/delete").status_code == 200
    assert [it["id"] for it in boris.get(AT).json()["reports"]] == [other]


@pytest.mark.parametrize(
    "body",
    [
        {"name": "", "query": ""},
        {"name": "x" * 61, "query": ""},
        {"name": "x", "query": "since=2026-02-01&until=2026-01-01"},
        {"name": "x", "query": "group=nonsense"},
        {"name": "x", "query": "a" * 7_000},
        {"name": "x", "query": "&".join(f"department={'д' * 90}{number}" for number in range(9))},
    ],
)
def test_what_is_no_report_is_not_saved(boris: Client, body: dict[str, object]) -> None:
    assert boris.post(AT, json=body).status_code in (400, 422)
    assert boris.post(AT, data={name: str(it) for name, it in body.items()}, headers=HTML).status_code == 422
    assert boris.get(AT).json()["reports"] == []


def test_nobody_saves_more_than_so_many(boris: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved_reports, "MOST_OF_PERSON", 2)
    save(boris, "а")
    save(boris, "б")
    assert boris.post(AT, json={"name": "в", "query": ""}).status_code == 422


def test_a_report_whose_field_is_gone_says_so_when_it_is_opened(boris: Client) -> None:
    number = save(boris, query="group=cf_999")
    address = boris.get(f"{AT}/{number}", headers=HTML).headers["location"]
    page = boris.get(address, headers=HTML)
    assert page.status_code == 422 and "There is no such field" in page.text


def test_a_report_is_sent_in_the_chosen_rhythm_until_a_link_stops_it(
    boris: Client, visit: Visit, database: Database
) -> None:
    number = save(boris)
    assert "by e-mail" not in boris.get(AT, headers=HTML).text.replace("sends no e-mail", "")
    assert "Send it to me by e-mail" in visit("boris", **SENDS).get(AT, headers=HTML).text
    for rhythm in ("weekly", "monthly"):
        assert boris.post(f"{AT}/{number}", json={"mailing": rhythm}).json()["report"]["mailing"] == rhythm
    assert boris.post(f"{AT}/{number}", json={"mailing": "hourly"}).status_code == 422
    page = visit().get(link := f"/mail/unsubscribe/{token([SECRET], Link(BORIS, f'report.{number}'))}", headers=HTML)
    assert "Mailing of a saved report" in page.text
    assert boris.get(f"{AT}/{number}").json()["report"]["mailing"] == "monthly", "only a POST stops it"
    for _ in range(2):
        assert visit().post(link).json()["stopped"]
    assert boris.get(f"{AT}/{number}").json()["report"]["mailing"] is None
    assert boris.post(f"{AT}/{number}", json={"mailing": "weekly"}).json()["report"]["mailing"] == "weekly"
    assert boris.post(f"{AT}/{number}", json={"mailing": ""}).json()["report"]["mailing"] is None


def test_a_report_of_another_is_sent_as_long_as_it_is_shared(boris: Client, visit: Visit) -> None:
    number, irina = save(boris), visit("irina")
    assert irina.post(f"{AT}/{number}", json={"mailing": "weekly"}).status_code == 404
    boris.post(f"{AT}/{number}", json={"shared": True})
    assert irina.post(f"{AT}/{number}", json={"mailing": "weekly"}).json()["report"]["mailing"] == "weekly"
    assert boris.get(f"{AT}/{number}").json()["report"]["mailing"] is None, "each has their own"
    for is_shared in (False, True):
        boris.post(f"{AT}/{number}", json={"shared": is_shared})
    assert irina.get(f"{AT}/{number}").json()["report"]["mailing"] is None
