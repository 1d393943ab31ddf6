"""Back on a page one sees what one wrote before, is told of no change of one's own, and goes on with one press."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from e2e import steps
from e2e.conftest import AsProgram, remembering
from tests.running import Helpdesk

SAID = "Записано до ухода."


def comment(page: Page) -> None:
    steps.add_comment(page, SAID)


def change(page: Page) -> None:
    steps.answer_and(page, SAID, "Приостановлена")


def attach(page: Page) -> None:
    file = {"name": "a.txt", "mimeType": "text/plain", "buffer": b"a"}
    steps.comment_form(page).locator("[type=file]").set_input_files(file)
    steps.add_comment(page, SAID)


def edit(page: Page) -> None:
    address = page.url
    page.goto(f"{address}/edit")
    page.get_by_label("Комментарий").fill(SAID)
    page.locator("form.edit-task [name=done_ratio]").fill("40")
    page.locator("form.edit-task").get_by_role("button", name="Сохранить").last.click()
    page.wait_for_url(f"{address}#entry-*")


WAYS: dict[str, Callable[[Page], None]] = {"comment": comment, "change": change, "file": attach, "edit": edit}


def is_up_to_date(page: Page, count: int) -> None:
    expect(steps.entries(page)).to_have_count(count)
    expect(steps.entries(page).last).to_contain_text(SAID)
    expect(steps.comment_box(page)).to_have_value("")
    expect(page.locator(".happened")).to_have_count(0)


@pytest.mark.parametrize("way", WAYS)
def test_back_on_a_task_one_sees_what_one_wrote_and_one_press_suffices(
    page: Page, as_program: AsProgram, way: str
) -> None:
    task = steps.some_task(as_program("anna"), status="В работе", assigned_to_id="me")
    steps.come_to(page, "anna", task["id"])
    count = steps.entries(page).count() + 1
    WAYS[way](page)
    is_up_to_date(page, count)
    page.goto("/tasks/statistics")
    page.go_back()
    is_up_to_date(page, count)
    steps.add_comment(page, "И дальше одним нажатием.")
    expect(steps.entries(page)).to_have_count(count + 1)
    expect(steps.entries(page).last).to_contain_text("И дальше одним нажатием.")


@pytest.fixture
def remembered(remembering_browser: Browser, demo: Helpdesk) -> Iterator[Page]:
    """A page of a browser that keeps pages as they were for going back."""
    context = remembering_browser.new_context(base_url=demo.url, locale="ru-RU")
    yield context.new_page()
    context.close()


@remembering
@pytest.mark.parametrize("javascript", [True], ids=["with JavaScript"], indirect=True)
@pytest.mark.parametrize("way", WAYS)
def test_so_it_is_where_the_browser_remembers_the_page_itself(
    remembered: Page, as_program: AsProgram, javascript: bool, way: str
) -> None:
    page, task = remembered, steps.some_task(as_program("anna"), status="В работе", assigned_to_id="me")
    steps.come_to(page, "anna", task["id"])
    count = steps.entries(page).count() + 2
    steps.tell(as_program("boris"), task["id"], "Пока вы читали.")
    WAYS[way](page)
    is_up_to_date(page, count)
    page.goto("/tasks/statistics")
    page.go_back(wait_until="commit")
    is_up_to_date(page, count)
    steps.add_comment(page, "И дальше одним нажатием.")
    expect(steps.entries(page)).to_have_count(count + 1)


@pytest.mark.parametrize("javascript", [True], ids=["with JavaScript"], indirect=True)
def test_a_form_that_was_sent_is_not_filled_in_again_by_coming_back(page: Page, as_program: AsProgram) -> None:
    task = steps.some_task(as_program("anna"), status="В работе", assigned_to_id="me")
    steps.come_to(page, "anna", task["id"])
    edit(page)
    page.go_back()
    expect(page.locator("form.edit-task [name=done_ratio]")).to_have_value("40")
    expect(page.get_by_label("Комментарий")).to_have_value("")
