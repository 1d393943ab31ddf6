"""The first start of a helpdesk without Redmine, from an empty store until somebody is helped; and its set-up later."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from e2e import steps
from helpdesk.store import schema
from helpdesk.store.database import Database
from tests.running import STORE, running_helpdesk

PASSWORD = "long-enough-77"
SUBJECT, ANSWER = "Не печатает принтер", "Заменили картридж."
LOG = "helpdesk.log"

pytestmark = pytest.mark.parametrize("javascript", [False], ids=["without JavaScript"], indirect=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def site(folder: Path) -> Iterator[str]:
    """A helpdesk that nobody has set up, as `helpdesk serve` begins it."""
    environ = {"SECRET_KEY": "for the length of a test and no longer", "DATABASE_URL": f"sqlite:///{folder / STORE}"}
    store = Database(environ["DATABASE_URL"])
    schema.migrate(store, "production")
    store.close()
    with running_helpdesk(folder, "serve", environ=environ) as helpdesk:
        yield helpdesk.url


def register(page: Page, login: str, token: str = "") -> None:
    page.context.clear_cookies()
    page.goto("/users/register")
    texts = {"username": login, "email": f"{login}@example.test", "password": PASSWORD, "confirm_password": PASSWORD}
    for name, text in (texts | ({"setup_token": token} if token else {})).items():
        page.locator(f"[name={name}]").fill(text)
    page.get_by_role("button", name="Зарегистрироваться").click()


def press(page: Page, name: str) -> None:
    page.get_by_role("main").get_by_role("button", name=name, exact=True).click()


def test_an_empty_helpdesk_is_set_up_in_four_steps_and_somebody_is_helped(page: Page, folder: Path) -> None:
    found = re.search(r"setup token becomes one: (\S+)", (folder / LOG).read_text())
    assert found
    register(page, "chief", found[1])
    page.get_by_role("link", name="К первым шагам").click()
    press(page, "Создать проект")
    expect(page.get_by_text("Проект создан.")).to_be_visible()
    press(page, "Создать этот набор")
    for label, text in {"Логин": "anna", "Почта": "anna@example.test", "Имя и фамилия": "Анна"}.items():
        page.get_by_label(label, exact=True).fill(text)
    page.get_by_label("работает с задачами").check()
    press(page, "Добавить учётную запись")
    link = page.locator("#link").inner_text()
    page.goto("/")
    page.get_by_role("link", name="К первым шагам").click()  # left, and taken up where it was
    press(page, "Создать категорию")
    expect(page.get_by_text("Всё готово")).to_be_visible()
    page.goto("/")
    expect(page.get_by_role("link", name="К первым шагам")).to_have_count(0)

    page.context.clear_cookies()
    page.goto(link)
    for name in ("password", "confirm_password"):
        page.locator(f"[name={name}]").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button").click()
    register(page, "irina")
    page.goto("/requests/new")
    page.get_by_label("В двух словах").fill(SUBJECT)
    page.get_by_label("Что случилось и где?").fill("На втором этаже.")
    page.locator("#new-request-save").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(SUBJECT)

    steps.come_in(page, "anna", PASSWORD)
    page.goto("/tasks")
    steps.subjects(page).first.click()
    steps.add_comment(page, ANSWER)
    expect(page.get_by_text(ANSWER)).to_be_visible()

    steps.come_in(page, "irina", PASSWORD)
    page.goto("/requests")
    page.get_by_role("link", name=SUBJECT).first.click()
    expect(page.get_by_text(ANSWER)).to_be_visible()
