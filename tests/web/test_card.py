"""A card of the board: its forms, and what comes back of them."""

import httpx
import pytest
from starlette.testclient import TestClient

from tests.telling import tell
from tests.web.board_screen import Screen
from tests.web.conftest import HTML, HTMX, Client, Visit
from tests.web.dom import Element, parsed, sent
from tests.world import NAMES, PEOPLE_IDS, PRIORITY_IDS, STATUS_IDS, EmbeddedWorld

BOARD = "/tasks/board?assigned_to_id=any"
ON_BOARD = {**HTMX, "HX-Current-URL": f"http://testserver{BOARD}"}
NEW, BUSY, RESOLVED, WAITING, CLOSED, REJECTED = STATUS_IDS.values()


def headers(board: str) -> dict[str, str]:
    return {**HTMX, "HX-Current-URL": f"http://testserver{board}"}


def tray(client: TestClient, number: int) -> Element:
    answer = client.get(f"/tasks/{number}/card", headers=ON_BOARD)
    assert answer.status_code == 200 and "<html" not in answer.text
    return parsed(answer.text)


def form(client: TestClient, number: int, kind: str = "move") -> dict[str, str]:
    """What a card's form sends as it comes."""
    forms = tray(client, number).of_class(kind)
    return sent(forms[0])


def move(client: TestClient, number: int, status: int, **more: str) -> httpx.Response:
    fields = {**form(client, number), "status_id": str(status), **more}
    return client.post(f"/tasks/{number}/status", data=fields, headers=ON_BOARD)


def counts(answer: httpx.Response) -> dict[int, int]:
    """The columns that are told how many tasks they have."""
    tallies = parsed(answer.text).of_class("tally")
    return {int(it["id"].removeprefix("count-")): int(it["data-total"]) for it in tallies}


def the_card(answer: httpx.Response) -> Element:
    (card,) = parsed(answer.text).of_class("card")
    return card


def toasts(answer: httpx.Response) -> list[str]:
    return [it.text for it in parsed(answer.text).of_class("toast")]


def status_of(client: TestClient, number: int) -> int:
    status: int = client.get(f"/tasks/api/task/{number}").json()["status"]["id"]
    return status


# What is offered


def test_a_card_offers_only_transitions_of_the_workflow(anna: Client, number: int) -> None:
    there = tray(anna, number)
    (moves,), (quick,) = there.of_class("move"), there.of_class("quick")
    assert [int(it["value"]) for it in moves.all(lambda it: it.get("name") == "status_id")] == [BUSY, REJECTED]
    assert moves["action"] == moves["hx-post"] == f"/tasks/{number}/status"
    assert quick["action"] == quick["hx-post"] == f"/tasks/{number}/card"
    fields = sent(quick)
    assert (fields["priority_id"], fields["assignee_id"]) == (str(PRIORITY_IDS["normal"]), str(PEOPLE_IDS["anna"]))
    assert fields["view"] == "card" and fields["next"] == BOARD and fields["idempotency_key"] and fields["lock_version"]


def test_the_right_to_comment_alone_offers_only_a_comment(visit: Visit, embedded: EmbeddedWorld) -> None:
    there = tray(visit("irina"), embedded.new_task())
    assert there.of_class("move") == [] and "lets you move this task nowhere" in there.text
    fields = sent(there.of_class("quick")[0])
    assert fields["comment"] == "" and not {"priority_id", "assignee_id", "status_id"} & fields.keys()


def test_without_scripts_a_card_is_a_page_with_a_link_back(visit: Visit, embedded: EmbeddedWorld) -> None:
    number, anna = embedded.new_task("Принтер"), visit("anna")
    anna.get(BOARD, headers=HTML)
    page = anna.get(f"/tasks/{number}/card", headers={**HTML, "Referer": f"http://testserver{BOARD}"})
    assert page.status_code == 200 and "<html" in page.text and "Принтер" in page.text
    buttons = parsed(page.text).of_class("move")[0].all(lambda it: it.get("name") == "status_id")
    assert [it.text for it in buttons] == ["in_progress", "rejected"]


