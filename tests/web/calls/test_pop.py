"""The card about a call in hand: what it says, to whom it is there, and who may say who calls."""

import asyncio
from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.demo.playable_phone import PlayablePhone
from helpdesk.errors import Unavailable
from helpdesk.services import Services
from helpdesk.store import callers, phone_agents
from helpdesk.store.database import Database
from helpdesk.store.models import tables
from helpdesk.store.models.telephony import PhoneCall
from helpdesk.telephony import snapshot
from helpdesk.telephony.numbers import key_of
from helpdesk.telephony.phone import ALERTING, ANSWER, Dialog, Participant
from helpdesk.web.calls import card
from tests.telephony.desks import AGENT, SUPERVISOR, beside_a_phone, grant
from tests.web.calls.logged import NOON, log, stored
from tests.web.conftest import HTML, HTMX, Client, Visit
from tests.world import PEOPLE_IDS, EmbeddedWorld

ANNA, BORIS, IRINA = PEOPLE_IDS["anna"], PEOPLE_IDS["boris"], PEOPLE_IDS["irina"]
NUMBER = "+79035550142"
SCRIPT = {**HTML, **HTMX, "HX-Current-URL": "http://testserver/tasks"}

Rings = Callable[..., int]


@pytest.fixture
def services(database: Database) -> Services:
    services = beside_a_phone(database, PlayablePhone())
    for login in ("anna", "boris"):
        grant(services, login, AGENT)
    grant(services, "admin", SUPERVISOR)
    return services


@pytest.fixture
def agents(visit: Visit, services: Services) -> dict[str, Client]:
    """anna is signed in to the phone as the agent 1001 and boris as 1002; another session of anna's is not."""
    clients = {}
    for login, agent_id in (("anna", "1001"), ("boris", "1002")):
        clients[login] = visit(login)
        services.database.run_here(lambda db, login=login, agent_id=agent_id: take(db, login, agent_id), writes=True)
    return clients | {"anna elsewhere": visit("anna"), "admin": visit("admin"), "irina": visit("irina")}


def take(db: Session, login: str, agent_id: str) -> None:
    """Sign the person's newest session in to the phone."""
    sessions = select(tables.Session.id_hash).where(tables.Session.person_id == PEOPLE_IDS[login])
    mark = db.exec(sessions.order_by(col(tables.Session.created_at).desc())).first()
    assert mark and phone_agents.sign_in(db, mark, PEOPLE_IDS[login], agent_id, agent_id, "sealed")


@pytest.fixture
def rings(services: Services) -> Rings:
    """`rings("1001", "+7…")` is the id of a call that rings at this agent, who had none before."""

    def ring(agent_id: str = "1001", number: str = NUMBER, caller: int | None = None, **values: object) -> int:
        own = Participant(agent_id, ALERTING, (ANSWER,))
        dialog = Dialog(str(16_000_000 + int(agent_id)), ALERTING, number, "5500", "Касса", "ACD_IN", (own,))

        def work(db: Session) -> int:
            phone_agents.change(db, agent_id, dialogs=snapshot.to_json([dialog]))
            row = PhoneCall(**{
                "agent_id": agent_id, "dialog_id": dialog.id, "person_id": ANNA if agent_id == "1001" else BORIS,
                "direction": "in", "from_number": number, "to_number": "5500", "other_key": key_of(number),
                "queue": "Касса", "began_at": datetime.now(UTC), "caller_id": caller, **values,
            })  # fmt: skip
            db.add(row)
            db.flush()
            return row.id or 0

        return services.database.run_here(work, writes=True)

    return ring


def give(services: Services, person_id: int, phone: str, **values: object) -> None:
    change = (
        sa.update(tables.Person)
        .where(col(tables.Person.id) == person_id)
        .values({"phone": phone, "is_phone_proven": True, **values})
    )
    services.database.run_here(lambda db: db.execute(change), writes=True)


def caller_of(services: Services, call_id: int) -> int | None:
    return services.database.run_here(lambda db: db.get_one(PhoneCall, call_id).caller_id)


