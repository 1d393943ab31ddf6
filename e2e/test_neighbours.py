"""From task to task of the list that the first was opened from, by links and by keys."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from e2e import steps
from e2e.conftest import AsProgram

SCRIPTED = pytest.mark.parametrize("javascript", [True], ids=["with JavaScript"], indirect=True)
TEN, MOST_KEYS = 10, 40
OPEN = "/tasks?sort=id&order=asc&status=Новая,В работе"


def way(page: Page) -> Locator:
    return page.get_by_role("navigation", name="Путь по списку")


def go(page: Page, name: str) -> None:
    """Press one of the two links, and wait for the other task."""
    before = page.url
    way(page).get_by_role("link", name=name).click()
    page.wait_for_url(lambda url: url != before)


def task_on(page: Page) -> int:
    return int(re.findall(r"/tasks/(\d+)", page.url)[0])


def test_the_list_goes_along_with_whoever_walks_it_and_answers(page: Page, as_program: AsProgram) -> None:
    found = as_program("anna").get("/tasks", params={**dict(it.split("=") for it in OPEN[7:].split("&"))}).json()
    total, pages = found["pagination"]["total"], found["pagination"]["pages"]
    ids = [it["id"] for it in found["tasks"]]
    assert pages > 1
    steps.come_to(page, "anna", OPEN)
    steps.subjects(page).nth(23).click()
    expect(way(page)).to_contain_text(f"24 из {total}")
    go(page, "Следующая задача")
    assert task_on(page) == ids[24]
    way(page).get_by_role("link", name="К списку").click()
    expect(steps.subjects(page).nth(24)).to_be_in_viewport()
    expect(steps.subjects(page).first).not_to_be_in_viewport()
    steps.subjects(page).nth(24).click()
    go(page, "Следующая задача")
    expect(way(page)).to_contain_text(f"26 из {total}")
    there = task_on(page)
    way(page).get_by_role("link", name="К списку").click()
    expect(page).to_have_url(re.compile("page=2"))
    page.locator(f"td.list-subject a[href^='/tasks/{there}?']").click()
    go(page, "Предыдущая задача")
    assert task_on(page) == ids[24]


def test_after_answer_and_resolve_the_one_at_its_place_is_next(page: Page, as_program: AsProgram) -> None:
    address = "/tasks/my-tasks?sort=id&order=asc&status=В работе"
    ids = [it["id"] for it in steps.tasks(as_program("anna"), status="В работе", sort="id", order="asc")["tasks"]]
    steps.come_to(page, "anna", address)
    steps.subjects(page).nth(1).click()
    steps.answer_and(page, "Готово.", "Решена")
    expect(steps.entries(page).last).to_contain_text("Готово.")
    expect(way(page)).to_contain_text("2 из")
    go(page, "Следующая задача")
    assert task_on(page) == ids[2]
    expect(way(page)).to_contain_text("2 из")
    go(page, "Предыдущая задача")
    assert task_on(page) == ids[0]
    way(page).get_by_role("link", name="Предыдущая задача").press("Enter")
    expect(steps.toast(page, "Предыдущей задачи в списке нет.")).to_be_visible()
    assert task_on(page) == ids[0]


@SCRIPTED
def test_keys_at_the_ends_of_a_list_make_no_step_to_go_back_from(page: Page) -> None:
    steps.come_to(page, "anna", f"{OPEN}&per_page=1")
    steps.subjects(page).first.click()
    before = page.evaluate("history.length")
    expect(way(page).get_by_role("link", name="Предыдущая задача")).to_be_disabled()
    expect(way(page).get_by_role("link", name="Следующая задача")).to_be_enabled()
    page.keyboard.press("k")
    expect(steps.toast(page, "Предыдущей задачи в списке нет.")).to_be_visible()
    assert page.evaluate("history.length") == before


@SCRIPTED
def test_r_in_a_list_opens_the_form_of_an_answer(page: Page) -> None:
    steps.come_to(page, "anna", OPEN)
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("r")
    expect(steps.comment_box(page)).to_be_focused()
    expect(way(page)).to_contain_text("2 из")
    page.go_back()
    expect(steps.subjects(page).nth(1)).to_be_focused()


@SCRIPTED
def test_escape_leaves_a_control_of_a_task_and_takes_back_what_was_not_sent(page: Page, as_program: AsProgram) -> None:
    task = steps.some_task(as_program("anna"), status="В работе")
    steps.come_to(page, "anna", task["id"])
    page.keyboard.press("p")
    expect(steps.control(page, "priority")).to_be_focused()
    page.keyboard.press("End")
    page.keyboard.press("Escape")
    expect(steps.control(page, "priority")).not_to_be_focused()
    expect(steps.fact(page, "priority")).to_have_text(task["priority"])
    page.keyboard.press("r")
    expect(steps.comment_box(page)).to_be_focused()


@SCRIPTED
def test_ten_tasks_are_read_and_half_of_them_raised_by_keyboard_alone(page: Page, as_program: AsProgram) -> None:
    anna = as_program("anna")
    ids = [it["id"] for it in steps.tasks(anna, priority_id=2, per_page=TEN)["tasks"]]
    steps.come_to(page, "anna", "/tasks/my-tasks?priority_id=2")
    pressed = list("jo")
    for key in pressed:
        page.keyboard.press(key)
    seen = []
    for index in range(TEN):
        expect(page.locator(f"#task-{ids[index]}")).to_be_visible()
        seen.append(task_on(page))
        keys = ["p", "End", "Enter", "Escape"] if index % 2 else []
        for key in keys:
            page.keyboard.press(key)
            if key == "p":
                expect(steps.control(page, "priority")).to_be_focused()
        if keys:
            expect(steps.entries(page).last).to_contain_text("→ Срочный")
        if index < TEN - 1:
            keys.append("j")
            page.keyboard.press("j")
        pressed += keys
    assert seen == ids and len(pressed) <= MOST_KEYS
    urgent = {it["id"] for it in steps.tasks(anna, priority="Срочный", per_page=100)["tasks"]}
    assert set(ids) & urgent == set(ids[1::2])