def test_a_program_gets_the_task(anna: Client, number: int) -> None:
    body = anna.get(f"/tasks/{number}/card").json()
    known = anna.get(f"/tasks/api/task/{number}").json()
    assert {**body, "execution_time": 0} == {**known, "execution_time": 0}


@pytest.mark.parametrize("headers", [HTML, HTMX, {}], ids=["page", "htmx", "program"])
def test_an_invisible_task_has_no_card(visit: Visit, embedded: EmbeddedWorld, headers: dict[str, str]) -> None:
    number, stranger = embedded.new_task("Секрет"), visit("stranger")
    for address in (f"/tasks/{number}/card", "/tasks/777/card", "/tasks/99999999999/card"):
        for answer in (
            stranger.get(address, headers=headers),
            stranger.post(address, data={"priority_id": "4"}, headers=headers),
        ):
            assert answer.status_code == 404 and "Секрет" not in answer.text and 'class="card' not in answer.text
    moved = stranger.post(f"/tasks/{number}/status", data={"status_id": BUSY, "view": "card"}, headers=headers)
    assert moved.status_code == 404 and status_of(visit("anna"), number) == NEW


# Moving


def test_a_move_answers_with_the_card_and_the_two_counts(visit: Visit, embedded: EmbeddedWorld) -> None:
    number, _ = embedded.new_task("Принтер"), embedded.new_task()
    anna = visit("anna")
    answer = move(anna, number, BUSY, comment="Беру.")
    card = the_card(answer)
    assert answer.status_code == 200 and (card["id"], card["data-at"]) == (f"card-{number}", str(BUSY))
    assert card.classes == {"card"} and "Принтер" in card.text
    assert counts(answer) == {NEW: 1, BUSY: 1} and toasts(answer) == ["Moved to: in_progress."]
    assert status_of(anna, number) == BUSY
    (entry,) = anna.get(f"/tasks/api/task/{number}/history").json()["history"]
    assert entry["notes"] == "Беру."


def test_a_move_can_be_undone_where_the_workflow_allows_it(visit: Visit, embedded: EmbeddedWorld) -> None:
    number, anna = embedded.new_task(status="in_progress"), visit("anna")
    answer = move(anna, number, WAITING)
    (toast,) = parsed(answer.text).of_class("toast")
    (undo,) = toast.all(lambda it: it.tag == "form")
    assert toast["data-stay"] == "10000" and sent(undo)["status_id"] == str(BUSY)
    assert (undo["hx-target"], undo["hx-swap"]) == ("#incoming", "innerHTML")
    back = anna.post(undo["action"], data=sent(undo), headers=ON_BOARD)
    assert the_card(back)["data-at"] == str(BUSY) and counts(back) == {BUSY: 1, WAITING: 0}
    assert status_of(anna, number) == BUSY
    for status, to in (("in_progress", RESOLVED), ("new", BUSY)):
        (toast,) = parsed(move(anna, embedded.new_task(status=status), to).text).of_class("toast")
        assert bool(toast.all(lambda it: it.tag == "form")) == (status == "in_progress")


def test_an_undo_conflicts_with_a_later_move_but_not_with_a_comment(visit: Visit, embedded: EmbeddedWorld) -> None:
    number, anna, boris = embedded.new_task(status="in_progress"), visit("anna"), visit("boris")
    undo = sent(parsed(move(anna, number, WAITING).text).of_class("toast")[0])
    boris.post(f"/tasks/api/task/{number}/comments", json={"comment": "Жду."})
    answer = anna.post(f"/tasks/{number}/status", data=undo, headers=ON_BOARD)
    assert answer.status_code == 200 and the_card(answer)["data-at"] == str(BUSY)
    undo = sent(parsed(move(anna, number, WAITING).text).of_class("toast")[0])
    for status in (BUSY, RESOLVED):
        boris.put(f"/tasks/api/task/{number}/status", json={"status_id": status}).raise_for_status()
    answer = anna.post(f"/tasks/{number}/status", data=undo, headers=ON_BOARD)
    assert answer.status_code == 409 and the_card(answer)["data-at"] == str(RESOLVED)
    assert status_of(anna, number) == RESOLVED


