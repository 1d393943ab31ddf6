"""Announcements that come to people: on the start page, as a notification, by a search, and into a feed reader."""

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from e2e import steps
from e2e.conftest import AsProgram
from e2e.looking import PHONE, Look

with_javascript = pytest.mark.parametrize("javascript", [True], ids=["with JavaScript"], indirect=True)


def test_an_announcement_is_read_away_and_an_important_one_is_understood(
    page: Page, as_program: AsProgram, javascript: bool
) -> None:
    page.set_viewport_size(PHONE)
    title = f"Лифт стоит {javascript}"
    posted = as_program("anna").post("/posts", json={"title": title, "content": "До обеда.", "is_pinned": True})
    posted.raise_for_status()
    steps.come_to(page, "irina", "/")
    news = page.get_by_role("region", name="Объявления")
    entry = news.get_by_role("listitem").filter(has_text=title)
    expect(entry).to_be_visible()
    assert page.evaluate("() => document.scrollingElement.scrollWidth") <= PHONE["width"]
    entry.get_by_role("button", name=f"Отметить прочитанным: {title}").click()
    expect(page.get_by_text("Объявление прочитано.").first).to_be_visible()
    expect(news.get_by_role("listitem").filter(has_text=title)).to_have_count(0)
    important = news.get_by_role("listitem").filter(has_text="важное").first
    name = important.get_by_role("link").first.inner_text()
    important.get_by_role("link", name="Прочитать и подтвердить").click()
    page.get_by_role("button", name="Ознакомлен").click()
    page.goto("/")
    expect(news.get_by_role("listitem").filter(has_text=name)).to_have_count(0)


def test_an_announcement_is_notified_of_and_found(page: Page, as_program: AsProgram, javascript: bool) -> None:
    title = f"Столовая закрыта {javascript}"
    as_program("anna").post("/posts", json={"title": title, "content": "До среды."}).raise_for_status()
    irina = as_program("irina")
    steps.come_to(page, "irina", "/")
    steps.until(page, lambda: title in str(irina.get("/tasks/api/notifications").json()))
    page.goto("/notifications")
    section = page.get_by_role("main").get_by_role("region", name="Объявления").filter(has_text=title)
    section.get_by_role("link", name="Объявления").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    page.goto("/notifications")
    expect(section.get_by_text("не прочитано")).to_have_count(0)
    page.goto(f"/search?q={title}")
    page.get_by_role("link", name=title).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(title)


def test_a_feed_is_made_read_and_revoked(page: Page) -> None:
    steps.come_to(page, "irina", "/users/tokens")
    page.get_by_role("link", name="Лента объявлений").click()
    page.get_by_role("button", name="Создать").click()
    address = page.locator("#feed").inner_text()
    at = urlsplit(address)
    assert "<feed" in page.request.get(f"{at.path}?{at.query}").text()
    page.get_by_role("button", name="Отозвать").click()
    expect(page.get_by_text("Адрес вашей ленты отозван.").first).to_be_visible()
    assert page.request.get(f"{at.path}?{at.query}").status == 404


@with_javascript
def test_every_page_on_which_announcements_come_to_people(page: Page, look: Look, as_program: AsProgram) -> None:
    steps.come_to(page, "irina", "/")
    look("the start page with announcements")
    for name, address in {
        "what a search finds": "/search?q=сервер",
        "a profile with announcements": "/users/profile/anna",
        "no feed yet": "/posts/feed",
    }.items():
        page.goto(address)
        look(name)
    page.get_by_role("button", name="Создать").click()
    look("the address of a feed")
    steps.come_to(page, "anna", "/")
    look("the start page of staff with announcements")