def pop(client: Client, call_id: int | None = None) -> str:
    answer = client.get("/calls/pop" + (f"?call={call_id}" if call_id else ""), headers=SCRIPT)
    assert answer.status_code == 200, answer.text
    return answer.text


def test_the_card_says_who_calls_and_what_they_have_open(
    agents: dict[str, Client], services: Services, rings: Rings, embedded: EmbeddedWorld
) -> None:
    give(services, IRINA, NUMBER, department="Бухгалтерия", position="Бухгалтер", office="12")
    task = embedded.new_task()
    call = rings(caller=IRINA)
    shown = pop(agents["anna"], call)
    for text in ("Ирина Соколова", "Бухгалтерия", "Бухгалтер", "+7 903 555-01-42", "Касса", f"#{task}"):
        assert text in shown
    assert 'data-state="ringing"' in shown and "Open requests: 1" in shown and f"/tasks/new?call={call}" in shown


def test_tasks_are_those_that_the_agent_sees(
    agents: dict[str, Client], services: Services, rings: Rings, embedded: EmbeddedWorld
) -> None:
    task = embedded.new_task()
    leave = sa.delete(tables.Membership).where(col(tables.Membership.person_id) == ANNA)
    services.database.run_here(lambda db: db.execute(leave), writes=True)
    shown = pop(agents["anna"], rings(caller=IRINA))
    assert f"#{task}" not in shown and "No open requests that you can see." in shown


def test_a_linked_task_of_an_earlier_call_is_named_to_those_who_see_it(
    agents: dict[str, Client], services: Services, rings: Rings, embedded: EmbeddedWorld
) -> None:
    task, before = embedded.new_task(), datetime.now(UTC) - timedelta(hours=1)
    rings("1002", began_at=before, ended_at=before, outcome="answered", task_id=task)
    shown = pop(agents["anna"], rings())
    assert f"#{task}" in shown and "Борис Кузнецов" in shown
    leave = sa.delete(tables.Membership).where(col(tables.Membership.person_id) == ANNA)
    services.database.run_here(lambda db: db.execute(leave), writes=True)
    shown = pop(agents["anna"], rings())
    assert f"#{task}" not in shown and "Борис Кузнецов" in shown


def test_who_asked_for_a_task_of_an_earlier_call_may_be_calling(
    agents: dict[str, Client], rings: Rings, embedded: EmbeddedWorld
) -> None:
    before = datetime.now(UTC) - timedelta(hours=1)
    rings(began_at=before, ended_at=before, outcome="answered", task_id=embedded.new_task())
    shown = pop(agents["anna"], rings())
    assert "Ирина Соколова" in shown and "asked for the task of an earlier call" in shown


@pytest.mark.parametrize("failure", ["slow", "down"])
def test_the_card_comes_without_tasks_when_the_backend_is_slow_or_down(
    agents: dict[str, Client],
    services: Services,
    rings: Rings,
    monkeypatch: pytest.MonkeyPatch,
    failure: str,
) -> None:
    async def statuses() -> Collection[object]:
        if failure == "down":
            raise Unavailable
        await asyncio.sleep(60)
        return ()

    monkeypatch.setattr(services.backend, "statuses", statuses)
    for name in ("QUICK_SECONDS", "PATIENT_SECONDS"):
        monkeypatch.setattr(card, name, 0.05)
    call = rings(caller=IRINA)
    shown = pop(agents["anna"], call)
    assert "Ирина Соколова" in shown and f'hx-get="/calls/pop?call={call}&amp;patient=1"' in shown
    patient = agents["anna"].get(f"/calls/pop?call={call}&patient=1", headers=SCRIPT).text
    assert "Ирина Соколова" in patient and "does not answer just now" in patient and "patient=1" not in patient


