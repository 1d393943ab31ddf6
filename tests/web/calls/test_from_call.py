"""A new task from a call: what its form says, what it is linked to, who sees it; and calls beside a task."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.demo.playable_phone import PlayablePhone
from helpdesk.errors import StoreUnavailable, Unavailable
from helpdesk.services import Services, utc_now
from helpdesk.store import call_notes, callers, phone_agents
from helpdesk.store.database import Database
from helpdesk.store.models import tables
from helpdesk.telephony import recognition
from tests.telephony.desks import AGENT, SUPERVISOR, beside_a_phone, grant
from tests.web.calls.logged import asked, log, stored
from tests.web.conftest import HTML, HTMX, Client, Visit
from tests.world import PEOPLE_IDS, PRIORITY_IDS, PROJECT_IDS

NEW = "/tasks/new"
IRINA, STRANGER = PEOPLE_IDS["irina"], PEOPLE_IDS["stranger"]
SAID = {"project_id": str(PROJECT_IDS["office"]), "tracker_id": "2", "priority_id": str(PRIORITY_IDS["high"])}
SAID |= {"subject": "Стул", "description": "Шатается."}
CALLED = "Call: irina, +7 903 555-01-42, 30.11.2026 12:00."


@pytest.fixture
def services(database: Database) -> Services:
    services = beside_a_phone(database, PlayablePhone())
    grant(services, "boris", AGENT)
    grant(services, "admin", SUPERVISOR)
    return services


@pytest.fixture
def boris(visit: Visit) -> Client:
    return visit("boris")


def hidden(page: str) -> list[str]:
    return re.findall(r'type="hidden" name="call" value="([^"]*)"', page)


def description(page: str) -> str:
    found = re.search(r'<textarea[^>]* name="description"[^>]*>\n?(.*?)</textarea>', page, re.DOTALL)
    assert found
    return found[1].strip()


def created(client: Client, values: dict[str, Any]) -> int:
    answer = client.post(NEW, data=values, headers=HTML)
    assert answer.status_code == 303, answer.text
    return int(answer.headers["location"].rpartition("/")[2])


def prove(database: Database, is_proven: bool) -> None:
    """Say whether irina's e-mail is proven."""
    change = sa.update(tables.Person).where(col(tables.Person.id) == IRINA).values(is_email_proven=is_proven)
    database.run_here(lambda db: db.exec(change), writes=True)


def take(services: Services, client: Client) -> None:
    """Sign boris's newest session in to the phone as the agent 1002."""

    def work(db: Session) -> None:
        sessions = select(tables.Session.id_hash).where(tables.Session.person_id == PEOPLE_IDS["boris"])
        mark = db.exec(sessions.order_by(col(tables.Session.created_at).desc())).first()
        assert mark and phone_agents.sign_in(db, mark, PEOPLE_IDS["boris"], "1002", "1002", "sealed")

    client.get("/calls", headers=HTML)
    services.database.run_here(work, writes=True)


def test_the_form_says_who_called_and_the_task_is_linked(boris: Client, visit: Visit, database: Database) -> None:
    prove(database, True)
    (call,) = log(database, {"caller_id": IRINA})
    page = boris.get(f"{NEW}?call={call}&project_id={SAID['project_id']}", headers=HTML).text
    name = database.run_here(lambda db: db.get_one(tables.Person, IRINA)).full_name
    assert description(page) == CALLED.replace("irina", name) and hidden(page) == [str(call)]
    assert 'name="subject" value=""' in page or 'name="subject"' in page
    number = created(boris, {**SAID, "call": hidden(page)[0]})
    assert stored(database, call).task_id == number
    page = boris.get(f"/tasks/{number}", headers=HTML).text
    assert "The task was created and linked to the call." in page and f'href="/calls/{call}"' in page
    requests = visit("irina").get("/requests").json()
    assert number in [it["id"] for it in requests["requests"]], "the caller sees it among her requests"