def test_a_move_to_the_present_status_changes_nothing(anna: Client, number: int) -> None:
    answer = move(anna, number, NEW)
    assert answer.status_code == 200 and the_card(answer)["data-at"] == str(NEW) and counts(answer) == {NEW: 1}
    assert "Nothing was changed" in toasts(answer)[0]
    assert anna.get(f"/tasks/api/task/{number}/history").json()["history"] == []


def test_a_forbidden_move_shows_the_reason_in_the_card(anna: Client, number: int) -> None:
    answer = move(anna, number, CLOSED, comment="Готово!", priority_id="")
    card = the_card(answer)
    assert answer.status_code == 422 and card["data-at"] == str(NEW) and "open" in card.classes
    assert "The workflow does not allow this status now." in card.of_class("fault")[0].text
    assert card.of_class("fault")[0].get("role") == "alert" and card.of_class("age")[0].text == "now"
    (again,) = card.of_class("move")
    assert sent(again)["comment"] == "Готово!" and toasts(answer) == []
    assert status_of(anna, number) == NEW
    done = {**sent(again), "status_id": BUSY}
    assert anna.post(again["action"], data=done, headers=ON_BOARD).status_code == 200


@pytest.mark.parametrize("status", ["", "x", "-1", "777", "99999999999"])
def test_an_unknown_status_is_refused_in_the_card(anna: Client, number: int, status: str) -> None:
    fields = {**form(anna, number), "status_id": status}
    for address in (f"/tasks/{number}/status", f"/tasks/{number}/card"):
        answer = anna.post(address, data=fields, headers=ON_BOARD)
        assert answer.status_code == 422 and the_card(answer)["data-at"] == str(NEW)


def test_a_conflict_shows_the_other_change_and_the_present_values(visit: Visit, embedded: EmbeddedWorld) -> None:
    number, anna, boris = embedded.new_task(), visit("anna"), visit("boris")
    stale = {**form(anna, number), "status_id": REJECTED}
    body = {"status_id": BUSY, "comment": "Уже делаю."}
    boris.put(f"/tasks/api/task/{number}/status", json=body).raise_for_status()
    answer = anna.post(f"/tasks/{number}/status", data=stale, headers=ON_BOARD)
    card = the_card(answer)
    assert answer.status_code == 409 and card["data-at"] == str(BUSY) and "open" in card.classes
    message = card.of_class("fault")[0].text
    assert NAMES["boris"] in message and "Status: new → in_progress." in message and "A comment was added." in message
    assert f"Now: in_progress, normal, {NAMES['anna']}." in message
    again = {**sent(card.of_class("move")[0]), "status_id": RESOLVED}
    assert again["lock_version"] != stale["lock_version"]
    assert anna.post(f"/tasks/{number}/status", data=again, headers=ON_BOARD).status_code == 200
    assert status_of(anna, number) == RESOLVED


def test_a_forbidden_move_is_refused_and_the_card_stays(visit: Visit, embedded: EmbeddedWorld) -> None:
    number, irina = embedded.new_task(), visit("irina")
    moved = irina.post(f"/tasks/{number}/status", data={"status_id": BUSY, "view": "card"}, headers=ON_BOARD)
    assert moved.status_code == 422 and the_card(moved)["data-at"] == str(NEW)
    assert "does not allow" in the_card(moved).text and the_card(moved).of_class("move") == []
    changed = irina.post(f"/tasks/{number}/card", data={"priority_id": "4"}, headers=ON_BOARD)
    assert changed.status_code == 403 and "You are not allowed" in toasts(changed)[0]
    assert [it.tag for it in parsed(changed.text).elements] == ["hx-partial"]
    assert status_of(visit("anna"), number) == NEW


