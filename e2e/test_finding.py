"""A list kept under a name, a row edited where it stands, and the way back from a task."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from e2e import steps
from e2e.conftest import AsProgram
from e2e.watching import Announced

SUPPORT = ("Служба поддержки", "Печать и сканирование", "Сеть и телефония")
SCRIPTED = pytest.mark.parametrize("javascript", [True], ids=["with JavaScript"], indirect=True)


def row(page: Page, number: int) -> Locator:
    """The row of a task, at rest or being edited."""
    return page.locator("table.list tbody tr").filter(has=page.locator(f'td.list-subject a[href^="/tasks/{number}?"]'))


def editing(page: Page) -> Locator:
    return page.locator("table.list tr.editing")


def edit(page: Page, number: int) -> Locator:
    """Press a row's pencil; its form."""
    row(page, number).get_by_role("link", name="Изменить").click()
    expect(editing(page).get_by_label("Статус")).to_be_focused()
    return editing(page)


def test_a_narrowed_list_is_kept_under_a_name_and_becomes_the_start_page(page: Page, javascript: bool) -> None:
    page.goto("/tasks")
    steps.sign_in(page, "anna")
    steps.open_filter(page)
    for name, choice in (("project_id", "Служба поддержки"), ("assigned_to_id", "Борис Громов")):
        page.locator(f"form.filter [name={name}]").select_option(label=choice)
        if javascript:
            expect(page).to_have_url(re.compile(name))
    page.get_by_role("button", name="Сохранить список").click()
    page.get_by_label("Название").fill("Борис в поддержке")
    page.get_by_role("button", name="Сохранить").click()
    expect(page.get_by_role("list", name="Фильтры")).to_contain_text("Исполнитель: Борис Громов")
    projects = page.locator("td.list-project").all_text_contents()
    assert {"Служба поддержки", "Сеть и телефония"} <= {*projects} <= {*SUPPORT}
    page.goto("/views")
    page.get_by_role("button", name="Начинать с него").click()
    expect(page.get_by_text("открывается первым")).to_be_visible()
    page.get_by_role("navigation", name="Главное").get_by_role("link", name="TEZ Navigator").click()
    view = page.get_by_role("navigation", name="Главное").get_by_role("link", name="Борис в поддержке")
    expect(view).to_have_attribute("aria-current", "page")
    expect(steps.subjects(page)).to_have_count(len(projects))


@SCRIPTED
def test_a_row_is_edited_where_it_stands(page: Page, as_program: AsProgram) -> None:
    steps.come_to(page, "anna", "/tasks/my-tasks?sort=id&status_id=2")
    number = steps.listed_ids(page)[1]
    steps.mark(page)
    its = edit(page, number)
    page.keyboard.press("Escape")
    expect(row(page, number).get_by_role("link", name="Изменить")).to_be_focused()
    page.keyboard.press("Enter")
    its.get_by_label("Приоритет").select_option(label="Срочный")
    its.get_by_label("Статус").select_option(label="Решена")
    its.get_by_role("button", name="Сохранить").click()
    expect(steps.toast(page, "Задача изменена.")).to_be_visible()
    expect(row(page, number).locator("td.list-priority")).to_have_text("Срочный")
    expect(row(page, number).locator("td.list-status")).to_have_text("Решена")
    expect(row(page, number).get_by_role("link", name="Изменить")).to_be_focused()
    assert steps.is_marked(page) and steps.listed_ids(page)[1] == number
    task = as_program("anna").get(f"/tasks/api/task/{number}").json()
    assert (task["status"]["name"], task["priority"]["name"]) == ("Решена", "Срочный")


@SCRIPTED
def test_a_row_that_a_colleague_changed_says_so_where_it_stands(
    page: Page, as_program: AsProgram, announced: Announced
) -> None:
    announced.add(409)
    steps.come_to(page, "anna", "/tasks/my-tasks?sort=id&status_id=2")
    number = steps.listed_ids(page)[0]
    its = edit(page, number)
    steps.change_elsewhere(as_program("boris"), number, "priority", "Срочный")
    its.get_by_label("Приоритет").select_option(label="Низкий")
    its.get_by_role("button", name="Сохранить").click()
    expect(its.get_by_role("alert")).to_contain_text("Сейчас: В работе, Срочный, Анна Светлова.")
    expect(its.get_by_label("Приоритет").locator("option:checked")).to_have_text("Низкий")
    its.get_by_role("button", name="Сохранить").click()
    expect(row(page, number).locator("td.list-priority")).to_have_text("Низкий")


def test_from_a_task_one_comes_back_to_the_very_list(page: Page, javascript: bool) -> None:
    steps.come_to(page, "anna", "/tasks/my-tasks?sort=id&order=desc&page=2")
    numbers = steps.listed_ids(page)
    address, last = page.url, steps.subjects(page).last
    last.scroll_into_view_if_needed()
    last.click()
    expect(page.locator(f"#task-{numbers[-1]}")).to_be_visible()
    steps.add_comment(page, "Проверено.")
    expect(steps.entries(page).last).to_contain_text("Проверено.")
    page.get_by_role("link", name="К списку").click()
    expect(page).to_have_url(address)
    assert steps.listed_ids(page) == numbers
    if javascript:
        expect(last).to_be_focused()
        expect(last).to_be_in_viewport()


@SCRIPTED
def test_the_browsers_own_way_back_keeps_the_place_and_the_focus(page: Page) -> None:
    steps.come_to(page, "anna", "/tasks/my-tasks?sort=id")
    last = steps.subjects(page).last
    last.scroll_into_view_if_needed()
    place = page.evaluate("() => scrollY")
    assert place > 0
    last.click()
    expect(page).to_have_url(re.compile(r"/tasks/\d+\?list="))
    page.go_back()
    expect(last).to_be_focused()
    assert page.evaluate("() => scrollY") == place


def test_the_number_in_progress_links_to_a_list_of_as_many(page: Page) -> None:
    steps.come_to(page, "anna", "/tasks/my-tasks")
    link = page.get_by_role("list", name="Сводка").get_by_role("link", name="в обработке")
    number = re.match(r"\d+", link.inner_text())
    assert number
    link.click()
    expect(steps.total(page)).to_have_text(re.compile(rf"^{number[0]} задач"))
