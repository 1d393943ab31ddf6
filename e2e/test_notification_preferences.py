"""Saying what one wants to be told of, and muting a task."""

import re

import pytest
from playwright.sync_api import Page, expect

from e2e import steps
from e2e.conftest import AsProgram
from e2e.test_task import keeps_focus, one_document
from e2e.watching import Announced

PAGE = "/notifications/preferences"


def test_settings_are_found_changed_and_there_again(page: Page, as_program: AsProgram, javascript: bool) -> None:
    steps.come_to(page, "anna", "/notifications")
    page.get_by_role("link", name="Настройки уведомлений").click()
    box = page.get_by_label("Комментарий: Звук")
    expect(box).to_be_checked()
    box.uncheck()
    page.get_by_label("Любое другое изменение: Почта").check()
    page.get_by_label("Когда упомянули меня").select_option(label="Стук")
    page.get_by_label("Соблюдать тихие часы").check()
    page.get_by_label("Сб", exact=True).uncheck()
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
    expect(page.get_by_label("Сб", exact=True)).not_to_be_checked()
    expect(page.get_by_label("Конец")).to_have_value("07:30")
    told = as_program("anna").get(PAGE).json()
    assert (told["quiet"], told["digest"], told["zone"], told["sound_high"]) == (True, True, "Asia/Omsk", "knock")
    assert "comment:sound" not in told["wanted"] and "system:email" in told["wanted"] and "sat" not in told["days"]


def test_an_error_is_shown_at_its_field_and_the_rest_stays(page: Page, announced: Announced, javascript: bool) -> None:
    announced.add(422)
    steps.come_to(page, "anna", PAGE)
    page.get_by_label("Соблюдать тихие часы").check()
    for day in ("Пн", "Вт", "Ср", "Чт", "Пт", "Сб", "Вс"):
        page.get_by_label(day, exact=True).uncheck()
    page.get_by_label("Начало").fill("20:15")
    with one_document(page, javascript):
        page.get_by_role("button", name="Сохранить").click()
        expect(page.get_by_text("Выберите хотя бы один день.")).to_be_visible()
    expect(page.get_by_label("Начало")).to_have_value("20:15")
    page.get_by_label("Вс", exact=True).check()
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