def test_a_card_that_no_longer_belongs_on_the_board_leaves_it(anna: Client, embedded: EmbeddedWorld) -> None:
    for board, address, change in (
        ("/tasks/board", "card", {"assignee_id": str(PEOPLE_IDS["boris"])}),
        (f"{BOARD}&priority_id={PRIORITY_IDS['normal']}", "card", {"priority_id": str(PRIORITY_IDS["high"])}),
        (f"{BOARD}&status_id={NEW}", "status", {"status_id": str(BUSY)}),
    ):
        number = embedded.new_task()
        fields = {**form(anna, number, "quick"), **change}
        answer = anna.post(f"/tasks/{number}/{address}", data=fields, headers=headers(board))
        assert answer.status_code == 200 and the_card(answer).attributes == {
            "class": "card", "id": f"card-{number}", "data-at": "",
        }  # fmt: skip
        assert set(counts(answer)) == {NEW}


def test_a_card_goes_to_its_lane(anna: Client, number: int) -> None:
    fields = {**form(anna, number, "quick"), "assignee_id": ""}
    answer = anna.post(f"/tasks/{number}/card", data=fields, headers=headers(f"{BOARD}&lanes=assignee"))
    assert the_card(answer)["data-at"] == f"{NEW}-0"
    forbidden = {**form(anna, number), "status_id": CLOSED}
    answer = anna.post(f"/tasks/{number}/status", data=forbidden, headers=headers(f"{BOARD}&lanes=priority"))
    assert the_card(answer)["data-at"] == f"{NEW}-{PRIORITY_IDS['normal']}"


def test_a_move_sent_twice_is_made_once(anna: Client, number: int) -> None:
    fields = {**form(anna, number), "status_id": BUSY, "comment": "Беру."}
    answers = [anna.post(f"/tasks/{number}/status", data=fields, headers=ON_BOARD) for _ in "12"]
    assert answers[0].status_code == 200 and answers[0].text == answers[1].text
    fields = {**form(anna, number, "quick"), "comment": "Ещё."}
    answers = [anna.post(f"/tasks/{number}/card", data=fields, headers=ON_BOARD) for _ in "12"]
    assert answers[0].status_code == 200 and answers[0].text == answers[1].text
    assert len(anna.get(f"/tasks/api/task/{number}/history").json()["history"]) == 2


def test_a_page_of_another_person_moves_nothing(number: int, visit: Visit) -> None:
    hers = {**form(visit("anna"), number), "status_id": BUSY}
    answer = visit("boris").post(f"/tasks/{number}/status", data=hers, headers=ON_BOARD)
    assert answer.status_code == 403 and status_of(visit("anna"), number) == NEW


# Without scripts


def test_without_scripts_a_move_redirects_to_its_board(visit: Visit, embedded: EmbeddedWorld) -> None:
    anna, address = visit("anna"), f"{BOARD}&lanes=project"
    for wanted, leads in ((address, address), ("//evil.test", "/tasks/my-tasks")):
        number = embedded.new_task()
        for path, change in (("status", {"status_id": str(BUSY)}), ("card", {"comment": "Смотрю."})):
            fields = {**form(anna, number, "quick"), **change, "next": wanted}
            answer = anna.post(f"/tasks/{number}/{path}", data=fields, headers=HTML)
            assert (answer.status_code, answer.headers["location"]) == (303, leads)
        assert status_of(anna, number) == BUSY


def test_without_scripts_a_refusal_shows_the_cards_page(anna: Client, number: int, visit: Visit) -> None:
    stale = {**form(anna, number), "status_id": str(REJECTED), "comment": "Беру."}
    forbidden = anna.post(f"/tasks/{number}/status", data={**stale, "status_id": CLOSED}, headers=HTML)
    visit("boris").put(f"/tasks/api/task/{number}/status", json={"status_id": BUSY})
    conflict = anna.post(f"/tasks/{number}/status", data=stale, headers=HTML)
    for answer, status, message in ((forbidden, 422, "does not allow"), (conflict, 409, NAMES["boris"])):
        assert answer.status_code == status and "<html" in answer.text
        there = parsed(answer.text)
        assert message in there.of_class("fault")[0].text
        assert (
            sent(there.of_class("move")[0])["comment"] == "Беру." and sent(there.of_class("move")[0])["next"] == BOARD
        )


# Its other fields


