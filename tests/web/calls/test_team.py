"""The supervisors' page: how the agents are, and that its numbers are those of the log."""

import asyncio
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from sqlmodel import Session

from helpdesk.demo.playable_phone import PlayablePhone
from helpdesk.services import Services
from helpdesk.store.database import Database
from helpdesk.store.models.telephony import PhoneAgent, PhoneCall
from helpdesk.telephony import snapshot, team
from helpdesk.telephony.phone import Agent, Dialog, Participant, PhoneUnavailable
from tests.telephony.desks import AGENT, SUPERVISOR, TO_THE_PHONE, beside_a_phone, grant
from tests.web.conftest import HTML, HTMX, Client, Visit
from tests.world import PEOPLE_IDS

TEAM, OWN = "/calls/team", "/finesse/calls"
NOW = datetime.now(UTC)


@pytest.fixture
def phone() -> PlayablePhone:
    return PlayablePhone()


@pytest.fixture
def services(database: Database, phone: PlayablePhone) -> Services:
    services = beside_a_phone(database, phone)
    grant(services, "anna", AGENT)
    grant(services, "boris", AGENT, SUPERVISOR)
    return services


@pytest.fixture
def boris(visit: Visit) -> Client:
    return visit("boris")


@pytest.fixture
def on_phone(boris: Client) -> Client:
    boris.post("/finesse/session", json=TO_THE_PHONE).raise_for_status()
    boris.get("/finesse/agent/state").raise_for_status()
    return boris


def agent_row(agent_id: str, state: str = "READY", **more: Any) -> PhoneAgent:
    usual = {"person_id": PEOPLE_IDS["anna"], "extension": agent_id, "name": f"Agent {agent_id}", "seen_at": NOW}
    usual |= {"watched_until": NOW + timedelta(hours=1), "state": state, "state_since": NOW - timedelta(minutes=3)}
    return PhoneAgent(agent_id=agent_id, **{**usual, **more})


def add(services: Services, *rows: PhoneAgent | PhoneCall) -> None:
    def work(session: Session) -> None:
        session.add_all(rows)

    services.database.run_here(work, writes=True)


# Who is how


def test_the_free_ones_come_first_and_of_who_is_out_of_sight_nothing_is_said() -> None:
    rows = [
        agent_row("4", "LOGOUT"),
        agent_row("3", "NOT_READY", reason="Lunch"),
        agent_row("2", "TALKING"),
        agent_row("1", "READY"),
        agent_row("0", "READY", watched_until=NOW - timedelta(seconds=1), reason="Lunch", dialogs="[]"),
        agent_row("5", "READY", failure="refused"),
    ]
    found = team.in_order(team.merged(rows, (), NOW))
    assert [(it.agent.agent_id, it.agent.state) for it in found] == [
        ("1", "READY"), ("2", "TALKING"), ("0", "UNKNOWN"), ("3", "NOT_READY"), ("5", "UNKNOWN"), ("4", "LOGOUT"),
    ]  # fmt: skip
    assert (found[2].agent.since, found[2].agent.reason, found[2].seen_at) == (None, "", NOW)


def test_the_phone_system_knows_better_and_the_calls_are_ours() -> None:
    dialog = Dialog("7", "ACTIVE", "+79035550142", "5500", "", "", (Participant("1", "ACTIVE", (), NOW),))
    rows = [agent_row("1", "READY", dialogs=snapshot.to_json([dialog]))]
    [found, other] = team.merged(rows, [Agent("1", "One", "1", "TALKING"), Agent("9", "Nine", "9", "READY")], NOW)
    assert (found.agent.state, found.dialogs) == ("TALKING", (dialog,)) and other.agent.name == "Nine"


def test_the_page_shows_states_calls_and_queues(services: Services, on_phone: Client) -> None:
    own = Participant("7", "ACTIVE", (), NOW - timedelta(seconds=75))
    dialog = Dialog("7", "ACTIVE", "+79035550142", "5500", "", "", (own,))
    add(services, agent_row("7", "TALKING", dialogs=snapshot.to_json([dialog])))
    page = on_phone.get(TEAM, headers=HTML).text
    assert page.index("Гусева Тамара") < page.index("Лебедева Ольга") < page.index("Сомов Игорь")
    assert re.search(r"\+7 903 555-01-42 · \d+:\d\d", page) and "Поддержка" in page and "Обед" in page
    assert "phone-free" in page and "phone-busy" in page and "phone-away" in page


def test_only_the_part_that_changes_is_loaded_again(on_phone: Client) -> None:
    part = on_phone.get(TEAM, headers=HTMX).text
    assert "<html" not in part and 'id="team"' in part and "<h1" not in part


def test_without_the_phone_the_page_says_who_is_missing(services: Services, boris: Client) -> None:
    add(services, agent_row("7", "READY"))
    page = boris.get(TEAM, headers=HTML).text
    assert "only to those who are signed in to the phone" in page and "Ready" in page
    assert boris.get(TEAM).json()["phone_system"] == "not_asked"


