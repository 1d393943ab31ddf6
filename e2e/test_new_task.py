"""A new task made by hand: with scripts and without, and back again after whatever happens."""

import pytest
from playwright.sync_api import FilePayload, Page, expect

from e2e import steps
from e2e.conftest import AsProgram
from e2e.watching import Announced

PLAN: FilePayload = {"name": "план.txt", "mimeType": "text/plain", "buffer": "этаж".encode()}
SUBJECT = "Не закрывается окно в 214-м"

with_javascript = pytest.mark.parametrize("javascript", [True], ids=["with JavaScript"], indirect=True)


@pytest.fixture(autouse=True)
def at_the_form(page: Page) -> None:
    """anna came in and goes to the page of a new task by its link."""
    steps.come_to(page, "anna", "/")
    page.get_by_role("link", name="Новая задача").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Новая задача")


def choose_project(page: Page, name: str, javascript: bool) -> None:
    """With scripts the form comes at once, without by a button."""
    page.get_by_label("Проект").select_option(label=name)
    if not javascript:
        page.get_by_role("button", name="Показать форму для них").click()
    expect(page.get_by_label("Приоритет")).to_be_visible()
    expect(page.locator(".htmx-request")).to_have_count(0)


def create(page: Page) -> None:
    page.get_by_role("button", name="Создать задачу").click()


def test_a_task_with_files_is_made(page: Page, javascript: bool) -> None:
    choose_project(page, "Офис и хозяйство", javascript)
    page.get_by_label("Тема").fill(SUBJECT)
    page.get_by_label("Описание").fill("Дует.")
    page.get_by_label("Приоритет").select_option(label="Высокий")
    page.get_by_label("Исполнитель").select_option(label="Борис Громов")
    page.get_by_label("Файлы").set_input_files([PLAN, PLAN | {"name": "снимок.txt"}])
    create(page)
    expect(page.get_by_role("heading", level=1)).to_contain_text(SUBJECT)
    expect(steps.fact(page, "priority")).to_have_text("Высокий")
    expect(steps.fact(page, "assignee")).to_have_text("Борис Громов")
    expect(page.locator(".task-attachments li")).to_have_count(2)


def test_going_to_another_project_loses_nothing(page: Page, javascript: bool) -> None:
    choose_project(page, "Офис и хозяйство", javascript)
    page.get_by_label("Тема").fill(SUBJECT)
    page.get_by_label("Файлы").set_input_files([PLAN])
    choose_project(page, "Склад и логистика", javascript)
    expect(page.get_by_label("план.txt")).to_be_checked()
    expect(page.get_by_label("Тема")).to_have_value(SUBJECT)
    create(page)
    expect(page.get_by_role("heading", level=1)).to_contain_text(SUBJECT)
    expect(page.get_by_text("Склад и логистика")).to_be_visible()
    expect(page.locator(".task-attachments li")).to_have_count(1)


@with_javascript
def test_what_is_typed_while_another_project_is_loaded_stays(page: Page, javascript: bool) -> None:
    waiting = []
    page.route("**/tasks/new/form", lambda route: waiting.append(route))
    page.get_by_label("Проект").select_option(label="Склад и логистика")
    steps.until(page, lambda: bool(waiting))
    page.get_by_label("Тема").fill(SUBJECT)
    waiting[0].continue_()
    expect(page.get_by_label("Приоритет")).to_be_visible()
    expect(page.get_by_label("Тема")).to_have_value(SUBJECT)
    create(page)
    expect(page.get_by_role("heading", level=1)).to_contain_text(SUBJECT)


def test_a_refused_form_stays_with_its_files(page: Page, javascript: bool, announced: Announced) -> None:
    announced.add(422)
    choose_project(page, "Офис и хозяйство", javascript)
    page.get_by_label("Тема").fill(SUBJECT)
    page.get_by_label("Файлы").set_input_files([PLAN])
    page.get_by_label("Начало").fill("2027-01-15")
    page.get_by_label("Срок").fill("2027-01-11")
    create(page)
    expect(page.get_by_text("Срок не может быть раньше даты начала.")).to_be_visible()
    expect(page.get_by_label("Тема")).to_have_value(SUBJECT)
    expect(page.get_by_label("план.txt")).to_be_checked()
    page.get_by_label("Срок").fill("2027-01-18")
    create(page)
    expect(page.locator(".task-attachments li")).to_have_count(1)