def test_the_card_is_for_the_session_alone_that_is_on_the_phone(agents: dict[str, Client], rings: Rings) -> None:
    call = rings()
    assert f'id="pop-{call}"' in pop(agents["anna"])
    for other in ("anna elsewhere", "admin", "irina"):
        for address in ("/calls/pop", f"/calls/pop?call={call}"):
            for headers in (HTML, SCRIPT, {}):
                assert agents[other].get(address, headers=headers).status_code == 404
    assert agents["boris"].get("/calls/pop", headers=SCRIPT).status_code == 204
    for guess in (call, call + 1, 0, -1, "x", "9" * 5000, "١"):
        assert agents["boris"].get(f"/calls/pop?call={guess}", headers=SCRIPT).status_code == 404


def test_the_call_of_an_agent_id_is_not_for_who_has_it_next(
    agents: dict[str, Client], services: Services, rings: Rings
) -> None:
    call = rings()
    services.database.run_here(lambda db: take(db, "boris", "1001"), writes=True)
    assert agents["boris"].get(f"/calls/pop?call={call}", headers=SCRIPT).status_code == 404


def test_the_card_stays_when_the_caller_has_hung_up(
    agents: dict[str, Client], services: Services, rings: Rings
) -> None:
    call = rings()

    def hang_up(db: Session) -> None:
        phone_agents.change(db, "1001", dialogs="[]")
        row = db.get_one(PhoneCall, call)
        row.ended_at, row.outcome = datetime.now(UTC), "missed"

    services.database.run_here(hang_up, writes=True)
    assert "The call ended at" in pop(agents["anna"], call)
    assert agents["anna"].get("/calls/pop", headers=SCRIPT).status_code == 204
    assert "There is no call in hand." in agents["anna"].get("/calls/pop", headers=HTML).text


def test_candidates_are_chosen_and_a_choice_taken_back(
    agents: dict[str, Client], services: Services, rings: Rings
) -> None:
    give(services, IRINA, NUMBER)
    give(services, BORIS, NUMBER)
    call = rings()
    shown = pop(agents["anna"], call)
    assert "Ирина Соколова" in shown and "Борис Кузнецов" in shown and "Who calls?" in shown
    send = SCRIPT
    chosen = agents["anna"].post(f"/calls/{call}/caller", data={"person_id": IRINA}, headers=send)
    assert f'id="pop-{call}"' in chosen.text and "Somebody else calls" in chosen.text
    assert caller_of(services, call) == IRINA
    agents["anna"].post(f"/calls/{call}/caller", data={"person_id": ""}, headers=send)
    assert caller_of(services, call) is None
    back = agents["anna"].post(f"/calls/{call}/caller", data={"login": "irina@example.test"}, headers=HTML)
    assert back.status_code == 303 and caller_of(services, call) == IRINA


def test_the_card_says_what_became_of_who_asked_for_the_task(
    agents: dict[str, Client], services: Services, rings: Rings
) -> None:
    call = rings(task_id=999_999, began_task=True)
    chosen = agents["anna"].post(f"/calls/{call}/caller", data={"person_id": IRINA}, headers=SCRIPT).text
    assert "The caller was saved. Please check who asked for the task." in chosen and "not visible to you" in chosen
    assert 'role="status"' in chosen and "Please check" not in pop(agents["anna"], call)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"login": "nobody"}, 422),
        ({"login": "x" * 5000}, 422),
        ({"person_id": "999999"}, 422),
        ({"person_id": "-1"}, 422),
        ({"person_id": "9" * 400}, 422),
        ({}, 422),
    ],
)
def test_nobody_else_can_be_chosen(
    agents: dict[str, Client], services: Services, rings: Rings, fields: dict[str, str], status: int
) -> None:
    call = rings(caller=BORIS)
    assert agents["anna"].post(f"/calls/{call}/caller", data=fields, headers=HTML).status_code == status
    assert caller_of(services, call) == BORIS


def test_disabled_people_can_not_be_chosen(agents: dict[str, Client], services: Services, rings: Rings) -> None:
    give(services, IRINA, NUMBER, is_active=False)
    call = rings()
    assert "Ирина" not in pop(agents["anna"], call)
    assert agents["anna"].post(f"/calls/{call}/caller", json={"person_id": IRINA}).status_code == 422


