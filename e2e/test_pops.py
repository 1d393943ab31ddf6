"""The card about a caller: in the right tab of the right agent alone, by keyboard, on a phone, while one types."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from e2e import steps
from e2e.looking import PHONE, Look
from e2e.test_live import COUNTING, another_browser
from e2e.watching import Announced
from helpdesk.demo.playable_phone import CALLS_BACK
from helpdesk.people.rights import AGENT
from helpdesk.store import people, rights
from helpdesk.store.database import Database
from tests.running import STORE, Helpdesk

COMES_MS = 20_000
"""A caller comes some seconds after the agent is ready."""
TYPED = "Не печатает, мигает жёлтым"
CALL = re.compile("^Звонит ")

pytestmark = pytest.mark.parametrize("javascript", [True], ids=["with JavaScript"], indirect=True)


@pytest.fixture
def vera(demo: Helpdesk) -> str:
    """Another agent."""
    store = Database(f"sqlite:///{demo.folder / 'data' / STORE}")
    (anna,) = store.run_here(lambda db: [it.id or 0 for it in people.with_login(db, "anna", None)])
    store.run_here(lambda db: rights.grant(db, anna, AGENT), writes=True)
    store.close()
    return "anna"


@pytest.fixture
def other(vera: str, own_browser: Browser, site: str, announced: Announced) -> Iterator[Page]:
    """The page of another agent, who is signed in to the phone, too."""
    with another_browser(own_browser, site, vera, announced) as page:
        page.goto("/tasks/my-tasks")
        take_phone(page, "7902")
        yield page


def bar(page: Page) -> Locator:
    return page.locator("#phone-bar")


def card(page: Page) -> Locator:
    return page.locator("#phone-pop .pop")


def take_phone(page: Page, agent_id: str) -> None:
    page.locator("#phone-sign-in summary").click()
    page.get_by_label("Идентификатор оператора").fill(agent_id)
    page.get_by_label("Внутренний номер").fill(agent_id)
    page.get_by_label("Пароль телефона").fill("demo")
    bar(page).get_by_role("button", name="Войти в телефон").click()
    expect(bar(page).locator(".phone-state").get_by_text("Не готов")).to_be_visible()


def have_somebody_call(page: Page) -> None:
    bar(page).get_by_label("Набрать номер").fill(CALLS_BACK)
    bar(page).get_by_role("button", name="Позвонить").click()


def come_to_the_front(page: Page) -> None:
    """Headless browsers say of no tab that it is behind; the event is what a real one would send."""
    page.evaluate("() => dispatchEvent(new Event('focus'))")


def test_the_card_comes_to_the_tab_in_front_of_the_right_agent_alone(page: Page, other: Page) -> None:
    rang: list[str] = []
    page.context.expose_binding("sounded", lambda source: rang.append(source["page"].url))
    page.context.add_init_script(COUNTING)
    steps.come_to(page, "boris", "/tasks/my-tasks")
    take_phone(page, "7901")
    behind = page.context.new_page()
    behind.goto("/tasks")
    for tab in (behind, page):
        tab.locator("h1").click()  # a browser makes no sound of a page that nobody has touched
    come_to_the_front(page)
    box = page.locator("#main input[type=search], #main input[name=search]").first
    box.click()
    have_somebody_call(page)
    box.click()
    box.press_sequentially(TYPED[:5])

    expect(card(page).get_by_role("heading", name=CALL)).to_be_visible(timeout=COMES_MS)
    expect(page.locator("#phone-pop [role=status]")).to_have_text(CALL)
    expect(box).to_be_focused()
    expect(box).to_have_value(TYPED[:5])
    expect(bar(behind).locator(".phone-call")).to_be_visible()
    expect(card(behind)).to_have_count(0)
    call = card(page).get_attribute("data-call")
    expect(bar(other)).to_be_visible()
    expect(card(other)).to_have_count(0)
    assert other.request.get(f"/calls/pop?call={call}").status == 404
    expect(card(page).locator("[data-state=ringing]")).to_be_visible()
    assert {url.rpartition("/")[2].partition("?")[0] for url in rang} == {"my-tasks"}

    # It is a line; opened, it lies over the page, of which nothing moves.
    expect(card(page).get_by_role("link", name="Новая задача")).to_be_in_viewport()
    expect(card(page).locator(".pop-parts")).to_be_hidden()
    before = page.locator("h1").bounding_box()
    card(page).get_by_role("heading", name=CALL).click()
    expect(card(page).locator(".pop-parts")).to_be_visible()
    assert page.locator("h1").bounding_box() == before
    card(page).get_by_role("heading", name=CALL).click()
    expect(card(page).locator(".pop-parts")).to_be_hidden()

    # The other tab comes to the front: it shows the card, too, since the call is in hand.
    come_to_the_front(behind)
    expect(card(behind)).to_be_visible()
    bar(behind).get_by_role("button", name="Ответить на звонок").click()
    expect(card(behind).locator("[data-state=talking]")).to_be_visible()
    come_to_the_front(page)
    expect(card(page).locator("[data-state=talking]")).to_be_visible()

    # A card that is closed stays closed, in all tabs, also after the page is loaded again.
    card(page).get_by_role("button", name="Закрыть карточку").click()
    expect(card(page)).to_have_count(0)
    expect(card(behind)).to_have_count(0)
    expect(bar(page)).to_be_focused()
    page.reload()
    expect(bar(page).locator(".phone-call")).to_be_visible()
    expect(card(page)).to_have_count(0)
    behind.close()


def test_a_task_that_is_typed_on_the_card_is_kept_on_a_page_without_drafts(page: Page) -> None:
    steps.come_to(page, "boris", "/tasks/my-tasks")
    take_phone(page, "7905")
    come_to_the_front(page)
    have_somebody_call(page)
    card(page).get_by_role("heading", name=CALL).click()
    card(page).locator(".quick-task summary").click()
    with page.expect_response(lambda it: "/drafts/" in it.url) as answer:
        card(page).locator(".quick-task [name=subject]").fill("Стул")
    assert answer.value.ok
    call = card(page).get_attribute("data-call")
    page.goto(f"/tasks/new?call={call}")
    expect(page.locator("main [name=subject]")).to_have_value("Стул")


def test_the_caller_is_chosen_by_keyboard_on_a_phone_and_hangs_up_while_one_types(page: Page, look: Look) -> None:
    page.set_viewport_size(PHONE)
    steps.come_to(page, "boris", "/tasks/my-tasks")
    take_phone(page, "7903")
    have_somebody_call(page)
    expect(card(page)).to_be_visible(timeout=COMES_MS)
    # Whoever calls is nobody known.
    call = card(page).get_attribute("data-call")
    assert page.request.post(f"/calls/{call}/caller", data={"person_id": ""}).ok
    bar(page).get_by_role("button", name="Ответить на звонок").click()
    expect(card(page).locator("[data-state=talking]")).to_be_attached()
    page.reload()
    expect(card(page)).to_be_visible()
    card(page).get_by_role("heading", name=CALL).click()
    assert page.evaluate("() => document.scrollingElement.scrollWidth") <= PHONE["width"]
    look("the card of a call")

    page.set_viewport_size(PHONE)
    bar(page).locator(":is(a, button, input, select, summary):visible").last.focus()
    page.keyboard.press("Tab")
    expect(page.locator(".pop:focus-within")).to_be_visible()
    other = card(page).get_by_text("Кто-то другой")
    other.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("ann")

    bar(page).get_by_role("button", name="Положить трубку").click()
    expect(card(page).get_by_text("Звонок закончился в")).to_be_visible()
    box = card(page).get_by_label("Логин или почта")
    expect(box).to_have_value("ann")
    box.focus()
    page.keyboard.press("End")
    page.keyboard.type("a")
    page.keyboard.press("Enter")
    expect(card(page).get_by_role("heading", name="Звонит Анна Светлова")).to_be_visible()
    expect(page.locator(".pop:focus")).to_be_visible()
    page.keyboard.press("Escape")
    expect(card(page)).to_have_count(0)
    expect(bar(page)).to_be_focused()
