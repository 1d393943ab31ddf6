"""The bar of an agent: who has it, what it says and offers, and what is asked by it, with and without scripts."""

import time
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from helpdesk.demo.playable_phone import PlayablePhone
from helpdesk.services import Services
from helpdesk.store.database import Database
from helpdesk.store.models import tables
from helpdesk.telephony.phone import PhoneUnanswered, PhoneUnavailable
from tests.telephony.desks import AGENT, SOON, SUPERVISOR, TO_THE_PHONE, Shift, beside_a_phone, grant
from tests.web.conftest import HTML, HTMX, Client, Visit

PAGE = "/tasks/my-tasks"
READY, SIGN_IN, BAR = "/calls/state", "/calls/phone", "/calls/bar"


@pytest.fixture
def shift() -> Shift:
    return Shift()


@pytest.fixture
def phone(shift: Shift, request: pytest.FixtureRequest) -> PlayablePhone | None:
    """None for the parameter False."""
    return PlayablePhone(shift.now) if getattr(request, "param", True) else None


@pytest.fixture
def services(database: Database, phone: PlayablePhone | None) -> Services:
    services = beside_a_phone(database, phone)
    grant(services, "anna", AGENT)
    grant(services, "boris", SUPERVISOR)
    return services


@pytest.fixture
def agent(anna: Client) -> Client:
    """anna, who is signed in to the phone."""
    assert anna.post(SIGN_IN, data=TO_THE_PHONE, headers=HTMX).status_code == 200
    until(anna, lambda it: "Not ready" in it)
    return anna


@pytest.fixture
def call(agent: Client, shift: Shift) -> str:
    """A call that rings at anna's; the address of its form."""
    agent.post(READY, data={"state": "READY"}, headers=HTMX)
    until(agent, lambda it: 'phone-free">Ready' in it)
    shift.passed += SOON
    agent.get(BAR, headers=HTML)  # the page asks the phone system now
    bar = until(agent, lambda it: "Ringing" in it)
    return bar.partition('action="/calls/dialogs/')[2].partition('"')[0]


def until(client: Client, is_there: Callable[[str], bool]) -> str:
    """The bar in which something has come."""
    ends = time.monotonic() + 10
    while not is_there(found := client.get(BAR, headers=HTMX).text):
        assert time.monotonic() < ends, found
    return found


def act(client: Client, call: str, action: str, to: str = "") -> int:
    data = {"action": action, "to_address": to}
    return client.post(f"/calls/dialogs/{call}", data=data, headers=HTMX).status_code


# Who has it


def test_only_agents_have_the_bar_on_their_pages(anna: Client, visit: Visit) -> None:
    assert 'id="phone-sign-in"' in anna.get(PAGE, headers=HTML).text
    for login in ("boris", "irina"):
        page = visit(login).get(PAGE, headers=HTML).text
        assert "phone" not in page and "calls.js" not in page


@pytest.mark.parametrize("phone", [False], indirect=True)
def test_without_a_phone_system_nobody_has_it(anna: Client) -> None:
    assert "phone" not in anna.get(PAGE, headers=HTML).text
    assert anna.get(BAR, headers=HTML).status_code == 404
    assert anna.post(READY, data={"state": "READY"}, headers=HTML).status_code == 404


@pytest.mark.parametrize("address", [BAR, "/calls/targets", "/calls/favourites"])
def test_for_others_there_is_nothing_at_the_addresses(address: str, visit: Visit) -> None:
    assert [visit(login).get(address, headers=HTML).status_code for login in ("boris", "irina")] == [404, 404]


# Signing in and out


def test_the_form_is_filled_with_the_agent_of_last_time(agent: Client) -> None:
    agent.post("/calls/phone/end", headers=HTMX)
    page = agent.get(PAGE, headers=HTML).text
    assert 'name="agent_id" required maxlength="64" autocomplete="off" value="1001"' in page
    assert "demo" not in page.partition('id="phone-bar"')[2].partition("</aside>")[0], "no password"


def test_a_refused_password_is_said_and_kept_nowhere(anna: Client) -> None:
    answer = anna.post(SIGN_IN, data={**TO_THE_PHONE, "password": "wrong-one"}, headers=HTMX)
    assert answer.status_code == 403 and "refuses this agent or this password" in answer.text
    assert "wrong-one" not in answer.text + anna.get(PAGE, headers=HTML).text


@pytest.mark.parametrize("field", ["agent_id", "password", "extension"])
def test_what_is_no_agent_is_said_without_asking_the_phone(field: str, anna: Client) -> None:
    answer = anna.post(SIGN_IN, data={**TO_THE_PHONE, field: ""}, headers=HTMX)
    assert answer.status_code == 422 and 'class="toast bad"' in answer.text