def test_the_agent_of_a_call_and_supervisors_say_who_called(
    agents: dict[str, Client], services: Services, rings: Rings
) -> None:
    call = rings()
    path = f"/calls/{call}/caller"
    assert agents["boris"].post(path, json={"person_id": IRINA}).status_code == 403
    assert agents["irina"].post(path, json={"person_id": IRINA}).status_code == 404
    assert caller_of(services, call) is None
    answer = agents["admin"].post(path, json={"person_id": IRINA}).json()
    assert answer["call"] == {"id": call, "caller_id": IRINA}
    assert agents["anna elsewhere"].post(path, json={"person_id": BORIS}).json()["call"]["caller_id"] == BORIS
    for guess in ("0", "999999", "9" * 300):
        assert agents["admin"].post(f"/calls/{guess}/caller", json={"person_id": IRINA}).status_code == 404


def test_numbers_and_names_are_shown_as_text(agents: dict[str, Client], services: Services, rings: Rings) -> None:
    give(services, IRINA, "1204", full_name="<b>Ирина</b>", department='"><script>')
    shown = pop(agents["anna"], rings(number="<img src=x>1204", queue="<i>x</i>", caller=IRINA))
    assert "<script>" not in shown and "<img" not in shown and "<i>x" not in shown and "<b>Ирина</b>" not in shown


def test_the_task_in_front_is_offered(agents: dict[str, Client], rings: Rings) -> None:
    call = rings()
    for address, number in (("/tasks/7", 7), ("/tasks/7?list=1", 7), ("/tasks/7/edit", 7), ("/tasks", None)):
        headers = {**SCRIPT, "HX-Current-URL": f"http://testserver{address}"}
        shown = agents["anna"].get(f"/calls/pop?call={call}", headers=headers).text
        assert ("Add to task #7" in shown) == (number == 7), address


def test_the_sound_is_the_persons_choice(agents: dict[str, Client], rings: Rings) -> None:
    call = rings()
    assert 'data-sound="bell"' in pop(agents["anna"], call)
    agents["anna"].post("/notifications/preferences", json={"sound_call": "none"}).raise_for_status()
    assert 'data-sound="none"' in pop(agents["anna"], call)
    assert agents["anna"].get("/notifications/preferences").json()["sound_call"] == "none"
    assert "sound_call" not in agents["irina"].get("/notifications/preferences").json()
    assert "phone" not in agents["irina"].get("/notifications/preferences", headers=HTML).text.lower()


def test_the_page_of_calls_shows_the_card_without_scripts(agents: dict[str, Client], rings: Rings) -> None:
    call = rings()
    assert f'id="pop-{call}"' in agents["anna"].get("/calls", headers=HTML).text
    for other in ("boris", "anna elsewhere", "admin"):
        shown = agents[other].get("/calls", headers=HTML)
        assert shown.status_code == 200 and 'class="pop"' not in shown.text


def test_a_question_to_somebody_else_does_not_hide_the_card_of_the_call_that_came_in(services: Services) -> None:
    """The one that rings goes first, then one that came in, held or not, then those that the agent made."""
    began, early, late = datetime.now(UTC), {"began_at": NOON}, {"began_at": NOON + timedelta(minutes=5)}
    came, asks = {**early, "answered_at": began}, {**late, "direction": "out", "answered_at": began}
    held, consultation, first = log(services.database, came, asks, {**early, "outcome": "", "answered_at": None})
    dialogs = [stored(services.database, it).dialog_id for it in (held, consultation, first)]

    def shown(*dialogs: str) -> int | None:
        call = services.database.run_here(lambda db: callers.of_dialogs(db, "1002", dialogs))
        return call.id if call else None

    goes_on = sa.update(PhoneCall).values(ended_at=None)
    services.database.run_here(lambda db: db.exec(goes_on), writes=True)
    assert shown(*dialogs) == first
    assert shown(*dialogs[:2]) == held
    assert shown(dialogs[1]) == consultation and shown() is None
