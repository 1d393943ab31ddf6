"""A day with a phone in one hand: all of it by touch, with everything large enough and nothing under a bar."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, FilePayload, Locator, Page, expect

from e2e import boards, phone, steps
from e2e.conftest import AsProgram, traced
from e2e.profiles import PATIENCE_MS
from e2e.test_new_task import choose_project
from e2e.watching import Announced, collect, unexpected
from tests.tasks.test_pictures import picture

Look = Callable[..., None]


@pytest.fixture
def page(
    own_browser: Browser, site: str, javascript: bool, announced: Announced, request: pytest.FixtureRequest
) -> Iterator[Page]:
    """A tab of a phone."""
    context = own_browser.new_context(base_url=site, locale="ru-RU", java_script_enabled=javascript, **phone.CONTEXT)
    context.set_default_timeout(PATIENCE_MS)
    complaints = collect(context)
    with context, traced(context, request.node):
        yield context.new_page()
    assert unexpected(complaints, announced) == []


@pytest.fixture
def look(page: Page) -> Iterator[Look]:
    """`look("the list")` looks at what is on the screen, when its styles have come; all faults are told at the end."""
    faults: list[str] = []

    def look(name: str, *within: str) -> None:
        page.wait_for_load_state()
        faults.extend(f"{name}: {fault}" for fault in phone.faults(page, *within))

    yield look
    assert "\n".join(faults) == ""


def dock(page: Page, name: str) -> Locator:
    """A place of the bar at the bottom."""
    return page.get_by_role("navigation", name="Главное").get_by_role("link", name=re.compile(name))


def test_a_task_is_found_taken_and_resolved_by_touch(
    page: Page, look: Look, as_program: AsProgram, javascript: bool
) -> None:
    page.goto("/tasks/my-tasks")
    look("signing in")
    page.get_by_label("Логин или почта").fill("anna")
    page.get_by_label("Пароль").fill("demo")
    page.get_by_role("main").get_by_role("button", name="Войти").tap()
    expect(steps.subjects(page).first).to_be_visible()
    look("my tasks")

    page.locator("form.filter").get_by_role("link", name="фильтр").tap()
    expect(steps.status_filter(page)).to_be_visible()
    look("all filters")
    steps.status_filter(page).select_option(label="Новая")
    if not javascript:
        page.get_by_role("button", name="Показать").tap()
    expect(page.locator("table.list td.list-status").first).to_have_text("Новая")
    expect(page).to_have_url(re.compile("status_id="))
    look("a list with a filter")

    page.goto("/tasks?assigned_to_id=none&status=Новая")
    look("quick lists")
    number, subject = steps.listed_ids(page)[0], steps.subjects(page).first.inner_text()
    steps.subjects(page).first.tap()
    expect(page.get_by_role("heading", level=1)).to_have_text(subject)
    look("a task")
    page.get_by_role("button", name="Взять себе").tap()
    expect(steps.fact(page, "assignee")).to_have_text("Анна Светлова")

    steps.comment_box(page).fill("Сделано, проверьте, пожалуйста.")
    look("an answer")
    steps.comment_form(page).locator(".compose-send summary").tap()
    expect(steps.comment_form(page).get_by_label("и передать")).to_be_visible()
    look("other statuses")
    steps.comment_form(page).get_by_role("button", name="Ответить и → Отклонена").tap()
    expect(steps.fact(page, "status")).to_have_text("Отклонена")
    expect(steps.entries(page).last).to_contain_text("Сделано, проверьте, пожалуйста.")
    look("a task that was answered")
    assert steps.notes(as_program("anna"), number)[-1] == "Сделано, проверьте, пожалуйста."


def test_a_card_is_moved_by_its_form(
    page: Page, look: Look, as_program: AsProgram, javascript: bool, move: boards.Move
) -> None:
    steps.come_to(page, "anna", "/tasks/my-tasks")
    dock(page, "Доска").tap()
    expect(page.locator("#board")).to_be_visible()
    look("the board")
    boards.card(page, move.task).get_by_role("link", name="Переместить или изменить").tap()
    expect(page.locator(".tray")).to_be_visible()
    look("a card's form")
    page.locator(f".tray button[value='{move.target}']").tap()
    boards.stands_in(page, move.task, move.target)
    assert boards.status_of(as_program("anna"), move.task) == move.target
    if javascript:
        look("a board after a move")
        boards.card(page, move.task).locator(".subject").tap()
        expect(page.locator("#panel form.compose")).to_be_visible()
        look("a task beside the board", "#panel")


def test_a_task_with_a_photo_is_made_and_notifications_are_read(
    page: Page, look: Look, as_program: AsProgram, javascript: bool
) -> None:
    anna = as_program("anna")
    task = steps.some_task(anna)
    steps.tell(as_program("boris"), task["id"], "Посмотрите, пожалуйста.")
    steps.wait_for_unread(anna, 1)
    photo: FilePayload = {"name": "фото.png", "mimeType": "image/png", "buffer": picture((640, 480))}
    steps.come_to(page, "anna", "/tasks/my-tasks")
    dock(page, "Новая задача").tap()
    expect(page.get_by_label("Проект")).to_be_visible()
    look("where a new task goes")
    choose_project(page, "Офис и хозяйство", javascript)
    page.get_by_label("Тема").fill("Дует из окна")
    page.get_by_label("Файлы").set_input_files([photo])
    look("a new task")
    page.get_by_role("button", name="Создать задачу").tap()
    expect(page.get_by_role("heading", level=1)).to_have_text("Дует из окна")
    look("a task with a photo")

    dock(page, "Уведомления").tap()
    expect(page.get_by_role("link", name=f"#{task['id']}", exact=True)).to_be_visible()
    look("notifications")
    page.locator(".rest summary").tap()
    look("more", ".rail")
    steps.open_own_menu(page)
    look("the own menu", ".rail, main .menu")
    page.goto("/tasks/my-tasks")
    box = page.get_by_role("banner").get_by_role("search")
    box.get_by_role("searchbox").fill("при")
    box.get_by_role("button").tap()
    expect(page.get_by_role("list", name="Фильтры")).to_contain_text("Слова:")
    look("what was found")
