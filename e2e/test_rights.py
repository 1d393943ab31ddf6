"""What those see who may see less: irina her own requests, stranger nothing."""

import pytest
from playwright.sync_api import Page, expect

from e2e import steps
from e2e.conftest import AsProgram
from e2e.watching import Announced


@pytest.fixture
def half_told(as_program: AsProgram) -> int:
    """A task that irina asked for, in which the staff also talk in private."""
    asked, anna = steps.tasks(as_program("irina"), author_id="me", per_page=100), as_program("anna")
    numbers: list[int] = [task["id"] for task in asked["tasks"]]
    return next(number for number in numbers if any(entry["private"] for entry in steps.history(anna, number)))


def test_irina_sees_the_tasks_she_asked_for(page: Page, as_program: AsProgram) -> None:
    asked = steps.tasks(as_program("irina"), author_id="me")
    assert asked["tasks"]
    steps.come_to(page, "irina", "/tasks/my-tasks")
    expect(page.get_by_role("navigation", name="Чьи задачи").get_by_role("link", name="От меня")).to_have_attribute(
        "aria-current", "true"
    )
    expect(steps.subjects(page)).to_have_text([task["subject"] for task in asked["tasks"]])


def test_irina_reads_and_comments_her_request_but_not_what_is_private(
    page: Page, as_program: AsProgram, half_told: int
) -> None:
    told_to_staff = len(steps.history(as_program("anna"), half_told))
    told_to_her = len(steps.history(as_program("irina"), half_told))
    assert told_to_her < told_to_staff
    steps.come_to(page, "irina", half_told)
    expect(steps.entries(page)).to_have_count(told_to_her)
    expect(page.get_by_text("внутренний комментарий")).to_have_count(0)
    steps.add_comment(page, "Спасибо, проверю завтра утром.")
    expect(steps.entries(page).last).to_contain_text("Спасибо, проверю завтра утром.")
    expect(steps.entries(page).last).to_contain_text("Ирина Полякова")
    expect(steps.entries(page)).to_have_count(told_to_her + 1)


def test_irina_is_offered_no_change_that_is_not_hers(page: Page, half_told: int) -> None:
    steps.come_to(page, "irina", half_told)
    expect(steps.comment_form(page)).to_be_visible()
    for field in ("priority", "assignee"):
        expect(page.locator(f"[id^={field}-][id$=-fact]")).to_be_visible()
        expect(steps.control(page, field)).to_have_count(0)


def test_stranger_sees_no_task(page: Page) -> None:
    steps.come_to(page, "stranger", "/tasks/my-tasks?closed=1")
    expect(steps.total(page)).to_have_text("0 задач")
    page.get_by_role("navigation", name="Чьи задачи").get_by_role("link", name="От меня").click()
    expect(steps.total(page)).to_have_text("0 задач")


def test_stranger_reads_the_same_words_for_a_hidden_task_and_for_none(
    page: Page, as_program: AsProgram, announced: Announced
) -> None:
    announced.add(404)
    hidden = steps.some_task(as_program("anna"))
    steps.come_in(page, "stranger")
    told = []
    for number in (hidden["id"], 2_000_000_000):
        page.goto(f"/tasks/{number}")
        expect(page.get_by_role("heading", level=1)).to_have_text("Здесь ничего нет")
        told.append(page.get_by_role("main").inner_text().replace(page.get_by_role("code").inner_text(), ""))
    assert told[0] == told[1]
    assert hidden["subject"] not in page.content()
