"""The page of notifications, with scripts and without."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from e2e import steps
from e2e.conftest import AsProgram
from e2e.test_task import keeps_focus, one_document
from e2e.watching import Announced


def quiet(page: Page) -> Locator:
    """The quiet hours: the digest has days of its own."""
    return page.get_by_role("region", name="Тихие часы")


def test_notifications_are_seen_opened_marked_and_taken_back(page: Page, as_program: AsProgram) -> None:
    boris, anna = as_program("boris"), as_program("anna")
    first, second = steps.tasks(anna)["tasks"][:2]
    for task in (first, second):
        steps.tell(boris, task["id"], "Посмотрите, пожалуйста.")
    steps.wait_for_unread(anna, 2)
    steps.come_to(page, "anna", "/tasks/my-tasks")
    count = page.locator(".bell [data-unread]")
    expect(count).to_have_text("2")
    page.goto("/notifications")
    main = page.get_by_role("main")
    main.get_by_role("link", name=f"#{first['id']}").click()
    expect(page.locator(f"#task-{first['id']}")).to_be_visible()
    expect(count).to_have_text("1")
    page.goto("/notifications")
    main.get_by_role("button", name="Отметить все прочитанными").click()
    expect(count).to_have_text("")
    main.get_by_role("button", name="Вернуть непрочитанными").click()
    expect(count).to_have_text("1")
    main.get_by_role("button", name="Отметить прочитанным").click()
    expect(count).to_have_text("")


WITH_SCRIPTS = pytest.mark.parametrize("javascript", [True], ids=["with JavaScript"], indirect=True)


@WITH_SCRIPTS
def test_the_bell_leads_people_without_a_widget_to_the_page(page: Page, as_program: AsProgram) -> None:
    as_program("anna").put("/users/profile", json={"notifications_widget_enabled": False}).raise_for_status()
    steps.come_to(page, "anna", "/tasks/my-tasks")
    page.locator(".top .bell").click()
    expect(page).to_have_url(re.compile("/notifications$"))


def told(page: Page, number: int) -> None:
    """Bell, title and page say so."""
    expect(page.locator("[data-unread]")).to_have_text([str(number or "")] * 2)
    expect(page).to_have_title(re.compile(rf"^\({number}\) " if number else r"^[^(]"))
    expect(page.locator("#how-many")).to_contain_text(re.compile(rf"^\s*{number} непрочитан"))


@WITH_SCRIPTS
def test_bell_title_and_page_agree_after_reading_though_no_stream_comes_through(
    page: Page, as_program: AsProgram
) -> None:
    boris, anna = as_program("boris"), as_program("anna")
    first, second = steps.tasks(anna)["tasks"][:2]
    for task in (first, first, second):
        steps.tell(boris, task["id"], "Посмотрите, пожалуйста.")
    steps.wait_for_unread(anna, 3)
    steps.come_in(page, "anna")
    page.route("**/notifications/stream*", lambda route: route.fulfill(status=204))
    page.goto("/notifications")
    told(page, 3)
    main = page.get_by_role("main")
    main.get_by_role("button", name="Отметить прочитанным").first.click()
    told(page, 2)
    main.get_by_role("button", name="Отметить все прочитанными").click()
    told(page, 0)
    main.get_by_role("button", name="Вернуть непрочитанными").click()
    told(page, 2)


@WITH_SCRIPTS
def test_the_page_follows_what_is_read_and_what_comes_elsewhere(page: Page, as_program: AsProgram) -> None:
    boris, anna = as_program("boris"), as_program("anna")
    task = steps.tasks(anna)["tasks"][0]
    steps.tell(boris, task["id"], "Посмотрите, пожалуйста.")
    steps.wait_for_unread(anna, 1)
    steps.come_to(page, "anna", "/notifications")
    told(page, 1)
    anna.put("/tasks/api/notifications/read-all")
    told(page, 0)
    expect(page.locator("main .unread")).to_have_count(0)
    steps.tell(boris, task["id"], "И ещё раз.")
    told(page, 1)
    expect(page.locator("main .unread")).to_have_count(1)


@WITH_SCRIPTS
def test_going_back_to_a_page_shows_the_present_count(page: Page, as_program: AsProgram) -> None:
    boris, anna = as_program("boris"), as_program("anna")
    task = steps.tasks(anna)["tasks"][0]
    steps.tell(boris, task["id"], "Посмотрите, пожалуйста.")
    steps.wait_for_unread(anna, 1)
    steps.come_in(page, "anna")
    page.route("**/notifications/stream*", lambda route: route.fulfill(status=204))
    page.goto("/notifications")
    told(page, 1)
    page.goto("/tasks/statistics")
    anna.put("/tasks/api/notifications/read-all")
    page.go_back()
    told(page, 0)


# Saying what one wants to be told of, and muting a task


PAGE = "/notifications/preferences"


def test_settings_are_found_changed_and_there_again(page: Page, as_program: AsProgram, javascript: bool) -> None:
    steps.come_to(page, "anna", "/notifications")
    page.get_by_role("link", name="Настройки уведомлений").first.click()
    box = page.get_by_label("Комментарий: Звук")
    expect(box).to_be_checked()
    box.uncheck()
    page.get_by_label("Любое другое изменение: Почта").check()
    page.get_by_label("Когда упомянули меня").select_option(label="Стук")
    page.get_by_label("Соблюдать тихие часы").check()
    quiet(page).get_by_label("Сб", exact=True).uncheck()
    page.get_by_label("Конец").fill("07:30")
    page.get_by_label("По часам").select_option("Asia/Omsk")
    page.get_by_label("Одно письмо в день").check()
    save = page.get_by_role("button", name="Сохранить")
    with one_document(page, javascript):
        save.click()
        expect(page.get_by_text("Ваш выбор сохранён.")).to_be_visible()
    keeps_focus(save, javascript)
    page.goto(PAGE)
    expect(box).not_to_be_checked()
    expect(page.get_by_label("Комментарий: Список")).to_be_checked()
    expect(quiet(page).get_by_label("Сб", exact=True)).not_to_be_checked()
    expect(page.get_by_label("Конец")).to_have_value("07:30")
    told = as_program("anna").get(PAGE).json()
    assert (told["quiet"], told["digest"], told["zone"], told["sound_high"]) == (True, True, "Asia/Omsk", "knock")
    assert "comment:sound" not in told["wanted"] and "system:email" in told["wanted"] and "sat" not in told["days"]


def test_an_error_is_shown_at_its_field_and_the_rest_stays(page: Page, announced: Announced, javascript: bool) -> None:
    announced.add(422)
    steps.come_to(page, "anna", PAGE)
    page.get_by_label("Соблюдать тихие часы").check()
    for day in ("Пн", "Вт", "Ср", "Чт", "Пт", "Сб", "Вс"):
        quiet(page).get_by_label(day, exact=True).uncheck()
    page.get_by_label("Начало").fill("20:15")
    with one_document(page, javascript):
        page.get_by_role("button", name="Сохранить").click()
        expect(page.get_by_text("Выберите хотя бы один день.")).to_be_visible()
    expect(page.get_by_label("Начало")).to_have_value("20:15")
    quiet(page).get_by_label("Вс", exact=True).check()
    page.get_by_role("button", name="Сохранить").click()
    expect(page.get_by_text("Ваш выбор сохранён.")).to_be_visible()
    expect(page.get_by_text("Выберите хотя бы один день.")).to_have_count(0)


@pytest.mark.parametrize("kind", ["задаче", "проекте"])
def test_a_task_or_its_project_is_muted_without_losing_what_is_typed(
    page: Page, as_program: AsProgram, javascript: bool, kind: str
) -> None:
    task = steps.some_task(as_program("anna"))
    steps.come_to(page, "anna", task["id"])
    page.locator("summary").filter(has_text="Уведомления").click()
    if javascript:
        steps.comment_box(page).fill("Ещё не дописано")
    with one_document(page, javascript):
        page.get_by_role("button", name=f"Не уведомлять о {kind}").click()
        again = page.get_by_role("button", name=f"Снова уведомлять о {kind}")
        expect(again).to_be_visible()
    keeps_focus(again, javascript)
    if javascript:
        expect(steps.comment_box(page)).to_have_value("Ещё не дописано")
    page.goto(PAGE)
    muted = page.get_by_role("region", name="Без уведомлений").get_by_role("listitem")
    expect(muted).to_contain_text(task["subject"] if kind == "задаче" else task["project"])
    with one_document(page, javascript):
        again.click()
        expect(again).to_have_count(0)
    told = as_program("anna").get(PAGE).json()
    assert told["muted_tasks"] == told["muted_projects"] == []
    expect(page).to_have_url(re.compile(f"{PAGE}$"))
