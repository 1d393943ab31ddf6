"""What our pages weigh on the line, by the browser's own count, headers included. docs/numbers.md has the story.

Goals of the design: 24 KB, 4 KB, 1 KB. What is asserted here may not be passed; whoever adds to a page pays elsewhere.
"""

import pytest
from playwright.sync_api import Page, expect

from e2e import steps
from e2e.conftest import AsProgram
from e2e.network_log import NetworkLog, told, total

KB = 1024
FIRST_VISIT = 28 * KB
NEXT_PAGE = 5 * KB
UNCHANGED = 600
STATUS_CHANGE = KB

pytestmark = pytest.mark.parametrize("javascript", [True], ids=["with JavaScript"], indirect=True)


def test_the_first_visit_to_my_tasks_is_light(page: Page) -> None:
    steps.come_in(page, "anna")
    log = NetworkLog(page)
    page.goto("/tasks/my-tasks")
    answers = log.taken("/tasks/my-tasks")
    print(told("first visit to my-tasks", answers))
    assert 10 * KB < total(answers) <= FIRST_VISIT
    assert len([it for it in answers if it.size]) == 6, "page, styles, two scripts, two pictures"


def test_signing_in_and_coming_to_my_tasks_is_light(page: Page) -> None:
    """From the sign-in page on: the same files, one page more."""
    log = NetworkLog(page)
    page.goto("/tasks/my-tasks")
    answers = log.taken()
    steps.sign_in(page, "anna")
    expect(steps.subjects(page).first).to_be_visible()
    answers += log.taken("/tasks/my-tasks")
    print(told("sign-in page and my-tasks", answers))
    assert total(answers) <= FIRST_VISIT + NEXT_PAGE


def test_the_next_page_is_light(page: Page, as_program: AsProgram) -> None:
    task = steps.some_task(as_program("anna"))
    steps.come_in(page, "anna")
    log = NetworkLog(page)
    page.goto("/tasks/my-tasks")
    log.taken()
    for address in ("/tasks/my-tasks?page=2", f"/tasks/{task['id']}", "/tasks", "/tasks/statistics"):
        page.goto(address)
        answers = log.taken(address.partition("?")[0])
        print(told(f"next page {address}", answers))
        assert [it.path for it in answers if it.size] == [address.partition("?")[0]], "all else is kept"
        assert total(answers) <= NEXT_PAGE, address


def test_a_page_that_did_not_change_is_not_sent_again(page: Page, as_program: AsProgram) -> None:
    task = steps.some_task(as_program("anna"))
    steps.come_in(page, "anna")
    log = NetworkLog(page)
    for address in ("/tasks/my-tasks", f"/tasks/{task['id']}"):
        page.goto(address)
        first = total(log.taken(address))
        page.reload()
        again = log.taken(address)
        print(told(f"again {address}", again))
        assert total(again) <= UNCHANGED < first


def test_a_change_of_status_is_one_light_request(page: Page, as_program: AsProgram) -> None:
    task = steps.some_task(as_program("anna"), status="В работе")
    log = NetworkLog(page)
    steps.come_in(page, "anna")
    steps.open_task(page, task["id"])
    log.taken()  # all of the page: its mark comes late
    steps.change(page, "status", "Решена")
    expect(steps.fact(page, "status")).to_have_text("Решена")
    expect(steps.toast(page, "Статус изменён.")).to_be_visible()
    answers = log.over_the_line()
    print(told("status change", answers))
    assert [it.path for it in answers] == [f"/tasks/{task['id']}/status"]
    assert total(answers) <= STATUS_CHANGE
