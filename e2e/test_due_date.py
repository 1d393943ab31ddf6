"""The due date of a task is changed at its place; a task goes to paper without what is not for everybody."""

import re

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from e2e import steps
from e2e.conftest import AsProgram
from e2e.watching import Announced

DAY = "2031-05-06"

with_javascript = pytest.mark.parametrize("javascript", [True], ids=["with JavaScript"], indirect=True)


def fact(page: Page, name: str) -> Locator:
    return page.locator(f"[id^={name}-][id$=-fact]")


def control(page: Page) -> Locator:
    return page.locator(".task-facts [name=due_date]")


def test_the_due_date_is_set_and_taken_away_at_its_place(page: Page, as_program: AsProgram, javascript: bool) -> None:
    client = as_program("anna")
    task = steps.some_task(client, status="В работе")
    steps.come_to(page, "anna", task["id"])
    for day, said in ((DAY, DAY), ("", None)):
        with page.expect_response("**/fields") as sent:
            control(page).fill(day)
            control(page).press("Enter")
        assert sent.value.status == (200 if javascript else 303)
        expect(steps.toast(page, "Срок изменён.").last).to_be_visible()
        expect(control(page)).to_have_value(day)
        if javascript:
            expect(control(page)).to_be_focused()
        assert client.get(f"/tasks/api/task/{task['id']}").json()["due_date"] == said


@with_javascript
def test_digits_of_a_day_are_sent_together_when_it_is_left(page: Page, as_program: AsProgram) -> None:
    client = as_program("anna")
    task = steps.some_task(client, status="В работе")
    steps.come_to(page, "anna", task["id"])
    with page.expect_response("**/fields") as sent:
        control(page).focus()
        page.keyboard.type("05062031")  # in whatever order the browser has day and month
        steps.comment_box(page).focus()
    assert sent.value.ok
    expect(control(page)).to_have_value(re.compile("2031-0[56]-0[56]"))
    changes = [it for entry in steps.history(client, task["id"])[-1:] for it in entry["changes"]]
    assert len(changes) == 1 and "2031" in changes[0]
    control(page).focus()
    page.keyboard.press("Delete")
    steps.comment_box(page).focus()
    expect(control(page)).to_have_value(re.compile("2031-0[56]-0[56]"))
    expect(steps.toast(page, "Дата введена не полностью")).to_be_visible()


@with_javascript
def test_digits_that_come_before_the_script_are_sent_together_too(page: Page, as_program: AsProgram) -> None:
    client, late = as_program("anna"), list[Route]()
    task = steps.some_task(client, status="В работе")
    client.put(f"/tasks/api/task/{task['id']}", json={"due_date": "2030-12-24"}).raise_for_status()
    page.route("**/static/lazy-*.js", lambda route: late.append(route))  # playwright wants a function
    steps.come_to(page, "anna", task["id"])
    control(page).focus()
    page.keyboard.type("05")
    steps.until(page, lambda: bool(late))
    late.pop().continue_()
    page.wait_for_function("() => import(document.body.dataset.lazy)")
    page.keyboard.type("06")
    with page.expect_response("**/fields") as sent:
        page.keyboard.type("2031")
        steps.comment_box(page).focus()
    assert sent.value.ok
    expect(control(page)).to_have_value(re.compile("2031-0[56]-0[56]"))
    assert len(steps.history(client, task["id"])[-1]["changes"]) == 1


@with_javascript
def test_a_day_that_is_refused_says_so_and_keeps_no_other_choice_back(
    page: Page, as_program: AsProgram, announced: Announced
) -> None:
    announced.add(422)
    client = as_program("anna")
    task = steps.some_task(client, status="В работе")
    steps.come_to(page, "anna", task["id"])
    control(page).fill("0026-12-24")
    control(page).press("Enter")
    expect(fact(page, "due_date")).to_contain_text("Год не может быть раньше 1900-го.")
    other = next(it for it in ("Высокий", "Низкий") if it != task["priority"])
    with page.expect_response("**/fields") as sent:
        page.locator(".task-facts [name=priority_id]").select_option(label=other)
    assert sent.value.status == 422
    expect(page.locator(".htmx-request")).to_have_count(0)
    expect(fact(page, "due_date")).to_contain_text("Год не может быть раньше 1900-го.")
    with page.expect_response("**/fields") as sent:
        control(page).fill(DAY)
        control(page).press("Enter")
    assert sent.value.ok
    saved = client.get(f"/tasks/api/task/{task['id']}").json()
    assert (saved["due_date"], saved["priority"]["name"]) == (DAY, other)


def test_the_due_date_is_taken_away_by_one_press(page: Page, as_program: AsProgram, javascript: bool) -> None:
    client = as_program("anna")
    task = steps.some_task(client, status="В работе")
    client.put(f"/tasks/api/task/{task['id']}", json={"due_date": DAY}).raise_for_status()
    steps.come_to(page, "anna", task["id"])
    page.get_by_role("button", name="Без срока").click()
    expect(steps.toast(page, "Срок изменён.")).to_be_visible()
    expect(control(page)).to_have_value("")
    expect(page.get_by_role("button", name="Без срока")).to_have_count(0)
    if javascript:
        expect(control(page)).to_be_focused()


def test_internal_comments_go_to_paper_only_when_asked_for(page: Page, as_program: AsProgram, javascript: bool) -> None:
    client = as_program("anna")
    task = steps.some_task(client, status="В работе")
    text = {"comment": "Между нами.", "private": True}
    client.post(f"/tasks/api/task/{task['id']}/comments", json=text).raise_for_status()
    client.put(f"/tasks/api/task/{task['id']}", json={"due_date": None})
    page.add_init_script("window.print = () => { document.documentElement.id = 'printed' }")
    steps.come_to(page, "anna", task["id"])
    inside, link = page.get_by_text("Между нами."), page.locator("[href*='print=internal']")
    page.emulate_media(media="print")
    expect(inside).to_be_hidden()
    expect(fact(page, "due_date")).to_be_hidden()
    expect(fact(page, "status")).to_be_visible()
    assert page.evaluate("(it) => getComputedStyle(it, '::after').content", fact(page, "status").element_handle()) == (
        '"В работе"'
    )
    for each in page.locator("#main").locator("button, select, input, textarea, summary, nav").all():
        expect(each).to_be_hidden()
    expect(page.get_by_text("К списку")).to_be_hidden()
    page.emulate_media(media="screen")
    link.click()
    expect(page).to_have_url(re.compile("print=internal$"))
    if javascript:
        expect(page.locator("#printed")).to_have_count(1)
    page.emulate_media(media="print")
    expect(inside).to_be_visible()
    page.emulate_media(media="screen")
    page.get_by_role("link", name="Печать без внутренних комментариев").click()
    expect(link).to_be_visible()
