"""An answer and whatever goes with it: one form, one press, one write."""

import json
import re
from typing import Any

import pytest

from tests.web.conftest import HTML, HTMX, Client, Visit
from tests.web.dom import parsed, sent
from tests.world import NAMES, PEOPLE_IDS, PRIORITY_IDS, STATUS_IDS, EmbeddedWorld

BUSY, RESOLVED = STATUS_IDS["in_progress"], STATUS_IDS["resolved"]


def form_of(client: Client, number: int, name: str = "comments", suffix: str = "-form") -> dict[str, str]:
    """What the form sends as it stands."""
    page = parsed(client.get(f"/tasks/{number}", headers=HTML).text)
    form = page.by_id(f"{name}-{number}{suffix}")
    assert form
    return sent(form)


def task(client: Client, number: int) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"/tasks/api/task/{number}").json()
    return found


def history(client: Client, number: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(f"/tasks/api/task/{number}/history").json()["history"]
    return found


@pytest.mark.parametrize("headers", [HTML, HTMX], ids=["page", "htmx"])
def test_an_answer_its_status_and_the_next_assignee_are_one_entry(
    anna: Client, number: int, headers: dict[str, str]
) -> None:
    form = form_of(anna, number) | {"comment": "Займётся Борис", "then": BUSY, "assignee_id": PEOPLE_IDS["boris"]}
    answer = anna.post(f"/tasks/{number}/comments", data=form, headers=headers)
    assert answer.status_code == (200 if headers is HTMX else 303)
    (entry,) = history(anna, number)
    assert entry["notes"] == "Займётся Борис" and len(entry["changes"]) == 2
    now = task(anna, number)
    assert (now["status"]["id"], now["assignee"]["id"]) == (BUSY, PEOPLE_IDS["boris"])
    again = anna.post(f"/tasks/{number}/comments", data=form, headers=headers)
    assert again.status_code == answer.status_code and len(history(anna, number)) == 1, "sent twice, done once"


def test_the_likeliest_status_is_on_the_button_and_the_others_are_behind_it(
    anna: Client, number: int, visit: Visit
) -> None:
    visit("boris").put(f"/tasks/api/task/{number}/status", json={"status_id": BUSY}).raise_for_status()
    send = parsed(anna.get(f"/tasks/{number}", headers=HTML).text).by_id(f"comments-{number}-send")
    assert send
    buttons = [(it.get("value"), it.text) for it in send.all(lambda it: it.tag == "button")]
    assert buttons[0] == (None, "Answer") and buttons[1] == (str(RESOLVED), "Answer and → resolved")
    assert {text.rpartition(" ")[2] for _, text in buttons[2:]} == {"waiting"}


def test_a_choice_that_was_left_alone_changes_nothing_that_others_changed(
    anna: Client, number: int, visit: Visit
) -> None:
    form = form_of(anna, number) | {"comment": "Вижу"}
    visit("admin").put(f"/tasks/api/task/{number}/assignee", json={"assignee_id": PEOPLE_IDS["boris"]})
    assert anna.post(f"/tasks/{number}/comments", data=form, headers=HTMX).status_code == 200
    assert task(anna, number)["assignee"]["id"] == PEOPLE_IDS["boris"]


@pytest.mark.parametrize("headers", [HTML, HTMX], ids=["page", "htmx"])
def test_a_conflict_names_only_what_both_touched_and_keeps_the_answer(
    anna: Client, number: int, visit: Visit, headers: dict[str, str]
) -> None:
    form = form_of(anna, number) | {"comment": "Беру", "then": BUSY}
    boris = visit("boris")
    boris.put(f"/tasks/api/task/{number}/priority", json={"priority_id": PRIORITY_IDS["urgent"]}).raise_for_status()
    rejected = {"status_id": STATUS_IDS["rejected"]}
    boris.put(f"/tasks/api/task/{number}/status", json=rejected).raise_for_status()
    answer = anna.post(f"/tasks/{number}/comments", data=form, headers=headers)
    fault = parsed(answer.text).of_class("fault")[0].text
    assert answer.status_code == 409 and NAMES["boris"] in fault and "Status: new → rejected." in fault
    assert "Priority" not in fault and ">Беру</textarea>" in answer.text
    assert [it["notes"] for it in history(anna, number)] == ["", ""]


def test_a_conflict_whose_changes_are_not_known_still_says_why(anna: Client, number: int, visit: Visit) -> None:
    form = form_of(anna, number) | {"comment": "Беру", "then": BUSY, "lock_version": "unheard of"}
    answer = anna.post(f"/tasks/{number}/comments", data=form, headers=HTMX)
    fault = parsed(answer.text).of_class("fault")[0].text
    assert answer.status_code == 409 and "Somebody changed this meanwhile." in fault


def test_the_buttons_of_an_answer_follow_the_statuses(anna: Client, number: int) -> None:
    """Each part that is sent has a place on the page, and the page never lacks one."""
    page = parsed(anna.get(f"/tasks/{number}", headers=HTML).text)
    form = form_of(anna, number, "fields", "") | {"status_id": BUSY}
    answer = parsed(anna.post(f"/tasks/{number}/fields", data=form, headers=HTMX).text)
    targets = [it["hx-target"] for it in answer.all(lambda it: it.tag == "hx-partial")]
    ids = [target for target in targets if re.fullmatch(r"#[\w-]+", target)]
    assert f"#comments-{number}-then" in ids and [it for it in ids if not page.by_id(it[1:])] == []


def test_an_answer_merges_with_changes_of_other_fields(anna: Client, number: int, visit: Visit) -> None:
    form = form_of(anna, number) | {"comment": "Беру", "then": BUSY}
    urgent = {"priority_id": PRIORITY_IDS["urgent"]}
    visit("boris").put(f"/tasks/api/task/{number}/priority", json=urgent).raise_for_status()
    assert anna.post(f"/tasks/{number}/comments", data=form, headers=HTMX).status_code == 200
    now = task(anna, number)
    assert (now["status"]["id"], now["priority"]["id"]) == (BUSY, PRIORITY_IDS["urgent"])


@pytest.mark.parametrize("way", ["refused", "conflict", "preview", "draft"])
def test_a_chosen_assignee_stays_chosen_until_the_answer_is_sent(
    anna: Client, number: int, visit: Visit, way: str
) -> None:
    address, boris = f"/tasks/{number}", str(PEOPLE_IDS["boris"])
    form = form_of(anna, number) | {"comment": "Тебе", "assignee_id": boris}
    if way == "refused":
        file = {"files": ("план.txt", b"1", "text/plain")}
        answer = anna.post(f"{address}/comments", data=form | {"private": "1"}, files=file, headers=HTMX)
    elif way == "conflict":
        rejected = {"status_id": STATUS_IDS["rejected"]}
        visit("boris").put(f"/tasks/api/task/{number}/status", json=rejected).raise_for_status()
        answer = anna.post(f"{address}/comments", data=form | {"then": BUSY}, headers=HTML)
    elif way == "preview":
        answer = anna.post(f"{address}/preview", data=form, headers=HTML)
    else:
        anna.put(f"/drafts/task:{number}:comments", data=form).raise_for_status()
        answer = anna.get(address, headers=HTML)
    again = parsed(answer.text).by_id(f"comments-{number}-form")
    assert again and sent(again)["assignee_id"] == boris
    (others,) = [it for it in again.all(lambda it: it.tag == "details") if "and pass to" in it.text]
    assert "open" in others.attributes
    assert anna.post(f"{address}/comments", data=sent(again) | {"private": ""}, headers=HTMX).status_code == 200
    assert task(anna, number)["assignee"]["id"] == PEOPLE_IDS["boris"]


def test_a_choice_refused_in_another_form_is_not_made_in_the_answer(anna: Client, number: int, visit: Visit) -> None:
    form = form_of(anna, number, "fields", "") | {"assignee_id": ""}
    own = {"assignee_id": PEOPLE_IDS["boris"]}
    visit("boris").put(f"/tasks/api/task/{number}/assignee", json=own).raise_for_status()
    refused = anna.post(f"/tasks/{number}/fields", data=form, headers=HTML)
    its = parsed(refused.text).by_id(f"comments-{number}-form")
    assert refused.status_code == 409 and its and sent(its)["assignee_id"] == str(PEOPLE_IDS["boris"])


def test_each_form_knows_what_the_other_changed(visit: Visit, embedded: EmbeddedWorld) -> None:
    """What nobody touched is no change, also after the other form wrote: the page is never loaded again."""
    number, anna = embedded.new_task(assignee="boris"), visit("anna")
    answer_form, facts_form = form_of(anna, number), form_of(anna, number, "fields", "")
    took = anna.post(f"/tasks/{number}/fields", data=facts_form | {"take": "1"}, headers=HTMX)
    send = parsed(took.text).by_id(f"comments-{number}-send")
    assert send
    answer_form |= sent(send) | {"comment": "Взяла", "lock_version": task(anna, number)["lock_version"]}
    assert "The comment was added.<" in anna.post(f"/tasks/{number}/comments", data=answer_form, headers=HTMX).text
    form = form_of(anna, number) | {"comment": "Тебе", "assignee_id": str(PEOPLE_IDS["boris"])}
    passed = parsed(anna.post(f"/tasks/{number}/comments", data=form, headers=HTMX).text)
    partial = passed.all(lambda it: it.get("hx-target") == f"#fields-{number}-inputs")
    assert len(partial) == 1 and json.loads(sent(partial[0])["seen"]) == json.loads(
        form_of(anna, number, "fields", "")["seen"]
    )


def test_an_internal_answer_hides_its_words_and_no_change(anna: Client, number: int, visit: Visit) -> None:
    form = form_of(anna, number) | {"comment": "между нами", "private": "1", "then": BUSY}
    assert anna.post(f"/tasks/{number}/comments", data=form, headers=HTMX).status_code == 200
    seen = visit("irina").get(f"/tasks/{number}", headers=HTML).text
    assert "между нами" not in seen and "in_progress" in seen
    assert [it["private"] for it in history(anna, number)] == [False, True]


def test_files_go_with_an_answer_and_never_with_an_internal_one(anna: Client, number: int) -> None:
    file = {"files": ("план.txt", b"1", "text/plain")}
    form = form_of(anna, number) | {"comment": "между нами", "private": "1"}
    refused = anna.post(f"/tasks/{number}/comments", data=form, files=file, headers=HTMX)
    assert refused.status_code == 422 and "everybody who sees the task would see them" in refused.text
    assert 'name="staged"' in refused.text and history(anna, number) == []
    told = anna.post(f"/tasks/{number}/comments", data=form | {"private": ""}, files=file, headers=HTMX)
    assert told.status_code == 200 and 'name="staged"' not in told.text
    (entry,) = history(anna, number)
    assert entry["notes"] == "между нами" and entry["changes"] == ["File: план.txt"]
    page = parsed(anna.get(f"/tasks/{number}", headers=HTML).text)
    shown = page.by_id(f"entry-{entry['id']}")
    assert shown and "план.txt" in shown.text and "File:" not in shown.text, "the file stands beside its comment"


def test_files_or_a_status_alone_are_an_answer_and_nothing_is_none(anna: Client, number: int) -> None:
    form = form_of(anna, number)
    empty = anna.post(f"/tasks/{number}/comments", data=form, headers=HTMX)
    assert empty.status_code == 422 and "Please fill this in." in empty.text
    file = {"files": ("план.txt", b"1", "text/plain")}
    assert anna.post(f"/tasks/{number}/comments", data=form, files=file, headers=HTML).status_code == 303
    alone = form_of(anna, number) | {"then": BUSY}
    assert anna.post(f"/tasks/{number}/comments", data=alone, headers=HTML).status_code == 303
    assert task(anna, number)["status"]["id"] == BUSY and len(history(anna, number)) == 2
    same = form_of(anna, number) | {"then": BUSY}
    assert anna.post(f"/tasks/{number}/comments", data=same, headers=HTMX).status_code == 422


# The facts as controls


def test_one_form_changes_what_was_touched_alone(anna: Client, number: int, visit: Visit) -> None:
    form = form_of(anna, number, "fields", "")
    assert json.loads(form["seen"]).keys() == {"status_id", "priority_id", "assignee_id", "due_date"}
    visit("boris").put(f"/tasks/api/task/{number}/status", json={"status_id": BUSY}).raise_for_status()
    urgent = form | {"priority_id": PRIORITY_IDS["urgent"]}
    assert anna.post(f"/tasks/{number}/fields", data=urgent, headers=HTML).status_code == 303
    now = task(anna, number)
    assert (now["status"]["id"], now["priority"]["id"]) == (BUSY, PRIORITY_IDS["urgent"])
    visit("boris").put(f"/tasks/api/task/{number}/assignee", json={"assignee_id": PEOPLE_IDS["boris"]})
    nobody = form | {"assignee_id": "", "idempotency_key": "another"}
    refused = anna.post(f"/tasks/{number}/fields", data=nobody, headers=HTMX)
    fact = parsed(refused.text).by_id(f"assignee-{number}-fact")
    assert refused.status_code == 409 and fact and NAMES["boris"] in fact.text and "Save mine" in fact.text
    assert NAMES["boris"] not in refused.text.split(f'id="priority-{number}-fact"')[1].split("</dd>")[0]


@pytest.mark.parametrize("headers", [HTML, HTMX], ids=["page", "htmx"])
def test_a_task_is_taken_by_one_press(visit: Visit, embedded: EmbeddedWorld, headers: dict[str, str]) -> None:
    number, anna = embedded.new_task(assignee="boris"), visit("anna")
    page = parsed(anna.get(f"/tasks/{number}", headers=HTML).text)
    press = page.by_id(f"take-{number}")
    assert press and press.text == "Take it"
    form = form_of(anna, number, "fields", "") | {press["name"]: press["value"]}
    assert anna.post(f"/tasks/{number}/fields", data=form, headers=headers).status_code in (200, 303)
    assert task(anna, number)["assignee"]["id"] == PEOPLE_IDS["anna"]
    assert f"take-{number}" not in anna.get(f"/tasks/{number}", headers=HTML).text


def test_a_changed_status_is_drawn_by_the_phase_that_administrators_gave_it(
    visit: Visit, embedded: EmbeddedWorld
) -> None:
    number = embedded.new_task()
    form = form_of(visit("anna"), number, "fields", "") | {"status_id": BUSY}
    visit("admin").post("/tasks/board/columns", json={f"phase_{BUSY}": "waiting"}).raise_for_status()
    begun_anew = visit("anna")  # another process, which has shown no page yet
    answer = begun_anew.post(f"/tasks/{number}/fields", data=form, headers=HTMX)
    fact = parsed(answer.text).by_id(f"status-{number}-fact")
    assert fact and fact.of_class("phase-waiting")


def test_the_focus_stays_where_the_pressed_button_is_gone(anna: Client, number: int, visit: Visit) -> None:
    form = form_of(anna, number) | {"comment": "Готово", "then": BUSY}
    answered = parsed(anna.post(f"/tasks/{number}/comments", data=form, headers=HTMX).text)
    text = answered.by_id(f"comments-{number}-text")
    assert text and "autofocus" in text.attributes
    plain = anna.post(f"/tasks/{number}/comments", data=form_of(anna, number) | {"comment": "И ещё"}, headers=HTMX)
    assert "autofocus" not in plain.text, "its button is still there"
    facts = form_of(anna, number, "fields", "") | {"priority_id": PRIORITY_IDS["low"]}
    urgent = {"priority_id": PRIORITY_IDS["urgent"]}
    visit("boris").put(f"/tasks/api/task/{number}/priority", json=urgent).raise_for_status()
    refused = anna.post(f"/tasks/{number}/fields", data=facts, headers=HTMX)
    shown = parsed(refused.text)
    its, press = shown.by_id(f"fields-{number}"), shown.by_id(f"priority-{number}-mine")
    assert refused.status_code == 409 and its and press
    saved = anna.post(f"/tasks/{number}/fields", data=sent(its) | {press["name"]: press["value"]}, headers=HTMX)
    control = parsed(saved.text).by_id(f"priority-{number}-choice")
    assert saved.status_code == 200 and control and "autofocus" in control.attributes


def test_taking_a_task_loses_no_other_choice(visit: Visit, embedded: EmbeddedWorld) -> None:
    """Without scripts one form has them all."""
    number, anna = embedded.new_task(assignee="boris"), visit("anna")
    form = form_of(anna, number, "fields", "") | {"take": "1", "status_id": BUSY}
    assert anna.post(f"/tasks/{number}/fields", data=form, headers=HTML).status_code == 303
    now = task(anna, number)
    assert (now["status"]["id"], now["assignee"]["id"]) == (BUSY, PEOPLE_IDS["anna"])


def test_a_requester_sees_no_control_without_a_choice(number: int, visit: Visit) -> None:
    page = visit("irina").get(f"/tasks/{number}", headers=HTML).text
    for control in ("fields-", "take-", 'name="private"', "data-inserts", 'name="then"'):
        assert control not in page, control
    assert re.search(r'<textarea[^>]* name="comment"', page)
