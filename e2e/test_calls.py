"""Whole ways of an agent with the bar of the phone, on the demo's playable phone."""

import re
from itertools import count

import pytest
from playwright.sync_api import FloatRect, Locator, Page, Route, expect

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
HANG_UP, SEND = "Положить трубку", "Отправить цифры"
agents = count(7001)
NOTES_WHAT_IS_HELD_BACK = """() => {
  window.heldBack = new Set();
  const note = () => document.querySelectorAll(".phone-call [aria-disabled]").forEach((it) => heldBack.add(it.value));
  new MutationObserver(note).observe(document.querySelector(".phone"), {subtree: true, attributes: true});
}"""
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
    return more.get_by_label("Номер")


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
    expect(calls(page).get_by_label("Номер")).to_have_value("12")
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
    expect(calls(page)).to_be_focused()
    keys.press("Enter")  # once more: it does nothing else
    keys.press("Tab")
    expect(button(page, HOLD)).to_be_focused()
    keys.press("Enter")
    becomes(page, button(page, RETRIEVE), True)
    expect(calls(page)).to_be_focused()
    button(page, HANG_UP).focus()
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
@pytest.mark.parametrize("width", [1280, 320])
def test_a_second_press_on_the_same_place_does_nothing_else(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 640})
    sign_in(page)
    becomes(page, state(page, "Не готов"), True)
    dial(page, CALLS_BACK)
    becomes(page, button(page, ANSWER), True)
    page.mouse.move(2, 300)
    expect(state(page, "Поступает звонок")).to_be_visible()
    expect(button(page, ANSWER)).to_be_enabled()
    box = button(page, ANSWER).bounding_box()
    assert box
    for part in (0.1, 0.5, 0.9):
        assert page.evaluate("(at) => document.elementFromPoint(...at).value", at(box, part)) == "ANSWER"
    page.evaluate(NOTES_WHAT_IS_HELD_BACK)
    page.mouse.click(*at(box, 0.9))
    becomes(page, button(page, HOLD), True)
    for part in (0.1, 0.5, 0.9):
        assert page.evaluate("(at) => document.elementFromPoint(...at).value", at(box, part)) == "HOLD"
    asked: list[str] = []
    page.on("request", lambda it: asked.append(it.url) if it.method == "POST" and "/dialogs/" in it.url else None)
    page.mouse.click(*at(box, 0.9))
    if button(page, HOLD).is_disabled():
        assert asked == []
        expect(button(page, HOLD)).to_be_enabled()
        press(page, HOLD)
    assert page.evaluate("() => heldBack.has('HOLD')")
    becomes(page, button(page, RETRIEVE), True)
    press(page, HANG_UP)
    expect(calls(page)).to_have_count(0, timeout=SLOWLY_MS)


def at(box: FloatRect, part: float) -> tuple[float, float]:
    """A place within a button, as far from its left edge as the part says."""
    return (box["x"] + box["width"] * part, box["y"] + box["height"] / 2)


@with_scripts
def test_digits_follow_digits_and_enter_gives_the_call_to_nobody(page: Page) -> None:
    sign_in(page)
    becomes(page, state(page, "Не готов"), True)
    take_a_call(page, True)
    number_field(page).fill("1004")
    number_field(page).press("Enter")
    digits = calls(page).get_by_label("Цифры")
    for digit in "12":
        digits.press_sequentially(digit)
        with page.expect_response("**/calls/dialogs/*") as sent:
            page.keyboard.press("Enter")
        assert (sent.value.request.post_data or "").endswith(f"to_address={digit}&action=SEND_DTMF")
        assert "Цифры отправлены." in sent.value.text()
        expect(digits).to_have_value("")
        expect(digits).to_be_focused()
    digits.fill("3")
    press(page, SEND)
    expect(digits).to_have_value("")
    expect(digits).to_be_focused()
    expect(calls(page)).to_have_count(1)
    expect(number_field(page)).to_have_value("1004")
    press(page, HANG_UP)
    expect(calls(page)).to_have_count(0, timeout=SLOWLY_MS)


