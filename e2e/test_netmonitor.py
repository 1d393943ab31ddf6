"""The network monitor: what people see when something is down, before they call, and how administrators set it up."""

import re
import socket
from collections.abc import Iterator
from contextlib import closing

import pytest
from playwright.sync_api import Page, expect

from e2e import steps
from e2e.conftest import AsProgram
from e2e.watching import Announced
from helpdesk.store.database import Database
from tests.running import STORE, Helpdesk
from tests.web.netmonitor import watched

SLOWLY_MS = 45_000
with_scripts = pytest.mark.parametrize("javascript", [True], ids=["with JavaScript"], indirect=True)


@pytest.fixture
def host(demo: Helpdesk) -> int:
    """A host of this machine that does not answer, which is down."""
    with closing(Database(f"sqlite:///{demo.folder / 'data' / STORE}")) as store:
        return watched.down(store, "Касса Тула-8", fault="refused", interval_seconds=3600)[0]


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    """Somebody who takes calls at a port of this machine."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        yield server


def test_an_agent_sees_what_is_down_and_writes_what_it_was(page: Page, host: int) -> None:
    steps.come_to(page, "anna", "/netmonitor")
    page.locator(".monitor-down").get_by_role("link", name="Касса Тула-8").click()
    expect(page.get_by_role("heading", name="Касса Тула-8")).to_be_visible()
    expect(page.get_by_text("порт закрыт").first).to_be_visible()
    page.get_by_role("button", name="Проверить сейчас").click()
    expect(page.get_by_text("Узел не ответил: порт закрыт.")).to_be_visible()
    page.get_by_text("Написать заметку").click()
    page.get_by_label("Что выяснилось").fill("Выбило автомат")
    page.get_by_role("button", name="Сохранить заметку").click()
    expect(page.get_by_text("Заметка сохранена.")).to_be_visible()
    expect(page.locator(".monitor-note")).to_have_text("Выбило автомат")
    page.get_by_role("navigation", name="Период").get_by_role("link", name="Месяц").click()
    expect(page.get_by_role("link", name="Месяц")).to_have_attribute("aria-current", "page")
    page.goto("/netmonitor")
    expect(page.locator(".monitor-down")).to_contain_text("Выбило автомат")


def test_an_administrator_watches_a_host_silences_it_and_lets_it_go(
    page: Page, announced: Announced, as_program: AsProgram, listening: socket.socket
) -> None:
    announced.update({409, 422})
    steps.come_to(page, "admin", "/netmonitor/hosts")
    page.get_by_role("link", name="Добавить узел").click()
    page.get_by_label("Название").fill("Почта офиса")
    page.get_by_label("Группа").fill("Офис")
    page.get_by_label("Проверка", exact=True).select_option(label="Порт TCP")
    page.get_by_label("Адрес").fill("127.0.0.1")
    page.get_by_label("Порт", exact=True).fill(str(listening.getsockname()[1]))
    page.get_by_role("button", name="Добавить узел").click()
    expect(page.get_by_text("Узел сохранён.")).to_be_visible()
    page.get_by_role("link", name="Почта офиса").click()

    number = page.url.rpartition("/")[2]
    as_program("admin").post(f"/netmonitor/hosts/{number}", json={"interval_seconds": 60}).raise_for_status()
    page.get_by_label("Группа").fill("Связь")
    page.get_by_role("button", name="Сохранить").click()
    expect(page.get_by_role("alert")).to_contain_text("изменил")
    expect(page.locator(".monitor-theirs")).to_have_text(["Сейчас: Офис", "Сейчас: 60"])
    page.get_by_role("button", name="Сохранить").click()
    expect(page.get_by_text("Узел сохранён.")).to_be_visible()

    page.get_by_role("navigation", name="Монитор сети").get_by_role("link", name="Работы").click()
    page.get_by_label("Где идут работы").select_option(label="Почта офиса")
    page.get_by_label("Конец").fill("2099-01-01T10:00")
    page.get_by_label("Зачем").fill("Замена кабеля")
    page.get_by_role("button", name="Назначить окно").click()
    expect(page.locator("#window-ends_at-fault")).to_be_visible()
    expect(page.get_by_label("Зачем")).to_have_value("Замена кабеля")

    page.goto(f"/netmonitor/hosts/{number}")
    page.get_by_role("link", name="Удалить узел…").click()
    page.get_by_label("Да, удалить вместе с историей").check()
    page.get_by_role("button", name="Удалить узел").click()
    expect(page.get_by_text("Узел удалён")).to_be_visible()
    expect(page.get_by_role("link", name="Почта офиса")).to_have_count(0)


@with_scripts
def test_a_host_goes_down_and_comes_back_before_ones_eyes(
    page: Page, as_program: AsProgram, listening: socket.socket
) -> None:
    port = listening.getsockname()[1]
    fast = {"interval_seconds": 10, "failures_to_open": 1, "successes_to_close": 1}
    added = {"name": "Телефония", "method": "tcp", "address": "127.0.0.1", "port": port, **fast}
    as_program("admin").post("/netmonitor/hosts", json=added).raise_for_status()
    steps.come_to(page, "anna", "/netmonitor")
    found = page.locator("table.hosts tr").filter(has_text="Телефония")
    expect(found.get_by_text("отлично")).to_be_visible(timeout=SLOWLY_MS)
    link = found.get_by_role("link")
    link.focus()
    listening.close()
    expect(page.locator(".monitor-down")).to_contain_text("Телефония", timeout=SLOWLY_MS)
    expect(found.get_by_text("не отвечает")).to_be_visible()
    expect(link).to_be_focused()
    with closing(socket.create_server(("127.0.0.1", port))):
        expect(found.get_by_text("отлично")).to_be_visible(timeout=SLOWLY_MS)


@with_scripts
def test_the_browser_measures_its_own_way(page: Page, announced: Announced, host: int) -> None:
    announced.add(503)
    steps.come_to(page, "anna", "/netmonitor")
    expect(page.locator("[data-own=fine] b")).to_have_text(re.compile(r"\d+"))
    expect(page.get_by_text("Ваша связь в порядке.")).to_be_visible()
    page.route("**/healthz", lambda route: route.fulfill(status=503))
    page.get_by_role("button", name="Измерить ещё раз").click()
    expect(page.get_by_text("Ваш браузер не получает ответа отсюда.")).to_be_visible()
    page.unroute("**/healthz")
    page.get_by_role("button", name="Измерить ещё раз").click()
    expect(page.get_by_text("Ваша связь в порядке.")).to_be_visible()


def test_in_english_at_320_pixels_nothing_is_cut_off(page: Page, site: str, host: int) -> None:
    page.set_viewport_size({"width": 320, "height": 700})
    page.context.add_cookies([{"name": "locale", "value": "en", "url": site}])
    steps.come_to(page, "anna", "/netmonitor")
    expect(page.get_by_role("heading", name="Network monitor")).to_be_visible()
    for address in ("/netmonitor", f"/netmonitor/{host}"):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_anybody_reads_the_public_page(page: Page, demo: Helpdesk) -> None:
    with closing(Database(f"sqlite:///{demo.folder / 'data' / STORE}")) as store:
        watched.down(store, "Почта", is_public=True, interval_seconds=3600)
        watched.watch(store, "Тайный сервер", interval_seconds=3600)
    page.goto("/status")
    expect(page.get_by_text(re.compile("служб.* не работа"))).to_be_visible()
    expect(page.get_by_text("Тайный сервер")).to_have_count(0)
    assert page.context.cookies() == []
