"""Impatient fingers, a lost server: one write at most, and the text stays."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from e2e import steps
from e2e.conftest import AsProgram
from e2e.watching import Announced
from tests.running import Helpdesk, running_demo
from tests.servers.process import end

TEXT = "Проверила кабель, он цел."
PROXY_SAYS = "<html><body><h1>503 Service Unavailable</h1>nginx</body></html>"

with_javascript = pytest.mark.parametrize("javascript", [True], ids=["with JavaScript"], indirect=True)


def test_a_double_click_writes_one_comment(page: Page, as_program: AsProgram) -> None:
    client = as_program("anna")
    task = steps.some_task(client)
    steps.come_to(page, "anna", task["id"])
    steps.comment_box(page).fill(TEXT)
    steps.comment_form(page).get_by_role("button", name="Ответить", exact=True).dblclick()
    expect(steps.entries(page).filter(has_text=TEXT)).to_have_count(1)
    expect(steps.comment_box(page)).to_have_value("")
    page.reload()
    expect(steps.entries(page).filter(has_text=TEXT)).to_have_count(1)
    assert steps.notes(client, task["id"]).count(TEXT) == 1


@with_javascript
def test_a_proxy_without_its_server_is_reported_and_the_text_can_be_sent_again(
    page: Page, as_program: AsProgram, announced: Announced
) -> None:
    announced.add(503)
    client = as_program("anna")
    task = steps.some_task(client)
    steps.come_to(page, "anna", task["id"])
    page.route("**/comments", lambda route: route.fulfill(status=503, content_type="text/html", body=PROXY_SAYS))
    steps.add_comment(page, TEXT)
    told = steps.toast(page, "Сервер сейчас не отвечает. Возможно, ничего не сохранено.")
    expect(told).to_be_visible()
    expect(page.get_by_text("nginx")).to_have_count(0)
    expect(steps.comment_box(page)).to_have_value(TEXT)
    told.get_by_role("button", name="Закрыть").click()
    expect(told).to_have_count(0)
    page.unroute("**/comments")
    steps.press_comment(page)
    expect(steps.entries(page).last).to_contain_text(TEXT)
    assert steps.notes(client, task["id"]).count(TEXT) == 1


@with_javascript
def test_a_button_pressed_shows_that_the_server_is_at_work(page: Page, as_program: AsProgram) -> None:
    task = steps.some_task(as_program("anna"))
    steps.come_to(page, "anna", task["id"])
    held: list[Route] = []
    page.route("**/comments", lambda route: held.append(route))
    steps.add_comment(page, TEXT)
    expect(steps.comment_form(page)).to_contain_class("htmx-request")
    held[0].continue_()
    expect(steps.entries(page).last).to_contain_text(TEXT)
    expect(steps.comment_form(page)).not_to_contain_class("htmx-request")


# A server that goes down under somebody's fingers


HTMX_SAYS = "htmx: htmx:error: Failed to fetch TypeError: Failed to fetch"


@pytest.fixture
def demo(tmp_path: Path, seeded: Path) -> Iterator[Helpdesk]:
    """A process of its own, for it is ended."""
    with running_demo(tmp_path, seeded) as helpdesk:
        yield helpdesk


@pytest.mark.parametrize("javascript", [True], ids=["with JavaScript"], indirect=True)
def test_a_server_that_is_gone_is_reported_and_the_text_stays(
    page: Page, demo: Helpdesk, as_program: AsProgram, announced: Announced
) -> None:
    announced.update({"net::ERR_CONNECTION_REFUSED", HTMX_SAYS})
    task = steps.some_task(as_program("anna"))
    steps.come_to(page, "anna", task["id"])
    end(demo.process)
    steps.add_comment(page, TEXT)
    expect(steps.toast(page, "Связь пропала. Возможно, ничего не сохранено.")).to_be_visible()
    expect(steps.comment_box(page)).to_have_value(TEXT)