@pytest.mark.parametrize("typed", ["+7 903 555-01-42", "9035550142", "доб. 12, 8 (903) 555-0142"])
def test_a_number_typed_into_the_own_profile_makes_nobody_the_requester(
    boris: Client, visit: Visit, database: Database, typed: str
) -> None:
    """It would let people read what others dictate; an administrator's word, and the agent's, count."""
    prove(database, True)
    irina = visit("irina")
    irina.put("/users/profile", json={"phone": typed}).raise_for_status()

    def recognised_task() -> int:
        (call,) = log(database, {})
        known = database.run_here(lambda db: recognition.certain_callers(db, [call]))
        database.run_here(lambda db: callers.recognise(db, known), writes=True)
        task = created(boris, {**SAID, "call": str(call)})
        database.run_here(lambda db: db.exec(sa.delete(tables.PhoneCall)), writes=True)
        return task

    assert irina.get(f"/requests/{recognised_task()}").status_code == 404
    visit("admin").post(f"/admin/people/{IRINA}/phone", json={"phone": typed}).raise_for_status()
    assert irina.get(f"/requests/{recognised_task()}").status_code == 200
    irina.put("/users/profile", json={"phone": "1204"}).raise_for_status()
    irina.put("/users/profile", json={"phone": typed}).raise_for_status()
    assert irina.get(f"/requests/{recognised_task()}").status_code == 404


def test_a_hidden_or_unknown_caller_gives_number_and_time(boris: Client, database: Database) -> None:
    (call,) = log(database, {"number": ""})
    page = boris.get(f"{NEW}?call={call}&project_id={SAID['project_id']}", headers=HTML).text
    assert description(page) == "Call: hidden number, 30.11.2026 12:00."
    assert created(boris, {**SAID, "call": str(call)})


MARKUP = (
    "@anna",
    "!http://evil.example/x.png!",
    '"x":http://evil.example',
    "#1",
    "*1*",
    "sip:@anna;www.evil.ru",
    "{{x}} <b>",
)


@pytest.mark.parametrize("number", MARKUP)
def test_who_calls_writes_no_markup_into_texts(boris: Client, database: Database, number: str) -> None:
    rename = sa.update(tables.Person).where(col(tables.Person.id) == IRINA)
    texts = []
    for name in ('@anna !http://evil.example/x.png! www.evil.ru "x":/y [a](/b) #1 <b> `', "Irina O’Neil-Ким, А.С."):
        database.run_here(lambda db, name=name: db.exec(rename.values(full_name=name)), writes=True)
        (call,) = log(database, {"number": number, "caller_id": IRINA})
        texts.append(unescape(description(boris.get(f"{NEW}?call={call}", headers=HTML).text)))
        database.run_here(lambda db: db.exec(sa.delete(tables.PhoneCall)), writes=True)
    for text in texts:
        assert not re.search(r"[@!\"#*\[\]<>`/{}|]|www\.\w|:[^ \d]", text), text
    assert texts[1].startswith("Call: Irina O’Neil-Ким, А. С., ")


def test_the_call_survives_a_refusal_another_project_and_a_draft(boris: Client, database: Database) -> None:
    (call,) = log(database, {})
    refused = boris.post(NEW, data={**SAID, "subject": "", "call": str(call)}, headers=HTML)
    assert refused.status_code == 422 and hidden(refused.text) == [str(call)]
    draft = boris.get(f"{NEW}?call={call}", headers=HTML).text
    assert hidden(draft) == [str(call)] and "Шатается." in draft and f'data-draft="/drafts/tasks:new:{call}"' in draft
    other = {**SAID, "project_id": str(PROJECT_IDS["help"]), "call": str(call)}
    assert hidden(boris.post("/tasks/new/form", data=other, headers=HTMX).text) == [str(call)]
    again = boris.get(f"{NEW}?call={call}", headers=HTML).text
    assert "You have begun a task" not in again and "Шатается." in again, "somebody waits on the phone"
    assert created(boris, {**SAID, "call": str(call)})
    assert "Шатается." not in boris.get(f"{NEW}?call={call}", headers=HTML).text


