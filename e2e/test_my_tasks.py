"""The list: what it holds, finding, paging and sorting."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, Route, expect

from e2e import steps
from e2e.conftest import AsProgram
from e2e.watching import Announced

SCRIPTED = pytest.mark.parametrize("javascript", [True], ids=["with JavaScript"], indirect=True)


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


def test_the_list_is_narrowed_to_a_status(anna_at_her_list: Page, as_program: AsProgram, javascript: bool) -> None:
    page, asked = anna_at_her_list, steps.tasks(as_program("anna"), status="Решена")
    steps.open_filter(page)
    steps.status_filter(page).select_option(label="Решена")
    if javascript:
        expect(page).to_have_url(re.compile("status_id="))
        expect(steps.status_filter(page)).to_be_focused()
    else:
        page.get_by_role("button", name="Показать").click()
    expect(steps.status_filter(page).locator("option:checked")).to_have_text("Решена")
    expect(steps.total(page)).to_have_text(re.compile(rf"^{asked['pagination']['total']} задач"))
    expect(page.locator("table.list td.list-status")).to_have_text(["Решена"] * len(asked["tasks"]))
    page.get_by_role("link", name="Сбросить").click()
    steps.open_filter(page)
    expect(steps.status_filter(page).locator("option:checked")).to_have_text("любой открытый")


def test_closed_ones_come_when_asked_for(anna_at_her_list: Page, as_program: AsProgram, javascript: bool) -> None:
    page, client = anna_at_her_list, as_program("anna")
    with_closed = steps.tasks(client, closed=1)["pagination"]["total"]
    assert with_closed > steps.tasks(client)["pagination"]["total"]
    steps.open_filter(page)
    page.get_by_label("и закрытые").check()
    if not javascript:
        page.get_by_role("button", name="Показать").click()
    expect(steps.total(page)).to_have_text(re.compile(rf"^{with_closed} задач"))
    current = page.get_by_role("list", name="Сводка").locator("[aria-current]")
    expect(current).to_have_text(re.compile(rf"{with_closed}\s+всего"))


def test_a_task_is_found_by_words_whatever_their_case(anna_at_her_list: Page, as_program: AsProgram) -> None:
    page, task = anna_at_her_list, steps.some_task(as_program("anna"), sort="id")
    steps.search(page, task["subject"].upper())
    expect(page.get_by_role("list", name="Фильтры")).to_contain_text("Слова:")
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


def test_what_a_list_is_narrowed_to_is_taken_away_chip_by_chip(anna_at_her_list: Page) -> None:
    page = anna_at_her_list
    page.goto("/tasks?project_id=1&priority_id=3&sort=id")
    chips = page.get_by_role("list", name="Фильтры")
    chips.get_by_role("link", name="Приоритет").click()
    expect(page).to_have_url(re.compile(r"/tasks\?project_id=1&sort=id$"))
    expect(chips.get_by_role("link", name="Приоритет")).to_have_count(0)
    page.get_by_role("navigation", name="Быстрые списки").get_by_role("link", name="без исполнителя").click()
    expect(chips).to_contain_text("Исполнитель: никто")
    page.get_by_role("navigation", name="Быстрые списки").get_by_role("link", name="без исполнителя").click()
    expect(chips).not_to_contain_text("Исполнитель")


# The page itself


def test_a_desk_shows_fourteen_tasks_and_a_phone_the_first_one_at_once(page: Page) -> None:
    steps.come_in(page, "anna")
    for address in ("/tasks/my-tasks", "/tasks"):
        page.set_viewport_size({"width": 1440, "height": 900})
        page.goto(address)
        places = [row.bounding_box() for row in page.locator("table.list tbody tr").all()]
        assert all(it and it["height"] <= 43 for it in places)
        assert sum(it["y"] + it["height"] <= 900 for it in places if it) >= 14
        page.set_viewport_size({"width": 390, "height": 844})
        page.reload()
        first = page.locator("table.list tbody tr").first.bounding_box()
        assert first and first["y"] <= 260 and first["height"] <= 90


@SCRIPTED
def test_the_choice_of_columns_opens_in_its_place_and_stays(page: Page) -> None:
    steps.come_to(page, "anna", "/tasks?sort=id")
    page.get_by_role("link", name="столбцы").click()
    form = page.get_by_role("form", name="Столбцы")
    expect(form.get_by_label("Заявитель")).to_be_focused()
    form.get_by_label("Проект").uncheck()
    form.get_by_label("низкие строки").check()
    form.get_by_role("button", name="Сохранить").click()
    expect(page.locator("table.list-dense")).to_be_visible()
    expect(page.get_by_role("columnheader", name="Проект")).to_have_count(0)
    expect(page).to_have_url(re.compile(r"/tasks\?sort=id$"))


def test_a_requester_has_a_list_without_controls_of_staff(page: Page) -> None:
    steps.come_to(page, "irina", "/tasks/my-tasks")
    expect(steps.subjects(page)).not_to_have_count(0)
    expect(page.get_by_role("checkbox")).to_have_count(0)
    expect(page.get_by_role("link", name="Изменить", exact=True)).to_have_count(0)
    expect(steps.bulk(page)).to_have_count(0)


# Several tasks changed at once from the list


def test_ticked_tasks_are_changed_together_and_told_one_by_one(
    page: Page, as_program: AsProgram, javascript: bool
) -> None:
    page.goto("/tasks?author_id=me&sort=id&per_page=5")
    steps.sign_in(page, "anna", "demo")
    expect(page.locator("table.list")).to_be_visible()
    numbers = steps.listed_ids(page)
    boxes = page.locator("tbody input[type=checkbox]")
    form = steps.bulk(page)
    if javascript:
        expect(form).to_be_hidden()
        page.get_by_role("checkbox", name="Отметить все").check()
        expect(page.locator("tbody input[type=checkbox]:checked")).to_have_count(len(numbers))
        boxes.nth(0).uncheck()
        expect(form).to_contain_text(f"Отмечено: {len(numbers) - 1}")
        expect(form).to_be_in_viewport()
    else:
        expect(page.get_by_role("checkbox", name="Отметить все")).to_have_count(0)
        for place in range(1, len(numbers)):
            boxes.nth(place).check()
    steps.ask_for_bulk(page, javascript)
    form.get_by_label("Приоритет").select_option(label="Низкий")
    form.get_by_label("Комментарий").fill("Разобрали на планёрке.")
    form.get_by_role("button").click()
    expect(page.get_by_text(f"Изменено: {len(numbers) - 1} из {len(numbers) - 1}.")).to_be_visible()
    if javascript:
        expect(form).to_be_hidden()
        expect(boxes.nth(1)).to_be_focused()
    else:
        page.get_by_role("link", name="К списку").click()
    expect(page.locator("tbody tr").nth(1)).to_contain_text("Низкий")
    anna = as_program("anna")
    for place, number in enumerate(numbers):
        notes = [entry["notes"] for entry in steps.history(anna, number)]
        assert ("Разобрали на планёрке." in notes) is (place > 0)


def test_what_was_refused_of_many_is_named_and_the_rest_taken_back(
    page: Page, as_program: AsProgram, announced: Announced, javascript: bool
) -> None:
    anna = as_program("anna")
    worked_on, fresh = (steps.some_task(anna, status=it, sort="id") for it in ("В работе", "Новая"))
    steps.come_to(page, "anna", "/tasks?sort=id&per_page=100&status=Новая,В работе")
    steps.tick(page, worked_on["id"])
    steps.tick(page, fresh["id"])
    form = steps.ask_for_bulk(page, javascript)
    row = page.locator("tbody tr").filter(has=page.locator(f"[href^='/tasks/{worked_on['id']}?']"))
    if javascript:
        announced.add(422)
        form.get_by_role("button").click()
        expect(form.get_by_role("alert")).to_contain_text("выберите статус")
    form.get_by_label("Статус").select_option(label="Решена")
    form.get_by_role("button").click()
    expect(page.get_by_text("Изменено: 1 из 2.")).to_be_visible()
    refused = page.locator(".outcomes li")
    expect(refused).to_have_count(1)
    expect(refused).to_contain_text(f"#{fresh['id']} {fresh['subject']}")
    if javascript:
        expect(row.locator("td.list-status")).to_have_text("Решена")
        expect(page.locator("tbody :checked")).to_have_value(str(fresh["id"]))
        expect(page.locator("#bulk-fault")).to_be_empty()
        expect(form.get_by_role("button")).to_be_focused()
    page.get_by_role("button", name="Вернуть").click()
    expect(page.get_by_text("Отменено: 1 из 1.")).to_be_visible()
    assert anna.get(f"/tasks/api/task/{worked_on['id']}").json()["status"]["name"] == "В работе"
    if javascript:
        expect(row.locator("td.list-status")).to_have_text("В работе")


@SCRIPTED
def test_shift_ticks_all_tasks_between_two(page: Page) -> None:
    steps.come_to(page, "anna", "/tasks?sort=id")
    boxes = page.locator("tbody [name=task_id]")
    boxes.nth(2).click()
    expect(steps.bulk(page)).to_be_visible()
    boxes.nth(6).click(modifiers=["Shift"])
    expect(page.locator("tbody :checked")).to_have_count(5)
    expect(steps.bulk(page)).to_contain_text("Отмечено: 5")
    boxes.nth(4).click(modifiers=["Shift"])
    expect(page.locator("tbody :checked")).to_have_count(2)


@SCRIPTED
def test_taking_a_change_back_leaves_the_form_that_is_being_filled_in(page: Page, as_program: AsProgram) -> None:
    steps.come_to(page, "anna", "/tasks?author_id=me&sort=id")
    boxes, form = page.locator("tbody [name=task_id]"), steps.bulk(page)
    first = page.locator("tbody tr").first
    before = first.locator(".list-priority").inner_text()
    changed = next(it for it in ("Высокий", "Низкий") if it not in before)
    boxes.first.check()
    form.get_by_label("Приоритет").select_option(label=changed)
    form.get_by_role("button").click()
    expect(first).to_contain_text(changed)
    boxes.nth(1).check()
    form.get_by_label("Приоритет").select_option(label="Срочный")
    form.get_by_label("Комментарий").fill("Ещё пишу")
    page.get_by_role("button", name="Вернуть").click()
    expect(page.get_by_text("Отменено: 1 из 1.")).to_be_visible()
    expect(first.locator(".list-priority")).to_have_text(before)
    expect(form.get_by_label("Комментарий")).to_have_value("Ещё пишу")
    expect(form.get_by_label("Приоритет").locator("option:checked")).to_have_text("Срочный")
    expect(boxes.nth(1)).to_be_checked()


@SCRIPTED
def test_the_assignees_are_those_of_the_task_that_was_ticked_first(page: Page) -> None:
    """Each task is given a person of its own here, for in the demo all tasks may have the same ones."""

    def answer(route: Route) -> None:
        (task,) = parse_qs(urlsplit(route.request.url).query)["task_id"]
        response = route.fetch()
        own = f'<option value="9{task}">Исполнитель {task}</option></select>\n  </label>\n  <label class="bulk-comment"'
        body = re.sub(r'</select>\s*</label>\s*<label class="bulk-comment"', own, response.text())
        route.fulfill(response=response, body=body)

    steps.come_to(page, "anna", "/tasks?sort=id")
    page.route(re.compile(r"/tasks/bulk\?"), answer)
    first, second = steps.listed_ids(page)[:2]
    form, people = steps.bulk(page), steps.bulk(page).get_by_label("Исполнитель")
    steps.tick(page, first)
    expect(people).to_contain_text(f"Исполнитель {first}")
    people.select_option(label="Борис Громов")
    form.get_by_label("Комментарий").fill("Ещё пишу")
    for number, other in ((second, first), (first, second)):
        page.locator("tbody :checked").uncheck()
        steps.tick(page, number)
        expect(people).to_contain_text(f"Исполнитель {number}")
        expect(people).not_to_contain_text(f"Исполнитель {other}")
        expect(people.locator("option:checked")).to_have_text("Борис Громов")
        expect(form.get_by_label("Комментарий")).to_have_value("Ещё пишу")
    people.select_option(label=f"Исполнитель {first}")
    page.locator("tbody :checked").uncheck()
    steps.tick(page, second)
    expect(people.locator("option:checked")).to_have_text("как есть")


@SCRIPTED
def test_the_button_leads_to_the_bulk_form_when_its_script_does_not_come(page: Page, announced: Announced) -> None:
    announced.add("net::ERR_FAILED")
    steps.come_to(page, "anna", "/tasks/my-tasks")
    button = page.get_by_role("button", name="Изменить отмеченные")
    expect(button).to_be_hidden()
    page.route("**/lazy-*.js", lambda route: route.abort())
    page.locator("table.list [name=task_id]").first.check()
    button.click()
    expect(page).to_have_url(re.compile("/tasks/bulk"))
    expect(page.locator(".bulk-task")).to_have_count(1)
