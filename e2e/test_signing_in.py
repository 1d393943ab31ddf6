"""Coming in and going out."""

import re

from playwright.sync_api import Page, expect

from e2e import steps
from e2e.conftest import AsProgram
from e2e.watching import Announced


def test_a_deep_link_leads_through_the_sign_in_page_to_its_task(page: Page, as_program: AsProgram) -> None:
    task = steps.some_task(as_program("anna"))
    page.goto(f"/tasks/{task['id']}")
    expect(page).to_have_url(re.compile(r"/users/login\?next="))
    steps.sign_in(page, "anna")
    expect(page).to_have_url(re.compile(rf"/tasks/{task['id']}$"))
    expect(page.get_by_role("heading", level=1)).to_contain_text(task["subject"])


def test_signing_in_without_a_deep_link_leads_to_the_start_page(page: Page) -> None:
    page.goto("/")
    steps.sign_in(page, "anna@example.test")
    expect(page).to_have_url(re.compile(r"^http://[^/]+/$"))
    expect(page.get_by_role("heading", name="Мой день")).to_be_visible()
    expect(steps.own_menu(page)).to_contain_text("Анна Светлова")


def test_a_wrong_password_is_said_and_the_login_kept(page: Page, announced: Announced) -> None:
    announced.add(401)
    page.goto("/users/login?next=/tasks/my-tasks%3Fclosed%3D1")
    steps.sign_in(page, "anna", "not her password")
    expect(page.get_by_role("alert")).to_have_text("Неверный логин или пароль.")
    expect(page.get_by_label("Логин или почта")).to_have_value("anna")
    expect(page.get_by_label("Пароль")).to_have_value("")
    expect(page.get_by_label("Пароль")).to_be_focused()
    steps.sign_in(page, "anna")
    expect(page).to_have_url(re.compile(r"/tasks/my-tasks\?closed=1$"))


def test_signing_out_asks_and_then_signs_out(page: Page) -> None:
    steps.come_to(page, "anna", "/tasks/my-tasks")
    steps.open_own_menu(page)
    page.get_by_role("link", name="Выйти").click()
    expect(page.get_by_role("heading", name="Выйти?")).to_be_visible()
    page.get_by_role("link", name="Остаться").click()
    expect(page.get_by_role("heading", name="Мой день")).to_be_visible()
    steps.open_own_menu(page)
    page.get_by_role("link", name="Выйти").click()
    page.get_by_role("button", name="Выйти", exact=True).click()
    expect(page.get_by_role("heading", name="Вход")).to_be_visible()
    page.goto("/tasks/my-tasks")
    expect(page).to_have_url(re.compile("/users/login"))


def test_colours_and_language_are_chosen_by_one_press_each_and_stay(page: Page) -> None:
    page.goto("/users/login")
    page.get_by_role("button", name="Тёмные").click()
    page.get_by_role("button", name="English").click()
    expect(page.get_by_label("Login or e-mail")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.locator("html")).to_have_css("color-scheme", "dark")
    steps.come_to(page, "anna", "/tasks/my-tasks")
    expect(page.get_by_role("heading", name="My tasks")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    steps.open_own_menu(page)
    page.get_by_role("button", name="Русский").click()
    steps.open_own_menu(page)
    page.get_by_role("button", name="Светлые").click()
    expect(page.locator("html")).to_have_attribute("lang", "ru")
    expect(page.locator("html")).to_have_css("color-scheme", "light")
