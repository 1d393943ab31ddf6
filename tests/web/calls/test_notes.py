"""Notes of calls, their tasks, and the reasons that end them: who may write, and what becomes of a text."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from helpdesk.demo.playable_phone import PlayablePhone
from helpdesk.errors import NotAllowed, OutcomeUnknown, StoreUnavailable, Unavailable
from helpdesk.services import Services, utc_now
from helpdesk.store import audit_log, call_notes
from helpdesk.store.audit_log import LogQuery
from helpdesk.store.database import Database
from tests.telephony.desks import AGENT, SUPERVISOR, beside_a_phone, grant
from tests.web.calls.logged import log, stored
from tests.web.conftest import HTML, HTMX, Client, Visit, notes
from tests.world import PEOPLE_IDS, EmbeddedWorld

TEXT = "Бумага застряла <b>"
SAID = "Call of 30.11.2026 12:00 from +7 903 555-01-42, 1 min: Бумага застряла <b>"


@pytest.fixture
def services(database: Database) -> Services:
    services = beside_a_phone(database, PlayablePhone())
    for login in ("boris", "irina"):
        grant(services, login, AGENT)
    grant(services, "anna", SUPERVISOR)
    return services


@pytest.fixture
def boris(visit: Visit) -> Client:
    return visit("boris")


def internal(client: Client, number: int) -> list[str]:
    history = client.get(f"/tasks/api/task/{number}/history").json()["history"]
    return [it["notes"] for it in history if it["private"]]


def fails(monkeypatch: pytest.MonkeyPatch, services: Services, error: Exception) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(services.backend, "comment", fail)


def test_a_note_becomes_an_internal_comment_of_the_task(boris: Client, database: Database, number: int) -> None:
    (call,) = log(database, {"task_id": number})
    answer = boris.post(f"/calls/{call}/note", data={"comment": f"{TEXT}\r\n"}, headers=HTML)
    assert answer.status_code == 303 and answer.headers["location"] == f"/calls/{call}"
    page = boris.get(f"/calls/{call}", headers=HTML).text
    assert "The note was saved, and written to the task as an internal comment." in page
    assert "Бумага застряла &lt;b&gt;</textarea>" in page and "It is in the task as an internal comment." in page
    assert internal(boris, number) == [SAID]
    assert stored(database, call).note == TEXT and stored(database, call).noted_at


@pytest.mark.parametrize(
    ("shown", "written"),
    [
        ("@anna", "hidden number"), ("!http://evil.example/x.png!", "hidden number"), ("#1", "1"), ("*+7", "7"),
        ('"x":http://e.example/7', "7"), ("sip:@anna;7@h", "hidden number"), ("\u202e12", "12"),
    ],
)  # fmt: skip
def test_who_calls_writes_digits_alone_into_comments(
    boris: Client, database: Database, number: int, shown: str, written: str
) -> None:
    (call,) = log(database, {"task_id": number, "number": shown})
    boris.post(f"/calls/{call}/note", json={"comment": "Ждём"}).raise_for_status()
    assert internal(boris, number) == [f"Call of 30.11.2026 12:00 from {written}, 1 min: Ждём"]


def test_a_note_has_the_words_of_its_writer_and_the_reason(boris: Client, database: Database, number: int) -> None:
    (call,) = log(database, {"task_id": number, "direction": "out"})
    russian = {"Accept-Language": "ru"}
    said = boris.post(f"/calls/{call}/note", json={"comment": "Ждём", "wrap_up": "Wrong number"}, headers=russian)
    assert said.json()["message"] == "Заметка сохранена и записана в задачу внутренним комментарием."
    assert internal(boris, number) == ["Звонок 30.11.2026 12:00 на +7 903 555-01-42, 1 мин (Wrong number): Ждём"]
    assert boris.get(f"/calls/{call}").json()["call"]["wrap_up"] == "Wrong number"


def test_the_same_note_is_written_once(boris: Client, visit: Visit, database: Database, number: int) -> None:
    (call,) = log(database, {"task_id": number})
    for client in (boris, boris, visit("anna")):
        client.post(f"/calls/{call}/note", json={"comment": TEXT}).raise_for_status()
    assert len(internal(boris, number)) == 1
    boris.post(f"/calls/{call}/note", json={"comment": "Другое"})
    assert len(internal(boris, number)) == 2, "another text is another comment"


def test_of_two_saves_at_once_one_writes_the_comment(
    boris: Client, services: Services, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second comes while the task system still works on the first."""
    (call,) = log(services.database, {"task_id": number})
    comment, answers = services.backend.comment, list[Any]()

    async def slow(*given: Any, **named: Any) -> Any:
        loop = asyncio.get_running_loop()
        again = loop.run_in_executor(None, lambda: boris.post(f"/calls/{call}/note", json={"comment": TEXT}))
        answers.append(await again)
        return await comment(*given, **named)

    monkeypatch.setattr(services.backend, "comment", slow)
    boris.post(f"/calls/{call}/note", json={"comment": TEXT}).raise_for_status()
    assert [it.json()["message"] for it in answers] == ["The note was saved."]
    assert len(internal(boris, number)) == 1


