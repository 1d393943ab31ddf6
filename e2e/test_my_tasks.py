"""The list: what it holds, finding, paging and sorting."""

import re

import pytest
from playwright.sync_api import Page, expect

from e2e import steps
from e2e.conftest import AsProgram


@pytest.fixture
def anna_at_her_list(page: Page) -> Page:
    steps.come_to(page, "anna", "/tasks/my-tasks")
    return page


def test_anna_sees_her_open_tasks_and_how_many(anna_at_her_list: Page, as_program: AsProgram) -> None:
    page, asked = anna_at_her_list, steps.tasks(as_program("anna"))
    expect(steps.total(page)).to_have_text(re.compile(rf"^{asked['pagination']['total']} задач"))
    expect(steps.subjects(page)).to_have_text([task["subject"] for task in asked["tasks"]])
    expect(page.locator(".told")).to_contain_text("сначала недавно изменённые")
    expect(page.get_by_role("link", name="Назначены мне")).to_have_attribute("aria-current", "true")


def test_the_list_is_narrowed_to_a_status(anna_at_her_list: Page, as_program: AsProgram) -> None:
    page, asked = anna_at_her_list, steps.tasks(as_program("anna"), status="Решена")
    steps.status_filter(page).select_option(label="Решена")
    page.get_by_role("button", name="Показать").click()
    expect(steps.status_filter(page).locator("option:checked")).to_have_text("Решена")
    expect(steps.total(page)).to_have_text(re.compile(rf"^{asked['pagination']['total']} задач"))
    expect(page.locator("table.list td.status")).to_have_text(["Решена"] * len(asked["tasks"]))
    page.get_by_role("link", name="Сбросить").click()
    expect(steps.status_filter(page).locator("option:checked")).to_have_text("любой открытый")


def test_closed_ones_come_when_asked_for(anna_at_her_list: Page, as_program: AsProgram) -> None:
    page, client = anna_at_her_list, as_program("anna")
    with_closed = steps.tasks(client, closed=1)["pagination"]["total"]
    assert with_closed > steps.tasks(client)["pagination"]["total"]
    page.get_by_label("и закрытые").check()
    page.get_by_role("button", name="Показать").click()
    expect(steps.total(page)).to_have_text(re.compile(rf"^{with_closed} задач"))


def test_a_task_is_found_by_words_whatever_their_case(anna_at_her_list: Page, as_program: AsProgram) -> None:
    page, task = anna_at_her_list, steps.some_task(as_program("anna"), sort="id")
    steps.search(page, task["subject"].upper())
    expect(page.get_by_role("list", name="Отбор")).to_contain_text("Слова:")
    expect(steps.subjects(page).filter(has_text=task["subject"])).to_have_count(1)


def test_a_task_is_found_by_its_number(anna_at_her_list: Page, as_program: AsProgram) -> None:
    page, task = anna_at_her_list, steps.some_task(as_program("anna"), sort="id")
    steps.search(page, f"#{task['id']}")
    expect(page.get_by_role("heading", level=1)).to_contain_text(task["subject"])
    expect(page).to_have_url(re.compile(f"/tasks/{task['id']}$"))


def test_a_search_that_finds_nothing_says_so_and_leads_back(anna_at_her_list: Page) -> None:
    page = anna_at_her_list
    steps.search(page, "ничего-подобного-нет")
    expect(steps.total(page)).to_have_text("0 задач")
    page.get_by_role("link", name="Показать все открытые").click()
    expect(steps.subjects(page)).not_to_have_count(0)


def test_pages_follow_one_another_without_gap_or_repetition(anna_at_her_list: Page, as_program: AsProgram) -> None:
    page, asked = anna_at_her_list, steps.tasks(as_program("anna"), per_page=100)
    pages = -(-asked["pagination"]["total"] // 25)
    assert pages > 1
    seen = steps.listed_ids(page)
    for number in range(2, pages + 1):
        page.get_by_role("navigation", name="Страницы").get_by_role("link", name="Вперёд").click()
        expect(page.locator(".told")).to_contain_text(f"страница {number} из {pages}")
        expect(page.locator("[aria-current=page]", has_text=str(number))).to_be_visible()
        seen += steps.listed_ids(page)
    assert seen == [task["id"] for task in asked["tasks"]]
    expect(page.get_by_role("link", name="Вперёд")).to_have_count(0)


def test_the_list_is_sorted_by_a_column_and_then_the_other_way_round(anna_at_her_list: Page) -> None:
    page = anna_at_her_list
    for order in ("ascending", "descending"):
        page.get_by_role("columnheader", name="№").get_by_role("link").click()
        expect(page.get_by_role("columnheader", name="№")).to_have_attribute("aria-sort", order)
        numbers = steps.listed_ids(page)
        assert numbers == sorted(numbers, reverse=order == "descending")


# Several tasks changed at once from the list


def test_ticked_tasks_are_changed_together_and_told_one_by_one(
    page: Page, as_program: AsProgram, javascript: bool
) -> None:
    page.goto("/tasks?author_id=me&sort=id&per_page=5")
    steps.sign_in(page, "anna", "demo")
    expect(page.locator("table.list")).to_be_visible()
    numbers = steps.listed_ids(page)
    boxes = page.locator("tbody input[type=checkbox]")
    if javascript:
        page.get_by_role("checkbox", name="Отметить все").check()
        expect(page.locator("tbody input[type=checkbox]:checked")).to_have_count(len(numbers))
        boxes.nth(0).uncheck()
    else:
        expect(page.get_by_role("checkbox", name="Отметить все")).to_have_count(0)
        for place in range(1, len(numbers)):
            boxes.nth(place).check()
    form = page.get_by_role("form", name="Изменить отмеченные")
    form.get_by_label("Приоритет").select_option(label="Низкий")
    form.get_by_label("Комментарий").fill("Разобрали на планёрке.")
    form.get_by_role("button").click()
    expect(page.get_by_text(f"Изменено: {len(numbers) - 1} из {len(numbers) - 1}.")).to_be_visible()
    page.get_by_role("link", name="К списку").click()
    expect(page.locator("tbody tr").nth(1)).to_contain_text("Низкий")
    anna = as_program("anna")
    for place, number in enumerate(numbers):
        notes = [entry["notes"] for entry in steps.history(anna, number)]
        assert ("Разобрали на планёрке." in notes) is (place > 0)
