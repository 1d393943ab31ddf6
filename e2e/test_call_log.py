"""The way of a dispatcher from a call to its task, and of a missed call until somebody called back."""

import re

from playwright.sync_api import Page, expect

from e2e import steps, test_calls
from e2e.conftest import AsProgram
from e2e.test_calls import SLOWLY_MS, with_scripts


def test_a_call_becomes_a_task_with_its_note(page: Page, javascript: bool, as_program: AsProgram) -> None:
    steps.come_to(page, "boris", "/calls")
    page.get_by_label("Номер", exact=True).last.fill("555-01-77")
    page.get_by_role("button", name="Найти", exact=True).last.click()
    expect(page.get_by_role("heading", name="Звонки за все дни")).to_be_visible()
    found = as_program("boris").get("/calls?number=5550177&agent=boris").json()["calls"]
    call = found[0 if javascript else 1]["id"]
    page.locator(f'.call-when a[href="/calls/{call}"]').click()
    page.get_by_label("Заметка").fill("Просит перезвонить")
    page.get_by_label("Итог звонка").select_option("Создана задача")
    page.get_by_role("button", name="Сохранить заметку").last.click()
    expect(page.get_by_text(re.compile("Заметка сохранена"))).to_be_visible()
    if page.get_by_role("button", name="Отвязать задачу").is_visible():
        page.get_by_role("button", name="Отвязать задачу").click()
    page.get_by_role("link", name="Новая задача по звонку").click()
    expect(page.get_by_label("Описание")).to_have_value(re.compile(r"^Звонок: \+7 916 555-01-77, "))
    project = page.get_by_label("Проект")
    if not project.input_value():
        project.select_option(label="Служба поддержки")
        if not javascript:
            page.get_by_role("button", name="Показать форму для них").click()
    page.get_by_label("Тема").fill("Перезвонить по звонку")
    page.get_by_role("button", name="Создать задачу").last.click()
    expect(page.get_by_text("Задача создана и связана со звонком.")).to_be_visible()
    expect(page.locator(f'.task-side a[href="/calls/{call}"]')).to_be_visible()


def test_a_missed_call_is_called_back_once(page: Page, javascript: bool, as_program: AsProgram) -> None:
    missed = as_program("boris").get("/calls?outcome=to_call_back").json()["calls"]
    call = missed[0]["id"]
    steps.come_to(page, "boris", "/calls?outcome=to_call_back")
    page.locator(f'.call-when a[href="/calls/{call}"]').click()
    page.get_by_role("button", name="Перезвонил", exact=True).click()
    expect(page.get_by_text("Отмечено, что вы перезвонили.")).to_be_visible()
    expect(page.get_by_role("definition").filter(has_text="Борис Громов").first).to_be_visible()
    expect(page.get_by_role("button", name="Перезвонил", exact=True)).to_have_count(0)


@with_scripts
def test_a_new_call_comes_into_the_log_but_not_under_ones_hands(page: Page) -> None:
    test_calls.sign_in(page, "/calls")
    rows, open_calls = page.locator("#call-log tbody tr"), page.locator("#call-log .call-outcome-open")
    before = rows.count()
    test_calls.take_a_call(page, True)
    expect(open_calls).to_have_count(1, timeout=SLOWLY_MS)
    first = page.locator(".call-when a").first
    first.focus()
    test_calls.bar(page).get_by_role("button", name="Положить трубку").dispatch_event("click")
    expect(test_calls.calls(page)).to_have_count(0, timeout=SLOWLY_MS)
    page.wait_for_timeout(1_500)  # longer than the log waits for more news
    expect(open_calls).to_have_count(1)
    expect(first).to_be_focused()
    page.get_by_label("Очередь").focus()
    expect(open_calls).to_have_count(0, timeout=SLOWLY_MS)
    assert rows.count() > before


@with_scripts
def test_a_task_is_written_on_the_card_while_one_talks(page: Page) -> None:
    test_calls.sign_in(page)
    test_calls.take_a_call(page, True)
    card = page.locator(".pop").first
    if not card.locator(".pop-parts").is_visible():
        card.locator("summary").first.click()
    card.get_by_text("Записать задачу здесь").click()
    expect(card.get_by_label("Тема")).to_be_focused()
    card.get_by_label("Тема").fill("Не печатает принтер")
    card.get_by_label("Проект").select_option(label="Служба поддержки")
    expect(card.get_by_label("Описание")).to_have_value(re.compile("^Звонок: "))
    known = card.get_by_role("button", name="Звонит кто-то другой")
    if known.is_visible():  # whoever calls: the demo's callers take turns
        known.click()
    page.locator(".pop").first.locator(".pop-other summary").click()
    card.get_by_label("Логин или почта").fill("irina")
    card.get_by_role("button", name="Звонит этот человек").click()
    card = page.locator(".pop").first
    expect(card.locator(".pop-who")).to_be_visible()
    if not card.locator(".pop-parts").is_visible():
        card.locator("summary").first.click()
    expect(card.get_by_label("Тема")).to_have_value("Не печатает принтер")
    here = page.url
    card.get_by_role("button", name="Создать задачу").last.click()
    expect(card.get_by_text("Задача создана и связана со звонком.")).to_be_visible()
    expect(card.get_by_role("link", name="Не печатает принтер")).to_be_visible()
    assert page.url == here