def test_an_older_draft_is_neither_in_the_way_of_a_call_nor_linked_to_it(boris: Client, database: Database) -> None:
    one, other = log(database, {}, {"number": "1204"})
    assert boris.put("/drafts/tasks:new", data={"subject": "Стул <b>"}).json()["kept"]
    assert boris.put(f"/drafts/tasks:new:{one}", data={"subject": "Стол", "call": str(one)}).json()["kept"]
    page = boris.get(f"{NEW}?call={other}", headers=HTML).text
    assert hidden(page) == [str(other)] and "Стол" not in page and 'value="Стул' not in page
    assert f'href="{NEW}?draft=1">Стул &lt;b&gt;</a>' in page
    assert created(boris, {**SAID, "call": str(other)})
    old = boris.get(f"{NEW}?draft=1", headers=HTML).text
    assert hidden(old) == [] and 'value="Стул &lt;b&gt;"' in old, "it stays, and is of no call"
    begun = boris.get(f"{NEW}?call={one}", headers=HTML).text
    assert hidden(begun) == [str(one)] and 'value="Стол"' in begun
    referer = HTML | {"Referer": f"http://testserver{NEW}?call={one}"}
    anew = boris.post(f"/drafts/tasks:new:{one}/discard", headers=referer)
    assert anew.headers["location"] == f"{NEW}?call={one}"
    assert "Стол" not in boris.get(f"{NEW}?call={one}", headers=HTML).text
    assert boris.put("/drafts/task:7:new", data={"subject": "Стул"}).status_code == 404


def test_the_next_task_is_of_no_call(boris: Client, database: Database) -> None:
    (call,) = log(database, {})
    answer = boris.post(NEW, data={**SAID, "call": str(call), "another": "1"}, headers=HTML)
    assert "call" not in answer.headers["location"] and stored(database, call).task_id


@pytest.mark.parametrize("value", ["foreign", "999999", "-1", "x", "9" * 400, "1;2"])
def test_a_call_of_somebody_else_is_no_call(boris: Client, database: Database, value: str) -> None:
    (foreign,) = log(database, {"agent": "anna", "caller_id": IRINA})
    call = str(foreign) if value == "foreign" else value
    page = boris.get(f"{NEW}?call={call}&project_id={SAID['project_id']}", headers=HTML).text
    assert hidden(page) == [] and description(page) == ""
    number = created(boris, {**SAID, "call": call})
    assert stored(database, foreign).task_id is None
    assert "but not linked to the call" in boris.get(f"/tasks/{number}", headers=HTML).text


def test_a_supervisor_may_and_others_notice_nothing(visit: Visit, database: Database) -> None:
    (call,) = log(database, {})
    assert hidden(visit("admin").get(f"{NEW}?call={call}", headers=HTML).text) == [str(call)]
    irina = visit("irina")
    assert hidden(irina.get(f"{NEW}?call={call}", headers=HTML).text) == []
    body = irina.post(NEW, json={"project_id": SAID["project_id"], "subject": "Стул", "call": call}).json()
    assert body["message"] == "The task was created." and stored(database, call).task_id is None


