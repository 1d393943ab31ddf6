"""A colleague is mentioned in a comment: by keys, by a press, in the panel beside the board, and without scripts."""

import re

import httpx
import pytest
from playwright.sync_api import Locator, Page, Route, expect

from e2e import steps
from e2e.conftest import AsProgram
from tests.servers.process import wait_until

with_javascript = pytest.mark.parametrize("javascript", [True], ids=["with JavaScript"], indirect=True)
without_javascript = pytest.mark.parametrize("javascript", [False], ids=["without JavaScript"], indirect=True)


def own_task(client: httpx.Client) -> int:
    """A task of anna's own, of which nobody else is a part."""
    project = client.get("/tasks/new").json()["projects"][0]["id"]
    made = client.post("/tasks/api/task", json={"subject": "Проверить стенд", "project_id": project})
    number: int = made.json()["data"]["task_id"]
    return number


def offer(page: Page) -> Locator:
    return page.get_by_role("listbox", name="Кого можно упомянуть")


def chosen(page: Page) -> Locator:
    return offer(page).get_by_role("option", selected=True)


@with_javascript
def test_a_colleague_is_mentioned_by_keys_and_notified(page: Page, as_program: AsProgram) -> None:
    number = own_task(as_program("anna"))
    steps.come_to(page, "anna", number)
    box = steps.comment_box(page)
    box.click()
    box.press_sequentially("Посмотри, @", delay=20)
    expect(offer(page)).to_be_visible()
    first = chosen(page).inner_text()
    box.press("ArrowDown")
    expect(chosen(page)).not_to_have_text(first)
    active = box.get_attribute("aria-activedescendant")
    assert active and page.locator(f"#{active}").get_attribute("aria-selected") == "true"
    box.press("Escape")
    expect(offer(page)).to_be_hidden()
    assert box.get_attribute("aria-controls") is None
    box.press_sequentially("ГРОМ", delay=20)
    expect(chosen(page)).to_contain_text("Борис Громов")
    box.press("Enter")
    expect(box).to_have_value("Посмотри, @boris ")
    expect(box).to_be_focused()
    expect(offer(page)).to_be_hidden()
    box.press_sequentially("и почта a@b", delay=20)
    box.press("Control+Enter")
    expect(steps.entries(page).last).to_contain_text("Посмотри, @boris и почта a@b")
    boris = as_program("boris")

    def is_told() -> bool:
        told = boris.get("/tasks/api/notifications").raise_for_status().json()["notifications"]
        return any((it["issue_id"], it["type"]) == (number, "mention") for it in told)

    wait_until(is_told, seconds=30, what="the notification of the mention")


@with_javascript
def test_an_internal_comment_offers_its_readers_alone_and_a_press_chooses(page: Page, as_program: AsProgram) -> None:
    asked = as_program("irina").get("/tasks", params={"author_id": "me"}).json()["tasks"]
    number = next(it["id"] for it in asked if it["assigned_to"] == "Анна Светлова")
    steps.come_to(page, "anna", number)
    box = steps.comment_box(page)
    box.click()
    box.press_sequentially("@ирин", delay=20)
    expect(chosen(page)).to_contain_text("@irina")
    box.fill("")
    steps.comment_form(page).get_by_text("Внутренний комментарий").click()
    box.click()
    with page.expect_response(re.compile("private=1&q=%D0%B8")):
        box.press_sequentially("@и", delay=20)
    expect(page.get_by_text("@irina")).to_have_count(0)
    box.fill("")
    box.press_sequentially("@бор", delay=20)
    chosen(page).click()
    expect(box).to_have_value("@boris ")
    expect(box).to_be_focused()
    box.press_sequentially("и @", delay=20)
    expect(offer(page)).to_be_visible()  # axe looks at it, too


@with_javascript
def test_escape_closes_the_offer_and_not_the_panel(page: Page, as_program: AsProgram) -> None:
    task = steps.some_task(as_program("anna"), status="В работе")
    steps.come_to(page, "anna", "/tasks/board?assigned_to_id=me")
    page.locator(f"#card-{task['id']} .subject").click()
    box = page.locator("#panel").get_by_role("textbox", name="Комментарий")
    box.click()
    box.press_sequentially("@бор", delay=20)
    expect(chosen(page)).to_contain_text("@boris")
    box.press("Escape")
    expect(offer(page)).to_be_hidden()
    expect(box).to_be_visible()
    box.press_sequentially("и", delay=20)
    expect(chosen(page)).to_contain_text("@boris")
    box.press("Tab")
    expect(box).to_have_value("@boris ")


@without_javascript
def test_without_scripts_a_page_lists_whom_one_can_mention(page: Page, as_program: AsProgram) -> None:
    number = own_task(as_program("anna"))
    steps.come_to(page, "anna", number)
    steps.compose_tools(page).get_by_role("link", name="Кого можно упомянуть").click()
    expect(page.get_by_role("main")).to_contain_text("@boris")
    page.get_by_role("searchbox", name="Имя или логин").fill("громов")
    page.get_by_role("main").get_by_role("button", name="Найти").click()
    expect(page.get_by_role("main").locator("code")).to_have_text(["@boris"])
    page.get_by_role("link", name="К задаче").click()
    expect(page.locator(f"#task-{number}")).to_be_visible()


@with_javascript
def test_what_was_typed_before_the_script_came_is_offered_too(page: Page, as_program: AsProgram) -> None:
    late: list[Route] = []
    page.route("**/static/lazy-*.js", lambda route: late.append(route))  # playwright wants a function
    steps.come_to(page, "anna", own_task(as_program("anna")))
    steps.comment_box(page).press_sequentially("@б")
    steps.until(page, lambda: bool(late))
    late.pop().continue_()
    expect(offer(page)).to_be_visible()