def test_a_card_changes_priority_assignee_and_fields_at_once_with_a_comment(anna: Client, number: int) -> None:
    changes = {"priority_id": PRIORITY_IDS["urgent"], "assignee_id": PEOPLE_IDS["boris"], "due_date": "2020-01-31"}
    fields = {**form(anna, number, "quick"), **changes, "comment": "Срочно!"}
    answer = anna.post(f"/tasks/{number}/card", data=fields, headers=ON_BOARD)
    card = the_card(answer)
    assert answer.status_code == 200 and counts(answer) == {NEW: 1} and toasts(answer) == ["The task was changed."]
    assert "urgent" in card.text and NAMES["boris"] in card.text and card.of_class("late")[0]["title"] == "31.01.2020"
    (entry,) = anna.get(f"/tasks/api/task/{number}/history").json()["history"]
    assert entry["notes"] == "Срочно!" and len(entry["changes"]) == 3


def test_an_untouched_card_form_changes_nothing(anna: Client, number: int) -> None:
    answer = anna.post(f"/tasks/{number}/card", data=form(anna, number, "quick"), headers=ON_BOARD)
    assert answer.status_code == 200 and "Nothing was changed" in toasts(answer)[0]
    assert anna.get(f"/tasks/api/task/{number}/history").json()["history"] == []


def test_a_field_error_appears_in_the_card(anna: Client, number: int) -> None:
    fields = {**form(anna, number, "quick"), "due_date": "завтра", "comment": "Срочно!"}
    answer = anna.post(f"/tasks/{number}/card", data=fields, headers=ON_BOARD)
    assert answer.status_code == 422 and "open" in the_card(answer).classes
    assert sent(the_card(answer).of_class("quick")[0])["comment"] == "Срочно!"
    assert anna.get(f"/tasks/api/task/{number}/history").json()["history"] == []


def test_a_refused_comment_becomes_a_draft_of_the_card(anna: Client, number: int, visit: Visit) -> None:
    stale = {**form(anna, number, "quick"), "priority_id": PRIORITY_IDS["low"], "comment": "Недосказанное"}
    visit("boris").put(f"/tasks/api/task/{number}/priority", json={"priority_id": PRIORITY_IDS["high"]})
    assert anna.post(f"/tasks/{number}/card", data=stale, headers=ON_BOARD).status_code == 409
    again = form(anna, number, "quick")
    assert again["comment"] == "Недосказанное" and form(visit("boris"), number, "quick")["comment"] == ""
    assert anna.post(f"/tasks/{number}/card", data=again, headers=ON_BOARD).status_code == 200
    assert form(anna, number, "quick")["comment"] == ""


def test_a_program_changes_a_task_by_its_card(anna: Client, number: int) -> None:
    task = anna.post(f"/tasks/{number}/card", json={"status_id": BUSY, "assignee_id": None}).json()
    assert task["success"] and task["status"]["id"] == BUSY and task["assignee"] is None
    for body, status, code in (
        ({"status_id": BUSY}, 400, "unchanged"),
        ({"status_id": REJECTED}, 422, "transition_not_allowed"),
        ({"status_id": RESOLVED, "lock_version": "1"}, 409, "conflict"),
    ):
        answer = anna.post(f"/tasks/{number}/card", json=body)
        assert (answer.status_code, answer.json()["error"]) == (status, code)


def test_a_refused_card_keeps_its_unread_mark(anna: Client, number: int, embedded: EmbeddedWorld) -> None:
    tell(embedded.database, "anna", number)
    card = the_card(move(anna, number, CLOSED))
    assert "news" in card.classes and "has news" in card.text


def test_a_board_model_shows_a_move_and_its_undo(visit: Visit, embedded: EmbeddedWorld) -> None:
    """Use the model of a browser that test_board_equals_backend.py works with."""
    number, other = embedded.new_task(status="in_progress"), embedded.new_task(status="waiting")
    screen = Screen(visit("anna"), BOARD)
    screen.move(screen.cards()[0], WAITING)
    assert {it: there.cards[str(it)] for it, there in screen.columns().items() if there.total} == {
        WAITING: [number, other]
    }
    assert screen.undo() and screen.columns()[BUSY].tally == screen.columns()[WAITING].tally == "1"