@with_scripts
def test_news_waits_for_the_answer_to_what_was_sent(page: Page) -> None:
    """htmx would drop an answer whose target was replaced meanwhile."""
    sign_in(page)
    becomes(page, state(page, "Не готов"), True)
    take_a_call(page, True)
    digits, held = calls(page).get_by_label("Цифры"), list[Route]()
    page.route("**/calls/dialogs/*", lambda route: held.append(route))
    calls(page).locator("details").evaluate_all("its => its.forEach((it) => (it.open = true))")
    digits.fill("1")
    with page.expect_request("**/calls/dialogs/*"):
        digits.press("Enter")
    page.evaluate("document.dispatchEvent(new CustomEvent('stream:missed'))")
    page.wait_for_timeout(500)  # in which it would be put in place
    held[0].continue_()
    expect(digits).to_have_value("")
    page.unroute("**/calls/dialogs/*")
    press(page, HANG_UP)
    expect(calls(page)).to_have_count(0, timeout=SLOWLY_MS)


@with_scripts
def test_news_that_could_not_be_read_are_asked_for_again(page: Page, announced: Announced) -> None:
    """The stream does not say the same thing twice."""
    announced.add(503)
    sign_in(page)
    becomes(page, state(page, "Не готов"), True)
    page.route("**/calls/bar", lambda route: route.fulfill(status=503), times=1)
    with page.expect_response(lambda it: it.url.endswith("/calls/bar") and it.ok, timeout=SLOWLY_MS):
        page.evaluate("document.dispatchEvent(new CustomEvent('stream:missed'))")


@with_scripts
def test_one_key_answers_while_one_types(page: Page, as_program: AsProgram) -> None:
    task = steps.some_task(as_program("boris"))
    sign_in(page, f"/tasks/{task['id']}")
    becomes(page, state(page, "Не готов"), True)
    dial(page, CALLS_BACK)
    becomes(page, button(page, ANSWER), True)
    box = steps.comment_box(page)
    box.click()
    box.press_sequentially(TEXT[:10])
    page.keyboard.press("F8")
    becomes(page, button(page, HOLD), True)
    expect(box).to_be_focused()
    page.keyboard.press("F8")
    expect(calls(page)).to_be_focused()
    expect(box).to_have_value(TEXT[:10])
    press(page, HANG_UP)
    expect(calls(page)).to_have_count(0, timeout=SLOWLY_MS)


@with_scripts
def test_times_are_right_on_a_workstation_whose_clock_is_wrong(page: Page) -> None:
    page.add_init_script("const now = Date.now; Date.now = () => now() + 600000;")
    sign_in(page)
    becomes(page, state(page, "Не готов"), True)
    expect(bar(page).locator("time").first).to_have_text(re.compile("^0:"))


@with_scripts
def test_what_is_not_sent_is_said_in_words_of_the_phone(page: Page, announced: Announced) -> None:
    announced.update({"net::ERR_INTERNET_DISCONNECTED", "htmx: htmx:error: Failed to fetch TypeError: Failed to fetch"})
    sign_in(page)
    becomes(page, state(page, "Не готов"), True)
    page.context.set_offline(True)
    press(page, "Стать готовым")
    said = steps.toast(page, "До телефона не дошло: нет связи. Пользуйтесь самим аппаратом.")
    expect(said).to_be_visible()
    expect(steps.toast(page, "сохран")).to_have_count(0)
    page.context.set_offline(False)
    press(page, "Стать готовым")
    becomes(page, state(page, "Готов"), True)
    expect(said).to_have_count(0)


@with_scripts
def test_a_number_in_a_text_is_dialled_by_a_click(page: Page, as_program: AsProgram) -> None:
    task = steps.some_task(as_program("boris"))
    steps.tell(
        as_program("boris"), task["id"], "Звонить: +7 (495) 123-01-17 15:00. Кабинеты 8 10 12 14 16 18, ИНН 7701234567."
    )
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
