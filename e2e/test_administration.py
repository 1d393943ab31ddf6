"""An administrator finds a person, grants and takes back a right, and reads in the audit what was done."""

import httpx
from playwright.sync_api import Page, expect

from e2e import steps

MENU = 'href="/admin"'


def menu_of(client: httpx.Client) -> str:
    return client.get("/tasks", headers={"Accept": "text/html"}).text


def test_a_right_is_granted_and_the_other_persons_menu_changes(
    page: Page, anna: httpx.Client, javascript: bool
) -> None:
    assert MENU not in menu_of(anna)
    steps.come_to(page, "admin", "/admin")
    page.get_by_label("Администрирование").get_by_role("link", name="Люди").click()
    page.get_by_label("Имя, логин, отдел или почта").fill("anna")
    page.locator("#main").get_by_role("button", name="Найти").click()
    page.locator(".accounts").get_by_role("link", name="Анна").click()
    switch = page.get_by_role("switch", name="Администрирование")
    expect(switch).not_to_be_checked()
    for granted in (True, False):
        steps.mark(page)
        switch.click()
        expect(switch).to_be_checked(checked=granted)
        assert steps.is_marked(page) is javascript
        assert (MENU in menu_of(anna)) is granted
    page.get_by_label("Администрирование").get_by_role("link", name="Журнал действий").click()
    expect(page.locator(".act").first).to_contain_text("отозвано право")
    expect(page.locator(".act").nth(1)).to_contain_text("выдано право")


def test_an_account_is_made_disabled_and_found_among_the_disabled(page: Page) -> None:
    steps.come_to(page, "admin", "/admin/people/new")
    page.get_by_label("Логин").fill("vera")
    page.get_by_role("button", name="Создать учётную запись").click()
    expect(page.locator("#password-link")).to_contain_text("/users/password/")
    page.get_by_role("link", name="Права и всё остальное об этой учётной записи").click()
    page.get_by_role("button", name="Отключить учётную запись").click()
    expect(page.get_by_text("Учётная запись отключена, все её сеансы завершены")).to_be_visible()
    page.goto("/admin/people?only=disabled")
    expect(page.locator(".accounts tbody tr")).to_have_count(1)