@pytest.mark.parametrize(("error", "said"), [
    (Unavailable(), "The task did not take it"), (NotAllowed(), "no internal comments in this task"),
])  # fmt: skip
def test_a_note_that_the_task_does_not_take_stays_in_the_call(
    boris: Client, services: Services, number: int, monkeypatch: pytest.MonkeyPatch, error: Exception, said: str
) -> None:
    (call,) = log(services.database, {"task_id": number})
    with monkeypatch.context() as broken:
        fails(broken, services, error)
        assert said in boris.post(f"/calls/{call}/note", json={"comment": TEXT}).json()["message"]
    assert internal(boris, number) == [] and stored(services.database, call).note == TEXT
    assert "It is not in the task yet." in boris.get(f"/calls/{call}", headers=HTML).text
    boris.post(f"/calls/{call}/note", json={"comment": TEXT})
    assert internal(boris, number) == [SAID]


def test_a_note_of_unknown_outcome_is_not_written_again(
    boris: Client, services: Services, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    (call,) = log(services.database, {"task_id": number})
    with monkeypatch.context() as broken:
        fails(broken, services, OutcomeUnknown())
        boris.post(f"/calls/{call}/note", json={"comment": TEXT})
    boris.post(f"/calls/{call}/note", json={"comment": TEXT})
    assert internal(boris, number) == [], "it may be there already"


def test_a_process_that_dies_between_the_call_and_the_task_leaves_that_to_be_seen(
    boris: Client, database: Database, number: int
) -> None:
    (call,) = log(database, {"task_id": number})

    def die(ago: timedelta) -> None:
        at = (utc_now() - ago).replace(microsecond=0)
        database.run_here(lambda db: call_notes.link(db, call, None), writes=True)
        database.run_here(lambda db: call_notes.link(db, call, number), writes=True)
        assert database.run_here(lambda db: call_notes.note(db, call, TEXT, "", at), writes=True)

    die(timedelta())
    page = boris.get(f"/calls/{call}", headers=HTML).text
    assert "It is being written to the task." in page and "It is in the task" not in page
    boris.post(f"/calls/{call}/note", json={"comment": TEXT}).raise_for_status()
    assert internal(boris, number) == [], "it may be on its way"
    die(call_notes.CLAIMED)
    boris.post(f"/calls/{call}/note", json={"comment": TEXT}).raise_for_status()
    assert internal(boris, number) == [SAID]
    assert "It is in the task as an internal comment." in boris.get(f"/calls/{call}", headers=HTML).text


def test_a_note_is_written_though_the_store_fails_after_it(
    boris: Client, database: Database, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise StoreUnavailable

    (call,) = log(database, {"task_id": number})
    monkeypatch.setattr(call_notes, "written", fail)
    assert boris.post(f"/calls/{call}/note", json={"comment": TEXT}).json()["message"].endswith("internal comment.")
    assert internal(boris, number) == [SAID]


def test_who_changes_the_note_or_the_caller_of_a_call_is_recorded(
    boris: Client, visit: Visit, database: Database, number: int
) -> None:
    (call,) = log(database, {"task_id": number})
    anna, irina = visit("anna"), PEOPLE_IDS["irina"]
    for client, text in ((boris, "a"), (anna, "a"), (anna, "b")):
        client.post(f"/calls/{call}/note", json={"comment": text}).raise_for_status()
    for client, person in ((boris, irina), (anna, None)):
        client.post(f"/calls/{call}/caller", json={"person_id": person}).raise_for_status()
    acts = database.run_here(lambda db: audit_log.page(db, LogQuery(actions=["call_note", "call_caller"]), 9)).lines
    told = [(it.action, it.actor and it.actor.id, it.person and it.person.id, it.details) for it in reversed(acts)]
    assert told == [
        ("call_note", PEOPLE_IDS["anna"], PEOPLE_IDS["boris"], {"call": call}),
        ("call_caller", PEOPLE_IDS["boris"], irina, {"call": call}),
        ("call_caller", PEOPLE_IDS["anna"], None, {"call": call}),
    ]
    assert {it.task_id for it in acts} == {number}


def test_who_called_is_said_on_the_page_of_the_call(boris: Client, visit: Visit, database: Database) -> None:
    (call,) = log(database, {})
    visit("irina").put("/users/profile", json={"phone": "+7 903 555-01-42"}).raise_for_status()
    page = boris.get(f"/calls/{call}", headers=HTML).text
    assert "nobody has confirmed it" in page and f'name="person_id" value="{PEOPLE_IDS["irina"]}"' in page
    back = {**HTML, "Referer": f"http://testserver/calls/{call}"}
    said = boris.post(f"/calls/{call}/caller", data={"person_id": PEOPLE_IDS["irina"]}, headers=back)
    assert (said.status_code, said.headers["location"]) == (303, f"/calls/{call}")
    page = boris.get(f"/calls/{call}", headers=HTML).text
    assert "It was somebody else" in page and "nobody has confirmed it" not in page
    wrong = boris.post(f"/calls/{call}/caller", data={"login": "nobody"}, headers=back)
    assert wrong.status_code == 422
    assert "/caller" not in visit("irina").get(f"/calls/{call}", headers=HTML).text, "it is another agent's"


def test_a_task_that_vanished_or_is_hidden_takes_no_note(
    visit: Visit, database: Database, embedded: EmbeddedWorld
) -> None:
    """irina is no member of the warehouse."""
    gone, hidden = log(database, {"task_id": 999_999}, {"task_id": embedded.new_task(project="warehouse")})
    for login, call in (("boris", gone), ("anna", gone)):
        said = visit(login).post(f"/calls/{call}/note", json={"comment": login}).json()["message"]
        assert said == "The note was saved here. You do not see its task, so it was not written there."
    assert stored(database, gone).note == "anna" and stored(database, hidden).note == ""
    page = visit("boris").get(f"/calls/{gone}", headers=HTML)
    assert page.status_code == 200 and ">#999999<" in page.text


def test_who_may_not_write_internally_is_told(visit: Visit, database: Database, number: int) -> None:
    """irina is a requester there: she writes for everybody only."""
    (call,) = log(database, {"task_id": number, "person_id": PEOPLE_IDS["irina"]})
    irina = visit("irina")
    assert "no internal comments" in irina.post(f"/calls/{call}/note", json={"comment": TEXT}).json()["message"]
    assert notes(irina, number) == [] and TEXT in irina.get(f"/calls/{call}").json()["call"]["note"]


def test_only_its_agent_and_supervisors_write_to_a_call_and_read_its_note(visit: Visit, database: Database) -> None:
    (call,) = log(database, {"note": TEXT})
    irina = visit("irina")
    for form, body in (("note", {"comment": "x"}), ("task", {"task_id": ""})):
        assert irina.post(f"/calls/{call}/{form}", json=body).status_code == 403
        assert visit("anna").post(f"/calls/{call}/{form}", json=body).status_code == 200
    assert stored(database, call).note == "x"
    shown = irina.get(f"/calls/{call}")
    assert "note" not in shown.json()["call"]
    assert "Save the note" not in irina.get(f"/calls/{call}", headers=HTML).text


def test_a_text_of_a_megabyte_and_a_reason_of_nobody_are_refused_and_kept(boris: Client, database: Database) -> None:
    (call,) = log(database, {})
    refused = boris.post(f"/calls/{call}/note", data={"comment": "д" * 10_001, "wrap_up": "Хочу"}, headers=HTML)
    assert refused.status_code == 422 and "at most 10000 characters" in refused.text and "д" * 10_001 in refused.text
    refused = boris.post(f"/calls/{call}/note", data={"comment": TEXT, "wrap_up": "Хочу"}, headers=HTML)
    assert refused.status_code == 422 and "There is no such reason." in refused.text
    assert boris.post(f"/calls/{call}/note", json={"comment": "x" * 1_000_000}).status_code == 422
    assert boris.post(f"/calls/{call}/note", json={"comment": ["x"]}).status_code == 422
    assert stored(database, call).note == stored(database, call).wrap_up == ""
    page = boris.get(f"/calls/{call}", headers=HTML).text
    assert "Draft from" in page and "Бумага застряла" in page, "what was refused is a draft"


def test_a_draft_of_a_note_is_offered_discarded_and_goes_with_the_note(boris: Client, database: Database) -> None:
    (call,) = log(database, {})
    place = f"/drafts/call:{call}:note"
    assert boris.put(place, data={"comment": "Начал"}).json()["kept"]
    page = boris.get(f"/calls/{call}", headers=HTML).text
    assert "Начал</textarea>" in page and f'data-draft="{place}"' in page
    form = boris.post(f"{place}/discard", headers=HTMX, follow_redirects=True).text
    assert f'id="call-{call}-note"' in form and "Начал" not in form and "<html" not in form
    boris.put(place, data={"comment": "Снова"})
    boris.post(f"/calls/{call}/note", data={"comment": "Готово"}, headers=HTML)
    assert "Draft from" not in boris.get(f"/calls/{call}", headers=HTML).text
    assert boris.get(f"/calls/{call}/note", headers=HTML).headers["location"] == f"/calls/{call}"


def test_a_call_is_linked_to_a_task_that_its_agent_sees(
    visit: Visit, boris: Client, database: Database, embedded: EmbeddedWorld, number: int
) -> None:
    (call,) = log(database, {"note": TEXT})
    assert boris.post(f"/calls/{call}/task", data={"task_id": f" #{number} "}, headers=HTML).status_code == 303
    assert stored(database, call).task_id == number
    assert internal(boris, number) == [SAID], "the note that was there already"
    assert f"/calls/{call}" in boris.get(f"/tasks/{number}", headers=HTML).text
    assert f"/calls/{call}" not in visit("admin").get(f"/tasks/{number}", headers=HTML).text, "has no right to calls"
    boris.post(f"/calls/{call}/task", json={"task_id": None}).raise_for_status()
    assert stored(database, call).task_id is None
    acts = database.run_here(lambda db: audit_log.page(db, LogQuery(actions=["call_linked", "call_unlinked"]), 9)).lines
    assert [(it.action, it.task_id) for it in acts] == [("call_unlinked", number), ("call_linked", number)]


@pytest.mark.parametrize("task_id", ["999999", "-1", "0", "x", "9" * 400, "1;2", True, [1], 1.5])
def test_no_call_is_linked_to_what_is_no_task(boris: Client, database: Database, number: int, task_id: object) -> None:
    (call,) = log(database, {"task_id": number})
    answer = boris.post(f"/calls/{call}/task", json={"task_id": task_id})
    assert answer.status_code == 422 and list(answer.json()["errors"]) == ["task_id"]
    if isinstance(task_id, str):
        page = boris.post(f"/calls/{call}/task", data={"task_id": task_id}, headers=HTML)
        assert page.status_code == 422 and 'id="call-task-fault"' in page.text
    assert stored(database, call).task_id == number


def test_a_hidden_task_is_no_task(visit: Visit, database: Database, embedded: EmbeddedWorld) -> None:
    (call,) = log(database, {"person_id": PEOPLE_IDS["irina"]})
    hidden = embedded.new_task(project="warehouse")
    assert visit("irina").post(f"/calls/{call}/task", json={"task_id": hidden}).status_code == 422


def test_administrators_keep_the_reasons(visit: Visit, boris: Client, database: Database) -> None:
    admin = visit("admin")
    page = admin.get("/admin/texts", headers=HTML).text
    assert "Wrong number" in page and 'name="signature"' in page
    assert admin.post("/admin/texts", json={"wrap_up_reasons": " Решено \n\nРешено\nПозже"}).json()["texts"] == {
        "wrap_up_reasons": "Решено\nПозже"
    }
    (call,) = log(database, {"wrap_up": "Старый"})
    form = boris.get(f"/calls/{call}", headers=HTML).text
    assert "<option>Решено</option>" in form and "<option selected>Старый</option>" in form
    for text in ("", "\n".join(map(str, range(31))), "x" * 101, ["x"]):
        assert admin.post("/admin/texts", json={"wrap_up_reasons": text}).status_code == 422
    assert boris.post("/admin/texts", json={"wrap_up_reasons": "x"}).status_code == 403
