"""What is not accepted says why, and nothing that was typed is lost."""

import httpx
from playwright.sync_api import Page, expect

from e2e import steps
from e2e.conftest import AsProgram
from e2e.watching import Announced

TEXT = "Набирала долго,\nтерять жалко: «кавычки» & <скобки>."


def test_an_empty_comment_is_refused_at_its_field(page: Page, anna: httpx.Client, announced: Announced) -> None:
    announced.add(422)
    task = steps.some_task(anna)
    steps.come_to(page, "anna", task["id"])
    steps.add_comment(page, " \n ", private=True)
    box = steps.comment_box(page)
    expect(box).to_have_attribute("aria-invalid", "true")
    expect(box).to_have_accessible_description("Заполните это поле.")
    expect(steps.comment_form(page).get_by_label("Внутренний комментарий")).to_be_checked()
    steps.add_comment(page, "Теперь не пусто.")
    expect(steps.entries(page).last).to_contain_text("Теперь не пусто.")
    expect(box).not_to_have_attribute("aria-invalid", "true")


def test_a_conflict_names_what_both_touched_and_the_second_press_succeeds(
    page: Page, anna: httpx.Client, as_program: AsProgram, announced: Announced
) -> None:
    announced.add(409)
    task, boris = steps.some_task(anna, status="Новая"), as_program("boris")
    steps.come_to(page, "anna", task["id"])
    steps.change_elsewhere(boris, task["id"], "status", "Запрошено уточнение")

    steps.answer_and(page, TEXT, "Отклонена")
    refused = steps.comment_form(page).get_by_role("alert")
    expect(refused).to_contain_text("Борис Громов")
    expect(refused).to_contain_text("Статус: Новая → Запрошено уточнение")
    expect(steps.comment_box(page)).to_have_value(TEXT)
    expect(steps.fact(page, "status")).to_have_text("Запрошено уточнение")
    expect(steps.entries(page).last).to_contain_text("Новая → Запрошено уточнение")
    assert TEXT not in steps.notes(anna, task["id"])

    steps.answer_and(page, TEXT, "Отклонена")
    expect(steps.fact(page, "status")).to_have_text("Отклонена")
    expect(steps.comment_form(page).get_by_role("alert")).to_have_count(0)
    assert steps.notes(anna, task["id"])[-1] == TEXT


def test_a_conflict_of_a_fact_stands_at_its_control(
    page: Page, anna: httpx.Client, as_program: AsProgram, announced: Announced
) -> None:
    announced.add(409)
    task, boris = steps.some_task(anna, status="Новая"), as_program("boris")
    steps.come_to(page, "anna", task["id"])
    steps.change_elsewhere(boris, task["id"], "status", "Запрошено уточнение")
    steps.change(page, "status", "Отклонена")
    refused = page.locator("[id^=status-][id$=-fact]").get_by_role("alert")
    expect(refused).to_contain_text("Борис Громов")
    expect(refused).to_contain_text("Статус: Новая → Запрошено уточнение")
    expect(steps.fact(page, "status")).to_have_text("Отклонена")
    refused.get_by_role("button", name="Сохранить моё").click()
    expect(steps.entries(page).last).to_contain_text("Запрошено уточнение → Отклонена")
    expect(page.locator(".task-facts").get_by_role("alert")).to_have_count(0)


def test_a_text_typed_while_the_session_ended_is_not_lost(page: Page, anna: httpx.Client, announced: Announced) -> None:
    announced.add(401)
    task = steps.some_task(anna)
    count = len(steps.history(anna, task["id"]))
    steps.come_to(page, "anna", task["id"])
    steps.end_all_sessions(anna)
    steps.add_comment(page, TEXT)
    expect(page.get_by_label("Ваш текст.")).to_have_value(TEXT)
    steps.sign_in(page, "anna")
    expect(page.locator(f"#task-{task['id']}")).to_be_visible()
    expect(steps.comment_box(page)).to_have_value(TEXT)
    expect(steps.comment_form(page)).to_contain_text("не отправлен")
    expect(steps.entries(page)).to_have_count(count)


def test_a_text_that_survived_is_not_given_to_another_person(
    page: Page, anna: httpx.Client, announced: Announced
) -> None:
    announced.add(401)
    task = steps.some_task(anna)
    steps.come_to(page, "anna", task["id"])
    steps.end_all_sessions(anna)
    steps.add_comment(page, TEXT)
    steps.sign_in(page, "boris")
    expect(steps.own_menu(page)).to_contain_text("Борис Громов")
    expect(page.locator(f"#task-{task['id']}")).to_be_visible()
    expect(steps.comment_box(page)).to_have_value("")
    expect(page.get_by_text("терять жалко")).to_have_count(0)
    # Nor is it kept for later where boris might find it.
    assert "терять жалко" not in page.evaluate("() => JSON.stringify({ ...sessionStorage, ...localStorage })")