def test_a_double_click_makes_one_task(page: Page, javascript: bool, as_program: AsProgram) -> None:
    choose_project(page, "Офис и хозяйство", javascript)
    page.get_by_label("Тема").fill(SUBJECT)
    page.get_by_role("button", name="Создать задачу").dblclick()
    expect(page.get_by_role("heading", level=1)).to_contain_text(SUBJECT)
    found = as_program("anna").get("/tasks", params={"search": SUBJECT}).json()
    assert found["pagination"]["total"] == 1


def test_enter_in_the_subject_makes_the_task(page: Page, javascript: bool) -> None:
    choose_project(page, "Офис и хозяйство", javascript)
    page.get_by_label("Тема").fill(SUBJECT)
    page.get_by_label("Тема").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text(SUBJECT)


def test_the_description_can_be_looked_at_first(page: Page, javascript: bool) -> None:
    choose_project(page, "Офис и хозяйство", javascript)
    page.get_by_label("Описание").fill("Очень **дует**.")
    page.get_by_role("button", name="Предпросмотр").click()
    expect(page.locator(".preview strong")).to_have_text("дует")
    expect(page.get_by_label("Описание")).to_have_value("Очень **дует**.")


@with_javascript
def test_the_typed_text_is_offered_after_coming_back(page: Page, javascript: bool) -> None:
    choose_project(page, "Офис и хозяйство", javascript)
    with page.expect_response("**/drafts/**", timeout=30_000):
        page.get_by_label("Тема").press_sequentially(SUBJECT, delay=10)
    page.goto("/tasks/my-tasks")
    page.goto("/tasks/new")
    expect(page.get_by_role("main")).to_contain_text(SUBJECT)
    expect(page.get_by_label("Тема")).to_have_count(0)
    page.get_by_role("link", name="Продолжить").click()
    expect(page.get_by_label("Тема")).to_have_value(SUBJECT)
    expect(page.get_by_text("Черновик от")).to_be_visible()
    page.goto("/tasks/new")
    page.get_by_role("button", name="Удалить черновик и начать заново").click()
    expect(page.get_by_label("Тема")).to_have_value("")
    expect(page.get_by_label("Тема")).to_be_focused()


def test_several_tasks_are_created_one_after_another(page: Page, javascript: bool) -> None:
    choose_project(page, "Офис и хозяйство", javascript)
    for subject in (SUBJECT, f"{SUBJECT}, второе"):
        page.get_by_label("Тема").fill(subject)
        page.get_by_role("button", name="Создать и ещё одну").click()
        expect(page.get_by_label("Тема")).to_have_value("")
        expect(page.get_by_label("Тема")).to_be_focused()
    steps.toast(page, "создана").get_by_role("link", name="Открыть").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"{SUBJECT}, второе")


def test_the_first_wrong_field_is_in_sight_and_in_focus(page: Page, javascript: bool, announced: Announced) -> None:
    announced.add(422)
    page.set_viewport_size({"width": 800, "height": 400})
    choose_project(page, "Офис и хозяйство", javascript)
    page.get_by_label("Тема").fill(SUBJECT)
    page.get_by_label("Начало").fill("2027-01-15")
    page.get_by_label("Срок").fill("2027-01-11")
    create(page)
    wrong = page.get_by_label("Срок")
    expect(wrong).to_have_attribute("aria-invalid", "true")
    expect(wrong).to_be_focused()
    expect(wrong).to_be_in_viewport(ratio=1)
    top = page.get_by_role("banner").bounding_box()
    box = wrong.bounding_box()
    assert top and box and box["y"] >= top["y"] + top["height"], "not under the bar at the top"


@with_javascript
def test_a_dropped_file_is_chosen_and_not_sent_yet(page: Page, javascript: bool) -> None:
    choose_project(page, "Офис и хозяйство", javascript)
    page.get_by_label("Файлы").set_input_files([PLAN])
    carried = page.evaluate_handle(
        "() => { const it = new DataTransfer(); it.items.add(new File(['x'], 'ещё.txt')); return it; }"
    )
    page.locator("h1").dispatch_event("drop", {"dataTransfer": carried})
    names = "(it) => [...it.files].map((file) => file.name)"
    assert page.get_by_label("Файлы").evaluate(names) == ["план.txt", "ещё.txt"]
