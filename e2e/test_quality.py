"""A controller asks what customers complain of, and an administrator says what counts."""

import re

import pytest
from playwright.sync_api import Page, expect

from e2e import steps
from e2e.looking import Look, too_wide_on_screens
from e2e.watching import Announced

with_scripts = pytest.mark.parametrize("javascript", [True], ids=["with JavaScript"], indirect=True)
PAGES = {
    "requests by object": "/quality-control",
    "requests by type and resort": "/quality-control?tab=type-resort&period=last-year",
    "a period without requests": "/quality-control?since=2001-01-01&until=2001-01-02",
    "a table that is refused": "/quality-control?since=1800-01-01",
    "new requests": "/quality-control/new",
    "the requests of a number": "/quality-control/tasks?of=open",
    "what counts": "/quality-control/choices",
}


def test_a_number_leads_to_its_requests_and_these_to_their_pages(page: Page) -> None:
    steps.come_to(page, "boris", "/quality-control")
    page.get_by_role("link", name="По типам и объектам").click()
    page.get_by_label("Страна").select_option(label="Египет")
    page.get_by_role("button", name="Показать").click()
    number = page.get_by_role("row").filter(has_text="Отель").get_by_role("link").first
    wanted = int(number.inner_text())
    number.click()
    expect(page.locator(".report-facts")).to_contain_text(re.compile(rf"{wanted} обращени"))
    expect(page.locator(".report-facts")).to_contain_text("Отель")
    page.locator(".report-subject a").first.click()
    expect(page).to_have_url(re.compile(r"/tasks/\d+"))


def test_an_administrator_chooses_what_counts(page: Page) -> None:
    steps.come_to(page, "admin", "/quality-control/choices")
    kind = page.get_by_role("group", name="Благодарности").get_by_label("Благодарность")
    expect(kind).to_be_checked()
    page.get_by_role("button", name="Сохранить").click()
    expect(page.get_by_text("Выбор сохранён.")).to_be_visible()
    expect(kind).to_be_checked()


def test_quality_control_fits_into_its_screens(page: Page, announced: Announced) -> None:
    announced.add(422)
    steps.come_to(page, "admin", "/quality-control")
    assert too_wide_on_screens(page, PAGES.values()) == []


@with_scripts
def test_pages_of_quality_control(page: Page, look: Look, announced: Announced) -> None:
    announced.add(422)
    steps.come_in(page, "admin")
    for name, address in PAGES.items():
        page.goto(address)
        look(name)
