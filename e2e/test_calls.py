"""Whole ways of an agent with the bar of the phone, on the demo's playable phone."""

from itertools import count

import pytest
from playwright.sync_api import Locator, Page, expect

from e2e import steps
from e2e.conftest import AsProgram
from e2e.test_new_task import choose_project, create
from e2e.watching import Announced
from helpdesk.demo.playable_phone import CALLS_BACK, HANGS_UP, NOBODY

SLOWLY_MS = 20_000
"""A caller comes after some seconds, and it takes as long until nothing has come of what was asked."""
SUBJECT = "Звонок: не печатает принтер"
TEXT = "Перезвоню после обеда, жду"
ANSWER, HOLD, RETRIEVE, COMPLETE = "Ответить на звонок", "Удержать", "Вернуть с удержания", "Завершить перевод"
agents = count(7001)
with_scripts = pytest.mark.parametrize("javascript", [True], ids=["with JavaScript"], indirect=True)


def bar(page: Page) -> Locator:
    return page.locator("#phone-bar")


def calls(page: Page) -> Locator:
    return bar(page).locator(".phone-call")


def state(page: Page, word: str) -> Locator:
    return bar(page).locator(".phone-state").get_by_text(word, exact=True)


def button(page: Page, name: str) -> Locator:
    return bar(page).get_by_role("button", name=name, exact=True)


def press(page: Page, name: str) -> None:
    button(page, name).click()