@pytest.mark.parametrize("way", ["slow", "down"])
def test_a_phone_system_that_does_not_answer_takes_only_its_own_part_away(
    services: Services, on_phone: Client, phone: PlayablePhone, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    async def fail(*_: object) -> Sequence[Agent]:
        if way == "slow":
            await asyncio.Event().wait()
        raise PhoneUnavailable

    monkeypatch.setattr(phone, "team", fail)
    monkeypatch.setattr(team, "PATIENCE_SECONDS", 0.05)
    add(services, agent_row("7", "READY"))
    answer = on_phone.get(TEAM, headers=HTML)
    assert answer.status_code == 200
    assert "did not answer in time" in answer.text and "Анна Смирнова" in answer.text


def test_names_that_others_chose_are_only_text(services: Services, boris: Client) -> None:
    evil = "<script>alert(1)</script>"
    add(services, agent_row(evil, "NOT_READY", name=evil, reason=evil, extension=evil))
    for headers in (HTML, HTMX):
        page = boris.get(TEAM, headers=headers).text
        assert evil not in page and "&lt;script&gt;" in page


def test_it_is_for_supervisors(visit: Visit) -> None:
    for login in ("anna", "irina", "admin"):
        assert visit(login).get(TEAM).status_code == 404


# Today's calls


def call(dice: Random, number: int, agent: str, began: datetime) -> PhoneCall:
    answered = began + timedelta(seconds=dice.randint(1, 20)) if dice.random() < 0.7 else None
    ended = began + timedelta(seconds=dice.randint(30, 900)) if dice.random() < 0.9 else None
    outcome = "" if ended is None else "answered" if answered else dice.choice(("missed", "no_answer"))
    return PhoneCall(
        agent_id=agent,
        dialog_id=str(number),
        person_id=PEOPLE_IDS[dice.choice(("anna", "boris"))],
        direction=dice.choice(("in", "out")),
        from_number="1",
        to_number="2",
        other_key="1",
        began_at=began,
        answered_at=answered,
        ended_at=ended,
        outcome=outcome,
    )


@pytest.mark.parametrize("seed", range(5))
def test_the_counts_are_those_of_the_log(services: Services, boris: Client, seed: int) -> None:
    """Calls of yesterday, today and tomorrow, of several agents; some still go on."""
    dice, zone = Random(seed), services.settings.timezone
    midnight = services.clock().astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    add(services, *(agent_row(name) for name in "123"))
    moments = [midnight + timedelta(seconds=dice.randint(-90_000, 180_000)) for _ in range(120)]
    add(services, *(call(dice, number, dice.choice("123"), it) for number, it in enumerate(moments)))
    found = boris.get(TEAM).json()
    assert found["today"] == boris.get("/calls").json()["sums"]
    for each in found["by_agent"]:
        of_agent = boris.get("/calls", params={"agent": each["agent_id"]}).json()["sums"]
        assert {name: each[name] for name in of_agent} == of_agent
    begun = [it.astimezone(zone) for it in moments]
    by_hour = {it["hour"]: it["calls"] for it in found["by_hour"]}
    today = [it.hour for it in begun if it.date() == midnight.date()]
    assert {hour: number for hour, number in by_hour.items() if number} == {it: today.count(it) for it in today}
    assert sum(by_hour.values()) == found["today"]["calls"] == sum(it["calls"] for it in found["by_agent"])


def test_a_day_without_calls_has_no_tables(boris: Client) -> None:
    page = boris.get(TEAM, headers=HTML).text
    assert "There was no call today." in page and "By hour" not in page


# Own calls, for programs


def test_own_calls_are_ones_own_of_a_day_in_pages(services: Services, visit: Visit) -> None:
    dice, at = Random(1), datetime(2026, 11, 20, 9, tzinfo=UTC)
    rows = [call(dice, number, "1", at + timedelta(minutes=number)) for number in range(40)]
    add(services, *rows)
    mine = [row for row in reversed(rows) if row.person_id == PEOPLE_IDS["anna"]]
    anna = visit("anna")
    found = [anna.get(f"{OWN}?date=2026-11-20&per_page=7&page={page}").json() for page in range(1, 8)]
    assert [it["id"] for page in found for it in page["calls"]] == [row.id for row in mine]
    assert {page["total"] for page in found} == {len(mine)}
    assert anna.get(OWN).json()["calls"] == []


@pytest.mark.parametrize(
    "query", ["date=tomorrow", "date=9999-99-99", "date=9999-12-31", "page=0", "page=x", "per_page=0"]
)
def test_what_is_no_day_and_no_page_is_refused(anna: Client, query: str) -> None:
    answer = anna.get(f"{OWN}?{query}")
    assert answer.status_code == 422 and answer.json()["errors"]
