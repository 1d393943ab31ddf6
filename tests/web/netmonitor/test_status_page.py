"""The public page: what anybody may know and no more, the same for everybody, kept by caches."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from helpdesk.app import create_app
from helpdesk.services import Services
from helpdesk.store import public_hosts
from helpdesk.store.public_hosts import Incident
from helpdesk.web.netmonitor.status import DAYS, down, midnights
from tests.web.conftest import HTML, Client, Visit
from tests.web.dom import parsed
from tests.web.netmonitor import watched

ADDRESS = "/status"
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def anybody(visit: Visit) -> Client:
    return visit(netmonitor_status_page=True)


def test_it_is_nowhere_unless_it_is_switched_on(visit: Visit, services: Services) -> None:
    watched.watch(services.database, "Сайт", is_public=True)
    assert visit().get(ADDRESS, headers=HTML).status_code == visit().get(ADDRESS).status_code == 404


def test_it_tells_names_and_times_of_chosen_hosts_alone(anybody: Client, services: Services) -> None:
    database = services.database
    secret = {"address": "10.66.66.66", "is_public": True, "detail": "secret-detail", "query": "secret-query"}
    watched.down(database, "Почта", group_name="Связь", fault="certificate", **secret)
    watched.watch(database, "Сайт", is_public=True, group_name="Связь")
    watched.watch(database, "Тайный сервер")
    watched.watch(database, "Выключенный", is_public=True, is_active=False)
    page = anybody.get(ADDRESS, headers=HTML)
    text = parsed(page.text).text
    assert "1 service is down" in text and text.index("Почта") < text.index("Сайт") and "down since" in text
    told = anybody.get(ADDRESS).json()["hosts"]
    assert [(it["name"], it["status"]) for it in told] == [("Почта", "offline"), ("Сайт", "online")]
    for answer in (page.text, anybody.get(ADDRESS).text):
        for hidden in ("10.66", "secret", "certificate", "Тайный", "Выключенный", "netmonitor/1", "127.0.0.1"):
            assert hidden not in answer, hidden


def test_it_is_the_same_for_everybody_and_may_be_kept(visit: Visit, services: Services) -> None:
    watched.watch(services.database, "Сайт", is_public=True)
    visitors = [visit(netmonitor_status_page=True), visit("admin", netmonitor_status_page=True)]
    visitors[1].cookies.update({"theme": "dark", "locale": "ru", "flash": "x"})
    answers = [it.get(ADDRESS, headers=HTML) for it in visitors]
    assert answers[0].text == answers[1].text and answers[0].headers["etag"] == answers[1].headers["etag"]
    for answer in answers:
        assert answer.headers["cache-control"] == "public, max-age=30" and "set-cookie" not in answer.headers
        assert {it.strip() for it in answer.headers["vary"].split(",")} == {
            "Accept",
            "Accept-Language",
            "Accept-Encoding",
        }
    again = visitors[0].get(ADDRESS, headers=HTML | {"If-None-Match": answers[0].headers["etag"]})
    assert (again.status_code, again.content) == (304, b"") and again.headers["cache-control"].startswith("public")
    assert visitors[0].head(ADDRESS, headers=HTML).headers["etag"] == answers[0].headers["etag"]


def test_its_language_is_the_browsers(anybody: Client, services: Services) -> None:
    watched.watch(services.database, "Сайт", is_public=True)
    for accept, language, words in (
        ("ru", "ru", "Всё работает"),
        ("de, en", "en", "Everything works"),
        ("xx", "en", ""),
    ):
        answer = anybody.get(ADDRESS, headers=HTML | {"Accept-Language": accept})
        assert f'<html lang="{language}">' in answer.text and words in answer.text
        assert answer.headers["content-language"] == language


def test_without_news_of_a_host_it_does_not_pretend(anybody: Client, services: Services) -> None:
    watched.watch(services.database, "Сайт", {"checked_at": datetime.now(UTC) - timedelta(hours=1)}, is_public=True)
    assert "Nothing is known" in anybody.get(ADDRESS, headers=HTML).text
    assert anybody.get(ADDRESS).json()["hosts"][0]["status"] == "unknown"


def test_nothing_chosen_is_said(anybody: Client) -> None:
    assert "No service has been chosen" in anybody.get(ADDRESS, headers=HTML).text


def test_the_days_show_when_it_was_down(services: Services) -> None:
    host = watched.watch(services.database, "Сайт", now=NOW, is_public=True, created_at=NOW - timedelta(days=200))
    for days, minutes in ((1, 10), (2, 90), (400, 60)):
        began = NOW - timedelta(days=days)
        watched.incident(services.database, host, began, began + timedelta(minutes=minutes))
    settings = replace(services.settings, netmonitor_status_page=True)
    with TestClient(create_app(replace(services, settings=settings, clock=lambda: NOW))) as client:
        found = parsed(client.get(ADDRESS, headers=HTML).text)
    assert [it["d"] for it in found.of_class("public-short")] == [f"M{3 * 88} 0v10"]
    assert [it["d"] for it in found.of_class("public-long")] == [f"M{3 * 87} 0v10"]
    assert "99.92 % of the last 90 days" in found.text


def test_a_host_that_is_down_is_never_left_out(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(public_hosts, "MOST_ENDED", 60)
    database = services.database
    chosen: dict[str, Any] = {"is_public": True, "created_at": NOW - timedelta(days=200), "now": NOW}
    down_since = NOW - timedelta(days=40)
    host = watched.watch(database, "Почта", {"status": "offline", "ms": None, "since": down_since}, **chosen)
    watched.incident(database, host, down_since)
    other = watched.watch(database, "Сайт", **chosen)
    for number in range(100):
        began = down_since + timedelta(hours=1 + number)
        watched.incident(database, other, began, began + timedelta(minutes=2))
    mail, site = told(services)
    assert (mail["name"], mail["status"], mail["down_since"]) == ("Почта", "offline", "2026-10-11T12:00:00Z")
    assert (site["name"], site["status"]) == ("Сайт", "online")


def test_a_host_that_fails_in_maintenance_does_not_work(services: Services) -> None:
    since = NOW - timedelta(hours=1)
    watched.watch(
        services.database, "Почта", {"status": "offline", "ms": None, "since": since}, now=NOW, is_public=True
    )
    assert [it["status"] for it in told(services)] == ["offline"]


@pytest.mark.parametrize("hour", [0, 1, 12, 23])
def test_a_host_that_was_down_all_the_time_worked_at_no_time(services: Services, hour: int) -> None:
    now = NOW.replace(hour=hour)
    chosen: dict[str, Any] = {"is_public": True, "created_at": NOW - timedelta(days=200), "now": now}
    host = watched.watch(services.database, "Почта", {"status": "offline"}, **chosen)
    watched.incident(services.database, host, NOW - timedelta(days=150))
    assert "0 % of the last 90 days" in page_at(services, now)


def page_at(services: Services, now: datetime) -> str:
    settings = replace(services.settings, netmonitor_status_page=True)
    with TestClient(create_app(replace(services, settings=settings, clock=lambda: now))) as client:
        return parsed(client.get(ADDRESS, headers=HTML).text).text


def told(services: Services) -> list[dict[str, Any]]:
    settings = replace(services.settings, netmonitor_status_page=True)
    with TestClient(create_app(replace(services, settings=settings, clock=lambda: NOW))) as client:
        hosts: list[dict[str, Any]] = client.get(ADDRESS).json()["hosts"]
        return hosts


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 7, 1), 24)])
def test_a_day_lasts_as_long_as_it_does(day: date, hours: int) -> None:
    now = datetime(day.year, day.month, day.day, 12, tzinfo=BERLIN) + timedelta(days=2)
    edges = midnights(now, BERLIN)
    always = down([Incident(datetime(2020, 1, 1, tzinfo=UTC), None)], edges, now)
    assert always[-3] == hours * 3600 and always[-1] == 12 * 3600 and len(always) == DAYS
    assert sum(down([], edges, now)) == 0


@given(st.lists(st.floats(-100, 3000), max_size=12, unique=True))
def test_the_days_of_an_incident_are_those_that_it_lasted(hours: list[float]) -> None:
    edges, begun = midnights(NOW, BERLIN), NOW - timedelta(hours=2400)
    moments = sorted(begun + timedelta(hours=it) for it in hours)
    incidents = [Incident(*pair) for pair in zip(moments[::2], moments[1::2], strict=False)]
    found = down(incidents, edges, NOW)
    for lost, begin, end in zip(found, edges, edges[1:], strict=False):
        parts = (
            min(it.ended_at.timestamp(), end) - max(it.began_at.timestamp(), begin) for it in incidents if it.ended_at
        )
        assert lost == pytest.approx(sum(max(0.0, it) for it in parts), abs=0.01)