def becomes(page: Page, shown: Locator, javascript: bool) -> None:
    """Wait for what the phone brings by itself; without scripts the page is loaded again."""
    if javascript:
        expect(shown).to_be_visible(timeout=SLOWLY_MS)
        return
    for _ in range(SLOWLY_MS // 500):
        if shown.is_visible():
            break
        page.wait_for_timeout(500)
        page.goto("/calls/bar")
    expect(shown).to_be_visible()


def sign_in(page: Page, address: str = "/tasks/my-tasks") -> str:
    """Sign in to the phone as an agent whom nobody else is."""
    agent = str(next(agents))
    steps.come_to(page, "boris", address)
    page.locator("#phone-sign-in summary").click()
    page.get_by_label("Идентификатор оператора").fill(agent)
    page.get_by_label("Внутренний номер").fill(agent)
    page.get_by_label("Пароль телефона").fill("demo")
    press(page, "Войти в телефон")
    return agent


def take_a_call(page: Page, javascript: bool) -> None:
    """Have somebody call, and answer."""
    dial(page, CALLS_BACK)
    becomes(page, button(page, ANSWER), javascript)
    expect(calls(page).get_by_role("button")).to_have_text([ANSWER])
    press(page, ANSWER)
    becomes(page, button(page, HOLD), javascript)


def dial(page: Page, number: str) -> None:
    bar(page).get_by_label("Набрать номер").fill(number)
    press(page, "Позвонить")


def number_field(page: Page) -> Locator:
    """Where the number for a transfer or a consultation is typed, opened."""
    more = calls(page).locator("details")
    if more.get_attribute("open") is None:
        more.locator("summary").click()
    return more.get_by_label("Номер или цифры")


def write_the_task(page: Page, javascript: bool) -> None:
    """Begin a task from the card of the call in hand, which without scripts is on the page of calls."""
    if not javascript:
        page.goto("/calls")
    page.locator(".pop").get_by_role("link", name="Новая задача").click()
    choose_project(page, "Служба поддержки", javascript)
    page.get_by_label("Тема").fill(SUBJECT)
    create(page)
    expect(page.get_by_role("heading", level=1)).to_have_text(SUBJECT)
    expect(button(page, HOLD)).to_be_visible()


def test_calls_are_held_transferred_and_consulted_about(page: Page, javascript: bool) -> None:
    sign_in(page)
    becomes(page, state(page, "Не готов"), javascript)
    take_a_call(page, javascript)
    press(page, HOLD)
    becomes(page, button(page, RETRIEVE), javascript)
    press(page, RETRIEVE)
    becomes(page, button(page, HOLD), javascript)

    # A transfer that is accepted and never comes.
    number_field(page).fill(NOBODY)
    press(page, "Перевести сразу")
    becomes(page, bar(page).get_by_text(f"Попросили «Перевести сразу {NOBODY}», но ничего не произошло."), javascript)

    number_field(page).fill("1004")
    press(page, "Консультация")
    becomes(page, button(page, COMPLETE), javascript)
    expect(calls(page)).to_have_count(2)
    expect(calls(page).filter(has_text="1004").get_by_role("button", name="Положить трубку")).to_be_visible()
    press(page, COMPLETE)
    becomes(page, button(page, "Выйти из телефона"), javascript)
    expect(calls(page)).to_have_count(0)

    take_a_call(page, javascript)
    write_the_task(page, javascript)
    number_field(page).fill("1003")
    press(page, "Перевести сразу")
    becomes(page, button(page, "Выйти из телефона"), javascript)
    press(page, "Стать готовым")
    becomes(page, state(page, "Готов"), javascript)
    press(page, "Стать не готовым")
    becomes(page, state(page, "Не готов"), javascript)
    press(page, "Выйти из телефона")
    expect(bar(page).locator("#phone-sign-in")).to_be_visible()


@with_scripts
def test_nothing_that_is_typed_is_lost_when_the_other_end_hangs_up(page: Page, as_program: AsProgram) -> None:
    task = steps.some_task(as_program("boris"))
    sign_in(page, f"/tasks/{task['id']}")
    becomes(page, state(page, "Не готов"), True)
    dial(page, HANGS_UP)
    becomes(page, button(page, HOLD), True)
    number_field(page).fill("12")
    box = steps.comment_box(page)
    box.click()
    box.press_sequentially(TEXT[:10])
    press(page, HOLD)
    becomes(page, button(page, RETRIEVE), True)
    press(page, RETRIEVE)
    becomes(page, button(page, HOLD), True)
    expect(calls(page).locator("details input[type=tel]")).to_have_value("12")
    box.click()
    expect(calls(page)).to_have_count(0, timeout=SLOWLY_MS)
    expect(box).to_be_focused()
    page.keyboard.type(TEXT[10:])
    expect(box).to_have_value(TEXT)


@with_scripts
def test_a_call_is_taken_by_the_keyboard_alone_on_a_narrow_screen(page: Page) -> None:
    page.set_viewport_size({"width": 320, "height": 640})
    agent = str(next(agents))
    steps.come_to(page, "boris", "/tasks/my-tasks")
    keys = page.keyboard
    keys.press("t")
    expect(bar(page).locator("summary")).to_be_focused()
    keys.press("Enter")
    for value in (agent, agent, "demo"):
        keys.press("Tab")
        keys.type(value)
    keys.press("Enter")
    becomes(page, state(page, "Не готов"), True)
    expect(page.locator("#phone-bar :focus, #phone-bar:focus")).to_have_count(1)
    bar(page).get_by_label("Набрать номер").focus()
    keys.type(CALLS_BACK)
    keys.press("Enter")
    becomes(page, button(page, ANSWER), True)
    page.locator("body").click(position={"x": 2, "y": 2})
    keys.press("t")
    expect(button(page, ANSWER)).to_be_focused()
    keys.press("Enter")
    becomes(page, button(page, HOLD), True)
    expect(button(page, HOLD)).to_be_focused()
    keys.press("Enter")
    becomes(page, button(page, RETRIEVE), True)
    expect(button(page, RETRIEVE)).to_be_focused()
    keys.press("Tab")
    keys.press("Enter")
    expect(calls(page)).to_have_count(0, timeout=SLOWLY_MS)
    assert page.evaluate("() => document.scrollingElement.scrollWidth") <= 320


@with_scripts
def test_a_click_on_a_number_dials_it(page: Page, announced: Announced) -> None:
    announced.add(422)
    sign_in(page, "/users?q=Громов")
    becomes(page, state(page, "Не готов"), True)
    page.locator("main a[href^='tel:']").first.click()
    expect(steps.toast(page, "Телефон набирает номер.")).to_be_visible()
    becomes(page, button(page, "Положить трубку"), True)
    page.locator("main a[href^='tel:']").first.click()
    expect(
        steps.toast(page, "Телефонная система сейчас этого не принимает.").or_(steps.toast(page, "сейчас"))
    ).to_be_visible()
    press(page, "Положить трубку")
    expect(calls(page)).to_have_count(0, timeout=SLOWLY_MS)


@with_scripts
def test_a_number_in_a_text_is_dialled_by_a_click(page: Page, as_program: AsProgram) -> None:
    task = steps.some_task(as_program("boris"))
    steps.tell(as_program("boris"), task["id"], "Просили звонить: +7 (495) 123-01-17. Договор 8800-12, ИНН 7701234567.")
    sign_in(page, f"/tasks/{task['id']}")
    becomes(page, state(page, "Не готов"), True)
    links = page.locator(".text a[href^='tel:']")
    expect(links).to_have_count(1)
    expect(links).to_have_attribute("href", "tel:+74951230117")
    links.click()
    expect(steps.toast(page, "Телефон набирает номер.")).to_be_visible()
    becomes(page, button(page, "Положить трубку"), True)
    press(page, "Положить трубку")
    expect(calls(page)).to_have_count(0, timeout=SLOWLY_MS)
