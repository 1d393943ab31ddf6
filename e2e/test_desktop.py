"""Desktop notifications: switched on in the widget, shown once, and only while nobody looks at a page."""

import pytest
from playwright.sync_api import Page, expect

from e2e import steps
from e2e.conftest import AsProgram
from e2e.test_live import is_live, unread

pytestmark = pytest.mark.parametrize("javascript", [True], ids=["with JavaScript"], indirect=True)

STAND_IN = """
window.Notification = class {
  static permission = localStorage.allowed ?? "default"
  static async requestPermission() {
    asked()
    localStorage.allowed = Notification.permission = localStorage.answers
  }
  constructor(title, { body }) {
    shown(title + " | " + body)
    if (localStorage.refuses) throw new TypeError("Illegal constructor")
  }
}
Object.defineProperty(document, "hidden", { get: () => sessionStorage.isHidden === "1" })
"""
"""The browser's own would show nothing here, and no page is ever hidden."""


class Desktop:
    """What the browser was asked for and has shown; `answers` is what the person answers to its question."""

    def __init__(self, page: Page, answers: str) -> None:
        self.asked: list[str] = []
        self.shown: list[str] = []
        page.context.expose_binding("asked", lambda source: self.asked.append(source["page"].url))
        page.context.expose_binding("shown", lambda source, text: self.shown.append(text))
        page.context.add_init_script(f"if (location.host) {{ localStorage.answers ??= '{answers}';{STAND_IN} }}")


def look_at(page: Page, is_looked_at: bool) -> None:
    page.evaluate("(hidden) => (sessionStorage.isHidden = hidden)", "0" if is_looked_at else "1")


def switch(page: Page) -> None:
    page.get_by_role("link", name="Уведомления").first.click()
    page.locator("#widget").get_by_label("На рабочем столе").click()


def test_the_browser_is_asked_by_the_switch_alone_and_hidden_tabs_show_one(page: Page, as_program: AsProgram) -> None:
    boris, (task, seen_at_once) = as_program("boris"), steps.tasks(as_program("anna"))["tasks"][:2]
    desktop = Desktop(page, "granted")
    steps.come_to(page, "anna", "/tasks/my-tasks")
    is_live(page)
    assert desktop.asked == []
    switch(page)
    steps.until(page, lambda: len(desktop.asked) == 1)
    expect(page.locator("#widget").get_by_label("На рабочем столе")).to_be_checked()

    other = page.context.new_page()
    other.goto("/tasks/board")
    is_live(other)
    for tab in (page, other):
        look_at(tab, is_looked_at=False)
    steps.tell(boris, task["id"], "Проверил, завтра приеду.")
    steps.until(page, lambda: len(desktop.shown) == 1)
    assert task["subject"] in desktop.shown[0]

    look_at(other, is_looked_at=True)
    steps.tell(boris, seen_at_once["id"], "Уже выехал.")
    for tab in (page, other):
        unread(tab, "2")
    steps.until(page, lambda: bool(page.evaluate("+localStorage['seen on a page'] > 0")))
    look_at(other, is_looked_at=False)
    steps.tell(boris, task["id"], "Приехал.")
    steps.until(page, lambda: len(desktop.shown) == 2)
    assert [task["subject"] in it for it in desktop.shown] == [True, True] and len(desktop.asked) == 1


def test_a_refusal_of_the_browser_is_said(page: Page) -> None:
    desktop = Desktop(page, "denied")
    steps.come_to(page, "anna", "/tasks/my-tasks")
    switch(page)
    expect(page.get_by_text("Браузер запрещает")).to_be_visible()
    expect(page.locator("#widget").get_by_label("На рабочем столе")).not_to_be_checked()
    assert len(desktop.asked) == 1 and desktop.shown == []


def test_the_switch_goes_where_the_browser_shows_nothing_for_a_page(page: Page, as_program: AsProgram) -> None:
    """As Chrome for Android does."""
    boris, task = as_program("boris"), steps.some_task(as_program("anna"))
    desktop = Desktop(page, "granted")
    steps.come_to(page, "anna", "/tasks/my-tasks")
    is_live(page)
    switch(page)
    label = page.locator("#widget").get_by_label("На рабочем столе")
    expect(label).to_be_checked()
    page.evaluate("localStorage.refuses = 1")
    look_at(page, is_looked_at=False)
    steps.tell(boris, task["id"], "Проверил, завтра приеду.")
    steps.until(page, lambda: len(desktop.shown) == 1)
    expect(label).to_be_hidden()
    assert page.evaluate("localStorage.desktop ?? ''") == ""