def test_a_password_that_is_refused_later_is_said_on_every_page(agent: Client, services: Services) -> None:
    """Nothing is asked any more: the form is open, filled with the agent."""
    forget = sa.update(tables.Session).values(phone_secret=None)
    services.database.run_here(lambda db: db.execute(forget), writes=True)
    page = agent.get(PAGE, headers=HTML).text
    assert "refuses the password" in page and 'id="phone-sign-in" open' in page and 'value="1001"' in page
    assert 'name="state"' not in page and "data-watch" not in page
    assert agent.post(READY, data={"state": "READY"}, headers=HTMX).status_code == 409
    assert agent.post(SIGN_IN, data=TO_THE_PHONE, headers=HTMX).status_code == 200
    assert 'name="state"' in agent.get(PAGE, headers=HTML).text


def test_who_is_signed_out_by_the_phone_system_is_told_so(agent: Client, phone: PlayablePhone) -> None:
    phone.sign_out("1001")
    until(agent, lambda it: "The phone system has signed you out." in it)
    page = agent.get(BAR, headers=HTML).text
    assert "The phone system has signed you out." in page and 'id="phone-sign-in" open' in page
    assert agent.post(SIGN_IN, data=TO_THE_PHONE, headers=HTMX).status_code == 200
    until(agent, lambda it: "Not ready" in it)


