"""What is not accepted says why, and nothing that was typed is lost."""

import httpx
from playwright.sync_api import Page, expect

from e2e import steps
from e2e.conftest import AsProgram
from e2e.watching import Announced

TEXT = "Набирала долго,\nтерять жалко: «кавычки» & <скобки>."


def without_checks_of_the_browser(page: Page) -> None:
    """An older browser, or a person's tool, that sends a form which ours would hold back."""
    page.evaluate("() => document.querySelectorAll('[required]').forEach((it) => it.removeAttribute('required'))")


def test_an_empty_comment_is_held_back_by_the_browser(page: Page, anna: httpx.Client) -> None:
    task = steps.some_task(anna)
    count = len(steps.history(anna, task["id"]))
    steps.come_to(page, "anna", task["id"])
    steps.press_comment(page)
    expect(steps.comment_box(page)).to_be_focused()
    assert len(steps.history(anna, task["id"])) == count


def test_an_empty_comment_is_refused_at_its_field(page: Page, anna: httpx.Client, announced: Announced) -> None:
    announced.add(422)
    task = steps.some_task(anna)
    steps.come_to(page, "anna", task["id"])
    without_checks_of_the_browser(page)
    steps.add_comment(page, " \n ", private=True)
    box = steps.comment_box(page)
    expect(box).to_have_attribute("aria-invalid", "true")
    expect(box).to_have_accessible_description("Заполните это поле.")
    expect(steps.comment_form(page).get_by_label("приватный")).to_be_checked()
    steps.add_comment(page, "Теперь не пусто.")
    expect(steps.entries(page).last).to_contain_text("Теперь не пусто.")
    expect(box).not_to_have_attribute("aria-invalid", "true")


def test_a_conflict_shows_both_values_and_the_second_press_succeeds(
    page: Page, anna: httpx.Client, as_program: AsProgram, announced: Announced
) -> None:
    announced.add(409)
    task, boris = steps.some_task(anna, status="Новая"), as_program("boris")
    steps.come_to(page, "anna", task["id"])
    offered = boris.get(f"/tasks/api/task/{task['id']}/statuses").json()["available_statuses"]
    theirs = next(status["id"] for status in offered if status["name"] == "Запрошено уточнение")
    boris.put(f"/tasks/api/task/{task['id']}/status", json={"status_id": theirs}).raise_for_status()

    steps.change(page, "status", "Отклонена", TEXT)
    its = steps.form(page, "status")
    expect(its.get_by_role("alert")).to_contain_text("Ваше изменение не записано")
    told = its.locator(".conflict dl > div")
    expect(told.nth(0)).to_contain_text("Борис Громов")
    expect(told.nth(0).locator("dd")).to_have_text("Запрошено уточнение")
    expect(told.nth(1).locator("dd")).to_have_text("Отклонена")
    expect(its.get_by_label("Комментарий к изменению")).to_have_value(TEXT)
    expect(steps.fact(page, "status")).to_have_text("Запрошено уточнение")
    expect(steps.entries(page).last).to_contain_text("Новая → Запрошено уточнение")
    assert TEXT not in steps.notes(anna, task["id"])

    steps.press(its)
    expect(steps.fact(page, "status")).to_have_text("Отклонена")
    expect(its.get_by_role("alert")).to_have_count(0)
    assert steps.notes(anna, task["id"])[-1] == TEXT


def test_a_change_that_became_impossible_says_so_in_the_conflict(
    page: Page, anna: httpx.Client, as_program: AsProgram, announced: Announced
) -> None:
    announced.add(409)
    task, boris = steps.some_task(anna, status="В работе"), as_program("boris")
    steps.come_to(page, "anna", task["id"])
    offered = boris.get(f"/tasks/api/task/{task['id']}/statuses").json()["available_statuses"]
    theirs = next(status["id"] for status in offered if status["name"] == "Решена")
    boris.put(f"/tasks/api/task/{task['id']}/status", json={"status_id": theirs}).raise_for_status()
    steps.change(page, "status", "Приостановлена", TEXT)
    its = steps.form(page, "status")
    expect(its.locator(".conflict dl > div").nth(1).locator("dd")).to_have_text("уже невозможно")
    expect(its.locator("option:checked")).to_have_text("Решена")
    expect(its.get_by_label("Комментарий к изменению")).to_have_value(TEXT)


def test_a_text_typed_while_the_session_ended_is_not_lost(page: Page, anna: httpx.Client, announced: Announced) -> None:
    announced.add(401)
    task = steps.some_task(anna)
    count = len(steps.history(anna, task["id"]))
    steps.come_to(page, "anna", task["id"])
    steps.end_all_sessions(anna)
    steps.add_comment(page, TEXT)
    expect(page.get_by_label("Ваш текст.")).to_have_value(TEXT)
    steps.sign_in(page, "anna")
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"#{task['id']}")
    expect(steps.comment_box(page)).to_have_value(TEXT)
    expect(steps.comment_form(page)).to_contain_text("не отправлен")
    expect(steps.entries(page)).to_have_count(count)


def test_a_comment_on_a_change_survives_the_end_of_the_session_too(
    page: Page, anna: httpx.Client, announced: Announced
) -> None:
    announced.add(401)
    task = steps.some_task(anna, status="В работе")
    steps.come_to(page, "anna", task["id"])
    steps.end_all_sessions(anna)
    steps.change(page, "status", "Решена", TEXT)
    expect(page.get_by_label("Ваш текст.")).to_have_value(TEXT)
    steps.sign_in(page, "anna")
    expect(steps.form(page, "status").get_by_label("Комментарий к изменению")).to_have_value(TEXT)
    expect(steps.form(page, "status").get_by_label("Комментарий к изменению")).to_be_visible()
    expect(steps.form(page, "status").locator("option:checked")).to_have_text("Решена")
    expect(steps.fact(page, "status")).to_have_text("В работе")


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
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"#{task['id']}")
    expect(steps.comment_box(page)).to_have_value("")
    expect(page.get_by_text("терять жалко")).to_have_count(0)
    # Nor is it kept for later where boris might find it.
    assert "терять жалко" not in page.evaluate("() => JSON.stringify({ ...sessionStorage, ...localStorage })")
