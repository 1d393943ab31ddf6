"""The due date among the facts of a task: a control for those who may write it; overdue until the task is closed."""

from html import unescape

import pytest

from tests.web.conftest import HTML, HTMX, Client, Visit
from tests.web.dom import Element, parsed
from tests.world import PEOPLE_IDS, STATUS_IDS, EmbeddedWorld

PAST, FUTURE, LATER = "2020-02-03", "2040-02-03", "2041-02-03"


def opened(client: Client, number: int) -> Element:
    return parsed(client.get(f"/tasks/{number}", headers=HTML).text)


def fact(page: Element, number: int, name: str = "due_date") -> Element | None:
    return page.by_id(f"{name}-{number}-fact")


def form(page: Element, number: int, **typed: object) -> dict[str, object]:
    """The form of the facts as a browser sends it, with other values in it."""
    whole = page.by_id(f"fields-{number}")
    assert whole
    inputs = whole.all(lambda it: it.tag == "input" and it.get("name"))
    return {it["name"]: unescape(it.get("value") or "") for it in inputs} | typed


def set_day(client: Client, number: int, day: str | None) -> None:
    client.put(f"/tasks/api/task/{number}", json={"due_date": day}).raise_for_status()


def test_the_day_is_a_control_also_while_there_is_none(anna: Client, number: int) -> None:
    page = opened(anna, number)
    assert 'type="date"' in anna.get(f"/tasks/{number}", headers=HTML).text
    sent = form(page, number, due_date=FUTURE)
    answer = anna.post(f"/tasks/{number}/fields", data=sent, headers=HTMX)
    assert answer.status_code == 200 and "The due date was changed." in answer.text
    assert f'value="{FUTURE}"' in answer.text
    assert anna.get(f"/tasks/api/task/{number}").json()["due_date"] == FUTURE
    again = form(opened(anna, number), number, due_date="")
    assert anna.post(f"/tasks/{number}/fields", data=again, headers=HTML).status_code == 303
    assert anna.get(f"/tasks/api/task/{number}").json()["due_date"] is None


def test_who_may_not_write_it_reads_it_and_sends_it_in_vain(visit: Visit, number: int) -> None:
    irina = visit("irina")
    assert fact(opened(irina, number), number) is None, "nothing is empty"
    set_day(visit("anna"), number, FUTURE)
    day = fact(opened(irina, number), number)
    assert day and day.text == "03.02.2040" and not day.all(lambda it: it.tag == "input")
    answer = irina.post(f"/tasks/{number}/fields", data={"due_date": LATER}, headers=HTMX)
    assert answer.status_code == 403 and visit("stranger").post(f"/tasks/{number}/fields").status_code == 404
    assert irina.get(f"/tasks/api/task/{number}").json()["due_date"] == FUTURE


@pytest.mark.parametrize("headers", [HTML, HTMX], ids=["page", "fragment"])
def test_a_refused_day_stays_in_its_control_with_the_reason(anna: Client, number: int, headers: dict[str, str]) -> None:
    anna.put(f"/tasks/api/task/{number}", json={"start_date": FUTURE}).raise_for_status()
    sent = form(opened(anna, number), number, due_date=PAST)
    answer = anna.post(f"/tasks/{number}/fields", data=sent, headers=headers)
    shown = fact(parsed(answer.text), number)
    assert answer.status_code == 422 and shown and "must not be before the start date" in shown.text
    (control,) = shown.all(lambda it: it.tag == "input")
    assert (control["value"], control["aria-invalid"]) == (PAST, "true")
    assert shown.by_id(control["aria-describedby"])
    assert answer.text.count("must not be before the start date") == 1
    assert anna.post(f"/tasks/{number}/fields", data={"due_date": "soon"}, headers=headers).status_code == 422


def test_a_conflict_shows_theirs_at_the_control_and_the_own_day_can_be_saved(visit: Visit, number: int) -> None:
    anna = visit("anna")
    sent = form(opened(anna, number), number, due_date=FUTURE)
    set_day(visit("boris"), number, LATER)
    answer = anna.post(f"/tasks/{number}/fields", data=sent, headers=HTMX)
    page = parsed(answer.text)
    shown = fact(page, number)
    assert answer.status_code == 409 and shown and "Борис Кузнецов" in shown.text
    (control,) = shown.all(lambda it: it.tag == "input")
    assert control["value"] == FUTURE
    mine = shown.one(lambda it: it.tag == "button" and it.get("name") == "mine")
    assert mine and mine["value"] == "due_date"
    saved = anna.post(f"/tasks/{number}/fields", data=form(page, number, mine="due_date"), headers=HTMX)
    assert saved.status_code == 200 and " autofocus" in saved.text
    assert anna.get(f"/tasks/api/task/{number}").json()["due_date"] == FUTURE