def test_a_phone_system_that_does_not_answer_is_said_with_the_time(
    agent: Client, phone: PlayablePhone, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def down(*_: object) -> None:
        raise PhoneUnavailable

    for name in ("agent", "dialogs", "set_state"):
        monkeypatch.setattr(phone, name, down)
    answer = agent.post(READY, data={"state": "READY"}, headers=HTML)
    assert answer.status_code == 503 and "<h1>The phone system does not answer</h1>" in answer.text
    assert agent.post(READY, data={"state": "READY"}, headers=HTMX).status_code == 503
    page = agent.get(BAR, headers=HTML)
    assert page.status_code == 200 and "Not ready" in page.text


def test_who_is_not_asked_for_in_a_call_can_enter_the_password_again(
    agent: Client, call: str, phone: PlayablePhone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The call stays in the bar, with its buttons, and goes on with them."""
    act(agent, call, "ANSWER")
    until(agent, lambda it: "Connected" in it)

    async def mute(*_: object) -> None:
        raise PhoneUnanswered

    def is_held(bar: str) -> bool:
        assert agent.post(READY, data={"state": "NOT_READY"}, headers=HTMX).status_code == 503
        return "Type it again to go on at once." in bar

    with monkeypatch.context() as patch:
        for name in ("agent", "dialogs", "reasons", "set_state"):
            patch.setattr(phone, name, mute)
        bar = until(agent, is_held)
    assert bar.count('id="phone-sign-in" open') == 1 and 'value="1001"' in bar
    assert "Connected" in bar and 'value="HOLD"' in bar and "data-watch" in bar
    assert 'id="phone-sign-in" open' in agent.get(PAGE, headers=HTML).text
    answer = agent.post(SIGN_IN, data=TO_THE_PHONE, headers=HTMX)
    assert answer.status_code == 200 and "phone-sign-in" not in answer.text
    assert "Connected" in answer.text and "has not answered" not in answer.text
    assert act(agent, call, "HOLD") == 200
    assert "phone-sign-in" not in until(agent, lambda it: "On hold" in it)


def test_without_scripts_one_is_led_back_to_the_page(anna: Client) -> None:
    headers = {**HTML, "Referer": f"http://testserver{PAGE}?page=2"}
    answer = anna.post(SIGN_IN, data=TO_THE_PHONE, headers=headers, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{PAGE}?page=2")
    assert "You are signed in to the phone." in anna.get(PAGE, headers=HTML).text


# A call


def test_a_call_offers_what_its_own_end_allows_and_nothing_else(agent: Client, call: str) -> None:
    offered = {f'value="{it}"' for it in ("ANSWER", "HOLD", "DROP", "TRANSFER_SST", "CONSULT_CALL", "SEND_DTMF")}
    bar = agent.get(BAR, headers=HTMX).text
    assert {it for it in offered if it in bar} == {'value="ANSWER"'}
    assert act(agent, call, "HOLD") == 422
    assert act(agent, call, "ANSWER") == 200
    bar = until(agent, lambda it: "Connected" in it)
    assert {it for it in offered if it in bar} == offered - {'value="ANSWER"'}


def test_what_was_asked_is_said_until_it_is_seen(agent: Client, call: str, services: Services) -> None:
    answer = agent.post(f"/calls/dialogs/{call}", data={"action": "ANSWER"}, headers=HTMX)
    assert "Asked for: Answer the call…" in answer.text
    assert "Asked for" not in until(agent, lambda it: "Connected" in it)


def test_a_write_without_scripts_waits_a_moment_and_leads_back(agent: Client, call: str) -> None:
    headers = {**HTML, "Referer": f"http://testserver{PAGE}"}
    path = f"/calls/dialogs/{call}"
    answer = agent.post(path, data={"action": "ANSWER"}, headers=headers, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, PAGE)
    assert "Connected" in agent.get(PAGE, headers=HTML).text


def test_a_consultation_shows_both_calls_and_is_completed(agent: Client, call: str) -> None:
    act(agent, call, "ANSWER")
    until(agent, lambda it: "Connected" in it)
    assert act(agent, call, "CONSULT_CALL", "10 04") == 200
    bar = until(agent, lambda it: it.count('class="phone-call') == 2)
    assert "On hold" in bar and "1004" in bar and 'id="phone-drop-' in bar


@pytest.mark.parametrize("to", ["", "12a", "1" * 33, "<b>", "1002\n1003", "١٢٣"])
def test_a_number_that_is_none_is_refused(to: str, agent: Client, call: str) -> None:
    act(agent, call, "ANSWER")
    until(agent, lambda it: "Connected" in it)
    assert act(agent, call, "TRANSFER_SST", to) == 422
    assert agent.post("/calls/dial", data={"to_address": to}, headers=HTMX).status_code == 422


@pytest.mark.parametrize("dialog", ["1", "9" * 40, "abc", "%00"])
def test_a_call_of_somebody_else_can_not_be_acted_on(dialog: str, agent: Client, call: str) -> None:
    assert act(agent, dialog, "ANSWER") in (404, 422)


@pytest.mark.parametrize("state", ["LOGOUT", "TALKING", "", "x" * 201])
def test_only_ready_and_not_ready_can_be_asked_for(state: str, agent: Client) -> None:
    assert agent.post(READY, data={"state": state}, headers=HTMX).status_code == 422


def test_a_number_is_dialled_by_a_click_on_it(agent: Client) -> None:
    answer = agent.post("/calls/dial", data={"to_address": "+7 (903) 555-01-42", "by_link": "1"}, headers=HTMX)
    assert "The phone dials." in answer.text
    until(agent, lambda it: "Ringing at the other end" in it and "903 555-01-42" in it.replace("\u00a0", " "))


def test_reasons_are_offered_once_they_are_known(agent: Client) -> None:
    assert agent.post("/calls/watch").status_code == 204
    agent.post(READY, data={"state": "READY"}, headers=HTMX)
    until(agent, lambda it: 'phone-free">Ready' in it)
    page = agent.get(PAGE, headers=HTML).text
    assert '<option value="1">Обед</option>' in page and 'value="READY"' not in page
    agent.post(READY, data={"state": "NOT_READY", "reason_id": "1"}, headers=HTMX)
    until(agent, lambda it: "(Обед)" in it)


# Numbers


def test_favourites_are_added_ordered_and_removed(agent: Client) -> None:
    def add(name: str, number: str) -> int:
        data = {"name": name, "number": number}
        return agent.post("/calls/favourites", data=data, headers=HTML, follow_redirects=False).status_code

    assert [add("Склад", "12-03"), add("Касса", "1204"), add("Кассы", "1204")] == [303, 303, 303]
    assert add("", "1205") == add("Никто", "нет") == 422
    page = agent.get("/calls/favourites", headers=HTML).text
    first, second = [it.partition('"')[0] for it in page.split('id="favourite-')[1:3]]
    assert "Кассы" in page and page.index("1203") < page.index("1204")
    agent.post(f"/calls/favourites/{second}", data={"move": "up"}, headers=HTML)
    options = agent.get("/calls/targets", headers=HTMX).text
    assert options.index("1204") < options.index("1203")
    agent.post(f"/calls/favourites/{first}", data={}, headers=HTML)
    assert "1203" not in agent.get("/calls/targets", headers=HTMX).text


def test_a_favourite_of_somebody_else_stays(services: Services, agent: Client, visit: Visit) -> None:
    agent.post("/calls/favourites", data={"name": "Склад", "number": "1203"}, headers=HTML)
    page = agent.get("/calls/favourites", headers=HTML).text
    number = page.partition('id="favourite-')[2].partition('"')[0]
    grant(services, "irina", AGENT)
    visit("irina").post(f"/calls/favourites/{number}", data={}, headers=HTML)
    assert "1203" in agent.get("/calls/favourites", headers=HTML).text


def test_at_most_fifty_favourites_are_kept(agent: Client) -> None:
    statuses = []
    for number in range(51):
        data = {"name": f"№ {number}", "number": str(2000 + number)}
        answer = agent.post("/calls/favourites", data=data, headers=HTML, follow_redirects=False)
        statuses.append(answer.status_code)
    assert statuses == [303] * 50 + [422]


def test_targets_are_the_agents_who_are_ready_and_colleagues_by_their_words(agent: Client) -> None:
    options = agent.get("/calls/targets", headers=HTMX).text
    assert "Гусева Тамара" in options and "Лебедева" not in options and "Сомов" not in options