def test_a_failure_to_link_does_not_lose_the_task(
    boris: Client, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise StoreUnavailable

    (call,) = log(database, {})
    monkeypatch.setattr(call_notes, "link", fail)
    body = boris.post(NEW, json={**SAID, "call": call})
    assert body.status_code == 201 and "not linked to the call" in body.json()["message"]
    assert boris.get(f"/tasks/api/task/{body.json()['data']['task_id']}").status_code == 200


def test_a_failure_to_note_the_caller_does_not_lose_the_link(
    boris: Client, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise Unavailable

    (call,) = log(services.database, {"caller_id": IRINA})
    monkeypatch.setattr(type(services.requests), "add_requester", fail)
    body = boris.post(NEW, json={**SAID, "call": call}).json()
    assert body["message"] == "The task was created and linked to the call."
    assert stored(services.database, call).task_id == body["data"]["task_id"]


def test_an_address_that_is_not_proven_is_nobodys(boris: Client, visit: Visit, database: Database) -> None:
    prove(database, False)
    (call,) = log(database, {"caller_id": IRINA})
    number = created(boris, {**SAID, "call": str(call)})
    assert visit("irina").get(f"/requests/{number}", headers=HTML).status_code == 404


# Another caller, after the task was written


def prove_stranger(database: Database) -> None:
    change = sa.update(tables.Person).where(col(tables.Person.id) == STRANGER).values(is_email_proven=True)
    database.run_here(lambda db: db.exec(change), writes=True)


def readers(visit: Visit, task: int) -> set[str]:
    """Who of irina and stranger reads the task among their requests."""
    return {it for it in ("irina", "stranger") if visit(it).get(f"/requests/{task}").status_code == 200}


def choose(client: Client, call: int, person_id: int | None) -> str:
    answer = client.post(f"/calls/{call}/caller", json={"person_id": "" if person_id is None else person_id})
    assert answer.status_code == 200, answer.text
    return str(answer.json().get("message", ""))


def test_a_caller_who_is_chosen_later_asks_for_the_task(boris: Client, visit: Visit, database: Database) -> None:
    prove(database, True)
    prove_stranger(database)
    (call,) = log(database, {})
    task = created(boris, {**SAID, "call": str(call)})
    assert readers(visit, task) == set()
    assert "was corrected, too" in choose(boris, call, IRINA) and readers(visit, task) == {"irina"}
    assert choose(boris, call, IRINA) == "", "nothing is to be done"
    assert "was corrected, too" in choose(boris, call, STRANGER) and readers(visit, task) == {"stranger"}
    assert "was corrected, too" in choose(boris, call, None) and readers(visit, task) == set()


def test_who_was_recognised_wrongly_reads_the_task_no_more(boris: Client, visit: Visit, database: Database) -> None:
    prove(database, True)
    prove_stranger(database)
    (call,) = log(database, {"caller_id": IRINA})
    task = created(boris, {**SAID, "call": str(call)})
    assert readers(visit, task) == {"irina"} and stored(database, call).requester_id == IRINA
    answer = boris.post(f"/calls/{call}/caller", data={"login": "stranger"}, headers=HTML)
    assert answer.status_code == 303 and readers(visit, task) == {"stranger"}
    assert "who asked for the task was corrected" in boris.get(f"/calls/{call}", headers=HTML).text
    acts = database.run_here(lambda db: db.exec(select(tables.AuditRecord)).all())
    assert [it.person_id for it in acts if "requester" in it.details] == [STRANGER]


def test_a_task_that_a_call_was_only_linked_to_keeps_who_asked(boris: Client, visit: Visit, database: Database) -> None:
    """irina asked for it herself; a colleague calls about it from her telephone."""
    prove(database, True)
    prove_stranger(database)
    call, other = log(database, {"caller_id": IRINA}, {"caller_id": IRINA})
    task = created(boris, {**SAID, "call": str(call)})
    boris.post(f"/calls/{other}/task", data={"task_id": str(task)}, headers=HTML)
    assert choose(boris, other, STRANGER) == "" and readers(visit, task) == {"irina"}
    boris.post(f"/calls/{call}/task", data={"task_id": ""}, headers=HTML)
    assert choose(boris, call, STRANGER) == "" and readers(visit, task) == {"irina"}


def test_who_may_not_change_the_task_is_told_and_somebody_else_can_do_it_later(
    boris: Client, visit: Visit, services: Services
) -> None:
    """The caller is saved; who chooses the same once more corrects the task."""
    database = services.database
    prove(database, True)
    prove_stranger(database)
    grant(services, "stranger", SUPERVISOR)
    (call,) = log(database, {"caller_id": IRINA})
    task = created(boris, {**SAID, "call": str(call)})
    said = choose(visit("stranger"), call, STRANGER)
    assert said.startswith("The caller was saved. Please check who asked for the task.") and "not visible" in said
    assert stored(database, call).caller_id == STRANGER and readers(visit, task) == {"irina"}
    assert "was corrected, too" in choose(visit("admin"), call, STRANGER) and readers(visit, task) == {"stranger"}


def test_a_task_system_that_does_not_answer_keeps_no_caller_back(
    boris: Client, services: Services, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise Unavailable

    prove(services.database, True)
    (call,) = log(services.database, {})
    task = created(boris, {**SAID, "call": str(call)})
    with monkeypatch.context() as patch:
        patch.setattr(type(services.requests), "correct_requester", fail)
        assert "Please check who asked" in choose(boris, call, IRINA)
    assert stored(services.database, call).caller_id == IRINA and readers(visit, task) == set()
    assert "was corrected, too" in choose(boris, call, IRINA) and readers(visit, task) == {"irina"}


@pytest.mark.parametrize("is_late", [True, False])
def test_of_two_who_choose_at_once_the_caller_who_stays_asks(
    boris: Client, services: Services, visit: Visit, monkeypatch: pytest.MonkeyPatch, is_late: bool
) -> None:
    """Another choice, with its correction, comes before this one's has begun to be written, or just after it."""
    database, whole = services.database, type(services.requests).correct_requester
    prove(database, True)
    prove_stranger(database)
    admin, turns = services.requests, []

    async def other_comes(self: Any, actor: Any, task_id: int, before: int | None, after: int | None) -> None:
        turns.append(after)
        if len(turns) > 1:
            await whole(self, actor, task_id, before, after)
            return
        if is_late:
            await whole(self, actor, task_id, before, after)
        await whole(admin, actor, task_id, None, STRANGER)
        await database.run(lambda db: callers.choose(db, call, STRANGER), writes=True)
        await database.run(lambda db: call_notes.requester_noted(db, call, task_id, None, STRANGER), writes=True)
        if not is_late:
            await whole(self, actor, task_id, before, after)

    (call,) = log(database, {})
    task = created(boris, {**SAID, "call": str(call)})
    monkeypatch.setattr(type(services.requests), "correct_requester", other_comes)
    choose(boris, call, IRINA)
    row = stored(database, call)
    assert turns == [IRINA, STRANGER] and row.caller_id == row.requester_id == STRANGER
    assert readers(visit, task) == {"stranger"}


def test_the_call_in_hand_can_be_added_to_a_task(boris: Client, services: Services, number: int) -> None:
    database = services.database
    lately, long_ago = utc_now() - timedelta(minutes=5), utc_now() - timedelta(minutes=30)
    take(services, boris)
    log(database, {"began_at": long_ago, "ended_at": long_ago})
    assert "Add the call" not in boris.get(f"/tasks/{number}", headers=HTML).text
    (call,) = log(database, {"began_at": lately, "ended_at": lately})
    page = boris.get(f"/tasks/{number}", headers=HTML).text
    assert "Add the call +7 903 555-01-42 here" in page and f'action="/calls/{call}/task"' in page
    form = {"task_id": str(number), "next": f"/tasks/{number}"}
    answer = boris.post(f"/calls/{call}/task", data=form, headers=HTML)
    assert answer.headers["location"] == f"/tasks/{number}"
    page = boris.get(f"/tasks/{number}", headers=HTML).text
    assert "The call was linked to the task." in page and "Add the call" not in page and f"/calls/{call}" in page
    assert "/calls/" not in boris.get("/tasks", headers=HTML).text.partition("<main")[2]


def test_a_call_that_another_person_took_as_the_same_agent_is_not_offered(
    boris: Client, services: Services, number: int
) -> None:
    take(services, boris)
    log(services.database, {"person_id": PEOPLE_IDS["anna"], "began_at": utc_now(), "ended_at": None})
    assert "Add the call" not in boris.get(f"/tasks/{number}", headers=HTML).text


def test_who_sees_no_calls_asks_for_none(visit: Visit, services: Services, number: int) -> None:
    (call,) = log(services.database, {"task_id": number})
    with asked(services.database) as of_anna:
        assert f"/calls/{call}" not in visit("anna").get(f"/tasks/{number}", headers=HTML).text
    with asked(services.database) as of_boris:
        assert f"/calls/{call}" in visit("boris").get(f"/tasks/{number}", headers=HTML).text
    assert (len(of_anna), len(of_boris)) == (0, 1)


def test_a_note_from_before_the_task_is_written_to_it_once(boris: Client, database: Database) -> None:
    (call,) = log(database, {})
    boris.post(f"/calls/{call}/note", data={"comment": "Важно"}, headers=HTML)
    number = created(boris, {**SAID, "call": str(call)})
    assert stored(database, call).noted_at, "before it is saved once more"
    boris.post(f"/calls/{call}/note", data={"comment": "Важно"}, headers=HTML)
    history = boris.get(f"/tasks/api/task/{number}/history").json()["history"]
    internal = [it["notes"] for it in history if it["private"]]
    assert len(internal) == 1 and internal[0].endswith("Важно")


def quick(client: Client, call: int) -> dict[str, str]:
    """The fields of the short form of a call's card."""
    form = client.get(f"{NEW}?call={call}&quick=1", headers=HTMX).text
    found = dict(re.findall(r'name="([a-z_]+)" (?:[^>]*? )?value="([^"]*)"', form))
    return found | {"project_id": SAID["project_id"], "description": description(form)}


def test_a_task_is_written_on_the_card_of_its_call(boris: Client, database: Database) -> None:
    (call,) = log(database, {"caller_id": IRINA})
    form = quick(boris, call)
    assert form["description"].startswith("Call: ") and form["call"] == str(call)
    refused = boris.post(NEW, data=form | {"subject": ""}, headers=HTMX)
    assert refused.status_code == 422 and f'id="quick-{call}"' in refused.text
    assert f'aria-describedby="quick-{call}-subject-fault"' in refused.text and hidden(refused.text) == [str(call)]
    done = boris.post(NEW, data=form | {"subject": "Стул <b>"}, headers=HTMX)
    number = stored(database, call).task_id
    assert done.status_code == 200 and "linked to the call" in done.text and number
    assert f'href="/tasks/{number}" autofocus>#{number} Стул &lt;b&gt;</a>' in done.text
    assert boris.post(NEW, data=form | {"subject": "Стул <b>"}, headers=HTMX).text == done.text, "once"
    assert "Стул" not in boris.get(f"{NEW}?call={call}", headers=HTML).text, "no draft stays"


def test_what_is_typed_on_the_card_is_a_draft(boris: Client, database: Database) -> None:
    (call,) = log(database, {})
    form = boris.get(f"{NEW}?call={call}&quick=1", headers=HTMX).text
    place = re.search(r'<form [^>]*data-draft="([^"]*)"', form)
    assert place and re.search(r'data-saves="/static/draft-[^"]*"', form)
    assert boris.put(place[1], data=quick(boris, call) | {"subject": "Стол"}).is_success
    assert 'value="Стол"' in boris.get(f"{NEW}?call={call}", headers=HTML).text


def test_the_whole_form_goes_on_with_the_short_one(boris: Client, database: Database) -> None:
    (call,) = log(database, {})
    form = quick(boris, call) | {"subject": "Стол"}
    answer = boris.post("/tasks/new/form", data=form, headers=HTMX)
    whole = answer.headers["HX-Redirect"]
    assert whole == f"{NEW}?project_id={form['project_id']}&call={call}"
    page = boris.get(whole, headers=HTML).text
    assert 'value="Стол"' in page and hidden(page) == [str(call)] and "quick" not in page.partition("<main")[2]
    assert "Go on with the task" in boris.get(f"{NEW}?call={call}&quick=1", headers=HTMX).text, "nothing typed is lost"
    assert boris.post("/tasks/new/form", data=form, headers=HTML).headers["location"] == whole