def test_a_day_left_alone_is_not_changed(visit: Visit, number: int) -> None:
    anna = visit("anna")
    sent = form(opened(anna, number), number, status_id=STATUS_IDS["in_progress"])
    set_day(visit("boris"), number, LATER)
    assert anna.post(f"/tasks/{number}/fields", data=sent, headers=HTML).status_code == 303
    assert anna.get(f"/tasks/api/task/{number}").json()["due_date"] == LATER


def test_it_is_overdue_until_the_task_is_closed(visit: Visit, embedded: EmbeddedWorld) -> None:
    anna, number = visit("anna"), embedded.new_task(status="resolved")
    set_day(anna, number, PAST)
    for client in (anna, visit("irina")):
        shown = fact(opened(client, number), number)
        assert shown and "overdue" in shown.text
    page = opened(anna, number)
    sent = form(page, number, status_id=STATUS_IDS["closed"])
    answer = anna.post(f"/tasks/{number}/fields", data=sent, headers=HTMX)
    shown = fact(parsed(answer.text), number)
    assert shown and "overdue" not in shown.text, "the answer takes the mark away"
    set_day(anna, number, FUTURE)
    shown = fact(opened(anna, number), number)
    assert shown and "overdue" not in shown.text


def test_a_choice_that_is_offered_no_more_can_not_be_saved_again(visit: Visit, embedded: EmbeddedWorld) -> None:
    anna, number = visit("anna"), embedded.new_task()
    sent = form(opened(anna, number), number, status_id=STATUS_IDS["in_progress"])
    visit("boris").put(f"/tasks/api/task/{number}/status", json={"status_id": STATUS_IDS["rejected"]})
    answer = anna.post(f"/tasks/{number}/fields", data=sent, headers=HTMX)
    assert answer.status_code == 409 and "Your choice is not offered any more." in answer.text
    assert 'name="mine"' not in answer.text
    other = embedded.new_task(assignee=None)
    sent = form(opened(anna, other), other, assignee_id="")
    taken = form(opened(anna, other), other, take="1")
    visit("boris").put(f"/tasks/api/task/{other}/assignee", json={"assignee_id": PEOPLE_IDS["boris"]})
    answer = anna.post(f"/tasks/{other}/fields", data=taken, headers=HTMX)
    assert answer.status_code == 409 and 'name="mine"' not in answer.text and 'name="take"' in answer.text


def test_a_year_of_two_digits_is_a_slip_and_is_refused_at_its_control(anna: Client, number: int) -> None:
    sent = form(opened(anna, number), number, due_date="0026-12-24", status_id=STATUS_IDS["in_progress"])
    answer = anna.post(f"/tasks/{number}/fields", data=sent, headers=HTMX)
    shown = fact(parsed(answer.text), number)
    assert answer.status_code == 422 and shown and "The year must be 1900 or later." in shown.text
    (control,) = shown.all(lambda it: it.tag == "input")
    assert control["value"] == "0026-12-24" and control.get("min") is None, (
        "the browser would keep every later choice back"
    )


@pytest.mark.parametrize("headers", [HTML, HTMX], ids=["page", "fragment"])
def test_the_day_is_taken_away_by_one_press(visit: Visit, number: int, headers: dict[str, str]) -> None:
    anna = visit("anna")
    assert "no_day" not in anna.get(f"/tasks/{number}", headers=HTML).text, "there is none to take away"
    set_day(anna, number, FUTURE)
    assert "no_day" not in visit("irina").get(f"/tasks/{number}", headers=HTML).text
    sent = form(opened(anna, number), number, no_day="1")
    answer = anna.post(f"/tasks/{number}/fields", data=sent, headers=headers)
    assert answer.status_code == (303 if headers is HTML else 200)
    assert anna.get(f"/tasks/api/task/{number}").json()["due_date"] is None
    set_day(anna, number, FUTURE)
    assert visit("irina").post(f"/tasks/{number}/fields", data={"no_day": "1"}, headers=headers).status_code == 403
